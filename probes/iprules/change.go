package iprules

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"opensrs-doctor/probes/wording"
)

// Change is an edit of a list after which every reading of it says the same of every address.
type Change struct {
	Edits []string // what to do: "Move rule 2, deny 203.0.113.7/32, in front of rule 1, allow 203.0.113.0/25."
	Rules []Rule   // the list after it
	// Allows and Denies are the addresses that every reading then allows or denies, and not every one did before.
	Allows, Denies []netip.Prefix
	// Against is how many addresses are then judged otherwise than most readings judged them before.
	Against uint64
}

// Bounds of the search. The panel takes five rules, of which two edits make any list clear.
const (
	maxSingle = 50 // rules, up to which one edit is looked for
	maxPaired = 6  // rules, up to which two are
)

// Doubtful are the addresses that the readings judge differently, as the fewest prefixes, ascending.
func Doubtful(rules []Rule) []netip.Prefix {
	var where ranges
	for _, s := range NewMatcher(rules).stretches() {
		if s.ruling.Verdict == VerdictAmbiguous {
			where = where.add(s.first, s.last)
		}
	}
	return where.prefixes()
}

// Clarify looks for the smallest change after which the list means the same under all readings: one edit (a rule
// moved, removed or narrowed) where one is enough. Of several it is the one that keeps what most readings say
// of the most addresses. Opposite is the best one that decides the first doubtful address the other way round. Both
// are nil where nothing is ambiguous; opposite is nil where there is none that leaves an Allow rule.
func Clarify(rules []Rule) (best, opposite *Change) {
	doubtful := Doubtful(rules)
	if len(doubtful) == 0 {
		return nil, nil
	}
	start := draft{rules: rules, numbers: make([]int, len(rules))}
	for i := range start.numbers {
		start.numbers[i] = i + 1
	}
	before := NewMatcher(rules)
	var single [2]*scored // the best that denies the first doubtful address, the best that allows it
	consider := func(d draft) {
		after := NewMatcher(d.rules)
		if !after.clear() {
			return
		}
		side := 0
		if after.Ruling(doubtful[0].Addr()).Verdict == VerdictAllow {
			side = 1
		}
		if s := (&scored{draft: d}).judge(before, after); single[side] == nil || s.less(single[side]) {
			single[side] = s
		}
	}
	if len(rules) <= maxSingle {
		for _, d := range start.edited(true) {
			consider(d)
		}
	}
	if single[0] == nil && single[1] == nil {
		if len(rules) <= maxPaired {
			for _, first := range start.edited(false) {
				for _, second := range first.edited(false) {
					consider(second)
				}
			}
		}
		if single[0] == nil && single[1] == nil {
			consider(start.withoutDenies())
		}
	}
	switch {
	case single[0] == nil:
		return single[1].change(), nil
	case single[1] == nil:
		return single[0].change(), nil
	case single[1].less(single[0]):
		single[0], single[1] = single[1], single[0]
	}
	if single[1].empty {
		return single[0].change(), nil
	}
	return single[0].change(), single[1].change()
}

// draft is a list after some edits.
type draft struct {
	rules   []Rule
	numbers []int // of each rule, in the list as it was given
	edits   []string
	rank    int // of the edits: the smaller, the less is given up
}

// The kinds of edits. A moved rule is still there; a removed one frees a place.
const (
	moved = iota + 1
	removed
	narrowed
)

func (d draft) name(i int) string { return fmt.Sprintf("rule %d, %s", d.numbers[i], d.rules[i]) }

// edit is the draft with one more edit.
func (d draft) edit(rules []Rule, numbers []int, rank int, text string, arguments ...any) draft {
	return draft{rules, numbers, append(slices.Clone(d.edits), fmt.Sprintf(text, arguments...)), d.rank + rank}
}

// edited are all drafts that are one edit away. The shortest moves come first.
func (d draft) edited(narrowing bool) []draft {
	var all []draft
	n := len(d.rules)
	for distance := 1; distance < n; distance++ {
		for to := range n - distance {
			from := to + distance
			all = append(all, d.edit(move(d.rules, from, to), move(d.numbers, from, to), moved,
				"Move %s, in front of %s.", d.name(from), d.name(to)))
		}
		for from := range n - distance {
			to := from + distance
			all = append(all, d.edit(move(d.rules, from, to), move(d.numbers, from, to), moved,
				"Move %s after %s.", d.name(from), d.name(to)))
		}
	}
	for i := range n {
		all = append(all, d.remove(i))
	}
	for i, rule := range d.rules {
		for j := 0; narrowing && j < n; j++ {
			inner := d.rules[j]
			if inner.Action == rule.Action || !rule.Prefix.Addr().Is4() || rule.Prefix.Bits() >= inner.Prefix.Bits() ||
				!contains(rule.Prefix, inner.Prefix) {
				continue
			}
			for _, rest := range subtract(rule.Prefix, inner.Prefix) {
				narrower := slices.Clone(d.rules)
				narrower[i] = Rule{Action: rule.Action, Prefix: rest, Source: rule.Source, Line: rule.Line}
				narrower[i].Text = narrower[i].String()
				all = append(all, d.edit(narrower, d.numbers, narrowed, "Narrow %s, to %s.", d.name(i), rest))
			}
		}
	}
	return all
}

func (d draft) remove(i int) draft {
	return d.edit(slices.Delete(slices.Clone(d.rules), i, i+1), slices.Delete(slices.Clone(d.numbers), i, i+1),
		removed, "Remove %s.", d.name(i))
}

// withoutDenies removes Deny rules until nothing is ambiguous: the way out of a list that is too long to search.
func (d draft) withoutDenies() draft {
	for {
		stretches := NewMatcher(d.rules).stretches()
		at := slices.IndexFunc(stretches, func(s stretch) bool { return s.ruling.Verdict == VerdictAmbiguous })
		if at < 0 {
			return d
		}
		by := stretches[at].ruling.By
		denying := slices.IndexFunc(by[:], func(number int) bool { return d.rules[number-1].Action == Deny })
		d = d.remove(by[denying] - 1)
	}
}

// move takes an item out and puts it where it then has the index to.
func move[T any](items []T, from, to int) []T {
	item := items[from]
	return slices.Insert(slices.Delete(slices.Clone(items), from, from+1), to, item)
}

// scored is a draft whose readings agree, and what it changes.
type scored struct {
	draft
	allows, denies ranges
	against        uint64
	empty          bool // no Allow rule is left: nobody is let in
}

// judge compares the draft's list with the list as it was.
func (s *scored) judge(before, after *Matcher) *scored {
	s.empty = !slices.ContainsFunc(s.rules, func(r Rule) bool { return r.Action == Allow })
	old := before.stretches()
	for _, now := range after.stretches() {
		for len(old) > 0 && old[0].first <= now.last {
			was, first, last := old[0].ruling, max(old[0].first, now.first), min(old[0].last, now.last)
			if string(was.most()) != now.ruling.Verdict {
				s.against += uint64(last-first) + 1
			}
			switch {
			case was.Verdict == now.ruling.Verdict:
			case now.ruling.Verdict == VerdictAllow:
				s.allows = s.allows.add(first, last)
			default:
				s.denies = s.denies.add(first, last)
			}
			if old[0].last > now.last {
				break
			}
			old = old[1:]
		}
	}
	return s
}

// less puts the better change first. Edits that were found earlier win a tie.
func (s *scored) less(other *scored) bool {
	if s.empty != other.empty {
		return !s.empty
	}
	return cmp.Or(cmp.Compare(s.against, other.against), cmp.Compare(s.rank, other.rank)) < 0
}

func (s *scored) change() *Change {
	return &Change{Edits: s.edits, Rules: s.rules, Allows: s.allows.prefixes(), Denies: s.denies.prefixes(),
		Against: s.against}
}

// Text is the edits and what they change, in one or more sentences.
func (c *Change) Text() string {
	var what []string
	for _, side := range []struct {
		verb     string
		prefixes []netip.Prefix
	}{{"denies", c.Denies}, {"allows", c.Allows}} {
		if len(side.prefixes) > 0 {
			what = append(what, side.verb+" "+PrefixList(side.prefixes))
		}
	}
	text := strings.Join(c.Edits, " ")
	if len(what) == 0 {
		return text
	}
	return text + " Then every reading " + strings.Join(what, " and ") + "."
}

// PrefixList is "203.0.113.7", "203.0.113.0/25 and 203.0.113.128", and of many the first three.
func PrefixList(prefixes []netip.Prefix) string {
	var words []string
	for i, p := range prefixes {
		if i == 3 && len(prefixes) > 4 {
			words = append(words, fmt.Sprintf("%d more ranges", len(prefixes)-i))
			break
		}
		words = append(words, plainPrefix(p))
	}
	return wording.Join(words, "and")
}

// plainPrefix leaves out the length of a single address.
func plainPrefix(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// most is what at least two of the three readings say.
func (r Ruling) most() Action {
	allows := 0
	for _, says := range r.Says {
		if says == Allow {
			allows++
		}
	}
	if allows >= 2 {
		return Allow
	}
	return Deny
}

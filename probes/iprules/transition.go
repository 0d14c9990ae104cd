package iprules

import (
	"math/bits"
	"net/netip"
	"slices"
)

// Transition is a list in the control panel that is to become another one: which rules there are, what they let
// in, and which addresses must not be let go on the way. Deny rules stay as they are and where they are; a
// new rule is put behind the others.
type Transition struct {
	Limit   int    // rules that the panel holds
	current []Rule // as they stand in the panel

	// entries are the Allow rules that may stand in the panel: first those of now, then the planned ones. A
	// planned rule that is there already is in both, for it could be taken out and added anew.
	entries []entry
	old     int // so many of the entries stand in the panel now
	denies  int
	start   set // entries that stand there now
	goal    set // entries that stand there in the end, if nothing is added that is there already

	needs []need
}

// set is some of the entries, one bit each.
type set uint64

func (s set) has(i int) bool { return s>>i&1 == 1 }
func (s set) len() int       { return bits.OnesCount64(uint64(s)) }

// entry is one Allow rule, now or planned.
type entry struct {
	rule Rule
	at   int // in current; behind all of it for a planned rule
	twin int // the entry that is the same rule, of now and planned; -1: none
}

// need is a run of addresses that are allowed before and after, by one reading of the list or by more.
type need struct {
	first, last uint32
	// by are, for each reading in the order of Readings, the entries of which one must be in effect; 0 where
	// the reading does not allow the addresses both before and after.
	by    [3]set
	every bool // all three readings allow them before and after
}

func (n need) size() uint64 { return uint64(n.last-n.first) + 1 }

// met reports whether the entries let the addresses in, under each reading that does so before and after.
func (n need) met(in set) bool {
	for _, by := range n.by {
		if by != 0 && by&in == 0 {
			return false
		}
	}
	return true
}

// NewTransition compares the rules in the panel with the planned ones. The rules of now are IPv4; they and
// the planned ones are no more than MaxPlanned each.
func NewTransition(current []Rule, planned []netip.Prefix, limit int) *Transition {
	t := &Transition{Limit: limit, current: current}
	for i, rule := range current {
		if rule.Action == Deny {
			t.denies++
			continue
		}
		t.entries = append(t.entries, entry{rule: rule, at: i, twin: -1})
	}
	t.old = len(t.entries)
	t.start = 1<<t.old - 1
	for _, prefix := range planned {
		next := entry{rule: Rule{Action: Allow, Prefix: prefix}, at: len(current), twin: -1}
		index := len(t.entries)
		next.twin = slices.IndexFunc(t.entries[:t.old], func(e entry) bool { return e.rule.Prefix.Masked() == prefix })
		if next.twin >= 0 {
			t.entries[next.twin].twin = index
			t.goal |= 1 << next.twin
		} else {
			t.goal |= 1 << index
		}
		t.entries = append(t.entries, next)
	}
	t.findNeeds()
	return t
}

// findNeeds divides IPv4 where a rule of now or of then begins or ends, and asks for each part which entries
// would let it in. Every reading lets an address in if it has one of some Allow rules, so that a rule more
// never locks out.
func (t *Transition) findNeeds() {
	var rules []Rule
	for _, e := range t.entries {
		rules = append(rules, e.rule)
	}
	for _, rule := range t.current {
		if rule.Action == Deny {
			rules = append(rules, rule)
		}
	}
	for _, s := range NewMatcher(rules).stretches() {
		n := need{first: s.first, last: s.last, every: true}
		by := t.admitting(address(s.first))
		some := false
		for reading := range by {
			if by[reading]&t.start != 0 && by[reading]&t.goal != 0 {
				n.by[reading], some = by[reading], true
			} else {
				n.every = false
			}
		}
		if some {
			t.needs = append(t.needs, n)
		}
	}
}

// admitting are, for each reading, the entries of which any one lets the address in.
func (t *Transition) admitting(ip netip.Addr) (by [3]set) {
	firstDeny, widest := -1, -1
	for i, rule := range t.current {
		if rule.Action == Deny && rule.Prefix.Contains(ip) {
			if firstDeny < 0 {
				firstDeny = i
			}
			widest = max(widest, rule.Prefix.Bits())
		}
	}
	for i, e := range t.entries {
		if !e.rule.Prefix.Contains(ip) {
			continue
		}
		if firstDeny < 0 || e.at < firstDeny {
			by[0] |= 1 << i
		}
		if e.rule.Prefix.Bits() > widest {
			by[1] |= 1 << i
		}
		if firstDeny < 0 {
			by[2] |= 1 << i
		}
	}
	return by
}

// lost counts the addresses that are allowed before and after and not by these entries: those that every reading
// allows, and those that only some do.
func (t *Transition) lost(in set) (every, some uint64) {
	for _, n := range t.needs {
		switch {
		case n.met(in):
		case n.every:
			every += n.size()
		default:
			some += n.size()
		}
	}
	return every, some
}

// done reports whether these entries are the planned list.
func (t *Transition) done(in set) bool {
	return in.len() == t.goal.len() && t.plain(in) == t.goal
}

// plain counts a planned rule that was added anew as the one that stood there before.
func (t *Transition) plain(in set) set {
	for i := t.old; i < len(t.entries); i++ {
		if twin := t.entries[i].twin; twin >= 0 && in.has(i) {
			in = in&^(1<<i) | 1<<twin
		}
	}
	return in
}

// Goal is the list in the end: what stays stands where it stood, what is new stands behind it.
func (t *Transition) Goal() []Rule {
	var goal []Rule
	old := 0
	for _, rule := range t.current {
		if rule.Action == Allow {
			if old++; !t.goal.has(old - 1) {
				continue
			}
		}
		goal = append(goal, rule)
	}
	for i := t.old; i < len(t.entries); i++ {
		if t.entries[i].twin < 0 {
			goal = append(goal, t.entries[i].rule)
		}
	}
	return goal
}

// Denies is how many places the Deny rules take, which all stay.
func (t *Transition) Denies() int { return t.denies }

package iprules

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// IDs of problems. Errors are what the control panel would refuse, warnings are doubtful.
const (
	TooMany     = "too-many"     // error: more than five rules
	TooWide     = "too-wide"     // error: a prefix outside /25 to /32
	NotIPv4     = "not-ipv4"     // error
	HostBits    = "host-bits"    // warning: bits behind the prefix are set
	Duplicate   = "duplicate"    // warning: the same rule is there already
	NotPublic   = "never-public" // warning: a range that no service on the internet ever sees
	Shadowed    = "shadowed"     // warning: without it the list says the same, under every reading
	Cancelled   = "cancelled"    // warning: a Deny leaves nothing of an Allow, under one reading or more
	IdleDeny    = "idle-deny"    // warning: a Deny matches no address that an Allow lets in
	Ambiguous   = "ambiguous"    // warning: the readings of the list judge some addresses differently
	Nobody      = "nobody"       // error: no public address is let in, under any reading
	Unreadable  = "unreadable"   // error: a line that is no rule
	Empty       = "empty"        // warning: no rule at all
	Unused      = "unused"       // warning: no address in use matches an Allow
	TooGenerous = "too-generous" // warning: an Allow is far wider than the addresses in use
)

// Severities of a problem.
const (
	SeverityError   = "error"
	SeverityWarning = "warning"
)

// maxCompared is up to how many rules Lint compares with each other: the panel takes five, and the work
// grows with the third power.
const maxCompared = 50

// Lint is every problem of a list: those of the whole list first, then rule by rule.
func Lint(rules []Rule) []Problem {
	var problems []Problem
	if n := len(rules); n > limits.Most {
		sixth := rules[limits.Most]
		problems = append(problems, Problem{ID: TooMany, Severity: SeverityError,
			Source: sixth.Source, Line: sixth.Line,
			Text: fmt.Sprintf("the list has %d rules, and the control panel takes %d", n, limits.Most),
			Fix:  fmt.Sprintf("Remove %d of them, or ask OpenSRS Support for more places.", n-limits.Most)})
	}
	var between map[int]Problem
	if len(rules) <= maxCompared {
		between = lintBetween(rules)
		problems = append(problems, lintReadings(rules)...)
	}
	first := map[string]int{}
	for i, rule := range rules {
		add := func(id, severity, text, fix string) {
			problems = append(problems, Problem{ID: id, Severity: severity, Rule: i + 1,
				Source: rule.Source, Line: rule.Line, Text: text, Fix: fix})
		}
		lintOne(rule, add)
		plain := string(rule.Action) + " " + rule.Prefix.Masked().String()
		if earlier, twice := first[plain]; twice {
			add(Duplicate, SeverityWarning, fmt.Sprintf("%s is the same as rule %d", rule, earlier),
				fmt.Sprintf("Remove one of the two: each takes one of the %d places.", limits.Most))
			continue
		}
		first[plain] = i + 1
		if p, found := between[i]; found {
			add(p.ID, p.Severity, p.Text, p.Fix)
		}
	}
	return problems
}

// LintNobody is a list with Allow rules that let in no address that the service can see, whatever the reading. It is apart
// from Lint, for the control panel would take such a list.
func LintNobody(rules []Rule) []Problem {
	first := slices.IndexFunc(rules, func(r Rule) bool { return r.Action == Allow })
	counts := NewMatcher(rules).Public().Count(netip.PrefixFrom(netip.IPv4Unspecified(), 0))
	if first < 0 || counts.Allow+counts.Ambiguous > 0 {
		return nil
	}
	return []Problem{{ID: Nobody, Severity: SeverityError, Source: rules[first].Source, Line: rules[first].Line,
		Text: "the list lets no one in: it allows no public address",
		Fix:  "Add an Allow rule for the public address that the calls leave from."}}
}

// lintReadings tells where the readings of the list disagree, and the change after which they don't. Its place is
// that of the last rule that matches there: the later of two is the one to look at.
func lintReadings(rules []Rule) []Problem {
	doubtful := Doubtful(rules)
	if len(doubtful) == 0 {
		return nil
	}
	best, opposite := Clarify(rules)
	fix := best.Text()
	if opposite != nil {
		fix += " If the opposite is meant: " + opposite.Text()
	}
	by := Evaluate(rules, doubtful[0].Addr())
	last := rules[slices.Max(append(by.MatchedAllow, by.MatchedDeny...))-1]
	return []Problem{{ID: Ambiguous, Severity: SeverityWarning, Source: last.Source, Line: last.Line,
		Text: fmt.Sprintf("the ways in which the list can be read disagree about %s", PrefixList(doubtful)), Fix: fix}}
}

// lintOne looks at one rule alone.
func lintOne(rule Rule, add func(id, severity, text, fix string)) {
	address, bits := rule.Prefix.Addr(), rule.Prefix.Bits()
	if !address.Is4() {
		add(NotIPv4, SeverityError, fmt.Sprintf("%s is IPv6, and the control panel takes IPv4 only", rule.Prefix),
			"Replace it by the IPv4 address that the calls come from.")
		return
	}
	network := rule.Prefix.Masked()
	if bits < limits.Widest {
		fix := fmt.Sprintf("Name the addresses that call, as prefixes /%d to /%d.", limits.Widest, limits.Narrowest)
		if bits == limits.Widest-1 {
			upper := netip.PrefixFrom(upperHalf(network), limits.Widest)
			fix = fmt.Sprintf("Replace it by two rules, %s %s/%d and %s %s.",
				rule.Action, network.Addr(), limits.Widest, rule.Action, upper)
		}
		add(TooWide, SeverityError, fmt.Sprintf("%s is a /%d, and the control panel takes /%d to /%d",
			rule.Prefix, bits, limits.Widest, limits.Narrowest), fix)
		return
	}
	if network.Addr() != address {
		add(HostBits, SeverityWarning,
			fmt.Sprintf("%s is not the first address of a /%d: the network is %s", address, bits, network),
			fmt.Sprintf("Write %s %s for the network, or %s %s/32 for the one address.",
				rule.Action, network, rule.Action, address))
	}
	if kind, words := neverPublicWords(address); kind != "" {
		add(NotPublic, SeverityWarning, fmt.Sprintf("%s is %s: the service never sees a call come from there", rule.Prefix, words),
			"Replace it by the public address that the service sees.")
	}
}

// upperHalf is the first address of the upper one of the two halves of a prefix shorter than /32.
func upperHalf(network netip.Prefix) netip.Addr {
	bytes := network.Addr().As4()
	bytes[network.Bits()/8] |= 1 << (7 - network.Bits()%8)
	return netip.AddrFrom4(bytes)
}

// lintBetween compares the rules with each other: by index from 0, the Allow rules that a Deny cancels, the Deny rules
// that meet no Allow, and rules without which the list says the same.
func lintBetween(rules []Rule) map[int]Problem {
	problems := map[int]Problem{}
	points := representatives(rules)
	for i, rule := range rules {
		if rule.Action == Allow {
			if p, found := cancelled(rules, i, points); found {
				problems[i] = p
			}
		}
	}
	for _, i := range IdleDenies(rules, rules) {
		problems[i] = Problem{ID: IdleDeny, Severity: SeverityWarning,
			Text: fmt.Sprintf("%s matches no address that an Allow rule lets in: it changes nothing and uses one of the %d places",
				rules[i], limits.Most),
			Fix: "Remove it: an address without an Allow rule is refused anyway."}
		if !slices.ContainsFunc(rules, func(r Rule) bool { return r.Action == Allow }) {
			problems[i] = Problem{ID: IdleDeny, Severity: SeverityWarning,
				Text: fmt.Sprintf("%s has nothing to refuse: the list has no Allow rule, and lets no one in", rules[i]),
				Fix:  "Add an Allow rule for the address that the calls come from; then remove this one, if it still matches nothing."}
		}
	}
	// Narrow rules go first: of a /25 and a /32 in it, the /32 is the one to drop. What was found is left out
	// of the list from then on, or two rules that cover each other would both be told to go.
	order := make([]int, len(rules))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(rules[b].Prefix.Bits(), rules[a].Prefix.Bits()), cmp.Compare(b, a))
	})
	gone := map[int]bool{}
	for _, i := range order {
		if _, told := problems[i]; told || !redundant(rules, i, gone, points) {
			continue
		}
		gone[i] = true
		cover := "other rules cover it"
		for j, other := range rules {
			if j != i && !gone[j] && other.Action == rules[i].Action && contains(other.Prefix, rules[i].Prefix) {
				cover = fmt.Sprintf("rule %d, %s, covers it", j+1, other)
				break
			}
		}
		problems[i] = Problem{ID: Shadowed, Severity: SeverityWarning,
			Text: fmt.Sprintf("%s changes nothing: %s", rules[i], cover),
			Fix:  fmt.Sprintf("Remove it: that frees one of the %d places.", limits.Most)}
	}
	return problems
}

// cancelled tells whether a Deny leaves nothing of an Allow, and under which readings.
func cancelled(rules []Rule, allow int, points []netip.Addr) (Problem, bool) {
	alive := map[string]bool{}
	denies := map[int]bool{}
	for _, point := range points {
		if !rules[allow].Prefix.Contains(point) {
			continue
		}
		result := Evaluate(rules, point)
		for reading, says := range result.Readings {
			alive[reading] = alive[reading] || says == VerdictAllow
		}
		for _, number := range result.MatchedDeny {
			denies[number] = true
		}
	}
	var dead []string
	for _, reading := range []string{FirstMatch, MostSpecific, DenyWins} {
		if !alive[reading] {
			dead = append(dead, reading)
		}
	}
	if len(dead) == 0 || len(denies) == 0 {
		return Problem{}, false
	}
	var by []string
	for i, rule := range rules {
		if denies[i+1] {
			by = append(by, fmt.Sprintf("rule %d, %s", i+1, rule))
		}
	}
	when := "under every reading of the list"
	if len(dead) < 3 {
		when = "if the list is read as " + strings.Join(dead, " or ")
	}
	return Problem{ID: Cancelled, Severity: SeverityWarning,
		Text: fmt.Sprintf("%s lets no one in %s: %s", rules[allow], when, strings.Join(by, "; ")),
		Fix:  "Remove the Deny rule or this one, whichever is not meant."}, true
}

// redundant reports whether every address of the rule has another rule of the same action, and the list without
// it says the same of each under every reading.
func redundant(rules []Rule, index int, gone map[int]bool, points []netip.Addr) bool {
	var with, without []Rule
	for i, rule := range rules {
		if gone[i] {
			continue
		}
		with = append(with, rule)
		if i != index {
			without = append(without, rule)
		}
	}
	for _, point := range points {
		if !rules[index].Prefix.Contains(point) {
			continue
		}
		before, after := Evaluate(with, point), Evaluate(without, point)
		same := after.MatchedAllow
		if rules[index].Action == Deny {
			same = after.MatchedDeny
		}
		if len(same) == 0 {
			return false
		}
		for reading, says := range before.Readings {
			if after.Readings[reading] != says {
				return false
			}
		}
	}
	return true
}

// contains reports whether every address of inner is in outer.
func contains(outer, inner netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

// representatives are addresses that stand for all: between two neighbouring ones no rule begins or ends.
func representatives(rules []Rule) []netip.Addr {
	var points []netip.Addr
	for _, rule := range rules {
		network := rule.Prefix.Masked()
		if !network.IsValid() {
			continue
		}
		points = append(points, network.Addr())
		if after := last(network).Next(); after.IsValid() {
			points = append(points, after)
		}
	}
	slices.SortFunc(points, netip.Addr.Compare)
	return slices.Compact(points)
}

// last is the last address of a prefix without host bits.
func last(network netip.Prefix) netip.Addr {
	bytes := network.Addr().AsSlice()
	for bit := network.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	address, _ := netip.AddrFromSlice(bytes)
	return address
}

package iprules

import (
	"math/bits"
	"net/netip"
	"slices"
)

// Transition is a list in the control panel that is to become another one: which rules there are, what they let
// in, and which addresses must not be let go on the way. A Deny rule stays as it is and where it is, unless it is one
// of those that are to go; a new rule is put behind the others.
type Transition struct {
	Limit   int     // rules that the panel holds
	Asked   *Demand // what the planned list was made for; nil: not known, and the steps say nothing of it
	current []Rule  // as they are in the panel

	// entries are the rules that come or go: first the Allow rules of now and the Deny rules that go, then the
	// planned ones. A planned rule that is there already is in both, for it could be taken out and added anew.
	entries []entry
	old     int // so many of the entries are in the panel now
	denies  int // that stay
	leaving set // the Deny rules that go
	start   set // what is so now
	goal    set // what is so in the end, if nothing is added that is there already

	needs []need // of what is allowed before and after
	ends  []need // of what is allowed before and not after
}

// set is some of the entries, one bit each: of an Allow that it is there, of a Deny that it is gone. So the more there
// is in a set, the more it lets in.
type set uint64

func (s set) has(i int) bool      { return s>>i&1 == 1 }
func (s set) all(others set) bool { return others&^s == 0 }
func (s set) len() int            { return bits.OnesCount64(uint64(s)) }

// entry is one Allow rule, now or planned, or a Deny rule that goes.
type entry struct {
	rule Rule
	at   int // in current; behind all of it for a planned rule
	twin int // the entry that is the same rule, of now and planned; -1: none
}

// need is a run of addresses that are allowed before and after, by one reading of the list or by more.
type need struct {
	first, last uint32
	// by are, for each reading in the order of Readings, what must be in effect; without anything where the reading
	// does not allow the addresses both before and after.
	by    [3]admission
	every bool // all three readings allow them before and after
}

// admission is what lets an address in, under one reading: any one of the entries alone, or all entries of one of the
// sets: an Allow, and that the Deny rules are gone which beat it.
type admission struct {
	alone    set
	together []set
}

func (a admission) none() bool { return a.alone == 0 && len(a.together) == 0 }

func (a admission) in(s set) bool {
	return a.alone&s != 0 || slices.ContainsFunc(a.together, s.all)
}

// of are the entries of the set by which the address is let in.
func (a admission) of(s set) set {
	by := a.alone & s
	for _, all := range a.together {
		if s.all(all) {
			by |= all
		}
	}
	return by
}

func (n need) size() uint64 { return uint64(n.last-n.first) + 1 }

// met reports whether the entries let the addresses in, under each reading that does so before and after.
func (n need) met(in set) bool {
	for _, by := range n.by {
		if !by.none() && !by.in(in) {
			return false
		}
	}
	return true
}

// through are the entries of the set by which any reading lets the addresses in.
func (n need) through(in set) (by set) {
	for _, reading := range n.by {
		by |= reading.of(in)
	}
	return by
}

// NewTransition compares the rules in the panel with the planned ones. The rules of now are IPv4; they and
// the planned ones are no more than MaxPlanned each. leaving are the Deny rules that go, by index in current.
func NewTransition(current []Rule, leaving []int, planned []netip.Prefix, limit int) *Transition {
	t := &Transition{Limit: limit, current: current}
	for i, rule := range current {
		switch {
		case rule.Action == Allow:
			t.start |= 1 << len(t.entries)
		case slices.Contains(leaving, i):
			t.leaving |= 1 << len(t.entries)
		default:
			t.denies++
			continue
		}
		t.entries = append(t.entries, entry{rule: rule, at: i, twin: -1})
	}
	t.old = len(t.entries)
	t.goal = t.leaving
	for _, prefix := range planned {
		next := entry{rule: Rule{Action: Allow, Prefix: prefix}, at: len(current), twin: -1}
		index := len(t.entries)
		next.twin = slices.IndexFunc(t.entries[:t.old], func(e entry) bool {
			return e.rule.Action == Allow && e.rule.Prefix.Masked() == prefix
		})
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
		n, end := need{first: s.first, last: s.last, every: true}, need{first: s.first, last: s.last, every: true}
		by := t.admitting(address(s.first))
		some, ends := false, false
		for reading := range by {
			switch before := by[reading].in(t.start); {
			case before && by[reading].in(t.goal):
				n.by[reading], some, end.every = by[reading], true, false
			case before:
				end.by[reading], ends, n.every = by[reading], true, false
			default:
				n.every, end.every = false, false
			}
		}
		if some {
			t.needs = append(t.needs, n)
		}
		if ends {
			t.ends = append(t.ends, end)
		}
	}
}

// admitting is, for each reading, what lets the address in.
func (t *Transition) admitting(ip netip.Addr) (by [3]admission) {
	for i, e := range t.entries {
		if e.rule.Action == Deny || !e.rule.Prefix.Contains(ip) {
			continue
		}
		for reading := range by {
			all, possible := t.beating(ip, e, reading)
			switch all |= 1 << i; {
			case !possible:
			case all.len() == 1:
				by[reading].alone |= all
			default:
				by[reading].together = append(by[reading].together, all)
			}
		}
	}
	return by
}

// beating are the Deny rules that would have to go before the reading lets the address in by the entry. It is not
// possible where one of them stays.
func (t *Transition) beating(ip netip.Addr, e entry, reading int) (leaving set, possible bool) {
	for i, rule := range t.current {
		if rule.Action == Allow || !rule.Prefix.Contains(ip) {
			continue
		}
		if reading == 0 && i > e.at || reading == 1 && rule.Prefix.Bits() < e.rule.Prefix.Bits() {
			continue
		}
		index := t.entryOf(i)
		if index < 0 {
			return 0, false
		}
		leaving |= 1 << index
	}
	return leaving, true
}

// entryOf is the entry of a rule of now, by its index in current; -1 for a Deny that stays.
func (t *Transition) entryOf(at int) int {
	return slices.IndexFunc(t.entries[:t.old], func(e entry) bool { return e.at == at })
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

// exposed are the addresses that a Deny refuses, that the planned list does not let in either, and that an Allow would
// let in which is still there when the Deny goes.
func (t *Transition) exposed(s state, i int) ranges {
	var still, planned []netip.Prefix
	for j, e := range t.entries {
		switch {
		case e.rule.Action == Deny:
		case t.goal.has(j):
			planned = append(planned, e.rule.Prefix)
		case (s.settled | s.pending).has(j) && e.rule.Prefix.Overlaps(t.entries[i].rule.Prefix):
			still = append(still, e.rule.Prefix)
		}
	}
	if len(still) == 0 {
		return nil
	}
	for at, rule := range t.current {
		if t.entryOf(at) < 0 {
			planned = append(planned, rule.Prefix) // a Deny that stays refuses them too
		}
	}
	denied := rangesOf([]netip.Prefix{t.entries[i].rule.Prefix})
	return denied.minus(denied.minus(rangesOf(still))).minus(rangesOf(planned))
}

// taken is how many places of the panel are taken.
func (t *Transition) taken(s state) int {
	there := s.settled | s.pending
	return t.denies + (there ^ t.leaving).len() // a Deny takes a place as long as it is not gone
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

// Goal is the list in the end: what stays keeps its place, what is new comes after it.
func (t *Transition) Goal() []Rule {
	var goal []Rule
	for at, rule := range t.current {
		if i := t.entryOf(at); i < 0 || rule.Action == Allow && t.goal.has(i) {
			goal = append(goal, rule)
		}
	}
	for i := t.old; i < len(t.entries); i++ {
		if t.entries[i].twin < 0 {
			goal = append(goal, t.entries[i].rule)
		}
	}
	return goal
}

// Denies is how many places the Deny rules take that stay.
func (t *Transition) Denies() int { return t.denies }

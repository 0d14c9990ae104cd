package iprules

import (
	"fmt"
	"net/netip"
	"slices"

	"opensrs-doctor/probes/wording"
)

// What a step does.
const (
	StepRemove = "remove"
	StepAdd    = "add"
	StepWait   = "wait" // until the rules just added are in effect for sure: 15 minutes, says OpenSRS
)

// Step is one step in the control panel.
type Step struct {
	Action string `json:"action"` // "remove", "add" or "wait"
	Rule   string `json:"rule"`   // "allow 203.0.113.7/32"; of a wait the rule, just added or removed, that is waited for
	Why    string `json:"why"`    // one or two sentences
	// LocksOut counts the addresses that are allowed before and after, and may not be let in from this step
	// on until it is made up for.
	LocksOut uint64 `json:"-"`
	// Drops: addresses that were asked for, and that the planned list leaves out, lose what lets them in now.
	Drops bool `json:"-"`
}

// Steps is the order in which the rules of the panel become the planned ones. The list is never longer than the
// limit. An address that is allowed before and after, by every reading or by one, is let in by a rule that is in
// effect for sure at every moment, wherever any order achieves that; where none does, the fewest addresses are
// locked out, and the steps say which. For a change is taken to be possibly in effect at once and possibly not
// before the next wait is over.
func (t *Transition) Steps() []Step {
	acts, proven := t.order()
	steps := []Step{}
	s := state{settled: t.start}
	for i, next := range acts {
		switch next.action {
		case StepRemove:
			if t.leaving.has(next.entry) {
				steps = append(steps, t.denyRemoval(s, next.entry))
			} else {
				steps = append(steps, t.removal(s, next.entry, acts[i+1:], proven))
			}
		case StepAdd:
			steps = append(steps, t.addition(s, next.entry, acts[:i]))
		default:
			steps = append(steps, t.waiting(s, acts[i+1:]))
		}
		s = t.after(s, next)
	}
	return steps
}

// order is the best order that is found, and whether there is surely none that locks out fewer addresses.
func (t *Transition) order() (acts []act, proven bool) {
	acts, found := t.search(false)
	if every, some := t.locksOut(acts); found && every+some == 0 {
		return acts, true
	}
	// A planned rule that is there already may be in the way; it goes for a while only where that helps.
	touching, foundTouching := t.search(true)
	switch {
	case !found && foundTouching:
		return touching, true
	case !found:
		return t.greedy(), false
	case foundTouching:
		every, some := t.locksOut(acts)
		if everyThen, someThen := t.locksOut(touching); everyThen < every || everyThen == every && someThen < some {
			acts = touching
		}
	}
	return acts, foundTouching
}

// after is the state that a step leads to.
func (t *Transition) after(s state, step act) state {
	switch step.action {
	case StepRemove:
		if t.leaving.has(step.entry) {
			return state{s.settled, s.pending | 1<<step.entry}
		}
		return state{s.settled &^ (1 << step.entry), s.pending}
	case StepAdd:
		return state{s.settled, s.pending | 1<<step.entry}
	}
	return state{settled: s.settled | s.pending}
}

// locksOut counts the addresses that an order lets go on the way: those that every reading would allow, and those
// that some would.
func (t *Transition) locksOut(acts []act) (every, some uint64) {
	s := state{settled: t.start}
	for _, step := range acts {
		everyBefore, someBefore := t.lost(s.settled)
		s = t.after(s, step)
		everyThen, someThen := t.lost(s.settled)
		every += everyThen - min(everyThen, everyBefore)
		some += someThen - min(someThen, someBefore)
	}
	return every, some
}

func (t *Transition) name(i int) string { return t.entries[i].rule.String() }

// newlyLost are the addresses that are let in by the first set and not by the second, though they are allowed before
// and after.
func (t *Transition) newlyLost(before, after set) (lost ranges, n uint64) {
	for _, need := range t.needs {
		if need.met(before) && !need.met(after) {
			lost = lost.add(need.first, need.last)
			n += need.size()
		}
	}
	return lost, n
}

func (t *Transition) removal(s state, i int, later []act, proven bool) Step {
	step := Step{Action: StepRemove, Rule: t.name(i)}
	after := s.settled &^ (1 << i)
	lost, n := t.newlyLost(s.settled, after)
	step.LocksOut = n
	again := slices.ContainsFunc(later, func(a act) bool {
		return a.action == StepAdd && t.entries[a.entry].twin == i
	})
	switch {
	case n > 0:
		step.Why = fmt.Sprintf("It locks out %s, %s, %s.", wording.Count(n, "address that is allowed before and after",
			"addresses that are allowed before and after"), PrefixList(lost.prefixes()), t.until(s, i, later))
		if proven {
			step.Why += fmt.Sprintf(" The list has %d of %d places taken, and no order avoids it.", t.taken(s), t.Limit)
		} else {
			step.Why += " The lists are too long to prove that no order avoids it."
		}
	case again:
		step.Why = fmt.Sprintf("It makes room for a while: %s lets in its addresses until it is added again.",
			t.cover(i, after))
	case t.twice(i, after):
		step.Why = "The same rule is in the list twice."
	case t.cover(i, after) != "":
		step.Why = fmt.Sprintf("What stays allowed of it is let in by %s.", t.cover(i, after))
	default:
		step.Why = "None of its addresses is in the plan."
	}
	if text := t.dropped(s.settled, after); text != "" {
		step.Why, step.Drops = step.Why+text, true
	}
	return step
}

// dropped names the addresses that were asked for, that the first set lets in and the second does not, and that the
// planned list leaves out.
func (t *Transition) dropped(before, after set) string {
	var gone ranges
	every := true
	for _, end := range t.ends {
		if end.met(before) && !end.met(after) {
			gone, every = gone.add(end.first, end.last), every && end.every
		}
	}
	if t.Asked == nil || len(gone) == 0 {
		return ""
	}
	asked := t.Asked.within(gone)
	if len(asked) == 0 {
		return ""
	}
	reading := ""
	if !every {
		reading = ", in at least one reading of the list,"
	}
	return fmt.Sprintf(" Asked for and let in now%s but left out by the plan: %s.", reading, PrefixList(asked.prefixes()))
}

// denyRemoval says what a Deny that goes refused.
func (t *Transition) denyRemoval(s state, i int) Step {
	step := Step{Action: StepRemove, Rule: t.name(i)}
	let := rangesOf([]netip.Prefix{t.entries[i].rule.Prefix})
	var planned []netip.Prefix
	for j, e := range t.entries {
		if e.rule.Action == Allow && t.goal.has(j) {
			planned = append(planned, e.rule.Prefix)
		}
	}
	if let = let.minus(let.minus(rangesOf(planned))); len(let) > 0 {
		step.Why = fmt.Sprintf("It refuses %s, which this list lets in.", PrefixList(let.prefixes()))
	} else {
		step.Why = "It matches nothing that an Allow rule of this list lets in, and uses a place."
	}
	if meanwhile := t.exposed(s, i); len(meanwhile) > 0 {
		step.Why += fmt.Sprintf(" Until the Allow rules that are to go are removed too, %s may be let in.", PrefixList(meanwhile.prefixes()))
	}
	return step
}

// until says how long the addresses stay locked out that the removal of an entry lets go.
func (t *Transition) until(s state, i int, later []act) string {
	before := s.settled
	s = t.after(s, act{StepRemove, i})
	last, waits := "", 0
	for _, next := range later {
		if next.action == StepAdd {
			last = t.name(next.entry)
		}
		s = t.after(s, next)
		if next.action != StepWait {
			continue
		}
		waits++
		if _, n := t.newlyLost(before, s.settled); n == 0 {
			return fmt.Sprintf("until the wait after %s, %d minutes or more", last, waits*int(limits.Delay.Minutes()))
		}
	}
	return "from then on"
}

// twice reports whether the same rule is in the set once more.
func (t *Transition) twice(i int, in set) bool {
	for j := range t.old {
		if j != i && in.has(j) && t.entries[j].rule.Prefix.Masked() == t.entries[i].rule.Prefix.Masked() {
			return true
		}
	}
	return false
}

// cover names the rules of the set that let in what stays allowed of an entry; "" where nothing of it does.
func (t *Transition) cover(i int, in set) string {
	var by set
	for _, need := range t.needs {
		if !t.entries[i].rule.Prefix.Contains(address(need.first)) {
			continue
		}
		by |= need.through(in)
	}
	return t.names(by &^ t.leaving)
}

// names are the rules of a set, "A and B".
func (t *Transition) names(in set) string {
	var names []string
	for i := range t.entries {
		if in.has(i) {
			names = append(names, t.name(i))
		}
	}
	return wording.Join(names, "and")
}

func (t *Transition) addition(s state, i int, earlier []act) Step {
	step := Step{Action: StepAdd, Rule: t.name(i)}
	places := fmt.Sprintf("%d of %d places are then taken.", t.taken(s)+1, t.Limit)
	if t.taken(s) == 0 {
		places = fmt.Sprintf("1 of %d places is then taken.", t.Limit)
	}
	if slices.Contains(earlier, act{StepRemove, t.entries[i].twin}) && t.entries[i].twin >= 0 {
		step.Why = "It was removed to make room, and belongs to the plan. " + places
		return step
	}
	step.Why = "It belongs to the plan. " + places
	return step
}

// waiting says for what a wait is good: for the removals that come next, or for addresses that are locked out.
func (t *Transition) waiting(s state, later []act) Step {
	step := Step{Action: StepWait}
	depends := set(0)
	then := s.settled | s.pending
	for _, next := range later {
		if next.action != StepRemove {
			break
		}
		if t.leaving.has(next.entry) {
			continue
		}
		after := then &^ (1 << next.entry)
		for _, need := range t.needs {
			if !need.met(s.settled&^(1<<next.entry)) && need.met(after) {
				depends |= need.through(after) & s.pending
			}
		}
		then = after
	}
	what := "what is removed next lets in some of the same addresses until then"
	if depends == 0 {
		depends, what = s.pending, "then the addresses that are locked out are let in"
	}
	step.Rule = t.last(depends)
	step.Why = fmt.Sprintf("%s, until %s: %s.", limits.DelayInWords(), t.inEffect(depends), what)
	return step
}

// inEffect is "allow A is in effect", "allow A is in effect and deny B no longer is".
func (t *Transition) inEffect(of set) string {
	verb := func(n int) string { return wording.Agree(n, " is", " are") }
	there, gone := of&^t.leaving, of&t.leaving
	switch {
	case gone == 0:
		return t.names(there) + verb(there.len()) + " in effect"
	case there == 0:
		return t.names(gone) + verb(gone.len()) + " no longer in effect"
	}
	return t.names(there) + verb(there.len()) + " in effect and " + t.names(gone) + " no longer" + verb(gone.len())
}

// last names the last rule of a set.
func (t *Transition) last(in set) string {
	for i := len(t.entries) - 1; i >= 0; i-- {
		if in.has(i) {
			return t.name(i)
		}
	}
	return ""
}

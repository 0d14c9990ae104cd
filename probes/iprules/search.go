package iprules

import "container/heap"

// maxStates bounds the search for the best order: ten thousand are more than five rules and five others have.
const maxStates = 100000

// state is what the panel holds at one moment.
type state struct {
	settled set // Allow rules that are in effect for sure and were not removed, Deny rules that are gone for sure
	pending set // Allow rules that were added and may not yet be in effect, Deny rules that may still be
}

// cost is how bad an order is, the worst first: addresses locked out that every reading would allow, those that
// some would, addresses let in that a Deny refuses and the planned list too, waits while any are locked out, waits,
// steps.
type cost [6]uint64

// The parts of a cost.
const (
	lostByEvery = iota
	lostBySome
	letInMeanwhile
	waitsWhileLost
	allWaits
	allSteps
)

func (c cost) less(other cost) bool {
	for i := range c {
		if c[i] != other[i] {
			return c[i] < other[i]
		}
	}
	return false
}

// act is one step: an entry removed or added, or a wait.
type act struct {
	action string
	entry  int
}

// reached is how the search came to a state.
type reached struct {
	state state
	cost  cost
	from  *reached
	by    act
	order int // of discovery: what was found first goes first
}

type queue []*reached

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if q[i].cost != q[j].cost {
		return q[i].cost.less(q[j].cost)
	}
	return q[i].order < q[j].order
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(*reached)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// search finds the order with the least cost, by the shortest way through the states that the panel can be in.
// With touch a planned rule that is there already may be removed and added again, where that makes room. It
// finds none where there are too many states.
//
// Within the time between two waits removals come first, of Allow rules and then of Deny rules: what is in effect for
// sure does not depend on what was just changed, and a removal makes room.
func (t *Transition) search(touch bool) (acts []act, found bool) {
	first := &reached{state: state{settled: t.start}}
	best := map[state]*reached{first.state: first}
	open := &queue{first}
	for order := 0; open.Len() > 0 && order < maxStates; {
		now := heap.Pop(open).(*reached)
		if best[now.state] != now {
			continue // a better way there was found
		}
		if t.finished(now.state) {
			return now.acts(), true
		}
		t.next(now, touch, func(next *reached) {
			if known, found := best[next.state]; found && !next.cost.less(known.cost) {
				return
			}
			order++
			next.order = order
			best[next.state] = next
			heap.Push(open, next)
		})
	}
	return nil, false
}

// finished: the list is the planned one, and nobody waits for a rule in it.
func (t *Transition) finished(s state) bool {
	all := s.settled | s.pending
	if !t.done(all) {
		return false
	}
	every, some := t.lost(s.settled)
	everyThen, someThen := t.lost(all)
	return every == everyThen && some == someThen
}

// next tells every state that one step leads to.
func (t *Transition) next(now *reached, touch bool, tell func(*reached)) {
	s := now.state
	every, some := t.lost(s.settled)
	step := func(to state, by act) {
		c := now.cost
		everyThen, someThen := t.lost(to.settled)
		c[lostByEvery] += everyThen - min(every, everyThen)
		c[lostBySome] += someThen - min(some, someThen)
		switch {
		case by.action == StepWait:
			c[allWaits]++
			if every+some > 0 {
				c[waitsWhileLost]++
			}
		case t.leaving.has(by.entry):
			c[letInMeanwhile] += t.exposed(s, by.entry).size()
		}
		c[allSteps]++
		tell(&reached{state: to, cost: c, from: now, by: by})
	}
	all := s.settled | s.pending
	for i := range t.old {
		switch {
		case t.leaving.has(i):
			if !all.has(i) && t.leaving.all(s.pending) {
				step(state{s.settled, s.pending | 1<<i}, act{StepRemove, i})
			}
		case s.pending == 0 && s.settled.has(i) && (touch || !t.goal.has(i)):
			step(state{settled: s.settled &^ (1 << i)}, act{StepRemove, i})
		}
	}
	for i := t.old; i < len(t.entries) && t.taken(s) < t.Limit; i++ {
		twin := t.entries[i].twin
		if !all.has(i) && (twin < 0 || !all.has(twin)) {
			step(state{s.settled, s.pending | 1<<i}, act{StepAdd, i})
		}
	}
	if s.pending != 0 {
		step(state{settled: all}, act{StepWait, -1})
	}
}

// acts are the steps to a state, from the first.
func (r *reached) acts() []act {
	if r.from == nil {
		return nil
	}
	return append(r.from.acts(), r.by)
}

// greedy is an order that keeps the limit, for lists that are too long to search: what nobody needs goes, what fits
// comes, and only where both fail goes the rule that the fewest addresses need. The Deny rules that go, go first.
func (t *Transition) greedy() []act {
	var acts []act
	s := state{settled: t.start, pending: t.leaving}
	for i := range t.old {
		if t.leaving.has(i) {
			acts = append(acts, act{StepRemove, i})
		}
	}
	for !t.finished(s) {
		every, some := t.lost(s.settled)
		least, at := ^uint64(0), -1
		for i := 0; i < t.old && t.leaving.all(s.pending); i++ {
			if !s.settled.has(i) || t.goal.has(i) {
				continue
			}
			everyThen, someThen := t.lost(s.settled &^ (1 << i))
			if more := everyThen + someThen - every - some; more < least {
				least, at = more, i
			}
		}
		adding := -1
		for i := t.old; i < len(t.entries) && t.taken(s) < t.Limit; i++ {
			if t.entries[i].twin < 0 && !(s.settled | s.pending).has(i) {
				adding = i
				break
			}
		}
		switch {
		case at >= 0 && (least == 0 || adding < 0):
			s.settled &^= 1 << at
			acts = append(acts, act{StepRemove, at})
		case adding >= 0:
			s.pending |= 1 << adding
			acts = append(acts, act{StepAdd, adding})
		default:
			s = state{settled: s.settled | s.pending}
			acts = append(acts, act{StepWait, -1})
		}
	}
	return acts
}

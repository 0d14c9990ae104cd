package iprules

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// smallWorld is as many addresses as the panels of these tests are about, by last byte.
const smallWorld = 8

// panel is a control panel as a person sees it, and what the service may be doing meanwhile: a change of the last
// minutes may be in effect or not, each for itself.
type panel struct {
	rules  []Rule          // as they stand
	fresh  map[string]bool // stands there, and may not be in effect
	ghosts []Rule          // was removed, and may be in effect
}

// lets is what an effective list lets in, under each reading, by the naive evaluator.
func lets(rules []Rule) (allowed [3][smallWorld]bool) {
	for last := range smallWorld {
		first, specific, denyWins := naive(rules, byte(last))
		for i, says := range []string{first, specific, denyWins} {
			allowed[i][last] = says == "allow"
		}
	}
	return allowed
}

// atLeast is what every list that may be in effect lets in.
func (p panel) atLeast() [3][smallWorld]bool {
	var unsure []int // indexes of fresh rules; behind them, of ghosts
	for i, rule := range p.rules {
		if p.fresh[rule.String()] {
			unsure = append(unsure, i)
		}
	}
	var all [3][smallWorld]bool
	for choice := range 1 << (len(unsure) + len(p.ghosts)) {
		var effective []Rule
		bit := 0
		for _, rule := range p.rules {
			if p.fresh[rule.String()] {
				if bit++; choice>>(bit-1)&1 == 0 {
					continue
				}
			}
			effective = append(effective, rule)
		}
		for i, ghost := range p.ghosts {
			if choice>>(len(unsure)+i)&1 == 1 {
				effective = append(effective, ghost)
			}
		}
		now := lets(effective)
		for reading := range now {
			for last := range now[reading] {
				all[reading][last] = (choice == 0 || all[reading][last]) && now[reading][last]
			}
		}
	}
	return all
}

func (p panel) remove(at int) panel {
	gone := p.rules[at]
	next := panel{rules: slices.Delete(slices.Clone(p.rules), at, at+1), fresh: p.fresh, ghosts: slices.Clone(p.ghosts)}
	if !p.fresh[gone.String()] {
		next.ghosts = append(next.ghosts, gone)
	}
	return next
}

func (p panel) add(rule Rule) panel {
	next := panel{rules: append(slices.Clone(p.rules), rule), fresh: map[string]bool{rule.String(): true}, ghosts: p.ghosts}
	for text := range p.fresh {
		next.fresh[text] = true
	}
	return next
}

func (p panel) wait() panel { return panel{rules: p.rules} }

// sure are the rules that are in effect whatever the service does.
func (p panel) sure() []Rule {
	return slices.DeleteFunc(slices.Clone(p.rules), func(r Rule) bool { return p.fresh[r.String()] })
}

// short is how many addresses are let in before and after and not at least now, under some reading.
func short(before, after, now [3][smallWorld]bool) int {
	n := 0
	for last := range smallWorld {
		for reading := range now {
			if before[reading][last] && after[reading][last] && !now[reading][last] {
				n++
				break
			}
		}
	}
	return n
}

// possible looks for any order without a gap, with the helpers as rules that may stand there in between. Of the lists
// that may be in effect it asks the one without the fresh rules and the ghosts: another Allow locks nobody out.
func possible(current, goal, helpers []Rule, limit int) bool {
	before, after := lets(current), lets(goal)
	want := asSet(goal)
	seen := map[string]bool{}
	next := []panel{{rules: current}}
	for len(next) > 0 {
		p := next[len(next)-1]
		next = next[:len(next)-1]
		p.ghosts = nil
		key := fmt.Sprint(p.rules, len(p.sure()), p.fresh)
		if seen[key] || short(before, after, lets(p.sure())) > 0 {
			continue
		}
		seen[key] = true
		if asSet(p.rules) == want {
			return true
		}
		next = append(next, p.wait())
		for i, rule := range p.rules {
			if rule.Action == Allow {
				next = append(next, p.remove(i))
			}
		}
		for _, rule := range helpers {
			there := slices.ContainsFunc(p.rules, func(r Rule) bool { return r.String() == rule.String() })
			if len(p.rules) < limit && !there && rule.Action == Allow {
				next = append(next, p.add(rule))
			}
		}
	}
	return false
}

func asSet(rules []Rule) string {
	var texts []string
	for _, rule := range rules {
		texts = append(texts, rule.String())
	}
	slices.Sort(texts)
	return strings.Join(texts, ",")
}

// randomChange is a list and another one to make of it, within the small world: no rule stands in a list twice.
func randomChange(random *rand.Rand, limit, denies int) (current []Rule, planned []netip.Prefix) {
	prefix := func() netip.Prefix {
		bits := 29 + random.IntN(4)
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(random.IntN(smallWorld))}), bits).Masked()
	}
	for range random.IntN(limit + 1) {
		rule := Rule{Action: Allow, Prefix: prefix()}
		if denies > 0 && random.IntN(3) == 0 {
			rule.Action, denies = Deny, denies-1
		}
		if !slices.ContainsFunc(current, func(r Rule) bool { return r.String() == rule.String() }) {
			current = append(current, rule)
		}
	}
	kept := len(slices.DeleteFunc(slices.Clone(current), func(r Rule) bool { return r.Action == Allow }))
	for range random.IntN(limit - kept + 1) {
		if p := prefix(); !slices.ContainsFunc(planned, p.Overlaps) {
			planned = append(planned, p)
		}
	}
	slices.SortFunc(planned, func(a, b netip.Prefix) int { return a.Addr().Compare(b.Addr()) })
	return current, planned
}

// goalOf is the list in the end: what stays stands where it stood, what is new stands behind it.
func goalOf(current []Rule, planned []netip.Prefix) []Rule {
	var goal []Rule
	left := slices.Clone(planned)
	for _, rule := range current {
		at := slices.Index(left, rule.Prefix.Masked())
		if rule.Action == Allow && at >= 0 {
			left = slices.Delete(left, at, at+1)
		} else if rule.Action == Allow {
			continue
		}
		goal = append(goal, rule)
	}
	for _, p := range left {
		goal = append(goal, Rule{Action: Allow, Prefix: p})
	}
	return goal
}

// replay follows the steps in a panel and compares each with what it says of itself. It gives whether any
// address was locked out.
func replay(t *testing.T, current []Rule, planned []netip.Prefix, limit int, steps []Step) (gap bool) {
	t.Helper()
	goal := goalOf(current, planned)
	before, after := lets(current), lets(goal)
	p := panel{rules: current}
	fail := func(i int, why string) {
		t.Helper()
		var told []string
		for _, step := range steps {
			told = append(told, step.Action+" "+step.Rule+" ("+step.Why+")")
		}
		t.Fatalf("%v to %v, limit %d, step %d: %s\n%s", current, planned, limit, i+1, why, strings.Join(told, "\n"))
	}
	for i, step := range steps {
		was := short(before, after, p.atLeast())
		at := slices.IndexFunc(p.rules, func(r Rule) bool { return r.String() == step.Rule })
		switch step.Action {
		case StepRemove:
			if at < 0 || p.rules[at].Action == Deny {
				fail(i, "no such rule to remove")
			}
			p = p.remove(at)
		case StepAdd:
			if at >= 0 || len(p.rules) >= limit {
				fail(i, "it stands there already, or the list is full")
			}
			rule, err := Parse(step.Rule)
			if err != nil {
				fail(i, err.Error())
			}
			p = p.add(Rule{Action: rule.Action, Prefix: rule.Prefix})
		case StepWait:
			if !p.fresh[step.Rule] {
				fail(i, "it waits for a rule that was not just added")
			}
			p = p.wait()
		}
		if step.Why == "" {
			fail(i, "no reason")
		}
		now := short(before, after, p.atLeast())
		if uint64(max(now-was, 0)) != step.LocksOut {
			fail(i, fmt.Sprintf("%d addresses are locked out, it says %d", now-was, step.LocksOut))
		}
		gap = gap || step.LocksOut > 0
	}
	if asSet(p.rules) != asSet(goal) {
		fail(len(steps)-1, fmt.Sprintf("the list in the end is %v", p.rules))
	}
	if gap && !slices.ContainsFunc(steps, func(s Step) bool { return strings.Contains(s.Why, "locks out") }) {
		fail(0, "a gap is not told")
	}
	return gap
}

// TestStepsAgainstEveryOrder: the steps leave a gap only where every order of the same rules does, also those that
// take a rule out and add it again.
func TestStepsAgainstEveryOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	gaps, waits := 0, 0
	for range 10000 {
		limit := 1 + random.IntN(4)
		current, planned := randomChange(random, limit, random.IntN(2))
		steps := NewTransition(current, planned, limit).Steps()
		gap := replay(t, current, planned, limit, steps)
		if slices.ContainsFunc(steps, func(s Step) bool { return s.Action == StepWait }) {
			waits++
		}
		if !gap {
			continue
		}
		gaps++
		goal := goalOf(current, planned)
		helpers := append(slices.Clone(current), goal...)
		if possible(current, goal, helpers, limit) {
			t.Fatalf("%v to %v, limit %d: there is an order without a gap, and not %v", current, planned, limit, steps)
		}
	}
	if gaps < 50 || waits < 50 {
		t.Errorf("%d gaps and %d orders with a wait are too few to mean something", gaps, waits)
	}
}

// TestStepsOfFive replays lists of the real length.
func TestStepsOfFive(t *testing.T) {
	random := rand.New(rand.NewPCG(13, 14))
	for range 400 {
		current, planned := randomChange(random, MaxRules, random.IntN(3))
		replay(t, current, planned, MaxRules, NewTransition(current, planned, MaxRules).Steps())
	}
}

func TestSteps(t *testing.T) {
	for _, c := range []struct {
		name, current, planned string
		limit                  int
		want                   string // the steps, in short
		says                   string // in some step's reason
	}{
		{"nothing to do", "allow 203.0.113.0/25", "203.0.113.0/25", 5, "", ""},
		{"an empty panel", "", "203.0.113.1/32 203.0.113.3/32", 5, "+203.0.113.1/32 +203.0.113.3/32", "2 of 5 places"},
		{"host bits are the same rule", "allow 203.0.113.77/25", "203.0.113.0/25", 5, "", ""},
		{"a duplicate goes", "allow 203.0.113.1,allow 203.0.113.1", "203.0.113.1/32", 5, "-203.0.113.1/32", "twice"},
		{"no address in common", "allow 203.0.113.1", "203.0.113.3/32", 1, "-203.0.113.1/32 +203.0.113.3/32", "None of its addresses"},
		{"wider, with a wait", "allow 203.0.113.1", "203.0.113.0/25", 5,
			"+203.0.113.0/25 =203.0.113.0/25 -203.0.113.1/32", "until allow 203.0.113.0/25 is in effect"},
		{"covered already, no wait", "allow 203.0.113.1,allow 203.0.113.0/25", "203.0.113.0/25", 5,
			"-203.0.113.1/32", "let in by allow 203.0.113.0/25"},
		{"no room: a gap", "allow 203.0.113.1", "203.0.113.0/25", 1,
			"-203.0.113.1/32 +203.0.113.0/25 =203.0.113.0/25", "locks out 1 address that is allowed before and after, 203.0.113.1,"},
		{"a full list with a rule to spare", "allow 203.0.113.1,allow 192.0.2.9", "203.0.113.0/25 198.51.100.1/32", 2,
			"-192.0.2.9/32 +203.0.113.0/25 =203.0.113.0/25 -203.0.113.1/32 +198.51.100.1/32", ""},
		{"a planned rule makes room", "allow 203.0.113.4/30,allow 203.0.113.0,allow 203.0.113.1,allow 203.0.113.4",
			"203.0.113.0/30 203.0.113.4/32 203.0.113.5/32", 4,
			"-203.0.113.4/32 +203.0.113.0/30 =203.0.113.0/30 -203.0.113.0/32 -203.0.113.1/32 +203.0.113.4/32 " +
				"+203.0.113.5/32 =203.0.113.5/32 -203.0.113.4/30", "makes room for a while"},
		{"a Deny stays and counts", "deny 203.0.113.9,allow 203.0.113.1", "203.0.113.0/29", 2,
			"-203.0.113.1/32 +203.0.113.0/29 =203.0.113.0/29", "2 of 2 places"},
	} {
		var current []Rule
		if c.current != "" {
			current = mustRules(t, strings.Split(c.current, ",")...)
		}
		var planned []netip.Prefix
		for _, text := range strings.Fields(c.planned) {
			planned = append(planned, netip.MustParsePrefix(text))
		}
		var got, reasons []string
		for _, step := range NewTransition(current, planned, c.limit).Steps() {
			sign := map[string]string{StepRemove: "-", StepAdd: "+", StepWait: "="}[step.Action]
			got = append(got, sign+strings.TrimPrefix(step.Rule, "allow "))
			reasons = append(reasons, step.Why)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, strings.Join(got, " "), c.want)
		}
		if !strings.Contains(strings.Join(reasons, "\n"), c.says) {
			t.Errorf("%s: no reason says %q: %q", c.name, c.says, reasons)
		}
	}
}

// TestStepsOfLongLists: lists that are too long to search keep the limit and end at the plan all the same.
func TestStepsOfLongLists(t *testing.T) {
	var current []Rule
	var planned []netip.Prefix
	for i := range MaxPlanned {
		current = append(current, Rule{Action: Allow, Prefix: netip.PrefixFrom(address(uint32(i)<<16|3), 32)})
		planned = append(planned, netip.PrefixFrom(address(uint32(i)<<16), 30))
	}
	there := map[string]bool{}
	for _, rule := range current {
		there[rule.String()] = true
	}
	for i, step := range NewTransition(current, planned, MaxPlanned).Steps() {
		switch step.Action {
		case StepRemove:
			if delete(there, step.Rule); i == 0 && step.LocksOut != 1 {
				t.Errorf("the first removal locks out %d", step.LocksOut)
			}
		case StepAdd:
			there[step.Rule] = true
		}
		if len(there) > MaxPlanned {
			t.Fatal("the list is longer than the limit")
		}
	}
	for _, p := range planned {
		if delete(there, "allow "+p.String()); len(there) > MaxPlanned {
			t.Fatal(p)
		}
	}
	if len(there) != 0 {
		t.Errorf("%d rules too many", len(there))
	}
}

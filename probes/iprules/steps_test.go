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
type panel []line

// line is one rule that stands in the panel, or stood there and may still be in effect.
type line struct {
	Rule
	fresh bool // was added, and may not be in effect
	ghost bool // was removed, and may be in effect
}

func panelOf(rules []Rule) (p panel) {
	for _, rule := range rules {
		p = append(p, line{Rule: rule})
	}
	return p
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

// rules are those that stand there.
func (p panel) rules() (rules []Rule) {
	for _, line := range p {
		if !line.ghost {
			rules = append(rules, line.Rule)
		}
	}
	return rules
}

// atLeast is what every list that may be in effect lets in.
func (p panel) atLeast() [3][smallWorld]bool {
	unsure := 0
	for _, line := range p {
		if line.fresh || line.ghost {
			unsure++
		}
	}
	var all [3][smallWorld]bool
	for choice := range 1 << unsure {
		var effective []Rule
		bit := 0
		for _, line := range p {
			if line.fresh || line.ghost {
				if bit++; choice>>(bit-1)&1 == 0 {
					continue
				}
			}
			effective = append(effective, line.Rule)
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

// find is the place of a rule that stands there; -1: none.
func (p panel) find(text string) int {
	return slices.IndexFunc(p, func(l line) bool { return !l.ghost && l.String() == text })
}

func (p panel) remove(at int) panel {
	next := slices.Clone(p)
	if next[at].fresh {
		return slices.Delete(next, at, at+1)
	}
	next[at].ghost = true
	return next
}

func (p panel) add(rule Rule) panel { return append(slices.Clone(p), line{Rule: rule, fresh: true}) }

func (p panel) wait() panel { return panelOf(p.rules()) }

// worst is the list that lets in the least of those that may be in effect: no Allow that is new, each Deny that was
// removed.
func (p panel) worst() (rules []Rule) {
	for _, line := range p {
		if !line.fresh && (!line.ghost || line.Action == Deny) {
			rules = append(rules, line.Rule)
		}
	}
	return rules
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

// possible looks for any order without a gap, with the helpers as rules that may stand there in between.
func possible(current, goal, helpers []Rule, limit int) bool {
	before, after := lets(current), lets(goal)
	want := asSet(goal)
	seen := map[string]bool{}
	next := []panel{panelOf(current)}
	for len(next) > 0 {
		p := next[len(next)-1]
		next = next[:len(next)-1]
		p = slices.DeleteFunc(p, func(l line) bool { return l.ghost && l.Action == Allow }) // it locks nobody out
		key := fmt.Sprint(p)
		if seen[key] || short(before, after, lets(p.worst())) > 0 {
			continue
		}
		seen[key] = true
		if asSet(p.rules()) == want {
			return true
		}
		next = append(next, p.wait())
		for i, line := range p {
			stays := slices.ContainsFunc(goal, func(r Rule) bool { return r.String() == line.String() })
			if !line.ghost && (line.Action == Allow || !stays) {
				next = append(next, p.remove(i))
			}
		}
		for _, rule := range helpers {
			if len(p.rules()) < limit && p.find(rule.String()) < 0 && rule.Action == Allow {
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

// randomChange is a list and another one to make of it, within the small world: no rule stands in a list twice. Some of
// the Deny rules leave.
func randomChange(random *rand.Rand, limit, denies int) (current []Rule, leaving []int, planned []netip.Prefix) {
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
	kept := 0
	for i, rule := range current {
		if rule.Action == Deny && random.IntN(2) == 0 {
			leaving = append(leaving, i)
		} else if rule.Action == Deny {
			kept++
		}
	}
	for range random.IntN(limit - kept + 1) {
		if p := prefix(); !slices.ContainsFunc(planned, p.Overlaps) {
			planned = append(planned, p)
		}
	}
	slices.SortFunc(planned, func(a, b netip.Prefix) int { return a.Addr().Compare(b.Addr()) })
	return current, leaving, planned
}

// goalOf is the list in the end: what stays keeps its place, what is new comes after it.
func goalOf(current []Rule, leaving []int, planned []netip.Prefix) []Rule {
	var goal []Rule
	left := slices.Clone(planned)
	for i, rule := range current {
		if slices.Contains(leaving, i) {
			continue
		}
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
func replay(t *testing.T, current []Rule, leaving []int, planned []netip.Prefix, limit int, steps []Step) (gap bool) {
	t.Helper()
	goal := goalOf(current, leaving, planned)
	before, after := lets(current), lets(goal)
	p := panelOf(current)
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
		at := p.find(step.Rule)
		switch step.Action {
		case StepRemove:
			if at < 0 || p[at].Action == Deny && slices.ContainsFunc(goal, func(r Rule) bool { return r.String() == step.Rule }) {
				fail(i, "no such rule to remove")
			}
			p = p.remove(at)
		case StepAdd:
			if at >= 0 || len(p.rules()) >= limit {
				fail(i, "it stands there already, or the list is full")
			}
			rule, err := Parse(step.Rule)
			if err != nil {
				fail(i, err.Error())
			}
			p = p.add(Rule{Action: rule.Action, Prefix: rule.Prefix})
		case StepWait:
			if !slices.ContainsFunc(p, func(l line) bool { return l.String() == step.Rule && (l.fresh || l.ghost) }) {
				fail(i, "it waits for a rule that was not just added or removed")
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
	if asSet(p.rules()) != asSet(goal) {
		fail(len(steps)-1, fmt.Sprintf("the list in the end is %v", p.rules()))
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
	gaps, waits, removals := 0, 0, 0
	for range 10000 {
		limit := 1 + random.IntN(4)
		current, leaving, planned := randomChange(random, limit, random.IntN(3))
		removals += len(leaving)
		steps := NewTransition(current, leaving, planned, limit).Steps()
		gap := replay(t, current, leaving, planned, limit, steps)
		if slices.ContainsFunc(steps, func(s Step) bool { return s.Action == StepWait }) {
			waits++
		}
		if !gap {
			continue
		}
		gaps++
		goal := goalOf(current, leaving, planned)
		helpers := append(slices.Clone(current), goal...)
		if possible(current, goal, helpers, limit) {
			t.Fatalf("%v to %v, limit %d: there is an order without a gap, and not %v", current, planned, limit, steps)
		}
	}
	if gaps < 50 || waits < 50 || removals < 500 {
		t.Errorf("%d gaps, %d orders with a wait and %d removals of a Deny are too few to mean something", gaps, waits, removals)
	}
}

// TestStepsOfFive replays lists of the real length.
func TestStepsOfFive(t *testing.T) {
	random := rand.New(rand.NewPCG(13, 14))
	for range 400 {
		current, leaving, planned := randomChange(random, limits.Most, random.IntN(3))
		replay(t, current, leaving, planned, limits.Most, NewTransition(current, leaving, planned, limits.Most).Steps())
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
		{"a Deny goes, and makes room", "-deny 203.0.113.9,allow 203.0.113.1", "203.0.113.0/29", 2,
			"-deny 203.0.113.9/32 +203.0.113.0/29 =203.0.113.0/29 -203.0.113.1/32", "matches nothing that an Allow rule"},
		{"a Deny goes after what it refuses", "allow 203.0.113.0/28,-deny 203.0.113.9", "203.0.113.32/28", 2,
			"-203.0.113.0/28 -deny 203.0.113.9/32 +203.0.113.32/28", ""},
		{"a Deny has to go first", "allow 203.0.113.0/28,-deny 203.0.113.9", "203.0.113.0/29", 2,
			"-deny 203.0.113.9/32 +203.0.113.0/29 =203.0.113.0/29 -203.0.113.0/28",
			"Until the Allow rules that are to go are removed too, 203.0.113.9 may be let in."},
		{"a Deny goes because its address is wanted", "allow 203.0.113.1,-deny 203.0.113.9", "203.0.113.1/32 203.0.113.9/32", 2,
			"-deny 203.0.113.9/32 +203.0.113.9/32", "It refuses 203.0.113.9, which this list lets in."},
		{"a Deny stays and counts", "deny 203.0.113.9,allow 203.0.113.1", "203.0.113.0/29", 2,
			"-203.0.113.1/32 +203.0.113.0/29 =203.0.113.0/29", "2 of 2 places"},
	} {
		var current []Rule
		var leaving []int
		if c.current != "" {
			current = mustRules(t, strings.Split(strings.ReplaceAll(c.current, "-deny", "deny"), ",")...)
		}
		for i, text := range strings.Split(c.current, ",") {
			if strings.HasPrefix(text, "-") {
				leaving = append(leaving, i)
			}
		}
		var planned []netip.Prefix
		for _, text := range strings.Fields(c.planned) {
			planned = append(planned, netip.MustParsePrefix(text))
		}
		var got, reasons []string
		for _, step := range NewTransition(current, leaving, planned, c.limit).Steps() {
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
	for i, step := range NewTransition(current, nil, planned, MaxPlanned).Steps() {
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

// TestStepsSayWhatTheyDrop: an address that was asked for, is let in now by some reading and not by it in the end, is named
// by the step that lets it go, and no other is.
func TestStepsSayWhatTheyDrop(t *testing.T) {
	random := rand.New(rand.NewPCG(23, 24))
	some := 0
	for range 3000 {
		current, leaving, planned := randomChange(random, 4, 2)
		way := NewTransition(current, leaving, planned, 4)
		asked := uint(random.IntN(1 << smallWorld))
		way.Asked = &Demand{}
		for last := range smallWorld {
			if asked>>last&1 == 1 {
				way.Asked.Add(netip.PrefixFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(last)}), 32), true)
			}
		}
		before, after := lets(current), lets(goalOf(current, leaving, planned))
		var dropped []netip.Prefix
		for last := range smallWorld {
			for reading := range before {
				if asked>>last&1 == 1 && before[reading][last] && !after[reading][last] {
					dropped = append(dropped, netip.PrefixFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(last)}), 32))
					break
				}
			}
		}
		want := rangesOf(dropped).prefixes()
		var said []netip.Prefix
		for _, step := range way.Steps() {
			_, list, found := strings.Cut(step.Why, "left out by the plan: ")
			if found != step.Drops || found && step.Action != StepRemove {
				t.Fatalf("%v", step)
			}
			for _, text := range strings.FieldsFunc(strings.ReplaceAll(list, " and ", " "), func(r rune) bool { return r == ' ' || r == ',' }) {
				p, _ := parsePrefix(strings.TrimSuffix(text, "."))
				said = append(said, p)
			}
		}
		if some += len(want); !slices.Equal(rangesOf(said).prefixes(), want) {
			t.Fatalf("%v without %v to %v, asked %08b: said %v, want %v", current, leaving, planned, asked, said, want)
		}
	}
	if some == 0 {
		t.Error("nothing was dropped")
	}
}

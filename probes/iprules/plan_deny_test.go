package iprules

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// within are the prefixes that lie in a world of so many addresses, a power of two.
func within(world int) (prefixes []netip.Prefix) {
	for size := world; size > 0; size /= 2 {
		for at := 0; at < world; at += size {
			prefixes = append(prefixes, netip.PrefixFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(at)}), 33-bits.Len(uint(size))))
		}
	}
	return prefixes
}

// letIn is what a whole list lets in under every reading, one bit an address, by asking it about each.
func letIn(list []Rule, world int) (in uint) {
	for last := range world {
		if first, specific, denyWins := naive(list, byte(last)); first == "allow" && specific == "allow" && denyWins == "allow" {
			in |= 1 << last
		}
	}
	return in
}

// choice is one set of Allow rules beside the Deny rules of a list, and what the whole then lets in.
type choice struct {
	count int
	in    uint
}

// choicesBeside are all sets of at most most of the prefixes.
func choicesBeside(current []Rule, prefixes []netip.Prefix, world, most int) (all []choice) {
	var planned []netip.Prefix
	var try func(from int)
	try = func(from int) {
		all = append(all, choice{len(planned), letIn(goalOf(current, nil, planned), world)})
		for i := from; i < len(prefixes) && len(planned) < most; i++ {
			planned = append(planned, prefixes[i])
			try(i + 1)
			planned = planned[:len(planned)-1]
		}
	}
	try(0)
	return all
}

// best is the best score of those choices.
func best(all []choice, asked uint, most int) (covered, excess uint64, count int) {
	for _, choice := range all {
		c, e := uint64(bits.OnesCount(choice.in&asked)), uint64(bits.OnesCount(choice.in&^asked))
		if choice.count <= most && (c > covered || c == covered && (e < excess || e == excess && choice.count < count)) {
			covered, excess, count = c, e, choice.count
		}
	}
	return covered, excess, count
}

func denied(current []Rule) (denies []netip.Prefix) {
	for _, rule := range current {
		if rule.Action == Deny {
			denies = append(denies, rule.Prefix)
		}
	}
	return denies
}

// judgePlan compares a plan around the Deny rules of a list with every other one, and with what check says of the list
// that is then in the panel.
func judgePlan(t *testing.T, current []Rule, all []choice, asked uint, world, limit int) {
	t.Helper()
	demand := &Demand{}
	for last := range world {
		if asked>>last&1 == 1 {
			demand.Add(netip.PrefixFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(last)}), 32), true)
		}
	}
	denies := denied(current)
	got := demand.Plan(limit-len(denies), denies)
	fail := func(format string, args ...any) {
		t.Helper()
		t.Fatalf("%v, asked %0*b, limit %d: %v, %d covered, %d excess: %s", current, world, asked, limit, got.Prefixes,
			got.Covered, got.Excess, fmt.Sprintf(format, args...))
	}
	covered, excess, count := best(all, asked, limit-len(denies))
	if got.Covered != covered || got.Excess != excess || len(got.Prefixes) != count {
		fail("want %d covered, %d excess, %d rules", covered, excess, count)
	}
	goal := NewTransition(current, nil, got.Prefixes, limit).Goal()
	if in := letIn(goal, world); bits.OnesCount(in&asked) != int(got.Covered) || bits.OnesCount(in&^asked) != int(got.Excess) {
		fail("%v lets in %0*b", goal, world, in)
	}
	if len(goal) > limit || !slices.Equal(denied(goal), denies) {
		fail("the list in the end is %v", goal)
	}
	left := slices.Collect(demand.Uncovered(got))
	matcher := NewMatcher(goal)
	for last := range world {
		ip := netip.AddrFrom4([4]byte{203, 0, 113, byte(last)})
		if asked>>last&1 == 1 && (matcher.Ruling(ip).Verdict == VerdictAllow) == slices.Contains(left, ip.String()) {
			fail("%s is %s, and left out are %v", ip, matcher.Ruling(ip).Verdict, left)
		}
	}
	for _, p := range got.Prefixes {
		lets := rangesOf([]netip.Prefix{p}).minus(rangesOf(denies))
		if half, _ := p.Addr().Prefix(p.Bits() + 1); len(lets) == 0 || !p.IsSingleIP() &&
			(len(lets.minus(rangesOf([]netip.Prefix{half}))) == 0 || !slices.ContainsFunc(lets.prefixes(), half.Overlaps)) {
			fail("half of %s lets in nobody", p)
		}
	}
}

// TestPlanAroundDenies: over all lists of at most two rules in a world of four addresses, all demands and all limits,
// and some longer ones in a world of eight.
func TestPlanAroundDenies(t *testing.T) {
	const world = 4
	prefixes := within(world)
	var rules []Rule
	for _, p := range prefixes {
		rules = append(rules, Rule{Action: Allow, Prefix: p}, Rule{Action: Deny, Prefix: p})
	}
	lists := [][]Rule{nil}
	for i, first := range rules {
		lists = append(lists, []Rule{first})
		for j, second := range rules {
			if i != j {
				lists = append(lists, []Rule{first, second})
			}
		}
	}
	for _, current := range lists {
		all := choicesBeside(current, prefixes, world, 4)
		for asked := range uint(1 << world) {
			for limit := max(1, len(current)); limit <= 4; limit++ {
				judgePlan(t, current, all, asked, world, limit)
			}
		}
	}
	random := rand.New(rand.NewPCG(17, 18))
	for range 40 {
		limit := 1 + random.IntN(4)
		current, _, _ := randomChange(random, limit, 3)
		all := choicesBeside(current, within(smallWorld), smallWorld, limit)
		for range 50 {
			judgePlan(t, current, all, uint(random.IntN(1<<smallWorld)), smallWorld, limit)
		}
	}
}

// TestPlanOfWideRangesAroundDenies compares plans for whole blocks with those for the same addresses, one by one.
func TestPlanOfWideRangesAroundDenies(t *testing.T) {
	random := rand.New(rand.NewPCG(19, 20))
	start := number(netip.MustParseAddr("198.51.100.0"))
	for range 200 {
		var without []netip.Prefix
		for range random.IntN(5) {
			without = append(without, netip.PrefixFrom(address(start+uint32(random.IntN(1024))), 22+random.IntN(11)))
		}
		wide, single := &Demand{}, &Demand{}
		for range 1 + random.IntN(3) {
			p := netip.PrefixFrom(address(start+uint32(random.IntN(1024))), 23+random.IntN(6)).Masked()
			wide.Add(p, false)
			for ip := p.Addr(); p.Contains(ip); ip = ip.Next() {
				single.Add(netip.PrefixFrom(ip, 32), false)
			}
		}
		most := random.IntN(6)
		got, want := wide.Plan(most, without), single.Plan(most, without)
		if fmt.Sprint(got.Prefixes, got.Covered, got.Excess) != fmt.Sprint(want.Prefixes, want.Covered, want.Excess) {
			t.Fatalf("at most %d of %s without %v: %v %d %d, want %v %d %d", most, wide.given(), without,
				got.Prefixes, got.Covered, got.Excess, want.Prefixes, want.Covered, want.Excess)
		}
		left := &Demand{}
		for text := range wide.Uncovered(got) {
			p, _ := parsePrefix(text)
			left.Add(p, false)
		}
		if left.Len()+got.Covered != wide.Len() {
			t.Fatalf("%d covered and %d left of %d", got.Covered, left.Len(), wide.Len())
		}
	}
}

func TestPlanLeavesOutWhatIsNeverPublic(t *testing.T) {
	for _, c := range []struct {
		asked, rules, left string
		covered            uint64
	}{
		{"10.0.0.1 203.0.113.7 127.0.0.0/25", "203.0.113.7/32", "10.0.0.1 127.0.0.0/25", 1},
		{"10.0.0.0/8", "", "10.0.0.0/8", 0},
		{"0.0.0.0/0", "1.0.0.0/25", "", 128},
		{"192.0.0.0/23", "192.0.1.0/25", "192.0.0.0/24 192.0.1.128/25", 128},
		{"9.255.255.128/25 10.0.0.0/25", "9.255.255.128/25", "10.0.0.0/25", 128},
		{"255.255.255.255", "", "255.255.255.255", 0},
	} {
		demand := &Demand{}
		for _, text := range strings.Fields(c.asked) {
			p, _ := parsePrefix(text)
			demand.Add(p, !strings.Contains(text, "/"))
		}
		plan := demand.Plan(1, NeverPublicRanges())
		left := strings.Join(slices.Collect(demand.Uncovered(plan)), " ")
		if c.left == "" {
			left = ""
		}
		if rules := strings.Trim(fmt.Sprint(plan.Prefixes), "[]"); rules != c.rules || left != c.left || plan.Covered != c.covered {
			t.Errorf("%s: %s, %d covered, left %s", c.asked, rules, plan.Covered, left)
		}
	}
}

func TestIdleDenies(t *testing.T) {
	for _, c := range []struct {
		rules string
		want  string
	}{
		{"allow 203.0.113.0/25,deny 203.0.113.7", "[]"},
		{"deny 203.0.113.0/25,allow 203.0.113.7", "[]"},
		{"deny 198.51.100.1,allow 203.0.113.7", "[0]"},
		{"deny 203.0.113.1,deny 203.0.113.2", "[0 1]"},
	} {
		rules := mustRules(t, strings.Split(c.rules, ",")...)
		if got := fmt.Sprint(IdleDenies(rules, rules)); got != c.want {
			t.Errorf("%s: %s, want %s", c.rules, got, c.want)
		}
	}
}

package iprules

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
)

// countWhole is what a list is worth for ranges that are wanted whole, by looking at address after address.
func countWhole(rules, wanted, without []netip.Prefix) (covered map[netip.Addr]bool, excess int) {
	contains := func(prefixes []netip.Prefix, ip netip.Addr) bool {
		return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(ip) })
	}
	letIn := func(ip netip.Addr) bool { return contains(rules, ip) && !contains(without, ip) }
	covered = map[netip.Addr]bool{}
	for _, want := range wanted {
		whole := true
		for at := want.Addr(); want.Contains(at) && whole; at = at.Next() {
			whole = letIn(at)
		}
		for at := want.Addr(); want.Contains(at) && whole; at = at.Next() {
			covered[at] = true
		}
	}
	seen := map[netip.Addr]bool{}
	for _, rule := range rules {
		for at := rule.Addr(); rule.Contains(at); at = at.Next() {
			if letIn(at) && !contains(wanted, at) && !seen[at] {
				excess++
			}
			seen[at] = true
		}
	}
	return covered, excess
}

// bestWhole tries every set of at most most rules.
func bestWhole(candidates, wanted, without []netip.Prefix, most int) tried {
	best := tried{}
	var try func(from int, chosen []netip.Prefix)
	try = func(from int, chosen []netip.Prefix) {
		covered, excess := countWhole(chosen, wanted, without)
		if t := (tried{rules: chosen, covered: len(covered), excess: excess}); t.better(best) {
			t.rules = slices.Clone(chosen)
			best = t
		}
		for i := from; i < len(candidates) && len(chosen) < most; i++ {
			try(i+1, append(slices.Clone(chosen), candidates[i]))
		}
	}
	try(0, nil)
	return best
}

// TestPlanOfWholesIsTheOptimum compares the plan with every list there is: of 16 addresses in one block.
func TestPlanOfWholesIsTheOptimum(t *testing.T) {
	_, rules := universe()
	var candidates []netip.Prefix
	for _, p := range rules {
		if p.Bits() >= 28 && netip.MustParsePrefix("203.0.113.0/28").Overlaps(p) {
			candidates = append(candidates, p)
		}
	}
	random := rand.New(rand.NewPCG(7, 8))
	for round := range 150 {
		demand := &Demand{Whole: true}
		var wanted, without []netip.Prefix
		for range 1 + random.IntN(6) {
			p := candidates[random.IntN(len(candidates))]
			wanted = append(wanted, p)
			demand.Add(p, false)
		}
		if round%4 == 3 {
			without = append(without, netip.PrefixFrom(address(0xcb007100+uint32(random.IntN(16))), 32))
		}
		most := 1 + round%3
		want, got := bestWhole(candidates, wanted, without, most), demand.Plan(most, without)
		if got.Covered != uint64(want.covered) || got.Excess != uint64(want.excess) || len(got.Prefixes) != len(want.rules) ||
			len(without) == 0 && fmt.Sprint(got.Prefixes) != fmt.Sprint(want.rules) {
			t.Fatalf("round %d, at most %d, wanted %v without %v:\ngot  %v, %d covered, %d excess\nwant %v, %d covered, %d excess", round, most,
				wanted, without, got.Prefixes, got.Covered, got.Excess, want.rules, want.covered, want.excess)
		}
		covered, _ := countWhole(got.Prefixes, wanted, without)
		left := 0
		for text := range demand.Uncovered(got) {
			p, _ := parsePrefix(text)
			for at := p.Addr(); p.Contains(at); at = at.Next() {
				if covered[at] {
					t.Fatalf("%s is covered, and left out", at)
				}
				left++
			}
		}
		if uint64(left)+got.Covered != demand.Len() || len(covered) != int(got.Covered) {
			t.Fatalf("%d covered and %d left out of %d", got.Covered, left, demand.Len())
		}
	}
}

// TestPlanOfWideWholes: ranges that take several rules, with others in them.
func TestPlanOfWideWholes(t *testing.T) {
	for _, test := range []struct {
		wanted  []string
		without string
		most    int
		plan    string
		covered uint64
	}{
		{[]string{"203.0.112.0/23", "198.51.100.7/32"}, "", 5, "[198.51.100.7/32 203.0.112.0/25 203.0.112.128/25 203.0.113.0/25 203.0.113.128/25]", 513},
		{[]string{"203.0.112.0/23", "198.51.100.7/32"}, "", 4, "[203.0.112.0/25 203.0.112.128/25 203.0.113.0/25 203.0.113.128/25]", 512},
		{[]string{"203.0.112.0/23", "198.51.100.7/32"}, "", 3, "[198.51.100.7/32]", 1},
		{[]string{"203.0.112.0/23", "203.0.112.5/32", "203.0.113.128/25"}, "", 3, "[203.0.112.5/32 203.0.113.128/25]", 129},
		{[]string{"203.0.113.0/24"}, "203.0.113.9/32", 5, "[]", 0},
		{[]string{"203.0.113.0/24", "203.0.113.0/26", "203.0.113.64/26"}, "", 1, "[203.0.113.0/25]", 128},
		{[]string{"0.0.0.0/0", "198.51.100.0/25"}, "", 32, "[198.51.100.0/25]", 128},
	} {
		demand, without := &Demand{Whole: true}, []netip.Prefix(nil)
		for _, text := range test.wanted {
			demand.Add(netip.MustParsePrefix(text), false)
		}
		if test.without != "" {
			without = []netip.Prefix{netip.MustParsePrefix(test.without)}
		}
		if got := demand.Plan(test.most, without); fmt.Sprint(got.Prefixes) != test.plan || got.Covered != test.covered || got.Excess != 0 {
			t.Errorf("%v, at most %d: %v, %d covered, %d excess", test.wanted, test.most, got.Prefixes, got.Covered, got.Excess)
		}
	}
}

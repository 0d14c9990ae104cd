package iprules

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// universe are the rules that can begin and end within the first 16 addresses of each of two /25 blocks, and the
// two blocks: a world small enough to try every list.
func universe() (points []netip.Addr, rules []netip.Prefix) {
	for _, block := range []string{"203.0.113.0", "203.0.113.128"} {
		start := netip.MustParseAddr(block)
		at := start
		for range 16 {
			points = append(points, at)
			at = at.Next()
		}
		for bits := 25; bits <= 32; bits++ {
			for _, point := range points[len(points)-16:] {
				p := netip.PrefixFrom(point, bits)
				if p.Masked() == p && !slices.Contains(rules, p) {
					rules = append(rules, p)
				}
			}
		}
	}
	slices.SortFunc(rules, func(a, b netip.Prefix) int {
		return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
	})
	return points, rules
}

// tried is a list of rules, and what it is worth by counting address after address.
type tried struct {
	rules           []netip.Prefix
	covered, excess int
}

func (t tried) better(than tried) bool {
	switch {
	case t.covered != than.covered:
		return t.covered > than.covered
	case t.excess != than.excess:
		return t.excess < than.excess
	case len(t.rules) != len(than.rules):
		return len(t.rules) < len(than.rules)
	}
	for i := range t.rules {
		a, b := t.rules[i], than.rules[i]
		if c := a.Addr().Compare(b.Addr()); c != 0 {
			return c < 0
		}
		if a.Bits() != b.Bits() {
			return a.Bits() < b.Bits()
		}
	}
	return false
}

// exhaustive tries every set of at most most rules, overlapping ones too.
func exhaustive(asked map[netip.Addr]bool, rules []netip.Prefix, most int) tried {
	var wanted [256]bool // by the last byte
	for ip := range asked {
		wanted[ip.As4()[3]] = true
	}
	best := tried{}
	var chosen []netip.Prefix
	var try func(from int)
	try = func(from int) {
		var admitted [256]bool
		t := tried{rules: chosen}
		for _, p := range chosen {
			for at, n := int(p.Addr().As4()[3]), 1<<(32-p.Bits()); n > 0; at, n = at+1, n-1 {
				switch {
				case admitted[at]:
				case wanted[at]:
					t.covered++
				default:
					t.excess++
				}
				admitted[at] = true
			}
		}
		if t.better(best) {
			t.rules = slices.Clone(chosen)
			best = t
		}
		if len(chosen) == most {
			return
		}
		for i := from; i < len(rules); i++ {
			chosen = append(chosen, rules[i])
			try(i + 1)
			chosen = chosen[:len(chosen)-1]
		}
	}
	try(0)
	return best
}

// TestPlanIsTheOptimum compares the plan with every list there is.
func TestPlanIsTheOptimum(t *testing.T) {
	points, rules := universe()
	random := rand.New(rand.NewPCG(5, 6))
	for round := range 120 {
		asked := map[netip.Addr]bool{}
		demand := &Demand{}
		for range 1 + random.IntN(12) {
			// Few, many, clustered: the shapes differ with the round.
			p := netip.PrefixFrom(points[random.IntN(len(points))], 32-random.IntN(1+round%3))
			demand.Add(p, false)
			for at := p.Masked().Addr(); p.Contains(at); at = at.Next() {
				asked[at] = true
			}
		}
		most := 1 + round%3
		want := exhaustive(asked, rules, most)
		got := demand.Plan(most, nil)
		if fmt.Sprint(got.Prefixes) != fmt.Sprint(want.rules) || got.Covered != uint64(want.covered) ||
			got.Excess != uint64(want.excess) {
			t.Fatalf("round %d, at most %d, asked %v:\ngot  %v, %d covered, %d excess\nwant %v, %d covered, %d excess",
				round, most, demand.given(), got.Prefixes, got.Covered, got.Excess, want.rules, want.covered, want.excess)
		}
		checkPlan(t, demand, got, asked)
	}
}

// given is the demand as text.
func (d *Demand) given() string {
	return strings.Join(slices.Collect(d.Uncovered(Plan{})), " ")
}

// checkPlan compares what the plan says of itself with a count, and with what it leaves out.
func checkPlan(t *testing.T, demand *Demand, plan Plan, asked map[netip.Addr]bool) {
	t.Helper()
	if demand.Len() != uint64(len(asked)) {
		t.Fatalf("%d addresses asked for, want %d", demand.Len(), len(asked))
	}
	left := map[netip.Addr]bool{}
	for text := range demand.Uncovered(plan) {
		p, why := parsePrefix(text)
		if why != "" {
			t.Fatalf("uncovered %q", text)
		}
		for at := p.Addr(); p.Contains(at); at = at.Next() {
			if left[at] || !asked[at] {
				t.Fatalf("%s stands twice in the rest, or was not asked for", at)
			}
			left[at] = true
		}
	}
	covered := 0
	for ip := range asked {
		in := slices.ContainsFunc(plan.Prefixes, func(p netip.Prefix) bool { return p.Contains(ip) })
		if in == left[ip] {
			t.Fatalf("%s: covered %v, left out %v", ip, in, left[ip])
		}
		if in {
			covered++
		}
	}
	if uint64(covered) != plan.Covered {
		t.Fatalf("%d covered, it says %d", covered, plan.Covered)
	}
}

// direct is the same optimum by another way: the best score of every prefix with exactly k rules, over single
// addresses and without any shortcut; it says nothing of which list.
func direct(asked map[netip.Addr]bool, p netip.Prefix, most int) [][3]int {
	worse := func(a, b [3]int) bool {
		return a[0] < b[0] || a[0] == b[0] && (a[1] > b[1] || a[1] == b[1] && a[2] > b[2])
	}
	best := make([][3]int, most+1)
	size := 0
	for at := p.Addr(); p.Contains(at); at = at.Next() {
		size++
		if asked[at] {
			best[1][0]++
		}
	}
	best[1] = [3]int{best[1][0], size - best[1][0], 1}
	if best[1][0] == 0 {
		best[1] = [3]int{}
	}
	for k := 2; k <= most; k++ {
		best[k] = best[1]
	}
	if p.Bits() == 32 {
		return best
	}
	low := direct(asked, netip.PrefixFrom(p.Addr(), p.Bits()+1), most)
	high := direct(asked, netip.PrefixFrom(upperHalf(p), p.Bits()+1), most)
	for k := 1; k <= most; k++ {
		for i := 0; i <= k; i++ {
			sum := [3]int{low[i][0] + high[k-i][0], low[i][1] + high[k-i][1], low[i][2] + high[k-i][2]}
			if worse(best[k], sum) {
				best[k] = sum
			}
		}
	}
	return best
}

// TestPlanOfWholeBlocks compares the score of plans for larger demands with the direct computation.
func TestPlanOfWholeBlocks(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 300 {
		asked := map[netip.Addr]bool{}
		demand := &Demand{}
		most := 1 + random.IntN(9)
		block := netip.MustParsePrefix("198.51.100.128/25")
		for range 1 + random.IntN(60) {
			bits := 32 - random.IntN(4)*random.IntN(2)
			p := netip.PrefixFrom(address(number(block.Addr())+uint32(random.IntN(128))), bits)
			demand.Add(p, false)
			for at := p.Masked().Addr(); p.Contains(at); at = at.Next() {
				asked[at] = true
			}
		}
		want := direct(asked, block, most)[most]
		got := demand.Plan(most, nil)
		if got.Covered != uint64(want[0]) || got.Excess != uint64(want[1]) || len(got.Prefixes) != want[2] {
			t.Fatalf("at most %d of %s: %v, %d covered, %d excess, want %v", most, demand.given(),
				got.Prefixes, got.Covered, got.Excess, want)
		}
		checkPlan(t, demand, got, asked)
	}
}

func TestPlan(t *testing.T) {
	for _, c := range []struct {
		name, asked, rules, left string
		most                     int
		covered, excess          uint64
	}{
		{"nothing", "", "", "", 5, 0, 0},
		{"one", "203.0.113.7", "203.0.113.7/32", "", 5, 1, 0},
		{"twice", "203.0.113.7 203.0.113.7/32", "203.0.113.7/32", "", 5, 1, 0},
		{"no rule", "203.0.113.7", "", "203.0.113.7", 0, 0, 0},
		{"joined only where it is needed", "203.0.113.0 203.0.113.3", "203.0.113.0/30", "", 1, 2, 2},
		{"neighbours", "203.0.113.0 203.0.113.1", "203.0.113.0/31", "", 5, 2, 0},
		{"fewer rules for the same", "203.0.113.0 203.0.113.3 203.0.113.4 203.0.113.7",
			"203.0.113.0/29", "", 2, 4, 4},
		{"smallest addresses first", "203.0.113.9 198.51.100.1 192.0.2.5", "192.0.2.5/32 198.51.100.1/32",
			"203.0.113.9", 2, 2, 0},
		{"as given", "203.0.113.9/32 198.51.100.0/31 192.0.2.5", "198.51.100.0/31", "192.0.2.5 203.0.113.9/32", 1, 2, 0},
		{"a /24 is two rules", "203.0.113.0/24", "203.0.113.0/25 203.0.113.128/25", "", 5, 256, 0},
		{"a wide prefix", "203.0.112.0/22", "203.0.112.0/25 203.0.112.128/25", "203.0.113.0/24 203.0.114.0/23", 2, 256, 0},
		{"everything", "0.0.0.0/0", "0.0.0.0/25",
			"0.0.0.128/25 0.0.1.0/24 0.0.2.0/23 0.0.4.0/22 0.0.8.0/21 0.0.16.0/20 0.0.32.0/19 0.0.64.0/18 " +
				"0.0.128.0/17 0.1.0.0/16 0.2.0.0/15 0.4.0.0/14 0.8.0.0/13 0.16.0.0/12 0.32.0.0/11 0.64.0.0/10 " +
				"0.128.0.0/9 1.0.0.0/8 2.0.0.0/7 4.0.0.0/6 8.0.0.0/5 16.0.0.0/4 32.0.0.0/3 64.0.0.0/2 128.0.0.0/1",
			1, 128, 0},
		{"the end of the world", "255.255.255.255 255.255.255.0/25", "255.255.255.0/25", "255.255.255.255", 1, 128, 0},
		{"an address within a prefix counts once", "203.0.113.0/30 203.0.113.1", "203.0.113.0/30", "", 5, 4, 0},
		{"a whole block of pieces and a later one", "203.0.113.0/26 203.0.113.64/26 203.0.114.0/25",
			"203.0.113.0/25", "203.0.114.0/25", 1, 128, 0},
		{"partly before whole", "203.0.112.0/26 203.0.113.0/25", "203.0.113.0/25", "203.0.112.0/26", 1, 128, 0},
	} {
		demand := &Demand{}
		for _, text := range strings.Fields(c.asked) {
			p, why := parsePrefix(text)
			if why != "" {
				t.Fatal(why)
			}
			demand.Add(p, !strings.Contains(text, "/"))
		}
		plan := demand.Plan(c.most, nil)
		var rules []string
		for _, p := range plan.Prefixes {
			rules = append(rules, p.String())
		}
		left := strings.Join(slices.Collect(demand.Uncovered(plan)), " ")
		if strings.Join(rules, " ") != c.rules || left != c.left || plan.Covered != c.covered || plan.Excess != c.excess {
			t.Errorf("%s: %v, %d covered, %d excess, left %s", c.name, rules, plan.Covered, plan.Excess, left)
		}
	}
}

// TestPlanReadsBack: what is planned is a list without a problem that allows all that it says it covers.
func TestPlanReadsBack(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	for range 300 {
		demand := &Demand{}
		var asked []netip.Addr
		for range 1 + random.IntN(40) {
			ip := address(number(netip.MustParseAddr("198.51.100.0")) + uint32(random.IntN(1024)))
			asked = append(asked, ip)
			demand.Add(netip.PrefixFrom(ip, 32), true)
		}
		plan := demand.Plan(limits.Most, nil)
		var text strings.Builder
		for _, rule := range plan.Rules() {
			fmt.Fprintln(&text, rule)
		}
		rules, bad := ParseList(strings.NewReader(text.String()), "plan")
		if problems := Lint(rules); len(bad) > 0 || len(problems) > 0 {
			t.Fatalf("%s: %v %v", text.String(), bad, problems)
		}
		left := slices.Collect(demand.Uncovered(plan))
		for _, ip := range asked {
			allowed := Evaluate(rules, ip).Verdict == VerdictAllow
			if allowed == slices.Contains(left, ip.String()) {
				t.Fatalf("%s: allowed %v, left %v", ip, allowed, left)
			}
		}
	}
}

// TestDemandStaysSmall: what comes again and again takes no memory.
func TestDemandStaysSmall(t *testing.T) {
	demand := &Demand{}
	for i := range 5 << 20 {
		demand.Add(netip.PrefixFrom(address(uint32(i%1000)<<8), 24+i%9), false)
	}
	if cap(demand.items) > 4*minCompact {
		t.Errorf("room for %d items", cap(demand.items))
	}
	if demand.Len() != 256000 {
		t.Errorf("%d addresses", demand.Len())
	}
}

func BenchmarkPlan(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 1))
	for _, most := range []int{5, MaxPlanned} {
		b.Run(fmt.Sprintf("1M addresses, %d rules", most), func(b *testing.B) {
			for b.Loop() {
				demand := &Demand{}
				for range 1000000 {
					demand.Add(netip.PrefixFrom(address(random.Uint32()), 32), true)
				}
				demand.Plan(most, nil)
			}
		})
	}
}

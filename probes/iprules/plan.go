package iprules

import (
	"cmp"
	"math/bits"
	"net/netip"
	"slices"
)

// MaxPlanned is the longest list that Plan makes. The panel takes five rules; support can raise that.
const MaxPlanned = 32

// Plan is the best list of Allow rules for a demand.
type Plan struct {
	Prefixes []netip.Prefix // ascending, disjoint, /25 to /32
	Covered  uint64         // distinct addresses asked for that they admit
	Excess   uint64         // addresses that they admit and nobody asked for
}

// Rules are the plan's Allow rules.
func (p Plan) Rules() []Rule {
	rules := make([]Rule, len(p.Prefixes))
	for i, prefix := range p.Prefixes {
		rules[i] = Rule{Action: Allow, Prefix: prefix}
		rules[i].Text = rules[i].String()
	}
	return rules
}

// Plan is the best list of at most most Allow rules (0 to MaxPlanned): it covers the most distinct addresses;
// of those, it admits the fewest others; of those, it has the fewest rules; of those, the list that comes first
// when they are compared rule by rule, by address, a wide prefix before a narrow one.
//
// It is the optimum, not an approximation. A list's score (covered, excess, number of rules) is the sum of its
// rules' scores, for the rules of a best list are disjoint. So the best list of a prefix with at most k rules is the
// prefix as one rule, or the best of its lower half with i rules before the best of its upper half with k-i, for the
// best i; and the same holds for the /25 blocks, which no rule goes beyond. Lists with the same score have the
// same length, so that the first one of a split is made of the first ones of its parts.
func (d *Demand) Plan(most int) Plan {
	d.tidy()
	most = min(max(most, 0), MaxPlanned)
	total := choices{{}}
	var alone [1]uint64
	one := choices{{}, {count: 1, rules: alone[:]}} // of a block that one rule is enough for, over and over
	full := 0                                       // /25 blocks that are wholly asked for
	for i := 0; i < len(d.items); {
		first, last, _ := open(d.items[i])
		if last-first >= blockSize-1 {
			// All are alike, one rule each and no excess, so that no more than the first few can be chosen.
			for at := uint64(first); at <= uint64(last) && full < most; at += blockSize {
				alone[0], one[1].covered, one[1].excess = pack(uint32(at), blockSize), blockSize, 0
				total = total.join(one, most)
				full++
			}
			i++
			continue
		}
		var asked mask
		start, pieces := first&^(blockSize-1), i
		for ; i < len(d.items); i++ {
			first, last, _ := open(d.items[i])
			if first&^(blockSize-1) != start {
				break
			}
			asked.set(int(first-start), int(last-start))
		}
		switch covered := asked.count(0, blockSize); {
		case full == most || total.settled(covered, most):
		case i == pieces+1:
			alone[0], one[1].covered, one[1].excess = pack(first, covered), covered, 0
			total = total.join(one, most)
		default:
			total = total.join(asked.choices(start, 0, blockSize, most), most)
		}
	}
	best := total[len(total)-1]
	return Plan{Prefixes: unpack(best.rules), Covered: uint64(best.covered), Excess: uint64(best.excess)}
}

// unpack gives the prefixes of a list's rules.
func unpack(rules []uint64) []netip.Prefix {
	var prefixes []netip.Prefix
	for _, rule := range rules {
		prefixes = append(prefixes, netip.PrefixFrom(address(uint32(rule>>8)), int(rule&0xff)))
	}
	return prefixes
}

// blockSize is how many addresses the widest rule has.
const blockSize = 1 << (32 - MinBits)

// mask is which addresses of a /25 block are asked for.
type mask [2]uint64

func (m *mask) set(from, to int) {
	for at := from; at <= to; at++ {
		m[at>>6] |= 1 << (at & 63)
	}
}

// count is how many are asked for of those from at on. The size is a power of two, and at a multiple of it.
func (m *mask) count(at, size int) int {
	if size == blockSize {
		return bits.OnesCount64(m[0]) + bits.OnesCount64(m[1])
	}
	return bits.OnesCount64(m[at>>6] >> (at & 63) & (1<<size - 1))
}

// list is some rules and their score.
type list struct {
	rules                  []uint64 // first address<<8 | length, ascending; shared, never changed
	covered, excess, count int
}

// compare puts the better list first.
func (l list) compare(other list) int {
	if c := l.compareScore(other); c != 0 {
		return c
	}
	return slices.Compare(l.rules, other.rules)
}

func (l list) compareScore(other list) int {
	switch {
	case l.covered != other.covered:
		return cmp.Compare(other.covered, l.covered)
	case l.excess != other.excess:
		return cmp.Compare(l.excess, other.excess)
	}
	return cmp.Compare(l.count, other.count)
}

// choices are the best lists for some addresses: at k, the best of at most k rules. What is not in it would be
// no better than the last.
type choices []list

// single are the choices where one rule is all that can be wanted: none, or that one.
func single(first uint32, size, covered int) choices {
	return choices{{}, {rules: []uint64{pack(first, size)}, covered: covered, excess: size - covered, count: 1}}
}

// pack is a rule as lists hold it: the first address and, behind it, the length. The size is a power of two.
func pack(first uint32, size int) uint64 {
	return uint64(first)<<8 | uint64(33-bits.Len(uint(size)))
}

// settled reports whether no further part with so many addresses asked for could be in any of the lists: every
// rule more already covers more than that.
func (c choices) settled(covered, most int) bool {
	if len(c) <= most {
		return false
	}
	for k := 1; k < len(c); k++ {
		if c[k-1].covered+covered >= c[k].covered {
			return false
		}
	}
	return true
}

// join makes the choices for both of two parts, of which high stands behind low. It takes low over, and keeps nothing
// of high.
func (low choices) join(high choices, most int) choices {
	for more := len(high) - 1; more > 0 && len(low) <= most; more-- {
		low = append(low, low[len(low)-1])
	}
	var buffer [MaxPlanned]uint64
	for k := len(low) - 1; k > 0; k-- { // from above: what stands below is still that of low alone
		for i := 1; i <= min(k, len(high)-1); i++ {
			a, b := low[k-i], high[i]
			joined := list{covered: a.covered + b.covered, excess: a.excess + b.excess, count: a.count + b.count}
			if joined.compareScore(low[k]) > 0 {
				continue
			}
			joined.rules = append(append(buffer[:0], a.rules...), b.rules...)
			if joined.compare(low[k]) < 0 {
				joined.rules = slices.Clone(joined.rules)
				low[k] = joined
			}
		}
	}
	for k := 1; k < len(low); k++ {
		if low[k-1].compare(low[k]) < 0 {
			low[k] = low[k-1]
		}
	}
	return low
}

// choices are the best lists for what is asked for of the size addresses from at on, in the block that begins
// with the address start.
func (m *mask) choices(start uint32, at, size, most int) choices {
	for {
		asked, half := m.count(at, size), size/2
		if asked == 0 || most == 0 {
			return choices{{}}
		}
		if asked == size {
			return single(start+uint32(at), size, asked)
		}
		low := m.count(at, half)
		switch low {
		case 0: // a rule for the half is better than one for the whole
			at, size = at+half, half
			continue
		case asked:
			size = half
			continue
		}
		best := m.choices(start, at, half, most).join(m.choices(start, at+half, half, most), most)
		if whole := single(start+uint32(at), size, asked)[1]; whole.compare(best[1]) < 0 {
			best[1] = whole
			for k := 2; k < len(best) && whole.compare(best[k]) < 0; k++ {
				best[k] = whole
			}
		}
		return best
	}
}

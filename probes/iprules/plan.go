package iprules

import (
	"cmp"
	"math/bits"
	"net/netip"
	"slices"

	"opensrs-doctor/probes/service"
)

// MaxPlanned is the longest list that Plan makes. The panel takes five rules; support can raise that.
const MaxPlanned = 32

// Plan is the best list of Allow rules for a demand.
type Plan struct {
	Prefixes []netip.Prefix // ascending, disjoint, /25 to /32
	Covered  uint64         // distinct addresses asked for that the whole list lets in
	Excess   uint64         // addresses that it lets in and nobody asked for
	without  []netip.Prefix // that are not let in, whatever the Allow rules say
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

// letsIn are the addresses that the whole list lets in.
func (p Plan) letsIn() ranges { return rangesOf(p.Prefixes).minus(rangesOf(p.without)) }

// Plan is the best list of at most most Allow rules (0 to MaxPlanned): it covers the most distinct addresses;
// of those, it admits the fewest others; of those, it has the fewest rules; of those, the list that comes first
// when they are compared rule by rule, by address, a wide prefix before a narrow one. Addresses of the prefixes in
// without are let in by no Allow rule: a Deny that stays matches them, so that one reading or more denies them,
// whatever the order of the rules; or they can never be public. They are neither covered nor admitted, and of two
// rules that let in the same the narrower one is taken.
//
// Of a Whole demand, what is let in of a range without all of it is not covered, and not other addresses either.
//
// It is the optimum, not an approximation. A list's score (covered, excess, number of rules) is the sum of its
// rules' scores, for the rules of a best list are disjoint. So the best list of a prefix with at most k rules is the
// prefix as one rule, or the best of its lower half with i rules before the best of its upper half with k-i, for the
// best i; and the same holds for the /25 blocks, which no rule goes beyond. Lists with the same score have the
// same length, so that the first one of a split is made of the first ones of its parts.
func (d *Demand) Plan(most int, without []netip.Prefix) Plan {
	d.tidy()
	most = min(max(most, 0), MaxPlanned)
	if d.Whole {
		return d.planWhole(most, without)
	}
	out := rangesOf(without)
	total := choices{{}}
	var alone [1]uint64
	one := choices{{}, {count: 1, rules: alone[:]}} // of a block that one rule is enough for, over and over
	full := 0                                       // /25 blocks that are wholly asked for
	for i := 0; i < len(d.items); {
		first, last, _ := open(d.items[i])
		if last-first >= blockSize-1 {
			// All are alike, one rule each and no excess, so that no more than the first few can be chosen.
			for at := uint64(first); at <= uint64(last) && full < most; at += blockSize {
				b := block{start: uint32(at)}
				out = b.leaveOut(out)
				switch b.out.count(0, blockSize) {
				case 0:
					alone[0], one[1].covered, one[1].excess = pack(b.start, blockSize), blockSize, 0
					total = total.join(one, most)
					full++
				case blockSize:
					at = max(at, (uint64(out[0].last)+1)&^(blockSize-1)-blockSize) // behind the run
				default:
					b.ask(0, blockSize-1)
					total = total.join(b.choices(0, blockSize, most), most)
				}
			}
			i++
			continue
		}
		b, pieces := block{start: first &^ (blockSize - 1)}, i
		out = b.leaveOut(out)
		for ; i < len(d.items); i++ {
			first, last, _ := open(d.items[i])
			if first&^(blockSize-1) != b.start {
				break
			}
			b.ask(int(first-b.start), int(last-b.start))
		}
		switch covered := b.asked.count(0, blockSize); {
		case covered == 0 || full == most || total.settled(covered, most):
		case i == pieces+1 && b.out == mask{}:
			alone[0], one[1].covered, one[1].excess = pack(first, covered), covered, 0
			total = total.join(one, most)
		default:
			total = total.join(b.choices(0, blockSize, most), most)
		}
	}
	best := total[len(total)-1]
	return Plan{Prefixes: unpack(best.rules), Covered: uint64(best.covered), Excess: uint64(best.excess), without: without}
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
const blockSize = 1 << (32 - service.WidestRule)

// block is a /25, and which of its addresses are asked for. No rule lets in those that are out, and they are not asked
// for either.
type block struct {
	start      uint32 // its first address
	asked, out mask
}

// leaveOut takes the addresses of the runs out, before any is asked for, and gives the runs that do not end before the
// block.
func (b *block) leaveOut(runs ranges) ranges {
	runs = runs.from(b.start)
	for _, run := range runs {
		if run.first > b.start|(blockSize-1) {
			break
		}
		b.out.set(int(max(run.first, b.start)-b.start), int(min(run.last, b.start|(blockSize-1))-b.start))
	}
	return runs
}

// ask asks for addresses, by their place in the block.
func (b *block) ask(from, to int) {
	b.asked.set(from, to)
	for i := range b.asked {
		b.asked[i] &^= b.out[i]
	}
}

// mask is some of the addresses of a /25 block.
type mask [blockSize / 64]uint64

func (m *mask) set(from, to int) {
	for at := from; at <= to; at++ {
		m[at>>6] |= 1 << (at & 63)
	}
}

// count is how many there are from at on. The size is a power of two, and at a multiple of it.
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
func (b *block) single(at, size, covered, excess int) choices {
	return choices{{}, {rules: []uint64{pack(b.start+uint32(at), size)}, covered: covered, excess: excess, count: 1}}
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

// join makes the choices for both of two parts, of which high comes after low. It takes low over, and keeps nothing
// of high.
func (low choices) join(high choices, most int) choices {
	for more := len(high) - 1; more > 0 && len(low) <= most; more-- {
		low = append(low, low[len(low)-1])
	}
	var buffer [MaxPlanned]uint64
	for k := len(low) - 1; k > 0; k-- { // from above: what is below is still that of low alone
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

// choices are the best lists for what is asked for of the size addresses from at on.
func (b *block) choices(at, size, most int) choices {
	for {
		asked, half := b.asked.count(at, size), size/2
		if asked == 0 || most == 0 {
			return choices{{}}
		}
		if asked == size {
			return b.single(at, size, asked, 0)
		}
		switch b.asked.count(at, half) {
		case 0: // a rule for the half admits no more than one for the whole, and is narrower
			at, size = at+half, half
			continue
		case asked:
			size = half
			continue
		}
		excess := size - asked - b.out.count(at, size)
		if excess == 0 {
			return b.single(at, size, asked, 0)
		}
		best := b.choices(at, half, most).join(b.choices(at+half, half, most), most)
		if whole := b.single(at, size, asked, excess)[1]; whole.compare(best[1]) < 0 {
			best[1] = whole
			for k := 2; k < len(best) && whole.compare(best[k]) < 0; k++ {
				best[k] = whole
			}
		}
		return best
	}
}

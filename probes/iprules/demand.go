package iprules

import (
	"iter"
	"net/netip"
	"slices"
)

// Demand is a set of IPv4 addresses that should be allowed: a list of addresses and prefixes, without the
// addresses of the wide ones being written out. It takes 8 bytes for each distinct one.
type Demand struct {
	Whole bool // an address of a range counts only where the whole range is let in; set before the first Add

	// An item is first<<32 | length<<1 | (0: a bare address, 1: written with a length). In this order a wide
	// prefix stands before those in it.
	items   []uint64
	compact int      // so many items, from the start, are sorted and disjoint
	nested  []uint64 // what was taken out of them because it lies within another one; of a Whole demand only
}

// minCompact is from how many new items on it is worth while to look for duplicates, though more may come.
const minCompact = 1 << 20

// Add adds an IPv4 prefix; host bits do not matter. Bare says how it was written, for Uncovered.
func (d *Demand) Add(p netip.Prefix, bare bool) {
	first, _ := span(p)
	item := uint64(first)<<32 | uint64(p.Bits())<<1
	if !bare {
		item |= 1
	}
	d.items = append(d.items, item)
	if len(d.items) >= 2*max(d.compact, minCompact) {
		d.tidy()
	}
}

// tidy sorts the items and takes out what lies within another one.
func (d *Demand) tidy() {
	if d.compact == len(d.items) {
		return
	}
	slices.Sort(d.items)
	kept, end := 0, uint64(0) // end: behind the last address of those kept
	for _, item := range d.items {
		first, last, _ := open(item)
		if uint64(first) < end {
			if d.Whole && item>>1 != d.items[kept-1]>>1 {
				d.nested = append(d.nested, item)
			}
			continue
		}
		d.items[kept] = item
		kept, end = kept+1, uint64(last)+1
	}
	d.items = d.items[:kept]
	d.compact = kept
}

// open is an item's first and last address and how it was written.
func open(item uint64) (first, last uint32, bare bool) {
	first = uint32(item >> 32)
	return first, first | uint32(uint64(1)<<(32-bitsOf(item))-1), item&1 == 0
}

// bitsOf is an item's prefix length.
func bitsOf(item uint64) int { return int(item >> 1 & 63) }

// Len is how many distinct addresses are asked for, up to 2^32.
func (d *Demand) Len() uint64 {
	d.tidy()
	n := uint64(0)
	for _, item := range d.items {
		first, last, _ := open(item)
		n += uint64(last-first) + 1
	}
	return n
}

// Within is how many of the addresses asked for lie in one of these prefixes.
func (d *Demand) Within(prefixes []netip.Prefix) uint64 {
	return d.within(rangesOf(prefixes)).size()
}

// Which are the addresses asked for in these prefixes, as the fewest prefixes, ascending.
func (d *Demand) Which(prefixes []netip.Prefix) []netip.Prefix {
	return d.within(rangesOf(prefixes)).prefixes()
}

func (d *Demand) within(where ranges) ranges {
	d.tidy()
	var inside ranges
	for _, item := range d.items {
		first, last, _ := open(item)
		where = where.from(first)
		for _, run := range where {
			if run.first > last {
				break
			}
			inside = inside.add(max(first, run.first), min(last, run.last))
		}
	}
	return inside
}

// Uncovered are what the plan does not let in, or not whole where that is wanted, ascending: as it was given where nothing of it is, else the fewest
// prefixes that make up the rest. The text of a bare address has no length.
func (d *Demand) Uncovered(by Plan) iter.Seq[string] {
	d.tidy()
	cover := by.letsIn()
	if d.Whole {
		cover = d.complete(cover)
	}
	return func(yield func(string) bool) {
		left := cover
		for _, item := range d.items {
			first, last, bare := open(item)
			left = left.from(first)
			rest := []netip.Prefix{netip.PrefixFrom(address(first), bitsOf(item))}
			if len(left) > 0 && left[0].first <= last {
				rest = (ranges{{first, last}}).minus(left).prefixes()
			}
			for _, p := range rest {
				text := p.String()
				if bare && p.IsSingleIP() {
					text = p.Addr().String()
				}
				if !yield(text) {
					return
				}
			}
		}
	}
}

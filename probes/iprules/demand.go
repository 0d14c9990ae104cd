package iprules

import (
	"iter"
	"net/netip"
	"slices"
)

// Demand is a set of IPv4 addresses that should be allowed: a list of addresses and prefixes, without the
// addresses of the wide ones being written out. It takes 8 bytes for each distinct one.
type Demand struct {
	// An item is first<<32 | length<<1 | (0: a bare address, 1: written with a length). In this order a wide
	// prefix stands before those in it.
	items   []uint64
	compact int // so many items, from the start, are sorted and disjoint
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
	length := item >> 1 & 63
	return first, first | uint32(uint64(1)<<(32-length)-1), item&1 == 0
}

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

// NeverPublic is how many of the addresses asked for lie in one of the ranges that no service on the internet sees as
// a caller's address.
func (d *Demand) NeverPublic() uint64 {
	d.tidy()
	var never ranges
	for _, special := range neverPublic {
		first, last := span(netip.MustParsePrefix(special.prefix))
		never = never.add(first, last)
	}
	n := uint64(0)
	for _, item := range d.items {
		first, last, _ := open(item)
		for _, run := range never {
			if low, high := max(first, run.first), min(last, run.last); low <= high {
				n += uint64(high-low) + 1
			}
		}
	}
	return n
}

// Uncovered are what the prefixes leave out, ascending: as it was given where nothing of it is covered, else the
// fewest prefixes that make up the rest. The text of a bare address has no length.
func (d *Demand) Uncovered(by []netip.Prefix) iter.Seq[string] {
	d.tidy()
	var cover ranges
	sorted := slices.Clone(by)
	slices.SortFunc(sorted, func(a, b netip.Prefix) int { return a.Addr().Compare(b.Addr()) })
	for _, p := range sorted {
		first, last := span(p)
		cover = cover.add(first, last)
	}
	return func(yield func(string) bool) {
		left := cover
		for _, item := range d.items {
			first, last, bare := open(item)
			for len(left) > 0 && left[0].last < first {
				left = left[1:]
			}
			var rest ranges
			at := uint64(first)
			for _, run := range left {
				if run.first > last || at > uint64(last) {
					break
				}
				if at < uint64(run.first) {
					rest = rest.add(uint32(at), run.first-1)
				}
				at = uint64(run.last) + 1
			}
			if at <= uint64(last) {
				rest = rest.add(uint32(at), last)
			}
			for _, p := range rest.prefixes() {
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

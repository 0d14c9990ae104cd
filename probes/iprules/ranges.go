package iprules

import (
	"math/bits"
	"net/netip"
	"slices"
)

// stretch is a run of IPv4 addresses of which the list says the same.
type stretch struct {
	first, last uint32
	ruling      Ruling
}

// stretches are the whole of IPv4, ascending.
func (m *Matcher) stretches() []stretch {
	all := make([]stretch, len(m.starts))
	for i, first := range m.starts {
		all[i] = stretch{first, m.end(i), m.rulings[m.indexes[i]]}
	}
	return all
}

// end is the last address of the i-th run.
func (m *Matcher) end(i int) uint32 {
	if i+1 < len(m.starts) {
		return m.starts[i+1] - 1
	}
	return maxIPv4
}

// clear reports whether the readings agree on every IPv4 address.
func (m *Matcher) clear() bool {
	for _, index := range m.indexes {
		if m.rulings[index].Verdict == VerdictAmbiguous {
			return false
		}
	}
	return true
}

// ranges are disjoint runs of addresses, ascending.
type ranges []struct{ first, last uint32 }

// rangesOf are the addresses of some IPv4 prefixes, in any order, which may overlap.
func rangesOf(prefixes []netip.Prefix) ranges {
	var r ranges
	sorted := slices.Clone(prefixes)
	slices.SortFunc(sorted, func(a, b netip.Prefix) int { return a.Masked().Addr().Compare(b.Masked().Addr()) })
	for _, p := range sorted {
		first, last := span(p)
		switch n := len(r); {
		case n == 0 || uint64(r[n-1].last) < uint64(first):
			r = r.add(first, last)
		default:
			r[n-1].last = max(r[n-1].last, last)
		}
	}
	return r
}

// from are the runs that do not end before an address.
func (r ranges) from(at uint32) ranges {
	for len(r) > 0 && r[0].last < at {
		r = r[1:]
	}
	return r
}

// minus is what is left of the runs without others.
func (r ranges) minus(other ranges) ranges {
	var rest ranges
	for _, run := range r {
		other = other.from(run.first)
		at := uint64(run.first)
		for _, out := range other {
			if out.first > run.last {
				break
			}
			if at < uint64(out.first) {
				rest = rest.add(uint32(at), out.first-1)
			}
			at = uint64(out.last) + 1
		}
		if at <= uint64(run.last) {
			rest = rest.add(uint32(at), run.last)
		}
	}
	return rest
}

// size is how many addresses there are.
func (r ranges) size() uint64 {
	n := uint64(0)
	for _, run := range r {
		n += uint64(run.last-run.first) + 1
	}
	return n
}

// add appends a run that is behind the others, or joins it to the last one.
func (r ranges) add(first, last uint32) ranges {
	if n := len(r); n > 0 && uint64(r[n-1].last)+1 == uint64(first) {
		r[n-1].last = last
		return r
	}
	return append(r, struct{ first, last uint32 }{first, last})
}

// prefixes are the fewest prefixes that make up the runs, ascending.
func (r ranges) prefixes() []netip.Prefix {
	var all []netip.Prefix
	for _, run := range r {
		for at := uint64(run.first); at <= uint64(run.last); {
			size := uint64(1) << min(bits.TrailingZeros32(uint32(at)), 32)
			for at+size-1 > uint64(run.last) {
				size >>= 1
			}
			all = append(all, netip.PrefixFrom(address(uint32(at)), 33-bits.Len64(size)))
			at += size
		}
	}
	return all
}

// subtract is what is left of an IPv4 prefix without another one in it, as the fewest prefixes, ascending.
func subtract(outer, inner netip.Prefix) []netip.Prefix {
	return rangesOf([]netip.Prefix{outer}).minus(rangesOf([]netip.Prefix{inner})).prefixes()
}

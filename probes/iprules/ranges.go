package iprules

import (
	"math/bits"
	"net/netip"
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
	first, last := span(outer)
	from, to := span(inner)
	var rest ranges
	if first < from {
		rest = rest.add(first, from-1)
	}
	if to < last {
		rest = rest.add(to+1, last)
	}
	return rest.prefixes()
}

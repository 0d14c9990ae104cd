package accessrules

import (
	"encoding/binary"
	"net/netip"

	"opensrs-doctor/probes/iprules"
)

// MaxNotes is how many of the lines without an address a person is told one by one.
const MaxNotes = 20

// tally is every distinct address of a list with the number of its lines, and the first lines without one, in the order
// in which they came. There may be a million of them.
type tally struct {
	seen  []sighting
	known map[uint32]int32 // the place in seen of an IPv4 address
	other map[netip.Addr]int32
	ipv6  []netip.Addr
	bad   []iprules.AddressLine
}

// sighting is an address, or a line without one, where it came first.
type sighting struct {
	what  uint32 // an IPv4 address; the place in ipv6 or in bad
	of    sightingOf
	times uint32
}

type sightingOf uint8

const (
	ofIPv4 sightingOf = iota
	ofIPv6
	ofBadLine
)

func newTally() *tally {
	return &tally{known: map[uint32]int32{}, other: map[netip.Addr]int32{}}
}

// address counts a line with that address, and reports whether it is the first one.
func (t *tally) address(ip netip.Addr) (first bool) {
	var at int32
	var found bool
	next := sighting{times: 1}
	if ip.Is4() {
		b := ip.As4()
		next.what = binary.BigEndian.Uint32(b[:])
		if at, found = t.known[next.what]; !found {
			t.known[next.what] = int32(len(t.seen))
		}
	} else {
		next.what, next.of = uint32(len(t.ipv6)), ofIPv6
		if at, found = t.other[ip]; !found {
			t.other[ip] = int32(len(t.seen))
			t.ipv6 = append(t.ipv6, ip)
		}
	}
	if found {
		t.seen[at].times++
		return false
	}
	t.seen = append(t.seen, next)
	return true
}

// badLine keeps one of the first lines without an address.
func (t *tally) badLine(line iprules.AddressLine) {
	if len(t.bad) < MaxNotes {
		t.seen = append(t.seen, sighting{what: uint32(len(t.bad)), of: ofBadLine})
		t.bad = append(t.bad, line)
	}
}

// all calls one of the two with each, in their order.
func (t *tally) all(address func(ip netip.Addr, times uint32), badLine func(iprules.AddressLine)) {
	for _, s := range t.seen {
		switch s.of {
		case ofIPv4:
			var b [4]byte
			binary.BigEndian.PutUint32(b[:], s.what)
			address(netip.AddrFrom4(b), s.times)
		case ofIPv6:
			address(t.ipv6[s.what], s.times)
		default:
			badLine(t.bad[s.what])
		}
	}
}

package iprules

import (
	"net/netip"

	"opensrs-doctor/probes/lazy"
)

// ReasonNeverPublic is why an address is denied whatever the list says: it can never be public.
const ReasonNeverPublic = "never-public"

// neverPublic are the ranges that no service on the internet sees as a caller's address (RFC 6890), by family and
// address. The documentation ranges are left out on purpose: they stand in for public addresses in labs.
var neverPublic = lazy.Value[[]struct {
	prefix netip.Prefix
	kind   string
	words  string
}]{Make: func() []struct {
	prefix netip.Prefix
	kind   string
	words  string
} {
	return []struct {
		prefix      netip.Prefix
		kind, words string // in short, and after "is"
	}{
		{netip.MustParsePrefix("0.0.0.0/8"), "unspecified", "no host's address"},
		{netip.MustParsePrefix("10.0.0.0/8"), "private", "private"},
		{netip.MustParsePrefix("100.64.0.0/10"), "CGNAT", "shared by a carrier's NAT (CGNAT)"},
		{netip.MustParsePrefix("127.0.0.0/8"), "loopback", "loopback"},
		{netip.MustParsePrefix("169.254.0.0/16"), "link-local", "link-local"},
		{netip.MustParsePrefix("172.16.0.0/12"), "private", "private"},
		{netip.MustParsePrefix("192.0.0.0/24"), "reserved", "reserved"},
		{netip.MustParsePrefix("192.168.0.0/16"), "private", "private"},
		{netip.MustParsePrefix("198.18.0.0/15"), "benchmarking", "reserved for benchmarks"},
		{netip.MustParsePrefix("224.0.0.0/4"), "multicast", "multicast"},
		{netip.MustParsePrefix("240.0.0.0/4"), "reserved", "reserved"}, // with the broadcast address
		{netip.MustParsePrefix("::/128"), "unspecified", "no host's address"},
		{netip.MustParsePrefix("::1/128"), "loopback", "loopback"},
		{netip.MustParsePrefix("fc00::/7"), "private", "private"},
		{netip.MustParsePrefix("fe80::/10"), "link-local", "link-local"},
		{netip.MustParsePrefix("ff00::/8"), "multicast", "multicast"},
	}
}}

// NeverPublic is the kind of an address that no service on the internet ever sees as a caller's: private, CGNAT,
// loopback, link-local, unspecified, multicast, benchmarking, reserved. It is "" for one that can be public.
func NeverPublic(ip netip.Addr) string {
	kind, _ := neverPublicWords(ip)
	return kind
}

func neverPublicWords(ip netip.Addr) (kind, words string) {
	ip = ip.Unmap().WithZone("")
	for _, special := range neverPublic.Get() {
		if special.prefix.Contains(ip) {
			return special.kind, special.words
		}
	}
	return "", ""
}

// NeverPublicRanges are the IPv4 prefixes of such addresses, ascending. Each is wider than any rule may be.
func NeverPublicRanges() []netip.Prefix {
	var all []netip.Prefix
	for _, special := range neverPublic.Get() {
		if special.prefix.Addr().Is4() {
			all = append(all, special.prefix)
		}
	}
	return all
}

// EvaluatePublic is Evaluate for a service on the internet: an address that can never be public keeps its readings,
// and is denied.
func EvaluatePublic(rules []Rule, ip netip.Addr) Result {
	result := Evaluate(rules, ip)
	if NeverPublic(result.IP) != "" {
		result.Verdict, result.Reason = VerdictDeny, ReasonNeverPublic
	}
	return result
}

// Public is the matcher of the same list for a service on the internet, as EvaluatePublic judges.
func (m *Matcher) Public() *Matcher {
	p := &Matcher{rules: m.rules, ipv6: m.ipv6, public: true}
	begin := func(at uint32) {
		p.starts, p.indexes = append(p.starts, at), append(p.indexes, p.add(m.Ruling(address(at)).public(address(at))))
	}
	never := NeverPublicRanges()
	for _, s := range m.stretches() {
		begin(s.first)
		for _, special := range never {
			first, last := span(special)
			if s.first < first && first <= s.last {
				begin(first)
			}
			if s.first <= last && last < s.last && NeverPublic(address(last+1)) == "" {
				begin(last + 1)
			}
		}
	}
	return p
}

// public is the ruling on an address by a service on the internet.
func (r Ruling) public(ip netip.Addr) Ruling {
	if kind := NeverPublic(ip); kind != "" {
		r.Verdict, r.NeverPublic = VerdictDeny, kind
	}
	return r
}

package probes

import (
	"slices"

	"opensrs-doctor/probes/evidence"
)

// distanceOf is how many hops away the host is: where the UDP walk met the host itself (byHost), else where the
// comparison port connected, which may be a machine behind the host that it hands that port on to. A refusal
// tells nothing: a firewall on the way can send it. A host that has no ICMP error to spare for the first packets that
// reach it seems to be farther away than it is: where the comparison port connects nearer by, the host is believed only
// when a router is seen between; and atLeast is where it may be at the nearest. That is 0 where a router is seen right
// before it, or where the comparison port, whose answers are not spared, is answered from as far away. 0 hops: not known.
func distanceOf(port, compare, udp []evidence.Hop, host func(evidence.Hop) bool) (hops, atLeast int, byHost bool) {
	connected, ok := evidence.FirstHop(compare, evidence.HopConnected)
	met := slices.IndexFunc(compare, evidence.Hop.Met)
	beyond := 1 // the first hop after the last router that is seen
	for _, hop := range slices.Concat(port, compare) {
		if hop.Answer == evidence.HopTimeExceeded {
			beyond = max(beyond, hop.TTL+1)
		}
	}
	between := false
	for _, hop := range udp {
		if hop.Answer == evidence.HopTimeExceeded {
			beyond, between = max(beyond, hop.TTL+1), between || hop.TTL >= connected.TTL
		}
		if hop.Answer == evidence.HopPortUnreachable && host(hop) && (!ok || hop.TTL <= connected.TTL || between) {
			if beyond >= hop.TTL || met >= 0 && compare[met].TTL == hop.TTL {
				return hop.TTL, 0, true
			}
			return hop.TTL, beyond, true
		}
	}
	return connected.TTL, 0, false
}

package traceroute

import (
	"slices"

	"opensrs-doctor/probes/evidence"
)

// distanceOf is how many hops away the host is: where the UDP walk met the host itself (byHost), else where the
// comparison port connected, which may be a machine behind the host that it hands that port on to. A refusal
// tells nothing: a firewall on the way can send it. A host that has no ICMP error to spare for the first packets that
// reach it seems to be farther away than it is: where the comparison port connects nearer by, the host is believed only
// when a router is seen between; and atLeast is where it may be at the nearest. That is 0 where a router is seen right
// before it, or where the comparison port, whose answers are not spared, is answered from as far away. Where answers took
// about as long as they may, silence says nothing, and routers alone count: late. 0 hops: not known.
func distanceOf(port, compare, udp []evidence.Hop, host func(evidence.Hop) bool, late bool) (hops, atLeast int, byHost bool) {
	connected, ok := evidence.FirstHop(compare, evidence.HopConnected)
	hops = connected.TTL
	beyond := 1 // the first hop after the last router that is seen
	for _, hop := range slices.Concat(port, compare, udp) {
		if hop.Answer == evidence.HopTimeExceeded {
			beyond = max(beyond, hop.TTL+1)
		}
	}
	between := false
	for _, hop := range udp {
		between = between || hop.Answer == evidence.HopTimeExceeded && hop.TTL >= connected.TTL
		if hop.Answer == evidence.HopPortUnreachable && host(hop) && (!ok || hop.TTL <= connected.TTL || between) {
			hops, byHost = hop.TTL, true
			break
		}
	}
	agree := slices.ContainsFunc(compare, func(hop evidence.Hop) bool { return hop.Met() && hop.TTL == hops })
	if beyond >= hops || agree && !late {
		return hops, 0, byHost
	}
	return hops, beyond, byHost
}

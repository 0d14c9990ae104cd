package probes

import "opensrs-doctor/probes/evidence"

// First gives the first hop with that answer.
func first(hops []evidence.Hop, answer string) (evidence.Hop, bool) {
	for _, hop := range hops {
		if hop.Answer == answer {
			return hop, true
		}
	}
	return evidence.Hop{}, false
}

// distanceOf is how many hops away the host is: where the UDP walk met the host itself (byHost), else where the
// comparison port connected, which may be a machine behind the host that it hands that port on to. A refusal
// tells nothing: a firewall on the way can send it. A host that has no ICMP error to spare for the first packets that
// reach it seems to be farther away than it is: where the comparison port connects nearer by, the host is believed only
// when a router is seen between; and atLeast is where it may be at the nearest, 0 where a router is seen right before it.
// 0 hops: not known.
func distanceOf(compare, udp []evidence.Hop, host func(evidence.Hop) bool) (hops, atLeast int, byHost bool) {
	connected, ok := first(compare, evidence.HopConnected)
	beyond := 1 // the last router that is seen
	for _, hop := range compare {
		if hop.Answer == evidence.HopTimeExceeded {
			beyond = hop.TTL + 1
		}
	}
	between := false
	for _, hop := range udp {
		if hop.Answer == evidence.HopTimeExceeded {
			beyond, between = max(beyond, hop.TTL+1), between || hop.TTL >= connected.TTL
		}
		if hop.Answer == evidence.HopPortUnreachable && host(hop) && (!ok || hop.TTL <= connected.TTL || between) {
			if beyond < hop.TTL {
				return hop.TTL, beyond, true
			}
			return hop.TTL, 0, true
		}
	}
	return connected.TTL, 0, false
}

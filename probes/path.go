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
// when a router is seen between. 0: not known.
func distanceOf(compare, udp []evidence.Hop, host func(evidence.Hop) bool) (hops int, byHost bool) {
	connected, ok := first(compare, evidence.HopConnected)
	between := false
	for _, hop := range udp {
		between = between || hop.Answer == evidence.HopTimeExceeded && hop.TTL >= connected.TTL
		if hop.Answer == evidence.HopPortUnreachable && host(hop) && (!ok || hop.TTL <= connected.TTL || between) {
			return hop.TTL, true
		}
	}
	return connected.TTL, false
}

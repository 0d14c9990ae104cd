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
// tells nothing: a firewall on the way can send it. 0: not known.
func distanceOf(compare, udp []evidence.Hop, host func(evidence.Hop) bool) (hops int, byHost bool) {
	for _, hop := range udp {
		if hop.Answer == evidence.HopPortUnreachable && host(hop) {
			return hop.TTL, true
		}
	}
	if hop, ok := first(compare, evidence.HopConnected); ok {
		return hop.TTL, false
	}
	return 0, false
}

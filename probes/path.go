package probes

// The answers that one packet with a small TTL can get.
const (
	HopTimeExceeded    = "time-exceeded"
	HopConnected       = "connected"
	HopRefused         = "refused" // RST
	HopProhibited      = "prohibited"
	HopUnreachable     = "unreachable"
	HopPortUnreachable = "port-unreachable" // ICMP: a firewall's reject, or a closed UDP port
	HopSilence         = "silence"
	HopNotPermitted    = "not-permitted" // this host's own policy
	HopNoRoute         = "no-route"
)

// Reached reports whether the answer came from the end of the walk rather than from a router on the way.
func (h Hop) Reached() bool { return h.Answer == HopConnected || h.Answer == HopRefused }

// First gives the first hop with that answer.
func first(hops []Hop, answer string) (Hop, bool) {
	for _, hop := range hops {
		if hop.Answer == answer {
			return hop, true
		}
	}
	return Hop{}, false
}

// distanceOf is how many hops away the host is: where the UDP walk met the host itself (byHost), else where the
// comparison port connected, which may be a machine behind the host that it hands that port on to. A refusal
// tells nothing: a firewall on the way can send it. 0: not known.
func distanceOf(compare, udp []Hop, host func(Hop) bool) (hops int, byHost bool) {
	for _, hop := range udp {
		if hop.Answer == HopPortUnreachable && host(hop) {
			return hop.TTL, true
		}
	}
	if hop, ok := first(compare, HopConnected); ok {
		return hop.TTL, false
	}
	return 0, false
}

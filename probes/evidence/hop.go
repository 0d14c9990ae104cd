package evidence

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

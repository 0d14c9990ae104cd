package evidence

import (
	"net/netip"
)

// Path is the walk towards the endpoint with growing TTL.
type Path struct {
	Available  bool   `json:"available"` // false: it was not walked; Why says why, NotAvailable where this system is the reason
	Why        string `json:"why,omitempty"`
	Answer     *Hop   `json:"answer,omitempty"` // to a packet with an ordinary TTL
	Port       []Hop  `json:"port"`             // for the port that fails
	Compare    []Hop  `json:"compare"`          // for another port of the same host
	ComparedTo uint16 `json:"compared_to"`      // that port
	Distance   int    `json:"distance"`         // hops to the host itself, 0: not measured
	ByHost     bool   `json:"distance_by_host"` // the host itself told its distance
	// AtLeast is set where the host may be nearer than Distance: no router before it answers from there on, and a host that
	// has no ICMP error to spare for the first packets looks farther away than it is.
	AtLeast int `json:"distance_at_least,omitempty"`
}

// Hop is the answer to one packet with a small TTL.
type Hop struct {
	TTL      int        `json:"ttl"`
	Answer   string     `json:"answer"` // time-exceeded, refused, connected, prohibited, unreachable, port-unreachable, silence, not-permitted
	From     netip.Addr `json:"from,omitzero"`
	FromSelf bool       `json:"from_self,omitempty"` // the sender is an address of this host
	ICMPType int        `json:"icmp_type,omitempty"`
	ICMPCode int        `json:"icmp_code,omitempty"`
	TookMS   float64    `json:"took_ms"`
}

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

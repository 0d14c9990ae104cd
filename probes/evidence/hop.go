package evidence

import (
	"cmp"
	"net/netip"
	"slices"

	"opensrs-doctor/probes/netaddr"
)

// Path is the walk towards the endpoint with growing TTL.
type Path struct {
	Available  bool   `json:"available"` // false: it was not walked; Why says why, NotAvailable where this system is the reason
	Why        string `json:"why,omitempty" anonymize:"quote"`
	Answer     *Hop   `json:"answer,omitempty"` // to a packet with an ordinary TTL
	Port       []Hop  `json:"port"`             // for the port that fails
	Compare    []Hop  `json:"compare"`          // for another port of the same host
	ComparedTo uint16 `json:"compared_to"`      // that port
	Distance   int    `json:"distance"`         // hops to the host itself, 0: not measured
	ByHost     bool   `json:"distance_by_host"` // the host itself told its distance
	// AtLeast is set where the host may be nearer than Distance: no router before it answers from there on, and a host that
	// has no ICMP error to spare for the first packets, or whose answers come late, looks farther away than it is.
	AtLeast int `json:"distance_at_least,omitempty"`
}

// Walk is the walk towards the endpoint; nil where there was none.
func (e *Evidence) Walk() *Path {
	if e.Port == nil {
		return nil
	}
	return e.Port.Path
}

// Hop is the answer to one packet with a small TTL.
type Hop struct {
	TTL      int        `json:"ttl"`
	Answer   string     `json:"answer" anonymize:"keep"` // time-exceeded, refused, connected, prohibited, unreachable, port-unreachable, silence, not-permitted
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

// Met reports whether the packet met with a connection or a refusal, and not with a router or nobody.
func (h Hop) Met() bool { return h.Answer == HopConnected || h.Answer == HopRefused }

// Router reports whether a router on the way told, with its address, that the packet came to it.
func (h Hop) Router() bool { return h.Answer == HopTimeExceeded && h.From.IsValid() && !h.FromSelf }

// Sender is the address that the answer came from, as text; "" where it told none.
func (h Hop) Sender() string { return netaddr.Text(h.From) }

// HopAt gives the answer to one TTL; Answer is "" where it was not asked.
func HopAt(hops []Hop, ttl int) Hop {
	for _, h := range hops {
		if h.TTL == ttl {
			return h
		}
	}
	return Hop{}
}

// FirstHop is the first hop with that answer.
func FirstHop(hops []Hop, answer string) (Hop, bool) {
	i := slices.IndexFunc(hops, func(h Hop) bool { return h.Answer == answer })
	if i < 0 {
		return Hop{}, false
	}
	return hops[i], true
}

// All is the answer to an ordinary packet, where there is one, and the walk.
func (p *Path) All() []Hop {
	if p.Answer == nil {
		return p.Port
	}
	return append([]Hop{*p.Answer}, p.Port...)
}

// Last is the last router that answers for the failing port; TTL is 0 where none does.
func (p *Path) Last() (last Hop) {
	for _, h := range p.Port {
		if h.Router() {
			last = h
		}
	}
	return last
}

// Nearest is how many hops away the host is at the least, 0: not measured. What comes from nearer than that is not the host's.
func (p *Path) Nearest() int { return cmp.Or(p.AtLeast, p.Distance) }

// HostAnswers reports whether the host itself answered the walk over UDP.
func (p *Path) HostAnswers() bool { return p != nil && p.Available && p.ByHost && p.Distance > 0 }

// Further reports whether the port to compare with gets further than that hop.
func (p *Path) Further(than int) bool {
	return slices.ContainsFunc(p.Compare, func(h Hop) bool { return h.TTL > than && h.Answer != HopSilence })
}

// Rewritten reports whether the first router's message about a packet for the port bears the service's own address: this
// host or that router translates the packets' address there and back.
func (p *Path) Rewritten(host []netip.Addr) bool {
	first := HopAt(p.Port, 1)
	return first.Answer == HopTimeExceeded && slices.Contains(host, first.From) && HopAt(p.Compare, 1).From != first.From
}

// Expires is the router at which packets for the port run out of steps, however many they were given: something before it
// sets that number.
func (p *Path) Expires() (at Hop, ok bool) {
	if p == nil || p.Answer == nil || !p.Answer.Router() {
		return Hop{}, false
	}
	before, twice := 0, false
	for _, h := range p.Port {
		switch {
		case h.Answer == HopSilence: // routers send few messages at a time
		case !h.Router() || h.From != p.Answer.From:
			return Hop{}, false
		default: // two steps one after the other: routers that send packets round in a circle take turns
			twice, before = twice || before > 0 && h.TTL == before+1, h.TTL
		}
	}
	return *p.Answer, twice
}

// RewrittenBy is the router that sends packets for the port elsewhere: the first whose message bears the service's own
// address, though the service is further away. Its own address is told where another port's packet got it. TTL is 0 where
// there is none.
func (p *Path) RewrittenBy(host []netip.Addr) Hop {
	for _, h := range p.Port {
		if other := HopAt(p.Compare, h.TTL); h.TTL < p.Nearest() && h.Answer == HopTimeExceeded && slices.Contains(host, h.From) && other.From != h.From {
			return Hop{TTL: h.TTL, From: other.From}
		}
	}
	return Hop{}
}

// OthersLeave reports whether a packet for the other port reaches the first router.
func (p *Path) OthersLeave() bool { return HopAt(p.Compare, 1).Router() }

// UnreachableHere reports whether this host itself said during the walk that nobody has the address.
func (p *Path) UnreachableHere() bool {
	return p != nil && slices.ContainsFunc(p.All(), func(h Hop) bool { return h.FromSelf && h.Answer == HopUnreachable })
}

package evidence

import (
	"net/netip"
	"slices"

	"opensrs-doctor/probes/foreign"
)

// Attempt is one TCP connection attempt.
type Attempt struct {
	Address      netip.AddrPort `json:"address"`
	LocalAddress netip.Addr     `json:"local_address,omitzero"`
	Connected    bool           `json:"connected"`
	TookMS       float64        `json:"took_ms"`
	Failure      *Failure       `json:"failure,omitempty"`
}

// Port is whether TCP reaches the service, and if not, how it fails and where.
type Port struct {
	Attempts    []Attempt      `json:"attempts"`
	Connected   netip.AddrPort `json:"connected,omitzero"`
	ConnectMS   float64        `json:"connect_ms"`
	Retransmits *int           `json:"retransmits"`             // TCP segments sent again; null: not available here
	RoundTripMS float64        `json:"round_trip_ms,omitempty"` // the shortest, as TCP measured it on this connection; 0: not known
	ECN         bool           `json:"asks_for_ecn,omitempty"`  // this host asks for ECN, which may be why the port answers late or not at all
	ProxyReply  *ProxyReply    `json:"proxy_reply,omitempty"`

	// Follow-ups.
	Path       *Path     `json:"path,omitempty"`
	OtherPorts []Attempt `json:"other_ports,omitempty"` // 443, and 55443 where that was not the target
	ByDNS      *Attempt  `json:"by_dns,omitempty"`      // where the hosts file decides: at the address that DNS gives
	TriedAgain []Attempt `json:"tried_again,omitempty"` // where another address answers: those that did not
	Servers    *Servers  `json:"servers,omitempty"`     // where the port answers now and then

	RoundTrips *RoundTrips `json:"round_trips,omitempty"` // of a deep run
}

// Servers is what became of connections to one address from as many source ports, all made at once: a device that shares
// them out among several servers goes by the source port.
type Servers struct {
	Sent    int `json:"sent"`
	Took    int `json:"took"`    // connected at once
	Late    int `json:"late"`    // connected after a packet was sent again: that is loss
	Refused int `json:"refused"` // by a reset
	Silent  int `json:"silent"`
}

// ProxyReply is how the proxy answered CONNECT or the SOCKS request.
type ProxyReply struct {
	Protocol string         `json:"protocol" anonymize:"keep"` // "http" or "socks5"
	Code     int            `json:"code"`                      // HTTP status or SOCKS reply
	Text     foreign.Text   `json:"text" anonymize:"quote"`
	Logins   []foreign.Text `json:"logins,omitempty" anonymize:"quote"` // of 407: the schemes that it takes, "Basic", "NTLM"
}

// Tried is the address and port that the connection came to, or whose failure is the probe's: of several, not always the
// first. Not set where none was tried.
func (e *Evidence) Tried() netip.AddrPort {
	p, failure := e.Port, e.Step("port").Failure
	switch {
	case p == nil:
		return netip.AddrPort{}
	case p.Connected.IsValid() || len(p.Attempts) == 0:
		return p.Connected
	}
	for _, attempt := range p.Attempts {
		if attempt.Failure != nil && failure != nil && attempt.Failure.Kind == failure.Kind {
			return attempt.Address
		}
	}
	return p.Attempts[0].Address
}

// Later are the connections and refusals with which the port answered after the probe: to the walk, and in a deep run to
// the round trips.
func (e *Evidence) Later() (answers []Hop) {
	if e.Port == nil {
		return nil
	}
	if walk := e.Port.Path; walk != nil && walk.Available {
		answers = slices.DeleteFunc(slices.Clone(walk.All()), func(h Hop) bool { return !h.Met() })
	}
	if trips := e.Port.RoundTrips; trips != nil && trips.To == e.Tried() {
		if trips.Answered > trips.Refused {
			answers = append(answers, Hop{Answer: HopConnected, TookMS: trips.MinMS})
		}
		if trips.Refused > 0 {
			answers = append(answers, Hop{Answer: HopRefused, TookMS: trips.MinMS})
		}
	}
	return answers
}

// TookLater reports whether the port took a connection after the probe.
func (e *Evidence) TookLater() bool {
	_, took := FirstHop(e.Later(), HopConnected)
	return took
}

// DirectPortFailed reports whether the direct connection to the port failed in one of these ways: a proxy is another matter.
func (e *Evidence) DirectPortFailed(kinds ...Kind) bool {
	return e.Host.Proxy == nil && e.Port != nil && e.FailedWith("port", kinds...)
}

// ProxyUnreached: the proxy's name did not resolve, or no usable connection to it came about.
func (e *Evidence) ProxyUnreached() bool {
	if e.Host.Proxy == nil {
		return false
	}
	if e.DNS != nil && e.DNS.OfProxy && e.Step("dns").Status == Fail {
		return e.DNS.Used != "" // a resolver said so; that none answers is a matter of resolvers
	}
	step := e.Step("port")
	return step.Status == Fail && step.Failure != nil && e.Port != nil && e.Port.ProxyReply == nil &&
		(step.Failure.Op == OpToProxy || step.Failure.Op == OpProxyHandshake)
}

// Attempts are all connections to the service or the proxy that the run made, on whatever port.
func (e *Evidence) Attempts() []Attempt {
	var all []Attempt
	if e.Port != nil {
		all = slices.Concat(e.Port.Attempts, e.Port.OtherPorts)
		if e.Port.ByDNS != nil {
			all = append(all, *e.Port.ByDNS)
		}
	}
	if e.Direct != nil && e.Direct.Attempt != nil {
		all = append(all, *e.Direct.Attempt)
	}
	return all
}

// OtherPort is another port of the same host that answers, or 0.
func (e *Evidence) OtherPort() uint16 {
	for _, attempt := range e.Port.OtherPorts {
		if attempt.Connected {
			return attempt.Address.Port()
		}
	}
	if walk := e.Walk(); walk != nil && walk.Available {
		if _, ok := FirstHop(walk.Compare, HopConnected); ok {
			return e.Port.Path.ComparedTo
		}
	}
	return 0
}

// HostAlive: another port of the host answers, be it with a refusal that comes from as far away as the host.
func (e *Evidence) HostAlive() bool {
	if e.OtherPort() != 0 {
		return true
	}
	walk := e.Walk()
	return walk != nil && walk.ByHost && HopAt(walk.Compare, walk.Distance).Answer == HopRefused &&
		slices.ContainsFunc(e.Port.OtherPorts, func(attempt Attempt) bool {
			return attempt.Failure != nil && attempt.Failure.Kind == KindRefused
		})
}

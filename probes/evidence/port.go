package evidence

import (
	"net/netip"

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
	Protocol string         `json:"protocol"` // "http" or "socks5"
	Code     int            `json:"code"`     // HTTP status or SOCKS reply
	Text     foreign.Text   `json:"text"`
	Logins   []foreign.Text `json:"logins,omitempty"` // of 407: the schemes that it takes, "Basic", "NTLM"
}

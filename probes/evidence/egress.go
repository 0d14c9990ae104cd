package evidence

import (
	"net/netip"
	"net/url"
	"slices"

	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/netaddr"
)

// Way is how somebody else was asked.
type Way string

// The ways.
const (
	WayDirect Way = "direct"
	WayProxy  Way = "proxy" // through the proxy: sources and controls over TCP
	WayDNS    Way = "dns"   // a question to a name server
)

// Sighting is one source's answer to "which address do I come from".
type Sighting struct {
	Source       string     `json:"source" anonymize:"text"` // the URI that was asked
	Path         Way        `json:"path" anonymize:"keep"`
	Address      netip.Addr `json:"address,omitzero"`
	LocalAddress netip.Addr `json:"local_address,omitzero"`
	Late         bool       `json:"late,omitempty"` // came after the egress probe had reported
	TookMS       float64    `json:"took_ms"`
	Trust        *Trust     `json:"tls_trust,omitempty"` // of an https source
	Page         *Page      `json:"page,omitempty"`
	Failure      *Failure   `json:"failure,omitempty"`
}

// Page is what somebody showed in the place of what was asked for by plain HTTP: a web page, or where to go instead.
type Page struct {
	Status   int          `json:"status"`
	Title    foreign.Text `json:"title,omitzero" anonymize:"quote"`
	Location foreign.Text `json:"location,omitzero" anonymize:"quote"`
}

// StatusLogin is the HTTP status by which a network says that somebody has to log in first (RFC 6585).
const StatusLogin = 511

// Egress is where this host appears to come from.
type Egress struct {
	Given     bool         `json:"given"` // by --egress-ip, not looked up
	Sightings []Sighting   `json:"sightings"`
	IPv4      []netip.Addr `json:"ipv4"` // distinct, seen on the path that the call takes, first seen first
	IPv6      []netip.Addr `json:"ipv6"`
	DNSSeen   []netip.Addr `json:"dns_seen"` // distinct, by DNS: they corroborate, and can be the resolver's
	Agreeing  int          `json:"agreeing"` // sources that saw the first of IPv4
	Asked     int          `json:"asked"`

	// FromCall is the follow-up: sources asked again, from the local address that the call left from.
	FromCall []Sighting `json:"from_call,omitempty"`
	// Call is the address that the call leaves from, where that is known to be another one than the sources saw.
	Call netip.Addr `json:"call_address,omitzero"`
	// Own are the public IPv4 addresses of this host's interfaces, where the rules do not let in the one that is judged.
	Own []netip.Addr `json:"own_addresses,omitempty"`
}

// Addresses are those to judge: all that were given, IPv4 first; of those seen, the one that the call leaves from where
// that is known, else the IPv4 ones of the call's path, else the first one that was seen by DNS. Several by DNS make no
// pool: they can be the resolver's.
func (e *Egress) Addresses() []netip.Addr {
	switch {
	case e == nil:
		return nil
	case e.Given:
		return slices.Concat(e.IPv4, e.IPv6)
	case e.Call.IsValid():
		return []netip.Addr{e.Call}
	case len(e.IPv4) > 0:
		return e.IPv4
	}
	for _, address := range e.DNSSeen {
		if address.Is4() {
			return []netip.Addr{address}
		}
	}
	return nil
}

// Rules is the simulation of the given access rules against the egress addresses.
type Rules struct {
	Rules    []string          `json:"rules" anonymize:"text"` // as read
	Problems []iprules.Problem `json:"problems"`
	Verdict  string            `json:"verdict" anonymize:"keep"` // allow, deny, ambiguous, partly, unknown
	Results  []iprules.Result  `json:"results"`                  // one an address
}

// Peer is where the source was asked: its server, and the port of its scheme where it names none; false for a source
// that is not a URL.
func (s Sighting) Peer() (netaddr.HostPort, bool) {
	u, err := url.Parse(s.Source)
	if err != nil || u.Hostname() == "" {
		return netaddr.HostPort{}, false
	}
	port, err := netaddr.PortOf(u)
	return netaddr.HostPort{Host: u.Hostname(), Port: port}, err == nil
}

package evidence

import (
	"net/netip"

	"opensrs-doctor/probes/foreign"
)

// What only a deep run asks, for the people who will read it at the service. A check leaves all of it nil.

// ProxyVariables are the variables of an environment that proxies are set by, in the two cases that programs know.
var ProxyVariables = []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"}

// System is what this program runs on.
type System struct {
	Release foreign.Text `json:"release,omitzero"` // "Debian GNU/Linux 13 (trixie)"; "" where the system does not tell
	Kernel  foreign.Text `json:"kernel,omitzero"`  // "Linux 6.12.41 x86_64"
	Go      string       `json:"go"`               // "go1.26.1"
	// ProxyVariables are those of the list of this name that are set; never their values.
	ProxyVariables []string `json:"proxy_variables,omitempty"`
}

// Route is the way on which the kernel sends packets for the endpoint, or for the proxy.
type Route struct {
	To           netip.Addr `json:"to"`
	LocalAddress netip.Addr `json:"local_address,omitzero"`
	Interface    string     `json:"interface,omitempty"`
	MTU          int        `json:"mtu,omitempty"`    // bytes, of the interface
	Gateway      netip.Addr `json:"gateway,omitzero"` // none: the peer is in this very network, or the system was not asked
	GatewayKnown bool       `json:"gateway_known"`    // the system was asked
}

// RoundTrips are the times of a few TCP connections on which nothing is sent: what ping tells, for the port that
// counts. Sent is Answered plus Lost plus Failed; what had no result when the run ended is not counted.
type RoundTrips struct {
	To       netip.AddrPort `json:"to"` // with a proxy, the proxy
	Sent     int            `json:"sent"`
	Answered int            `json:"answered"`          // connected, or refused by a RST
	Refused  int            `json:"refused"`           // of those answered
	Lost     int            `json:"lost"`              // silence
	Failed   int            `json:"failed"`            // something else, Failure says what
	Resent   *int           `json:"resent"`            // TCP segments sent again before an answer; null: not available here
	MinMS    float64        `json:"min_ms"`            // of those answered, like the next two; 0 where none was
	MedianMS float64        `json:"median_ms"`         // the higher one of two in the middle
	MaxMS    float64        `json:"max_ms"`            //
	Failure  *Failure       `json:"failure,omitempty"` // the first of those that failed
}

// DNSReply is a name server's reply to one question: for an A, or for an AAAA record.
type DNSReply struct {
	Type      string      `json:"type" anonymize:"keep"` // "A" or "AAAA"
	Rcode     string      `json:"rcode,omitempty" anonymize:"keep"`
	Transport string      `json:"transport,omitempty" anonymize:"keep"`
	Records   []DNSRecord `json:"records"`
	Failure   *Failure    `json:"failure,omitempty"` // no reply
}

// DNSRecord is one record of a reply.
type DNSRecord struct {
	Type  string       `json:"type" anonymize:"keep"` // "A", "AAAA" or "CNAME"
	TTL   uint32       `json:"ttl"`                   // seconds
	Value foreign.Text `json:"value" anonymize:"host"`
}

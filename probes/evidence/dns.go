package evidence

import (
	"net/netip"

	"opensrs-doctor/probes/foreign"
)

// BySystem stands for a resolver where the operating system was asked as its other programs ask it. On macOS and
// Windows that need not be the servers that its settings list: a VPN, a profile or a policy may send some names
// elsewhere. It tells no return code.
const BySystem = "system"

// DNSAnswer is what one resolver said.
type DNSAnswer struct {
	Resolver  string         `json:"resolver" anonymize:"peer"`            // IP:PORT, or BySystem
	Transport string         `json:"transport,omitempty" anonymize:"keep"` // "udp" or "tcp": of the answer, or of the first failure
	Rcode     string         `json:"rcode,omitempty" anonymize:"keep"`     // NOERROR, NXDOMAIN, …
	A         []netip.Addr   `json:"a"`
	AAAA      []netip.Addr   `json:"aaaa"`
	CNAME     []foreign.Text `json:"cname,omitempty" anonymize:"host"`
	TookMS    float64        `json:"took_ms"`
	Failure   *Failure       `json:"failure,omitempty"`
	Pending   bool           `json:"pending,omitempty"`  // had not answered when the run ended
	Accepts   bool           `json:"accepts,omitempty"`  // its TCP port took a connection, and no answer came: it may be slow
	OnlyTCP   bool           `json:"only_tcp,omitempty"` // answered over TCP, and over UDP not at all, also asked again
	Replies   []DNSReply     `json:"replies,omitempty"`  // of a deep run: to each question
}

// DNS is the resolution of the name that is connected to: the endpoint's, or the proxy's.
type DNS struct {
	Name      string       `json:"name" anonymize:"host"`
	OfProxy   bool         `json:"of_proxy"`
	Literal   bool         `json:"literal"` // an address was given, nothing was looked up
	Answers   []DNSAnswer  `json:"answers"`
	Used      string       `json:"used" anonymize:"peer"` // the resolver whose answer is used, or "hosts file"
	IPv4      []netip.Addr `json:"ipv4"`                  // what is connected to, in this order
	IPv6      []netip.Addr `json:"ipv6"`
	HostsFile string       `json:"hosts_file,omitempty" anonymize:"path"` // path:line of an entry for the name
	HostsIPs  []netip.Addr `json:"hosts_addresses,omitempty"`
	// HostsLines are the lines of the hosts file that the addresses are on, from 1, in their order.
	HostsLines []int    `json:"hosts_lines,omitempty"`
	Slow       []string `json:"slow_resolvers,omitempty" anonymize:"peer"` // earlier in the list than Used, and late or dead
	// NoLibcDNS is the line of nsswitch.conf, path:line, by which glibc's programs ask no name server at all.
	NoLibcDNS string `json:"no_libc_dns,omitempty" anonymize:"path"`
	// SearchedName is what libc's programs ask for ahead of Name, by search list and ndots, and find; Searched is where it leads.
	SearchedName string       `json:"searched_name,omitempty" anonymize:"host"`
	Searched     []netip.Addr `json:"searched_addresses,omitempty"`

	// Endpoint is, with a proxy, what this host's resolvers say of the endpoint itself; information only.
	Endpoint *DNSAnswer `json:"endpoint,omitempty"`
	// MadeUp is the follow-up: the answer for a name that nobody has registered.
	MadeUpName string     `json:"made_up_name,omitempty" anonymize:"host"`
	MadeUp     *DNSAnswer `json:"made_up,omitempty"`
	// Other is the follow-up: whether another name resolves.
	OtherName string     `json:"other_name,omitempty" anonymize:"host"`
	Other     *DNSAnswer `json:"other,omitempty"`
}

// UsedHosts is DNS.Used where the hosts file decided.
const UsedHosts = "hosts file"

// Decides reports whether a resolver's answer is final for a client: addresses, "no such name", "no such record".
func (a DNSAnswer) Decides() bool {
	return len(a.A)+len(a.AAAA) > 0 || a.Rcode == "NXDOMAIN" || a.Rcode == "NOERROR"
}

// EndpointDNS is the endpoint's own resolution; nil where a proxy's name was resolved, or nothing was looked up.
func (e *Evidence) EndpointDNS() *DNS {
	if e.DNS == nil || e.DNS.OfProxy || e.DNS.Literal {
		return nil
	}
	return e.DNS
}

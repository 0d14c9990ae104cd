// Package evidence holds every fact that a run observed, typed, and the questions that more than one room asks of them.
// It opens nothing and knows no advice: package probes fills it, package report reads it.
package evidence

import (
	"net/netip"
	"slices"
	"time"

	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/opensrs"
)

// Evidence is every fact that one run observed. A nil section was not reached, a nil pointer inside a
// section was not checked; "no" and "failed" have values of their own. It holds no opinion and no
// advice: package report reads it, without clock and without network.
type Evidence struct {
	RunID     string // 16 random hex digits
	StartedAt time.Time
	Took      time.Duration
	Target    Target
	Host      Host
	Asked     Asked
	Steps     []Step // one for each of Names, in that order

	Egress *Egress
	Rules  *Rules
	DNS    *DNS
	Port   *Port
	TLS    *TLS
	Call   *Call

	// Follow-ups: asked only after a failure (or a long wait), nil where nobody asked.
	Controls   []Control
	StatusPage *StatusPage
	CrossCheck *CrossCheck
	Direct     *Direct   // with a proxy: what the way without it does
	Witness    *Witness  // --port-witness
	Clock      *Clock    // nil where no peer told the time
	ThisHost   *ThisHost // what this host itself does with packets to the endpoint

	Clients []Client // of the command clients: the runtimes of this host; nil where nobody asked them

	Interrupted bool // a signal came, or the time was up before every step had begun: the rest is not known
}

// Names are the probes, always in this order.
var Names = []string{"egress", "rules", "dns", "port", "tls", "call"}

// Status is how a probe ended. It is the probe's own fact; the verdict is made of causes.
type Status string

// The four ends of a probe.
const (
	Pass Status = "pass"
	Warn Status = "warn"
	Fail Status = "fail"
	Skip Status = "skip"
)

// Step is one probe of the run.
type Step struct {
	Probe     string
	Status    Status
	WaitedFor string // of a skipped one: a probe's name, or "credentials", "rules", "--only", WaitInterrupt, WaitTimeout
	Counts    bool   // false for a probe that ran only because a chosen one needs it, or not at all
	Failure   *Failure
	Took      time.Duration
}

// What a step waited for that the run did not come to.
const (
	WaitInterrupt = "interrupt" // the user, or the system, ended the run
	WaitTimeout   = "timeout"   // the steps before it, which did answer, took the run's time

	WaitExpectedKey = "expect-key" // the key is another one than --expect-key says
)

// Step gives the step of a probe; the zero Step where the run has none.
func (e *Evidence) Step(name string) Step {
	for _, step := range e.Steps {
		if step.Probe == name {
			return step
		}
	}
	return Step{Probe: name}
}

// Target is what the run was about.
type Target struct {
	Environment    string       `json:"environment"`               // EnvLive, EnvTest or EnvSandbox
	CustomEndpoint bool         `json:"custom_endpoint,omitempty"` // --endpoint, and not exactly one of the public services
	Sandbox        bool         `json:"sandbox,omitempty"`
	Host           string       `json:"host"`
	Port           uint16       `json:"port"`
	Username       string       `json:"username"`
	KeyFingerprint *string      `json:"key_fingerprint"`
	Addresses      []netip.Addr `json:"addresses"` // of the endpoint, in the order of use; empty where unknown
}

// Host is this machine, and the way that the run took from it.
type Host struct {
	Hostname     string       `json:"hostname"`
	OS           string       `json:"os"`             // for example "linux/amd64"
	User         string       `json:"user,omitempty"` // whose eyes: "root" or "uid 1000"; "" where the system has no such numbers
	Store        foreign.Text `json:"store,omitzero"` // the file or setting that the host's root certificates come from; none where unknown
	LocalAddress netip.Addr   `json:"local_address"`
	SourceIP     netip.Addr   `json:"source_ip,omitzero"` // --source-ip
	Proxy        *Proxy       `json:"proxy"`              // null: none
	Resolvers    []string     `json:"resolvers"`          // IP:PORT, in the order of use
	ResolversBy  string       `json:"resolvers_from"`     // "/etc/resolv.conf", "--resolver", "system"
	HasIPv4Route *bool        `json:"has_ipv4_route"`     // a route to the public IPv4 internet; null: not checked
	HasIPv6Route *bool        `json:"has_ipv6_route"`
	System       *System      `json:"system,omitempty"` // of a deep run, like Route
	Route        *Route       `json:"route,omitempty"`

	ResolversProblem *ResolversProblem `json:"resolvers_problem,omitempty"` // nil: Resolvers are those of ResolversBy
}

// ResolversProblem is why the system's settings name no resolver that can be used. 127.0.0.1 is asked then, which is
// what glibc and musl do in each of these cases.
type ResolversProblem struct {
	Kind   string       `json:"kind"`              // missing, unreadable, empty, no-nameserver, no-address, indented
	Line   int          `json:"line,omitempty"`    // no-address, indented: the first such line, from 1
	Named  foreign.Text `json:"resolver,omitzero"` // what this line names, printable; "": nothing
	Link   foreign.Text `json:"link,omitzero"`     // missing: the file is a symbolic link to this path
	Detail foreign.Text `json:"detail,omitzero"`   // unreadable: the system's words
}

// The kinds of a ResolversProblem.
const (
	ResolversMissing    = "missing"       // there is no such file
	ResolversUnreadable = "unreadable"    // it is there, and cannot be opened or read, or is not a file
	ResolversEmpty      = "empty"         // nothing in it but white space
	ResolversNone       = "no-nameserver" // comments or other settings only
	ResolversNoAddress  = "no-address"    // what follows nameserver is not an address
	ResolversIndented   = "indented"      // white space before nameserver: libc passes over such a line
)

// NotAFile is the Detail of a directory, a pipe or a device.
var NotAFile = foreign.Ours("not a file")

// Proxy is the proxy that the call goes through.
type Proxy struct {
	URL     string       `json:"url"`      // scheme://host:port: no user, no password
	From    string       `json:"from"`     // the variable or the flag: "HTTPS_PROXY", "--proxy", "config"
	HasUser bool         `json:"has_user"` // a login was given
	Addrs   []netip.Addr `json:"addresses,omitempty"`
}

// Asked is what the user gave and wanted, as far as a diagnosis needs it.
type Asked struct {
	KeyGiven         bool
	KeySource        string           // a path, "OPENSRS_API_KEY", "standard input"
	KeyProblems      []string         // IDs of opensrs.CheckKey
	KeyForm          *opensrs.Form    // nil: no key was given
	KeyAround        []opensrs.Around // white space around the key where it was read
	ExpectKey        string           // the fingerprint of --expect-key, or ""
	ClientConfig     string           // the path of --client-config, or ""
	ClientProblems   []ClientProblem  // mistakes in it
	RulesGiven       int
	RulesSource      string // "--rule", a path, "config"
	EgressIPs        []netip.Addr
	EgressSources    int // how many were to be asked
	ControlsGiven    int
	StatusURL        string
	Witness          string // the URL of --port-witness; "": none
	NoneAsked        string // the flag because of which no egress source was asked
	AllowIntercepted bool
	Require          []string
	EndpointLiteral  bool           // the endpoint's host is an address
	PortGiven        bool           // the port is not 55443
	RootsDate        time.Time      // of the carried public roots; zero where --public-roots replaced them
	PublicRoots      string         // the path of --public-roots, or ""
	CAFile           string         // the path of --ca-file, or ""
	CANames          []foreign.Text // the authorities in it, as distinguished names
}

// ClientProblem is a mistake in a client's own settings file.
type ClientProblem struct {
	Line int
	Text foreign.Text // without a secret
}

// Sighting is one source's answer to "which address do I come from".
type Sighting struct {
	Source       string     `json:"source"` // the URI that was asked
	Path         string     `json:"path"`   // "direct", "proxy" (HTTP sources) or "dns"
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
	Title    foreign.Text `json:"title,omitzero"`
	Location foreign.Text `json:"location,omitzero"`
}

// StatusLogin is the HTTP status by which a network says that somebody has to log in first (RFC 6585).
const StatusLogin = 511

// Egress is where this host appears to come from.
type Egress struct {
	Given     bool         `json:"given"` // by --egress-ip, nobody was asked
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
	Rules    []string          `json:"rules"` // as read
	Problems []iprules.Problem `json:"problems"`
	Verdict  string            `json:"verdict"` // allow, deny, ambiguous, partly, unknown
	Results  []iprules.Result  `json:"results"` // one an address
}

// BySystem stands for a resolver where the operating system was asked as its other programs ask it. On macOS and
// Windows that need not be the servers that its settings list: a VPN, a profile or a policy may send some names
// elsewhere. It tells no return code.
const BySystem = "system"

// DNSAnswer is what one resolver said.
type DNSAnswer struct {
	Resolver  string         `json:"resolver"`            // IP:PORT, or BySystem
	Transport string         `json:"transport,omitempty"` // "udp" or "tcp": of the answer, or of the first failure
	Rcode     string         `json:"rcode,omitempty"`     // NOERROR, NXDOMAIN, …
	A         []netip.Addr   `json:"a"`
	AAAA      []netip.Addr   `json:"aaaa"`
	CNAME     []foreign.Text `json:"cname,omitempty"`
	TookMS    float64        `json:"took_ms"`
	Failure   *Failure       `json:"failure,omitempty"`
	Pending   bool           `json:"pending,omitempty"`  // had not answered when the run ended
	OnlyTCP   bool           `json:"only_tcp,omitempty"` // answered over TCP, and over UDP not at all, also asked again
	Replies   []DNSReply     `json:"replies,omitempty"`  // of a deep run: to each question
}

// DNS is the resolution of the name that is connected to: the endpoint's, or the proxy's.
type DNS struct {
	Name      string       `json:"name"`
	OfProxy   bool         `json:"of_proxy"`
	Literal   bool         `json:"literal"` // an address was given, nobody was asked
	Answers   []DNSAnswer  `json:"answers"`
	Used      string       `json:"used"` // the resolver whose answer is used, or "hosts file"
	IPv4      []netip.Addr `json:"ipv4"` // what is connected to, in this order
	IPv6      []netip.Addr `json:"ipv6"`
	HostsFile string       `json:"hosts_file,omitempty"` // path:line of an entry for the name
	HostsIPs  []netip.Addr `json:"hosts_addresses,omitempty"`
	// HostsLines are the lines of the hosts file that the addresses are on, from 1, in their order.
	HostsLines []int    `json:"hosts_lines,omitempty"`
	Slow       []string `json:"slow_resolvers,omitempty"` // earlier in the list than Used, and late or dead
	// NoLibcDNS is the line of nsswitch.conf, path:line, by which glibc's programs ask no name server at all.
	NoLibcDNS string `json:"no_libc_dns,omitempty"`

	// Endpoint is, with a proxy, what this host's resolvers say of the endpoint itself; information only.
	Endpoint *DNSAnswer `json:"endpoint,omitempty"`
	// MadeUp is the follow-up: the answer for a name that nobody has registered.
	MadeUpName string     `json:"made_up_name,omitempty"`
	MadeUp     *DNSAnswer `json:"made_up,omitempty"`
	// Other is the follow-up: whether another name resolves.
	OtherName string     `json:"other_name,omitempty"`
	Other     *DNSAnswer `json:"other,omitempty"`
}

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

// Certificate is the part of a certificate that people need. Its names stand twice: whole, in the form of RFC 4514, and
// in the parts that people go by, for in the whole form a comma inside a part is not told from one between parts by
// everybody. Reports of older releases have only the whole ones and the issuer's organization.
type Certificate struct {
	Subject        foreign.Text   `json:"subject"`
	SubjectCN      foreign.Text   `json:"subject_common_name,omitzero"`
	SubjectOrg     foreign.Text   `json:"subject_organization,omitzero"`
	Issuer         foreign.Text   `json:"issuer"`
	IssuerCN       foreign.Text   `json:"issuer_common_name,omitzero"`
	IssuerOrg      foreign.Text   `json:"issuer_organization,omitzero"`
	Names          []foreign.Text `json:"names,omitempty"` // DNS names and addresses
	NotBefore      time.Time      `json:"not_before"`
	NotAfter       time.Time      `json:"not_after"`
	SelfSigned     bool           `json:"self_signed"`
	SHA256         string         `json:"sha256"`                    // of the DER, hex
	IssuerURL      foreign.Text   `json:"issuer_url,omitzero"`       // authority information access
	AuthorityKeyID foreign.Text   `json:"authority_key_id,omitzero"` // hex
	PEM            foreign.PEM    `json:"pem,omitzero"`              // none: not kept, or it holds a secret
}

// Trust is a chain judged against one set of roots at a time, dates and name apart from trust.
type Trust struct {
	System       bool         `json:"system"`               // the host's own store leads to a root, dates and name aside
	Public       bool         `json:"public"`               // the public roots do
	Own          *bool        `json:"by_ca_file,omitempty"` // the authority of --ca-file does, which then alone counts; nil: none was given
	SystemEmpty  bool         `json:"system_empty"`
	NameOK       bool         `json:"name_ok"`
	DatesOK      bool         `json:"dates_ok"`                // every presented certificate that is needed, by the local clock
	DatesOnly    bool         `json:"dates_only"`              // nothing but the dates is wrong
	RootShown    bool         `json:"root_presented"`          // the chain, as presented, ends in a self-signed certificate
	SelfSigned   bool         `json:"self_signed"`             // the leaf is its own issuer
	Missing      foreign.Text `json:"missing_issuer,omitzero"` // the issuer at the end of the presented chain that nobody has
	MissingCN    foreign.Text `json:"missing_issuer_common_name,omitzero"`
	MissingOrg   foreign.Text `json:"missing_issuer_organization,omitzero"`
	MissingURL   foreign.Text `json:"missing_issuer_url,omitzero"`
	MissingKnown bool         `json:"missing_issuer_is_public"`    // a verified peer presented it, so it is public
	Flaw         foreign.Text `json:"flaw,omitzero"`               // no issuer is missing, and a rule is broken: which
	Namesake     bool         `json:"namesake,omitempty"`          // the issuer it names is a public root by name and not by key
	BelowPublic  bool         `json:"below_public_root,omitempty"` // not good, and signed up to a public root all the same
	Issuer       foreign.Text `json:"issuer"`                      // of the last presented certificate: who stands behind the chain
	IssuerCN     foreign.Text `json:"issuer_common_name,omitzero"` // of that issuer, like the next
	IssuerOrg    foreign.Text `json:"issuer_organization,omitzero"`
	Product      string       `json:"inspection_product,omitempty"` // a known inspection product's name in an issuer
	FirstToEnd   *Certificate `json:"first_to_end,omitempty"`       // of the way to a public root, the root apart
	Expired      *Certificate `json:"expired,omitempty"`
	NotYetValid  *Certificate `json:"not_yet_valid,omitempty"`
}

// Proven reports whether the chain leads to an authority that proves the peer: a public root, or, where --ca-file was
// given, that one and no other. Name and dates aside.
func (t *Trust) Proven() bool {
	if t.Own != nil {
		return *t.Own
	}
	return t.Public
}

// Known reports whether anybody who counts vouches for the chain: as Proven, and without --ca-file this host's own store
// too. Name and dates aside.
func (t *Trust) Known() bool { return t.Proven() || t.Own == nil && t.System }

// Verified reports whether the peer is proven to be who it should be, by authority, name and dates.
func (t *Trust) Verified() bool { return t != nil && t.Proven() && t.NameOK && t.DatesOK }

// NotAvailable is why an experiment was not made that this operating system has no means for.
const NotAvailable = "not available on this system"

// Variant is one TLS follow-up experiment: the same handshake with one thing changed.
type Variant struct {
	Name    string   `json:"name"`               // as-is, no-server-name, classic-key-share, small-segments, old-versions
	NotMade string   `json:"not_made,omitempty"` // why it was not made, or not to its end; Works then says nothing
	Works   bool     `json:"works"`
	Version string   `json:"version,omitempty"`
	Proven  bool     `json:"proven"`           // the certificate verified as the endpoint's
	Fickle  bool     `json:"fickle,omitempty"` // made again, it ended the other way
	TookMS  float64  `json:"took_ms"`
	Failure *Failure `json:"failure,omitempty"`
}

// The TLS experiments.
const (
	VariantAsIs    = "as-is"
	VariantNoSNI   = "no-server-name"
	VariantClassic = "classic-key-share"
	VariantSmall   = "small-segments"
	VariantNo13    = "at-most-tls12"
	VariantOld     = "old-versions"
)

// TLS is the handshake on the connection of the port probe.
type TLS struct {
	Connected   bool          `json:"handshake"` // the handshake completed
	Version     string        `json:"version,omitempty"`
	CipherSuite string        `json:"cipher_suite,omitempty"`
	Chain       []Certificate `json:"chain,omitempty"`
	Trust       *Trust        `json:"trust,omitempty"`
	Failure     *Failure      `json:"failure,omitempty"`
	Alert       string        `json:"alert,omitempty"`
	Quote       foreign.Text  `json:"quote,omitzero"`      // what a peer that speaks no TLS said, printable, scrubbed
	Variants    []Variant     `json:"variants,omitempty"`  // follow-up
	Elsewhere   []Elsewhere   `json:"elsewhere,omitempty"` // follow-up
	CallAllowed bool          `json:"call_allowed"`        // the peer is proven, or the user allows it
	Store       *Store        `json:"store,omitempty"`     // where this host's own roots do not verify, and a variable names them
}

// Store is where a variable of the environment makes this host's root certificates come from.
type Store struct {
	Variable string       `json:"variable"` // SSL_CERT_FILE or SSL_CERT_DIR
	Path     foreign.Text `json:"path"`
	Problem  foreign.Text `json:"problem,omitzero"` // why nothing was read there: the system's words; none: it was read
}

// Elsewhere is the same handshake at another address of the endpoint.
type Elsewhere struct {
	Address netip.AddrPort `json:"address"`
	Works   bool           `json:"works"`
	Proven  bool           `json:"proven"` // the certificate verified as the endpoint's
	TookMS  float64        `json:"took_ms"`
	Failure *Failure       `json:"failure,omitempty"`
}

// Call is the authenticated test call.
type Call struct {
	Sent        bool         `json:"sent"`
	VectorOK    bool         `json:"signature_vector_ok"` // our own signature code gives the published vector
	HTTPStatus  int          `json:"http_status,omitempty"`
	ContentType foreign.Text `json:"content_type,omitzero"`
	Location    foreign.Text `json:"location,omitzero"`
	Envelope    bool         `json:"envelope"` // the reply is an OPS envelope
	Success     bool         `json:"is_success"`
	Code        foreign.Text `json:"response_code,omitzero"`
	Text        foreign.Text `json:"response_text,omitzero"`
	Class       string       `json:"class,omitempty"` // opensrs.Class of the reply
	Quote       foreign.Text `json:"quote,omitzero"`  // a title or first line, where it is no envelope
	Device      foreign.Text `json:"device,omitzero"` // a header by which a proxy in between names itself
	ReplyBytes  int          `json:"reply_bytes"`
	Date        *time.Time   `json:"date,omitempty"`
	TookMS      float64      `json:"took_ms"`
	Retransmits *int         `json:"retransmits"`
	Failure     *Failure     `json:"failure,omitempty"`
}

// Control is a well-known peer, asked only after a failure.
type Control struct {
	Peer      string        `json:"peer"` // HOST:PORT
	Path      string        `json:"path"` // "direct" or "proxy"
	Connected bool          `json:"connected"`
	TookMS    float64       `json:"took_ms"`
	Failure   *Failure      `json:"failure,omitempty"`
	TLS       *Trust        `json:"tls_trust,omitempty"` // nil: not asked, or no TLS there
	Chain     []Certificate `json:"chain,omitempty"`
}

// StatusPage is what the service says of itself.
type StatusPage struct {
	URL         string         `json:"url"`
	Indicator   foreign.Text   `json:"indicator,omitzero"` // none, minor, major, critical, maintenance
	Description foreign.Text   `json:"description,omitzero"`
	Incidents   []foreign.Text `json:"incidents,omitempty"` // unresolved ones
	Page        *Page          `json:"page,omitempty"`
	Failure     *Failure       `json:"failure,omitempty"`
}

// Witness is a third party that answers on the service's own port.
type Witness struct {
	URL          string     `json:"url"`
	Peer         string     `json:"peer"` // HOST:PORT
	Connected    bool       `json:"connected"`
	Address      netip.Addr `json:"address,omitzero"` // that it saw; not set where it names none
	LocalAddress netip.Addr `json:"local_address,omitzero"`
	TookMS       float64    `json:"took_ms"`
	Failure      *Failure   `json:"failure,omitempty"`
}

// CrossCheck is the same credentials, tried once in the other environment.
type CrossCheck struct {
	Environment string       `json:"environment"`
	Host        string       `json:"host"`
	Success     bool         `json:"is_success"`
	Code        foreign.Text `json:"response_code,omitzero"`
	Text        foreign.Text `json:"response_text,omitzero"`
	Class       string       `json:"class,omitempty"`
	Failure     *Failure     `json:"failure,omitempty"`
}

// Direct is, with a proxy, what the way without it does.
type Direct struct {
	Resolves bool     `json:"resolves"`
	Attempt  *Attempt `json:"attempt,omitempty"` // nil: no answer before the run ended, or no address
	Failure  *Failure `json:"failure,omitempty"`
}

// ClockSample is the time that one peer told.
type ClockSample struct {
	Peer     string  `json:"peer"`
	OffsetMS float64 `json:"offset_ms"` // peer's Date minus local clock; a Date has whole seconds
	Verified bool    `json:"verified"`  // by a certificate that is right but for its dates, or right
}

// Clock is the local clock against the peers' HTTP Date.
type Clock struct {
	Samples  []ClockSample `json:"samples"`
	Agreeing int           `json:"agreeing"`  // peers that agree with each other within a minute
	OffsetMS float64       `json:"offset_ms"` // their median: positive where the local clock is behind
}

// Needs are the probes whose outcome each probe works on, in order.
var Needs = map[string][]string{
	"egress": nil, "rules": {"egress"}, "dns": nil, "port": {"dns"},
	"tls": {"dns", "port"}, "call": {"dns", "port", "tls"},
}

// UsedHosts stands in DNS.Used where the hosts file decided.
const UsedHosts = "hosts file"

// Decides reports whether a resolver's answer is final for a client: addresses, "no such name", "no such record".
func (a DNSAnswer) Decides() bool {
	return len(a.A)+len(a.AAAA) > 0 || a.Rcode == "NXDOMAIN" || a.Rcode == "NOERROR"
}

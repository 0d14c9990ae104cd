package sandbox

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"opensrs-doctor/probes/iprules"
)

// plan is the world that build makes: a healthy one, of which a fault changes what it is about.
type plan struct {
	sandbox *Sandbox
	fault   fault  // the zero value: healthy
	host    string // the address that the API listens on
	inside  string // the loopback address that everything else listens on
	port    uint16 // of the API; 0: a free one
	ca      *Authority
	name    string        // of the service, where it has one
	given   bool          // clients call it so: the URL has it
	named   bool          // the check calls it so too, and uses our name server
	ahead   time.Duration // how far the services' clocks run before this host's

	// Of the API, from the outside in. At each stage nil means the healthy thing.
	closed bool                           // nothing listens
	raw    func(*plan, net.Conn)          // takes the connection instead of TLS
	filter func(*plan, net.Conn) net.Conn // looks at the connection before TLS does
	tls    func(*tls.Config)              // changes the configuration
	leaf   func(*plan) tls.Certificate    // the API's certificate
	answer func() *reply                  // answers instead of the API, once the request was looked at
	rules  []iprules.Rule
	peers  func(*plan, Template) tls.Certificate // the certificate of the controls and of the https source

	sees     [httpSources]string     // what the HTTP sources tell a loopback caller
	deaf     bool                    // no source knows an address
	incident bool                    // the status page reports one
	resolver resolver                // our name server for the check; nil: it has none
	proxy    func(target string) int // a proxy for the check: the HTTP status of its answer, 200 connects

	// Filled by build.
	apiAddress string
	issuer     *Authority // presented by some and missing elsewhere: can be had at issuerURL
	issuerURL  string
	reachable  map[string]string // what the proxy may connect to: the target as asked for, and where it is
	relayed    sync.Map          // remote addresses of connections that the proxy makes
	proxySees  string            // the address that is seen of callers through the proxy; "": CallerAddress
}

const httpSources = 3

func newPlan(s *Sandbox, config Config, host string, port uint16) *plan {
	p := &plan{
		sandbox: s, host: host, inside: "127.0.0.1", port: port, name: Name, rules: config.Rules,
		ca:        NewRoot(Template{CommonName: "Sandbox Root", Organization: "opensrs-doctor sandbox"}),
		reachable: map[string]string{},
	}
	if netip.MustParseAddr(host).IsLoopback() {
		p.inside = host
	}
	for i := range p.sees {
		p.sees[i] = CallerAddress
	}
	if config.Name != "" {
		p.name, p.given = config.Name, true
	}
	return p
}

// template is a good certificate for the service and everything around it, by the services' clocks.
func (p *plan) template() Template {
	now := time.Now().Add(p.ahead)
	return Template{
		CommonName: "OpenSRS sandbox",
		Names:      p.names(),
		NotBefore:  now.Add(-time.Hour),
		NotAfter:   now.Add(goodFor),
	}
}

// names are all by which a client may call the services: those of loopback, and the address that they listen on,
// or every one of this host's where that is all of them.
func (p *plan) names() []string {
	names := []string{"localhost", p.name, "127.0.0.1", "::1"}
	switch address := netip.MustParseAddr(p.host); {
	case address.IsUnspecified():
		if host, err := os.Hostname(); err == nil {
			names = append(names, host)
		}
		addresses, _ := net.InterfaceAddrs()
		for _, one := range addresses {
			if prefix, err := netip.ParsePrefix(one.String()); err == nil && !prefix.Addr().IsLoopback() {
				names = append(names, prefix.Addr().String())
			}
		}
	case p.host != "127.0.0.1":
		names = append(names, address.String())
	}
	return names
}

// build opens everything, in the goroutine that calls Start.
func (p *plan) build() error {
	s := p.sandbox
	if err := p.openSources(); err != nil {
		return err
	}
	if err := p.openStatus(); err != nil {
		return err
	}
	if err := p.openControls(); err != nil {
		return err
	}
	address, err := p.openAPI()
	if err != nil {
		return err
	}
	p.apiAddress = address
	_, port, _ := net.SplitHostPort(address)
	byName := net.JoinHostPort(p.name, port)
	p.reachable[address], p.reachable[byName] = address, address
	c := &s.client
	s.URL, c.URL = "https://"+address+"/", "https://"+address+"/"
	if p.named {
		c.URL = "https://" + byName + "/"
	}
	if p.named || p.given {
		s.URL = "https://" + byName + "/"
	}
	c.Controls = s.Controls
	if p.proxy != nil {
		if err := p.openProxy(); err != nil {
			return err
		}
	}
	if s.Proxy != "" { // its name is looked up as that of any other, by a step of the check
		c.Proxy = "http://" + p.called(proxyName, strings.TrimPrefix(s.Proxy, "http://"))
		p.resolver = resolving()
	}
	if p.resolver != nil {
		address, err := p.openNameServer(p.resolver(p))
		if err != nil {
			return err
		}
		c.Resolvers = append(c.Resolvers, address)
	}
	if s.Proxy == "" {
		s.Resolvers = c.Resolvers
	}
	return nil
}

// The names of what is around the service.
const (
	statusName = "status.sandbox.test"
	proxyName  = "proxy.sandbox.test"
	nsName     = "ns.sandbox.test"
	whoamiName = "whoami.sandbox.test" // what the DNS source answers with the caller's address
)

func sourceName(number int) string { return "source-" + strconv.Itoa(number) + ".sandbox.test" }

// called gives a peer on loopback, at an IP:PORT, its name for the check, and gives NAME:PORT.
func (p *plan) called(name, at string) string {
	peer := netip.MustParseAddrPort(at)
	p.sandbox.client.Names[name] = peer.Addr()
	byName := net.JoinHostPort(name, strconv.Itoa(int(peer.Port())))
	p.reachable[at], p.reachable[byName] = at, at
	return byName
}

// openAPI opens the service itself and gives its address.
func (p *plan) openAPI() (string, error) {
	at := net.JoinHostPort(p.host, strconv.Itoa(int(p.port)))
	if p.closed {
		return p.sandbox.group.holdClosed(at)
	}
	listener, err := p.sandbox.group.listen(at)
	if err != nil {
		return "", err
	}
	p.sandbox.api = listener.(*boundedListener)
	address := seenFromHere(listener.Addr())
	if p.host != p.inside {
		p.sandbox.Exposed = listener.Addr().String()
	}
	switch {
	case p.raw != nil:
		p.sandbox.group.serve(listener, func(conn net.Conn) { p.raw(p, conn) })
		return address, nil
	case p.filter != nil:
		listener = p.filtered(listener)
	}
	leaf := p.ca.Issue(p.template())
	if p.leaf != nil {
		leaf = p.leaf(p)
	}
	config := tlsConfig(leaf)
	config.NextProtos = nil // no ALPN: a client that offers http/1.0 alone, as curl can, is none to be refused
	if p.tls != nil {
		p.tls(config)
	}
	p.sandbox.group.serve(listener, func(conn net.Conn) { p.converse(conn, config) })
	return address, nil
}

// tlsConfig is for HTTP/1: the real service does not speak HTTP/2.
func tlsConfig(certificate tls.Certificate) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{certificate},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"http/1.1"},
	}
}

// seenFromHere is a listener's address as a client on this host reaches it.
func seenFromHere(address net.Addr) string {
	at := address.(*net.TCPAddr).AddrPort()
	return net.JoinHostPort(reachedAt(at.Addr().Unmap()), strconv.Itoa(int(at.Port())))
}

// reachedAt is where a client on this host reaches what listens on an address.
func reachedAt(address netip.Addr) string {
	switch {
	case !address.IsUnspecified():
		return address.String()
	case address.Is4():
		return "127.0.0.1"
	}
	return "::1"
}

// caller is who a connection to the API comes from.
type caller struct {
	address netip.Addr // that it counts as
	local   bool       // it is on this machine
}

// callerOf tells callers on this machine from others: by a loopback address at either end, or by the same address at
// both, as a machine has that calls itself by its address in the network.
func (p *plan) callerOf(conn net.Conn) caller {
	remote, local := addressOf(conn.RemoteAddr()), addressOf(conn.LocalAddr())
	if !remote.IsLoopback() && !local.IsLoopback() && remote != local {
		return caller{address: remote}
	}
	return caller{address: netip.MustParseAddr(p.seenAs(conn.RemoteAddr().String(), CallerAddress)), local: true}
}

func addressOf(at net.Addr) netip.Addr {
	parsed, _ := netip.ParseAddrPort(at.String())
	return parsed.Addr().Unmap()
}

// seenAs is the address that a caller on this machine has: the usual one, or that of the proxy it has come through.
func (p *plan) seenAs(remote, usual string) string {
	if _, relayed := p.relayed.Load(remote); relayed && p.proxySees != "" {
		return p.proxySees
	}
	return usual
}

// rulesOf parses the rules of a fault, which are constants of this package.
func rulesOf(texts ...string) []iprules.Rule {
	var rules []iprules.Rule
	for _, text := range texts {
		rules = append(rules, must(iprules.Parse(text)))
	}
	return rules
}

// onlyRoots is a store with these authorities in it.
func onlyRoots(authorities ...*Authority) []*x509.Certificate {
	var roots []*x509.Certificate
	for _, authority := range authorities {
		roots = append(roots, authority.Certificate)
	}
	return roots
}

// isName reports whether a question's name is name, whatever its letters' case.
func isName(asked, name string) bool { return strings.EqualFold(asked, dns.Fqdn(name)) }

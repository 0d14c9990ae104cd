package sandbox

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/observed"
)

// CallerAddress is the public address that every loopback caller counts as.
const CallerAddress = "203.0.113.10"

// Name is the name of the service where a fault needs one and Config gives none: only the sandbox's own name
// server knows it.
const Name = "sandbox.opensrs.test"

// Config says what to start. The zero value is a healthy service on a free port of 127.0.0.1.
type Config struct {
	Listen   string // IP:PORT of the API, IPv4; "": 127.0.0.1:0. All else listens on loopback, whatever this is
	Name     string // a host name that URL and certificate have, for clients with a built-in one; "": none
	Username string // "": made
	Key      []byte // empty: made, 112 hex characters

	// Rules judge the caller's address; empty: all are allowed. Faults of the rules bring their own.
	Rules []iprules.Rule
	Fault string // one of Faults; "": healthy

	// Log gets what was seen of each request, one at a time, before the client has its reply. Nil: no log. As
	// long as it does not return, no other request is answered.
	Log func(observed.Observation)
}

// Sandbox is a running service. Its fields are set by Start and not changed afterwards.
type Sandbox struct {
	URL           string // https://127.0.0.1:PORT/, or with Name where a fault needs a name
	Username      string
	Key           []byte            `json:"-"`
	CA            *x509.Certificate // the root of the good certificates
	CAPEM         []byte
	EgressSources []string // URIs: three by HTTP, two by DNS
	StatusURL     string   // Statuspage JSON
	Controls      []string // HOST:PORT of two TLS peers
	Resolvers     []string // IP:PORT, of a fault of DNS; empty: there is none
	Proxy         string   // URL, of a fault of proxies; "": there is none
	Exposed       string   // IP:PORT where other machines reach the API, which may be 0.0.0.0; "": they do not
	HostsLine     string   // of a hosts file: leads Config.Name to the sandbox. "": there is no name, or it must not be found

	client    Client
	group     *group
	api       *boundedListener // nil: nothing listens
	observing sync.Mutex       // of count and log
	count     int
	log       func(observed.Observation)

	searches *searches
}

// Client is how a check inside this program has to be set up to meet the fault: a fault of DNS comes with a resolver,
// one of the rules with rules, and so on. Everything in it is to be used as it stands. What is around the service has
// names in it, which only Names and Resolvers lead to; a Sandbox has the addresses, for other programs.
type Client struct {
	URL      string // by address, if the fault needs no name: a name that leads to loopback looks like a sinkhole
	Username string // "" where the fault is that there is none
	Key      []byte `json:"-"` // empty likewise

	Rules      []string // as --rule takes them
	RulesGiven bool     // the fault decides on the rules: Rules replace the user's, even if empty

	Resolvers     []string // IP:PORT; empty: the system's
	Proxy         string   // URL; "": none, whatever the environment says
	EgressSources []string
	Controls      []string // by address, as the well-known ones are
	StatusURL     string
	Names         map[string]netip.Addr // of sources and status page

	PublicRoots []*x509.Certificate // stand for the public roots
	SystemRoots []*x509.Certificate // stand for this host's own store
}

// Format keeps the key out of whatever prints a Sandbox.
func (s *Sandbox) Format(f fmt.State, _ rune) { io.WriteString(f, "sandbox at "+s.URL) }

// Format keeps the key out of whatever prints a Client.
func (c Client) Format(f fmt.State, _ rune) { io.WriteString(f, "client of the sandbox at "+c.URL) }

// Client gives the setting of the check that meets this sandbox's fault.
func (s *Sandbox) Client() Client { return s.client }

// Settle waits until the connections to the API that are open have ended, that long at most. A client that has ended may
// leave one whose last words are still to be read, and what they say is worth an observation.
func (s *Sandbox) Settle(atMost time.Duration) {
	for end := time.Now().Add(atMost); s.api != nil && !s.api.idle() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

// Close ends every listener, connection and goroutine of the sandbox, and returns when they are gone. A
// second Close does nothing.
func (s *Sandbox) Close() error {
	s.group.close()
	return nil
}

// Start opens the service, its egress sources, status page and controls. The error is that of UnknownFault,
// or says which address could not be listened on.
func Start(config Config) (*Sandbox, error) {
	if config.Listen == "" {
		config.Listen = "127.0.0.1:0"
	}
	host, port, err := listenAddress(config.Listen)
	if err != nil {
		return nil, err
	}
	fault, err := faultNamed(config.Fault)
	if err != nil {
		return nil, err
	}
	s := &Sandbox{Username: config.Username, Key: config.Key, group: newGroup(), log: config.Log, searches: newSearches()}
	if s.Username == "" {
		s.Username = "sandbox-reseller"
	}
	if len(s.Key) == 0 {
		key := make([]byte, 56)
		rand.Read(key)
		s.Key = []byte(hex.EncodeToString(key))
	}
	p := newPlan(s, config, host, port)
	p.fault = fault
	s.CA, s.CAPEM = p.ca.Certificate, p.ca.PEM()
	s.client = Client{
		Username: s.Username, Key: s.Key,
		PublicRoots: []*x509.Certificate{s.CA}, SystemRoots: []*x509.Certificate{s.CA}, Names: map[string]netip.Addr{},
	}
	for _, rule := range config.Rules {
		s.client.Rules = append(s.client.Rules, rule.String())
	}
	if config.Name != "" && !strings.HasPrefix(fault.id, "dns.") {
		s.HostsLine = p.clientHost() + " " + config.Name
	}
	if fault.prepare != nil {
		err = fault.prepare(p)
	}
	if err == nil {
		err = p.build()
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// CheckListen reports what is wrong with a Config.Listen, before anything is opened.
func CheckListen(text string) error {
	_, _, err := listenAddress(text)
	return err
}

// listenAddress takes HOST:PORT apart. The host must be an address: which one a name means is a question
// that this machine's resolver may answer wrongly. It must be IPv4, as the service's is.
func listenAddress(text string) (host string, port uint16, err error) {
	host, number, err := net.SplitHostPort(text)
	if err != nil {
		return "", 0, fmt.Errorf("%s is not IP:PORT", quoted(text))
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	address, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		return "", 0, fmt.Errorf("%s is not an IP address", quoted(host))
	case !address.Is4():
		return "", 0, errors.New("the service speaks IPv4, and so does the sandbox")
	}
	value, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("%s is not a port", quoted(number))
	}
	return host, uint16(value), nil
}

// goodFor is how long a certificate of the sandbox is valid.
const goodFor = 90 * 24 * time.Hour

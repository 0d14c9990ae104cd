package sandbox

import (
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"opensrs-doctor/probes/lazy"

	"github.com/miekg/dns"
)

// openNameServer opens a name server on UDP and TCP with one port number, and gives its address.
func (p *plan) openNameServer(handle dns.HandlerFunc) (string, error) {
	g := p.sandbox.group
	listener, packets, err := sameFreePort(p.inside)
	if err != nil {
		return "", err
	}
	for _, server := range []*dns.Server{
		{Listener: g.bounded(listener), ReadTimeout: headTime, WriteTimeout: headTime},
		{PacketConn: packets},
	} {
		started := make(chan error, 2)
		server.Handler = handle
		server.NotifyStartedFunc = func() { started <- nil }
		g.run(func() { started <- server.ActivateAndServe() })
		if err := <-started; err != nil {
			return "", err
		}
		g.own(closerFunc(server.Shutdown)) // waits for the handlers
	}
	return seenFromHere(listener.Addr()), nil
}

type closer struct{ close func() error }

func closerFunc(close func() error) *closer { return &closer{close} }

// Close calls the function.
func (c *closer) Close() error { return c.close() }

// sameFreePort finds a port that is free for both protocols.
func sameFreePort(host string) (net.Listener, net.PacketConn, error) {
	var last error
	for range 20 {
		listener, err := net.Listen("tcp4", net.JoinHostPort(host, "0"))
		if err != nil {
			return nil, nil, err
		}
		packets, err := net.ListenPacket("udp4", listener.Addr().String())
		if err == nil {
			return listener, packets, nil
		}
		listener.Close()
		last = err
	}
	return nil, nil, last
}

// whoami is the DNS egress source. Only this machine can ask it.
func (p *plan) whoami(w dns.ResponseWriter, question *dns.Msg) {
	reply := new(dns.Msg).SetReply(question)
	q := question.Question[0]
	switch {
	case p.deaf:
		reply.Rcode = dns.RcodeRefused
	case !isName(q.Name, whoamiName):
		reply.Rcode = dns.RcodeNameError
	default:
		address := netip.MustParseAddr(CallerAddress)
		if q.Qtype == dns.TypeTXT {
			reply.Answer = []dns.RR{&dns.TXT{Hdr: header(q, dns.TypeTXT), Txt: []string{address.String()}}}
		} else {
			reply.Answer = addressRecords(q, address)
		}
	}
	w.WriteMsg(reply)
}

// ttl of every record, in seconds: nobody shall keep what another sandbox says differently.
const ttl = 1

func header(q dns.Question, kind uint16) dns.RR_Header {
	return dns.RR_Header{Name: q.Name, Rrtype: kind, Class: q.Qclass, Ttl: ttl}
}

// addressRecords gives the records of a question's type among some addresses.
func addressRecords(q dns.Question, addresses ...netip.Addr) []dns.RR {
	var records []dns.RR
	for _, address := range addresses {
		switch {
		case q.Qtype == dns.TypeA && address.Is4():
			records = append(records, &dns.A{Hdr: header(q, dns.TypeA), A: address.AsSlice()})
		case q.Qtype == dns.TypeAAAA && address.Is6():
			records = append(records, &dns.AAAA{Hdr: header(q, dns.TypeAAAA), AAAA: address.AsSlice()})
		}
	}
	return records
}

// wellKnown are names that a resolver of the sandbox answers besides those of its world, with an address that
// leads nowhere: enough to see that other names resolve. Every name that is not here does not exist.
var wellKnown = []string{"example.com", "example.net", "example.org"}

var nowhere = lazy.Value[netip.Addr]{Make: func() netip.Addr {
	return netip.MustParseAddr("192.0.2.1")
}}

// resolver makes a name server of a world.
type resolver func(*plan) dns.HandlerFunc

// resolving is one in which the service's name has these addresses.
func resolving(addresses ...string) resolver {
	var service []netip.Addr
	for _, address := range addresses {
		service = append(service, netip.MustParseAddr(address))
	}
	return func(p *plan) dns.HandlerFunc {
		return func(w dns.ResponseWriter, question *dns.Msg) {
			reply := new(dns.Msg).SetReply(question)
			reply.RecursionAvailable = true
			q := question.Question[0]
			asked := strings.ToLower(strings.TrimSuffix(q.Name, "."))
			peer := p.sandbox.client.Names[asked]
			switch {
			case isName(q.Name, p.name):
				if reply.Answer = addressRecords(q, service...); len(service) == 0 {
					reply.Rcode = dns.RcodeNameError
				}
			case peer.IsValid():
				reply.Answer = addressRecords(q, peer)
			case slices.Contains(wellKnown, asked):
				reply.Answer = addressRecords(q, nowhere.Get())
			default:
				reply.Rcode = dns.RcodeNameError
			}
			w.WriteMsg(reply)
		}
	}
}

// everyName is a resolver of a captive portal: whatever is asked for, it is here.
func everyName(address string) resolver {
	here := netip.MustParseAddr(address)
	return func(*plan) dns.HandlerFunc {
		return func(w dns.ResponseWriter, question *dns.Msg) {
			reply := new(dns.Msg).SetReply(question)
			reply.RecursionAvailable = true
			reply.Answer = addressRecords(question.Question[0], here)
			w.WriteMsg(reply)
		}
	}
}

// failing is a resolver that answers everything with one code.
func failing(rcode int) resolver {
	return func(*plan) dns.HandlerFunc {
		return func(w dns.ResponseWriter, question *dns.Msg) {
			w.WriteMsg(new(dns.Msg).SetRcode(question, rcode))
		}
	}
}

// silentResolver is an address at which a resolver should be: questions by UDP are not answered, TCP is
// refused.
func (p *plan) silentResolver() (string, error) {
	return p.sandbox.group.holdBoth(p.inside, func(at string) (io.Closer, error) {
		return net.ListenPacket("udp4", at) // never read: the kernel drops what does not fit
	})
}

// absentResolver is an address at which no resolver runs: UDP and TCP are refused.
func (p *plan) absentResolver() (string, error) {
	return p.sandbox.group.holdBoth(p.inside, func(at string) (io.Closer, error) {
		local, err := net.ResolveUDPAddr("udp", at)
		if err != nil {
			return nil, err
		}
		// Connected to another peer, the socket keeps the port and takes nobody else's packets.
		return net.DialUDP("udp", local, &net.UDPAddr{IP: local.IP, Port: 9})
	})
}

// holdBoth holds one port number closed for TCP, and for UDP by what hold opens.
func (g *group) holdBoth(host string, hold func(at string) (io.Closer, error)) (string, error) {
	var last error
	for range 20 {
		at, err := g.holdClosed(net.JoinHostPort(host, "0"))
		if err != nil {
			return "", err
		}
		held, err := hold(at)
		if err == nil {
			g.own(held)
			return at, nil
		}
		last = err
	}
	return "", last
}

// holdClosed keeps a TCP port so that nobody listens on it and nobody else gets it: it is the local end of
// a connection to this process. Connecting to it is refused.
func (g *group) holdClosed(at string) (string, error) {
	host, number, err := net.SplitHostPort(at)
	if err != nil {
		return "", err
	}
	port, err := strconv.Atoi(number)
	if err != nil {
		return "", err
	}
	listener, err := net.Listen("tcp4", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", err
	}
	defer listener.Close() // before anybody else can find it
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(host), Port: port}, Control: reuse}
	conn, err := dialer.DialContext(g.ctx, "tcp", seenFromHere(listener.Addr()))
	if err != nil {
		return "", err
	}
	conn.(*net.TCPConn).SetLinger(0) // ends with a reset: else the port would be taken for a minute after the sandbox
	g.own(conn)
	for {
		other, err := listener.Accept()
		if err != nil {
			return "", err
		}
		if other.RemoteAddr().String() == conn.LocalAddr().String() {
			other.(*net.TCPConn).SetLinger(0)
			g.own(other)
			return seenFromHere(conn.LocalAddr()), nil
		}
		other.Close()
	}
}

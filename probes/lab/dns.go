//go:build linux

package lab

import (
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// Zone is what the lab's names mean: lowercase names without the last dot, to addresses of both kinds.
type Zone map[string][]string

// Resolver is a name server on the far side.
type Resolver struct {
	Address string // without the port, which is 53
	Dead    bool   // queries vanish
	Closed  bool   // nothing listens: port unreachable

	Rcode   int                                 // another than NOERROR: given for everything
	Only    string                              // Rcode only for this name and those below it
	Captive string                              // every name is this address
	Delay   time.Duration                       // before each answer
	TCPOnly bool                                // silence over UDP
	Answer  func(dns.Question) (*dns.Msg, bool) // first: what to answer, and whether it does

	Queries Seen // who asked
}

func (w *World) serveDNS(r *Resolver) {
	if r.Dead {
		w.drop(r.Address, "53")
		return
	}
	if r.Closed {
		return
	}
	address := net.JoinHostPort(r.Address, "53")
	tcp := &dns.Server{Listener: w.Far.Listen(address), Handler: w.answers(r)}
	w.tb.Cleanup(func() { _ = tcp.Shutdown() })
	go tcp.ActivateAndServe()
	if r.TCPOnly {
		w.Far.Filter("input", "ip daddr "+r.Address+" udp dport 53 drop")
		return
	}
	udp := &dns.Server{PacketConn: w.Far.ListenPacket(address), Handler: w.answers(r)}
	w.tb.Cleanup(func() { _ = udp.Shutdown() })
	go udp.ActivateAndServe()
}

func (w *World) answers(r *Resolver) dns.HandlerFunc {
	return func(rw dns.ResponseWriter, query *dns.Msg) {
		if from, err := netip.ParseAddrPort(rw.RemoteAddr().String()); err == nil {
			r.Queries.Add(from.Addr())
		}
		if r.Delay > 0 {
			<-time.After(r.Delay)
		}
		_ = rw.WriteMsg(w.answer(r, query, rw.RemoteAddr()))
	}
}

func (w *World) answer(r *Resolver, query *dns.Msg, from net.Addr) *dns.Msg {
	reply := new(dns.Msg).SetReply(query)
	reply.RecursionAvailable = true
	if len(query.Question) != 1 {
		reply.Rcode = dns.RcodeFormatError
		return reply
	}
	question := query.Question[0]
	if r.Answer != nil {
		if special, ok := r.Answer(question); ok {
			rcode := special.Rcode
			special.SetReply(query).Rcode = rcode // SetReply would make it a success
			return special
		}
	}
	name := strings.ToLower(strings.TrimSuffix(question.Name, "."))
	if r.Rcode != dns.RcodeSuccess && (r.Only == "" || name == r.Only || strings.HasSuffix(name, "."+r.Only)) {
		reply.Rcode = r.Rcode
		return reply
	}
	addresses, known := w.Zone[name]
	switch {
	case r.Captive != "":
		addresses, known = []string{r.Captive}, true
	case name == whoami:
		host, _, _ := net.SplitHostPort(from.String())
		addresses, known = []string{host}, true
	}
	if !known && !w.Zone.below(name) {
		reply.Rcode = dns.RcodeNameError
		return reply
	}
	for _, text := range addresses {
		address := netip.MustParseAddr(text)
		header := dns.RR_Header{Name: question.Name, Class: dns.ClassINET, Ttl: 60, Rrtype: question.Qtype}
		switch {
		case address.Is4() && question.Qtype == dns.TypeA:
			reply.Answer = append(reply.Answer, &dns.A{Hdr: header, A: address.AsSlice()})
		case address.Is6() && question.Qtype == dns.TypeAAAA:
			reply.Answer = append(reply.Answer, &dns.AAAA{Hdr: header, AAAA: address.AsSlice()})
		}
	}
	return reply
}

// whoami is a name whose address is the asker's, for egress sources by DNS.
const whoami = "whoami.example"

// below reports whether a name has names below it: it then exists, without an address.
func (z Zone) below(name string) bool {
	for known := range z {
		if strings.HasSuffix(known, "."+name) {
			return true
		}
	}
	return false
}

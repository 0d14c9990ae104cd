//go:build !windows

package probes

import (
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"

	"opensrs-doctor/probes/evidence"
)

// Name servers of these tests answer over UDP, which Wine does not let a test serve.

// What a name server says of a name, over which transport it came, and what that is.
func TestAsk(t *testing.T) {
	four, six := netip.MustParseAddr("198.51.100.10"), netip.MustParseAddr("2001:db8::10")
	cut := func(question *dns.Msg) *dns.Msg {
		reply := answering(question, dns.RcodeSuccess)
		reply.Truncated = true
		return reply
	}
	another := func(question *dns.Msg) *dns.Msg {
		reply := answering(question, dns.RcodeSuccess, four)
		reply.Question[0].Name = "other.example."
		return reply
	}
	for name, test := range map[string]struct {
		say       func(question *dns.Msg, tcp bool) *dns.Msg
		addresses []netip.Addr
		transport string
		rcode     string
		kind      evidence.Kind
	}{
		"IPv4 only":       {func(q *dns.Msg, _ bool) *dns.Msg { return answering(q, 0, four) }, []netip.Addr{four}, "udp", "NOERROR", ""},
		"IPv6 only":       {func(q *dns.Msg, _ bool) *dns.Msg { return answering(q, 0, six) }, []netip.Addr{six}, "udp", "NOERROR", ""},
		"no address":      {func(q *dns.Msg, _ bool) *dns.Msg { return answering(q, 0) }, nil, "udp", "NOERROR", evidence.KindNoData},
		"no such name":    {func(q *dns.Msg, _ bool) *dns.Msg { return answering(q, dns.RcodeNameError) }, nil, "udp", "NXDOMAIN", evidence.KindNXDomain},
		"it fails":        {func(q *dns.Msg, _ bool) *dns.Msg { return answering(q, dns.RcodeServerFailure) }, nil, "udp", "SERVFAIL", evidence.KindServFail},
		"it refuses":      {func(q *dns.Msg, _ bool) *dns.Msg { return answering(q, dns.RcodeRefused) }, nil, "udp", "REFUSED", evidence.KindDNSRefused},
		"not implemented": {func(q *dns.Msg, _ bool) *dns.Msg { return answering(q, dns.RcodeNotImplemented) }, nil, "udp", "NOTIMP", evidence.KindBadAnswer},
		"an odd code":     {func(q *dns.Msg, _ bool) *dns.Msg { return answering(q, 14) }, nil, "udp", "RCODE14", evidence.KindBadAnswer},
		"whole by TCP": {func(q *dns.Msg, tcp bool) *dns.Msg {
			if !tcp {
				return cut(q)
			}
			return answering(q, 0, four)
		}, []netip.Addr{four}, "tcp", "NOERROR", ""},
		"cut short in both": {func(q *dns.Msg, _ bool) *dns.Msg { return cut(q) }, nil, "tcp", "NOERROR", evidence.KindBadAnswer},
		"another question":  {func(q *dns.Msg, _ bool) *dns.Msg { return another(q) }, nil, "", "", evidence.KindBadAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			server := nameServerSaying(t, test.say)
			got := worldOf(t, Options{}).resolver.ask(t.Context(), server, "api.example")
			if addresses := append(slices.Clone(got.A), got.AAAA...); !slices.Equal(addresses, test.addresses) || got.Rcode != test.rcode ||
				kindOfFailure(got.Failure) != test.kind || test.rcode != "" && got.Transport != test.transport || got.OnlyTCP {
				t.Errorf("%+v, %v", got, got.Failure)
			}
		})
	}
}

// A port that nobody listens at is told from silence, and of one that TCP alone answers, that is said.
func TestAskWithoutUDP(t *testing.T) {
	four := netip.MustParseAddr("198.51.100.10")
	r := worldOf(t, Options{}).resolver
	if got := r.ask(t.Context(), closedPort(t), "api.example"); kindOfFailure(got.Failure) != evidence.KindRefused {
		t.Errorf("a closed port: %+v", got)
	}
	streams, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{Listener: streams, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, question *dns.Msg) {
		w.WriteMsg(answering(question, dns.RcodeSuccess, four))
	})}
	go server.ActivateAndServe()
	defer streams.Close()
	got := r.ask(t.Context(), streams.Addr().(*net.TCPAddr).AddrPort(), "api.example")
	if !got.OnlyTCP || got.Transport != "tcp" || !slices.Equal(got.A, []netip.Addr{four}) {
		t.Errorf("TCP only: %+v", got)
	}
}

// A name that nobody has registered and one that should exist are put to the resolvers; an address is not a name to invent
// another for.
func TestNames(t *testing.T) {
	four := netip.MustParseAddr("198.51.100.10")
	server := nameServerSaying(t, func(question *dns.Msg, _ bool) *dns.Msg {
		if question.Question[0].Name == "status.example." {
			return answering(question, dns.RcodeSuccess, four)
		}
		return answering(question, dns.RcodeNameError)
	})
	for endpoint, invented := range map[string]bool{"api.example": true, "192.0.2.1": false} {
		x := begunExperiments(t, worldOf(t, Options{}))
		x.world.resolver.servers = []netip.AddrPort{server}
		x.names(endpoint, "status.example")
		found := x.wait(t.Context())
		if (found.madeUp != nil) != invented || invented && (found.madeUp.Rcode != "NXDOMAIN" || len(found.madeUpName) != 24+len(".com")) {
			t.Errorf("%s: %q is %+v", endpoint, found.madeUpName, found.madeUp)
		}
		if found.otherName != "status.example" || found.other == nil || !slices.Equal(found.other.A, []netip.Addr{four}) {
			t.Errorf("%s: %q is %+v", endpoint, found.otherName, found.other)
		}
	}
	x := begunExperiments(t, worldOf(t, Options{}))
	x.udp(server, "api.example")
	if found := x.wait(t.Context()); found.onlyTCP != "" {
		t.Errorf("UDP works, and %s is said to answer by TCP alone", found.onlyTCP)
	}
}

// A name that is known is put to no resolver, not even to one that has another answer.
func TestKnownNamesAreNotAskedFor(t *testing.T) {
	var asked atomic.Int32
	at := nameServerSaying(t, func(question *dns.Msg, _ bool) *dns.Msg {
		asked.Add(1)
		return new(dns.Msg).SetRcode(question, dns.RcodeNameError)
	})
	r := newResolver(t.Context(), []netip.AddrPort{at}, netip.Addr{}, nil)
	r.know(map[string]netip.Addr{"source-1.sandbox.test": netip.MustParseAddr("127.0.0.1")})
	found, err := r.lookup(t.Context(), "Source-1.sandbox.test.")
	if err != nil || len(found) != 1 || !found[0].IsLoopback() || asked.Load() != 0 {
		t.Errorf("%v, %v; %d questions", found, err, asked.Load())
	}
}

package probes

import (
	"net"
	"net/netip"
	"testing"

	"github.com/miekg/dns"

	"opensrs-doctor/probes/evidence"
)

// nameServer answers each question on loopback: with an A record where address is valid, else with the code.
func nameServer(t *testing.T, address netip.Addr, code int) netip.AddrPort {
	return nameServerSaying(t, func(question *dns.Msg, _ bool) *dns.Msg { return answering(question, code, address) })
}

// answering is an answer with those of the addresses that were asked for.
func answering(question *dns.Msg, code int, addresses ...netip.Addr) *dns.Msg {
	reply := new(dns.Msg).SetRcode(question, code)
	head := dns.RR_Header{Name: question.Question[0].Name, Rrtype: question.Question[0].Qtype, Class: dns.ClassINET, Ttl: 60}
	for _, address := range addresses {
		switch {
		case !address.IsValid():
		case address.Is4() && head.Rrtype == dns.TypeA:
			reply.Answer = append(reply.Answer, &dns.A{A: address.AsSlice(), Hdr: head})
		case address.Is6() && head.Rrtype == dns.TypeAAAA:
			reply.Answer = append(reply.Answer, &dns.AAAA{AAAA: address.AsSlice(), Hdr: head})
		}
	}
	return reply
}

// nameServerSaying answers over UDP and TCP, at one port of loopback, what say gives; nil is silence.
func nameServerSaying(t *testing.T, say func(question *dns.Msg, tcp bool) *dns.Msg) netip.AddrPort {
	t.Helper()
	var packets net.PacketConn
	var streams net.Listener
	for range 20 { // the port that UDP is given may be taken in TCP
		var err error
		if packets, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		if streams, err = net.Listen("tcp", packets.LocalAddr().String()); err == nil {
			break
		}
		packets.Close()
	}
	if streams == nil {
		t.Fatal("no port is free in both")
	}
	for _, server := range []*dns.Server{{PacketConn: packets}, {Listener: streams}} {
		ready := make(chan struct{})
		server.NotifyStartedFunc = func() { close(ready) }
		server.Handler = dns.HandlerFunc(func(w dns.ResponseWriter, question *dns.Msg) {
			if reply := say(question, server.Listener != nil); reply != nil {
				w.WriteMsg(reply)
			}
		})
		go server.ActivateAndServe()
		<-ready
		t.Cleanup(func() { server.Shutdown() })
	}
	return packets.LocalAddr().(*net.UDPAddr).AddrPort()
}

// The replies to both questions make one answer, whichever has something to say.
func TestTake(t *testing.T) {
	four, six := netip.MustParseAddr("198.51.100.10"), netip.MustParseAddr("2001:db8::10")
	reply := func(qtype uint16, code int, addresses ...netip.Addr) result {
		return result{msg: answering(new(dns.Msg).SetQuestion("api.example.", qtype), code, addresses...), transport: "udp"}
	}
	lost := result{err: &evidence.Failure{Kind: evidence.KindTimeout}}
	for name, test := range map[string]struct {
		replies []result
		a, aaaa int
		rcode   string
		kind    evidence.Kind // also where addresses came: ask takes it away then
	}{
		"both":                   {[]result{reply(dns.TypeA, 0, four), reply(dns.TypeAAAA, 0, six)}, 1, 1, "NOERROR", evidence.KindNoData},
		"AAAA fails":             {[]result{reply(dns.TypeA, 0, four), reply(dns.TypeAAAA, dns.RcodeServerFailure)}, 1, 0, "NOERROR", evidence.KindNoData},
		"no A, and AAAA fails":   {[]result{reply(dns.TypeA, 0), reply(dns.TypeAAAA, dns.RcodeServerFailure)}, 0, 0, "SERVFAIL", evidence.KindServFail},
		"A fails, AAAA says yes": {[]result{reply(dns.TypeA, dns.RcodeServerFailure), reply(dns.TypeAAAA, 0, six)}, 0, 1, "SERVFAIL", evidence.KindServFail},
		"A is lost":              {[]result{lost, reply(dns.TypeAAAA, 0, six)}, 0, 1, "NOERROR", evidence.KindNoData},
		"AAAA is lost":           {[]result{reply(dns.TypeA, 0), lost}, 0, 0, "NOERROR", evidence.KindNoData},
		"both are lost":          {[]result{lost, lost}, 0, 0, "", evidence.KindTimeout},
	} {
		answer := evidence.DNSAnswer{}
		for _, one := range test.replies {
			take(&answer, one)
		}
		if len(answer.A) != test.a || len(answer.AAAA) != test.aaaa || answer.Rcode != test.rcode || kindOfFailure(answer.Failure) != test.kind {
			t.Errorf("%s: %+v, %v", name, answer, answer.Failure)
		}
	}
}

// A question that got no answer may have been lost; one that this system could not ask was not.
func TestLostOnPath(t *testing.T) {
	for kind, want := range map[evidence.Kind]bool{evidence.KindTimeout: true, evidence.KindRefused: true, evidence.KindUnreachable: true,
		evidence.KindProhibited: true, evidence.KindNoDescriptors: false, evidence.KindNotPermitted: false, evidence.KindBadAnswer: false} {
		if got := lostOnPath(&evidence.Failure{Kind: kind}); got != want {
			t.Errorf("%s: %v", kind, got)
		}
	}
	if !lostOnPath(nil) {
		t.Error("no answer and no error is not lost")
	}
}

package probes

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"

	"opensrs-doctor/probes/classify"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
)

// Spacing of the tries of one query, inside its context: a lost packet costs well under a second, and
// a server that is deaf on UDP is asked over TCP.
const (
	secondTry = 700 * time.Millisecond
	thirdTry  = 1800 * time.Millisecond
	tcpTry    = 1100 * time.Millisecond
)

// ask puts a name to one server, A and AAAA at once. Failure is nil where at least one address came.
func (r *resolver) ask(ctx context.Context, server netip.AddrPort, name string) evidence.DNSAnswer {
	start := time.Now()
	answer := evidence.DNSAnswer{Resolver: server.String()}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	six := make(chan result, 1)
	go func() { six <- r.query(ctx, server, name, dns.TypeAAAA, dns.ClassINET) }()
	four := r.query(ctx, server, name, dns.TypeA, dns.ClassINET)
	take(&answer, four)
	if r.deep {
		answer.Replies = append(answer.Replies, replyOf(dns.TypeA, four))
	}
	answer.TookMS = evidence.Milliseconds(time.Since(start))
	if four.err == nil {
		// The address is here. A server that swallows AAAA questions must not hold it up.
		patience := time.NewTimer(100*time.Millisecond + time.Since(start))
		defer patience.Stop()
		if len(answer.A) == 0 && answer.Rcode == "NOERROR" {
			patience.Reset(time.Second) // without an A record the AAAA decides what it means
		}
		select {
		case reply := <-six:
			take(&answer, reply)
			if r.deep {
				answer.Replies = append(answer.Replies, replyOf(dns.TypeAAAA, reply))
			}
		case <-patience.C:
			if r.deep {
				answer.Replies = append(answer.Replies, silentReply(dns.TypeAAAA))
			}
		}
	}
	if len(answer.A)+len(answer.AAAA) > 0 {
		answer.Failure = nil
	}
	return answer
}

// result is the reply to one question.
type result struct {
	msg       *dns.Msg
	transport string
	err       error
	scrub     *foreign.Scrubber
	noUDP     bool // the reply came over TCP, and none over UDP until then
}

// maxAddresses is how many addresses of one family are kept of one answer.
const maxAddresses = 32

// take adds the reply to one question to the answer.
func take(a *evidence.DNSAnswer, reply result) {
	if reply.err != nil {
		if a.Rcode == "" {
			a.Failure, a.Transport = classify.Error(evidence.OpQuery, reply.err, reply.scrub), reply.transport
		}
		return
	}
	rcode := rcodeName(reply.msg.Rcode)
	if a.Rcode == "" || a.Rcode == "NOERROR" && rcode != "NOERROR" && len(a.A) == 0 {
		a.Rcode, a.Transport = rcode, reply.transport
	}
	a.OnlyTCP = a.OnlyTCP || reply.noUDP
	var targets []string
	for _, record := range reply.msg.Answer {
		switch record := record.(type) {
		case *dns.A:
			if address, ok := netip.AddrFromSlice(record.A.To4()); ok && len(a.A) < maxAddresses {
				a.A = append(a.A, address)
			}
		case *dns.AAAA:
			if address, ok := netip.AddrFromSlice(record.AAAA.To16()); ok && len(a.AAAA) < maxAddresses && !reply.scrub.InAddress(address) {
				a.AAAA = append(a.AAAA, address)
			}
		case *dns.CNAME:
			if len(targets) < 8 {
				targets = append(targets, labels(record.Target))
			}
		}
	}
	if len(targets) > 0 && len(a.CNAME) == 0 { // both questions bring them
		a.CNAME = reply.scrub.QuoteNames(targets, 253)
	}
	a.Failure = rcodeFailure(a.Rcode)
	if reply.msg.Truncated && a.Rcode == "NOERROR" {
		a.Failure = &evidence.Failure{Op: evidence.OpQuery, Kind: evidence.KindBadAnswer,
			Detail: foreign.Ours("the answer is cut short over UDP, and TCP port 53 does not bring the whole")}
	}
}

func rcodeName(code int) string {
	if name := dns.RcodeToString[code]; name != "" {
		return name
	}
	return fmt.Sprintf("RCODE%d", code)
}

// rcodeFailure is what a return code means where no address came with it.
func rcodeFailure(rcode string) *evidence.Failure {
	kind, words := evidence.KindBadAnswer, foreign.Ours("an unusual return code")
	switch rcode {
	case "NOERROR":
		kind, words = evidence.KindNoData, foreign.Ours("NOERROR")
	case "NXDOMAIN":
		kind, words = evidence.KindNXDomain, foreign.Ours("NXDOMAIN")
	case "SERVFAIL":
		kind, words = evidence.KindServFail, foreign.Ours("SERVFAIL")
	case "REFUSED":
		kind, words = evidence.KindDNSRefused, foreign.Ours("REFUSED")
	case "FORMERR":
		words = foreign.Ours("FORMERR")
	case "NOTIMP":
		words = foreign.Ours("NOTIMP")
	}
	return &evidence.Failure{Op: evidence.OpQuery, Kind: kind, Detail: words}
}

// query puts one question to one server: UDP, again after a pause, and TCP where UDP is deaf, refused or
// truncated. The first usable reply counts.
func (r *resolver) query(ctx context.Context, server netip.AddrPort, name string, qtype, class uint16) result {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	replies := make(chan result, 4)
	running, tcpStarted := 0, false
	try := func(transport string) {
		running++
		tcpStarted = tcpStarted || transport == "tcp"
		go func() { replies <- r.exchange(ctx, server, transport, name, qtype, class) }()
	}
	try("udp")
	again, tcp, last := time.After(secondTry), time.After(tcpTry), time.After(thirdTry)
	first := result{scrub: r.scrub}
	var wholeIn <-chan time.Time // how long the whole of a truncated reply may take over TCP
	for {
		select {
		case reply := <-replies:
			running--
			truncated := reply.err == nil && reply.msg.Truncated && reply.transport == "udp"
			if reply.err == nil && !truncated {
				reply.noUDP = reply.transport == "tcp" && first.msg == nil && lostOnPath(first.err)
				return reply
			}
			if first.err == nil && first.msg == nil || truncated {
				first = reply
			}
			if truncated && wholeIn == nil {
				wholeIn = time.After(tcpTry)
			}
			if !tcpStarted {
				try("tcp")
			} else if running == 0 {
				return first // a truncated reply is better than none
			}
		case <-wholeIn:
			return first // a truncated reply is better than none
		case <-again:
			try("udp")
		case <-last:
			try("udp")
		case <-tcp:
			if !tcpStarted {
				try("tcp")
			}
		case <-ctx.Done():
			if first.msg != nil || first.err != nil {
				return first
			}
			return result{err: ctx.Err(), scrub: r.scrub}
		}
	}
}

// lostOnPath reports whether a question got no answer, or a no from the network. Another error is of this system, which
// could not ask.
func lostOnPath(err error) bool {
	if err == nil {
		return true
	}
	switch classify.Error(evidence.OpQuery, err, nil).Kind {
	case evidence.KindTimeout, evidence.KindRefused, evidence.KindUnreachable, evidence.KindProhibited:
		return true
	}
	return false
}

func (r *resolver) exchange(ctx context.Context, server netip.AddrPort, transport, name string, qtype, class uint16) result {
	question := new(dns.Msg)
	question.SetQuestion(dns.Fqdn(name), qtype)
	question.Question[0].Qclass = class
	dialer := &net.Dialer{}
	if r.sourceIP.IsValid() && r.sourceIP.Is4() == server.Addr().Unmap().Is4() {
		if transport == "udp" {
			dialer.LocalAddr = &net.UDPAddr{IP: r.sourceIP.AsSlice()}
		} else {
			dialer.LocalAddr = &net.TCPAddr{IP: r.sourceIP.AsSlice()}
		}
	}
	client := &dns.Client{Net: transport, Dialer: dialer, Timeout: time.Minute} // the context ends it
	conn, err := client.DialContext(ctx, server.String())
	var msg *dns.Msg
	if err == nil {
		if transport == "tcp" {
			r.accepting.Store(server, true)
		}
		msg, _, err = client.ExchangeWithConnContext(ctx, question, conn)
		conn.Close()
	}
	if err == nil && (msg == nil || !answers(msg, question)) {
		err = &evidence.Failure{Op: evidence.OpQuery, Kind: evidence.KindBadAnswer, Detail: foreign.Ours("the reply is to another question")}
	}
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return result{msg: msg, transport: transport, err: err, scrub: r.scrub}
}

// answers reports whether a message is a reply to that question. Some servers leave the question out.
func answers(msg, question *dns.Msg) bool {
	if !msg.Response || len(msg.Question) > 1 {
		return false
	}
	if len(msg.Question) == 0 {
		return true
	}
	got, asked := msg.Question[0], question.Question[0]
	return strings.EqualFold(got.Name, asked.Name) && got.Qtype == asked.Qtype && got.Qclass == asked.Qclass
}

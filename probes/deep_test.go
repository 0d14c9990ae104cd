package probes

import (
	"context"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/miekg/dns"

	"opensrs-doctor/probes/evidence"
)

// TestTrips: every result counts once, and only answers have times.
func TestTrips(t *testing.T) {
	one, none := 1, 0
	var counted trips
	counted.add(12, nil, &one)
	told := counted.facts
	counted.add(10, nil, &none)
	counted.add(2500, &evidence.Failure{Kind: evidence.KindTimeout}, nil)
	counted.add(30, &evidence.Failure{Kind: evidence.KindRefused}, nil)
	counted.add(7, &evidence.Failure{Kind: evidence.KindProhibited}, nil)
	got := counted.facts
	if got.Sent != 5 || got.Answered != 3 || got.Refused != 1 || got.Lost != 1 || got.Failed != 1 || *got.Resent != 1 {
		t.Errorf("%+v", got)
	}
	if got.MinMS != 10 || got.MedianMS != 12 || got.MaxMS != 30 || got.Failure.Kind != evidence.KindProhibited {
		t.Errorf("%+v", got)
	}
	if told.Sent != 1 || *told.Resent != 1 {
		t.Errorf("figures told before were changed: %+v", told)
	}
}

// TestRoundTrips connects to a listener of this machine, and is cut off by the end of the run.
func TestRoundTrips(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var last evidence.RoundTrips
	(&world{}).roundTrips(ctx, listener.Addr().(*net.TCPAddr).AddrPort(), time.Minute, func(sofar evidence.RoundTrips) {
		if last = sofar; sofar.Sent == 2 {
			cancel()
		}
	})
	if last.Sent < 2 || last.Sent > 3 || last.Answered != last.Sent || last.MinMS <= 0 || last.MinMS > last.MaxMS {
		t.Errorf("%+v", last)
	}
}

// TestRouteToLoopback: the interface is known everywhere, and on Linux the kernel itself says that there is no gateway.
func TestRouteToLoopback(t *testing.T) {
	loopback := netip.MustParseAddr("127.0.0.1")
	r := &run{w: &world{}}
	route := r.route([]netip.Addr{loopback})
	if route == nil || route.Interface == "" || route.MTU == 0 || route.LocalAddress != loopback || route.Gateway.IsValid() {
		t.Fatalf("%+v", route)
	}
	if route.GatewayKnown != (runtime.GOOS == "linux") {
		t.Errorf("the kernel was asked: %v", route.GatewayKnown)
	}
}

// TestReplyOf keeps the records about addresses, a bounded number of them, and no control characters.
func TestReplyOf(t *testing.T) {
	msg := new(dns.Msg)
	msg.Rcode = 4095
	for range 2 * maxRecords {
		record, err := dns.NewRR("a.example. 60 IN CNAME b\x07.example.")
		if err != nil {
			t.Fatal(err)
		}
		msg.Answer = append(msg.Answer, record)
	}
	reply := replyOf(dns.TypeA, result{msg: msg, transport: "udp"})
	if reply.Type != "A" || reply.Rcode != "RCODE4095" || len(reply.Records) != maxRecords || reply.Records[0].TTL != 60 {
		t.Errorf("%+v", reply)
	}
	for _, c := range reply.Records[0].Value.String() {
		if c < ' ' {
			t.Errorf("a control character: %q", reply.Records[0].Value)
		}
	}
}

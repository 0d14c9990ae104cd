package traceroute

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"opensrs-doctor/probes/evidence"
)

// A packet whose TTL the system did not take would go all the way, and its answer would be read as a nearer
// place's: it is not sent, and counts as no answer and as no silence.
func TestHopWithoutItsTTLIsNotSent(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	to := listener.Addr().(*net.TCPAddr).AddrPort()
	const none = 300 // more than an IP header holds
	for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM} {
		hop := openHop(to, kind, none, netip.Addr{})
		if hop.err == nil {
			t.Fatalf("sent with a TTL of %d", none)
		}
		rest := pollHops([]*askedHop{hop}, time.Millisecond, time.Second, func(h evidence.Hop) { t.Errorf("it answers: %+v", h) })
		if len(rest) > 0 {
			t.Error("it is waited for")
		}
	}
	listener.(*net.TCPListener).SetDeadline(time.Now().Add(50 * time.Millisecond))
	if conn, err := listener.Accept(); err == nil {
		conn.Close()
		t.Error("a packet came")
	}
	if hops, _, unsent := walkOne(context.Background(), netip.Addr{}, to, unix.SOCK_STREAM, &pace{host: to.Addr(), passed: map[int]bool{}}, nil); unsent != nil || len(hops) != 1 || hops[0].Answer != evidence.HopConnected {
		t.Errorf("with the TTLs that there are: %v, %+v", unsent, hops)
	}
}

func TestTidyWalk(t *testing.T) {
	answers := map[int]string{1: evidence.HopTimeExceeded, 3: evidence.HopTimeExceeded, 4: evidence.HopRefused, 5: evidence.HopRefused}
	var hops []evidence.Hop
	for ttl := 8; ttl >= 1; ttl-- { // they come in any order
		hop := evidence.Hop{TTL: ttl, Answer: evidence.HopSilence}
		if known := answers[ttl]; known != "" {
			hop.Answer = known
		}
		hops = append(hops, hop)
	}
	got := tidy(hops)
	if len(got) != 4 || got[0].TTL != 1 || got[1].Answer != evidence.HopSilence || got[3].Answer != evidence.HopRefused {
		t.Errorf("what lies behind the end is kept: %+v", got)
	}
	silent := tidy([]evidence.Hop{{TTL: 1, Answer: evidence.HopTimeExceeded}, {TTL: 2, Answer: evidence.HopSilence}, {TTL: 3, Answer: evidence.HopSilence},
		{TTL: 4, Answer: evidence.HopSilence}, {TTL: 5, Answer: evidence.HopSilence}})
	if len(silent) != 4 {
		t.Errorf("of the silence at the end, three are enough: %+v", silent)
	}
}

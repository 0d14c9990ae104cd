//go:build linux

package lab

import (
	"net"
	"slices"
	"testing"
	"time"

	"golang.org/x/net/ipv4"
)

// slow is a healthy world with a long way in it.
func slow(t *testing.T, delay time.Duration, loss float64, seed uint64) *World {
	t.Helper()
	w := healthy(t)
	w.Delay, w.Loss, w.Seed = delay, loss, seed
	w.Start()
	return w
}

// connectTime is one TCP connect from the client to the API: one round trip.
func connectTime(tb testing.TB, w *World) time.Duration {
	tb.Helper()
	var took time.Duration
	err := w.Client.Do(func() error {
		begun := time.Now()
		conn, err := net.DialTimeout("tcp4", HostIP+":55443", 10*time.Second)
		took = time.Since(begun)
		if err == nil {
			conn.Close()
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return took
}

// TestDelay: a connect never takes less than the round trip. How much more it takes is this machine's
// affair: it is logged, and BenchmarkDelay shows it.
func TestDelay(t *testing.T) {
	const delay = 50 * time.Millisecond
	w := slow(t, delay, 0, 0)
	var took []time.Duration
	for range 10 {
		took = append(took, connectTime(t, w))
	}
	slices.Sort(took)
	if took[0] < delay {
		t.Errorf("a connect took %v, less than a round trip of %v", took[0], delay)
	}
	t.Logf("beyond %v: least %v, median %v, most %v", delay, took[0]-delay, took[5]-delay, took[9]-delay)
}

// BenchmarkDelay is how exact the long way is: what a connect takes beyond the round trip asked for.
func BenchmarkDelay(b *testing.B) {
	const delay = 50 * time.Millisecond
	able(b)
	w := NewWorld(b)
	w.Delay = delay
	w.Start()
	var beyond []time.Duration
	for b.Loop() {
		beyond = append(beyond, connectTime(b, w)-delay)
	}
	slices.Sort(beyond)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(beyond[len(beyond)/2].Microseconds()), "beyond-µs")
	b.ReportMetric(1000, "budget-µs")
}

// TestDelayLeavesTheWorldAsItIs: address translation, routes and hop count are those of the short way.
func TestDelayLeavesTheWorldAsItIs(t *testing.T) {
	w := slow(t, 20*time.Millisecond, 0, 0)
	expect(t, be(t, w, "resolve", Host), "["+HostIP+"]")
	expect(t, be(t, w, "get", w.Sources[0].URL()), PublicIP)
	// The order is kept, so the first to arrive is the one that just lived long enough.
	to, from := w.Far.ListenPacket(HostIP+":7000"), w.Client.ListenPacket(ClientIP+":7000")
	for ttl := range byte(8) {
		if err := ipv4.NewPacketConn(from).SetTTL(int(ttl) + 1); err != nil {
			t.Fatal(err)
		}
		sendNumber(t, from, ttl+1)
	}
	first := make([]byte, 1)
	_ = to.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, _, err := to.ReadFrom(first); err != nil || first[0] != 4 {
		t.Errorf("the API is %d hops away, want 4 (%v)", first[0], err)
	}
}

// TestLoss: the same seed loses the same packets, another one others, and none comes out of order.
func TestLoss(t *testing.T) {
	need(t)
	t.Parallel()
	const sent = 200
	arrivals := func(loss float64, seed uint64) []byte {
		t.Helper()
		w := NewWorld(t)
		w.Delay, w.Loss, w.Seed = 2*time.Millisecond, loss, seed
		w.Start()
		return numbered(t, w, sent)
	}
	all, first, again, other := arrivals(0, 1), arrivals(0.3, 1), arrivals(0.3, 1), arrivals(0.3, 2)
	if len(all) != sent {
		t.Errorf("%d of %d packets arrived without loss", len(all), sent)
	}
	if !slices.IsSorted(all) || !slices.IsSorted(first) {
		t.Errorf("out of order: %v, %v", all, first)
	}
	if !slices.Equal(first, again) {
		t.Errorf("one seed lost different packets:\n%v\n%v", first, again)
	}
	if slices.Equal(first, other) {
		t.Error("two seeds lost the same packets")
	}
	if n := len(first); n < sent/2 || n > sent*9/10 {
		t.Errorf("%d of %d packets arrived at a loss of 30 percent", n, sent)
	}
}

// numbered sends so many numbered packets to the far side and gives the numbers that arrived there.
func numbered(t *testing.T, w *World, count byte) []byte {
	t.Helper()
	to, from := w.Far.ListenPacket(HostIP+":7000"), w.Client.ListenPacket(ClientIP+":7000")
	for number := range count {
		sendNumber(t, from, number)
	}
	// The end may be lost as well: it is said until it arrives. The order is kept, so all others are there.
	var arrived []byte
	for packet := make([]byte, 1); ; {
		_ = to.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if _, _, err := to.ReadFrom(packet); err != nil {
			sendNumber(t, from, count)
			continue
		}
		number := packet[0]
		if number == count {
			return arrived
		}
		arrived = append(arrived, number)
	}
}

// sendNumber sends a packet of one byte to the API's host, port 7000.
func sendNumber(t *testing.T, from net.PacketConn, number byte) {
	t.Helper()
	target := &net.UDPAddr{IP: net.ParseIP(HostIP), Port: 7000}
	if _, err := from.WriteTo([]byte{number}, target); err != nil {
		t.Fatal(err)
	}
}

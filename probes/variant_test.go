package probes

import (
	"context"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
)

// hangsUp is a port that takes connections and closes each at once.
func hangsUp(t *testing.T) netip.AddrPort {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Read(make([]byte, 4096))
			conn.Close()
		}
	}()
	return listener.Addr().(*net.TCPAddr).AddrPort()
}

// An experiment that this system has no means for is not made. It has not failed.
func TestVariantsNotMade(t *testing.T) {
	w := &world{scrub: &foreign.Scrubber{}, now: time.Now, roots: newRoots(Options{}, nil)}
	to := target{addresses: []netip.AddrPort{hangsUp(t)}}
	for _, variant := range handshakeVariants {
		want := ""
		if variant.small {
			want = map[string]string{"linux": "", "darwin": smallOneWay}[runtime.GOOS]
			if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
				want = evidence.NotAvailable
			}
		}
		got := w.tryVariant(t.Context(), to, "localhost", variant, 10*time.Second)
		if got.Name != variant.name || got.NotMade != want || got.Works || (got.Failure == nil) != (want != "") {
			t.Errorf("%s: %+v", variant.name, got)
		}
		if got.Failure != nil && got.Failure.Kind != evidence.KindHungUp && got.Failure.Kind != evidence.KindReset {
			t.Errorf("%s: %+v", variant.name, got.Failure)
		}
		over, end := context.WithCancel(t.Context())
		end()
		if got := w.tryVariant(over, to, "localhost", variant, time.Second); got.NotMade == "" || got.Failure != nil {
			t.Errorf("%s, after the end of the run: %+v", variant.name, got)
		}
	}
}

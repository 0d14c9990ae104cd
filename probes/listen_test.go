package probes

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"net/url"
	"sync"
	"testing"
	"time"

	"opensrs-doctor/probes/classify"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/netaddr"
)

// serve is a port of this host: each connection is served by its own goroutine, and closed afterwards. The test ends
// when all are.
func serve(t *testing.T, each func(net.Conn)) netip.AddrPort {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(time.Minute)) // a test that hangs ends, and fails
				each(conn)
			})
		}
	})
	t.Cleanup(func() { listener.Close(); group.Wait() })
	return listener.Addr().(*net.TCPAddr).AddrPort()
}

// closedPort is a port of this host that nobody listens at.
func closedPort(t *testing.T) netip.AddrPort {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).AddrPort()
}

// says reads the beginning of what a peer asks, answers, and closes.
func says(answer string) func(net.Conn) {
	return func(conn net.Conn) {
		conn.Read(make([]byte, 4096))
		io.WriteString(conn, answer)
	}
}

// worldOf has the roots of the options, and nobody to ask for names.
func worldOf(t *testing.T, o Options) *world {
	t.Helper()
	w := &world{scrub: &foreign.Scrubber{}, clock: &clockNotes{}, now: time.Now, agent: "test"}
	w.roots = newRoots(o, w.scrub)
	w.resolver = &resolver{base: t.Context(), scrub: w.scrub, known: map[string]*lookup{}}
	return w
}

// proxyAt is a proxy, as --proxy gives it.
func proxyAt(t *testing.T, w *world, text string) *proxyServer {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	port, err := netaddr.PortOf(u)
	if err != nil {
		t.Fatal(err)
	}
	secretsOf(u, w.scrub)
	return &proxyServer{url: u, peer: netaddr.HostPort{Host: u.Hostname(), Port: port}, agent: w.agent, scrub: w.scrub}
}

// kindOfError is what a failure is about; "" for none.
func kindOfError(err error) evidence.Kind {
	if failure := classify.Error("test", err, nil); failure != nil {
		return failure.Kind
	}
	return ""
}

// begun is experiments of a run that goes on until the test ends.
func begunExperiments(t *testing.T, w *world) *experiments {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return &experiments{world: w, ctx: ctx, begun: map[string]bool{}, silent: make(chan struct{}), measured: make(chan struct{})}
}

// serveTLS is a port that makes handshakes, and says nothing in the connections.
func serveTLS(t *testing.T, config *tls.Config) netip.AddrPort {
	return serve(t, func(conn net.Conn) {
		stream := tls.Server(conn, config)
		if stream.Handshake() == nil {
			stream.Read(make([]byte, 1))
		}
	})
}

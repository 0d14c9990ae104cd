//go:build linux

package lab

import (
	"context"
	"crypto/tls"
	"net"
	"syscall"
	"testing"
	"time"
)

// TestHarnessHandshakes proves that the faults of TLS are what their names say: each shakes hands five
// times with one thing changed, and the pattern of what works is the fault's signature.
func TestHarnessHandshakes(t *testing.T) {
	for name, works := range map[string]map[string]bool{
		"tls.mtu-blackhole/from-the-server":          {"small": true},
		"tls.mtu-blackhole/to-the-server":            {"small": true, "classic": true},
		"tls.mtu-blackhole/both-ways":                {"small": true},
		"tls.hello-too-big/middlebox-swallows-it":    {"classic": true},
		"tls.sni-blocked/reset-on-the-name":          {"nameless": true},
		"tls.version-unsupported/alert":              {"old": true},
		"tls.version-unsupported/hangs-up":           {"old": true},
		"tls.reset/on-any-hello":                     {},
		"tls.timeout/silence":                        {},
		"tls.rejected/handshake-failure":             {},
		"tls.not-tls/ssh":                            {},
		"tls.expired/yesterday":                      everyHandshake,
		"healthy/tls12-rsa":                          everyHandshake,
		"host.clock-wrong/two-years-behind":          everyHandshake,
		"tls.rejected/client-certificate-wanted":     {},
		"port.filtered/syn-ack-lost-on-the-way-back": {},
	} {
		t.Run(name, func(t *testing.T) {
			w := healthy(t)
			faultNamed(t, name).Break(w)
			w.Start()
			for variant := range everyHandshake {
				t.Run(variant, func(t *testing.T) {
					t.Parallel()
					err := shake(w, variant)
					if (err == nil) != works[variant] {
						t.Errorf("%v, want it to work: %v", err, works[variant])
					}
				})
			}
		})
	}
}

var everyHandshake = map[string]bool{"plain": true, "nameless": true, "classic": true, "small": true, "old": true}

func shake(w *World, variant string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	config := &tls.Config{ServerName: Host, InsecureSkipVerify: true} // the lab asks only whether it works
	dialer := &net.Dialer{}
	switch variant {
	case "nameless":
		config.ServerName = ""
	case "classic":
		config.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256}
	case "small":
		dialer.Control = func(_, _ string, c syscall.RawConn) (err error) {
			return c.Control(func(fd uintptr) {
				err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_MAXSEG, 536)
			})
		}
	case "old":
		config.MinVersion = tls.VersionTLS10
	}
	var conn net.Conn
	err := w.Client.Do(func() (err error) {
		conn, err = dialer.DialContext(ctx, "tcp4", HostIP+":55443")
		return err
	})
	if err != nil {
		return err
	}
	defer conn.Close()
	return tls.Client(conn, config).HandshakeContext(ctx)
}

func faultNamed(t *testing.T, name string) Fault {
	t.Helper()
	for _, fault := range table {
		if fault.path() == name {
			return fault
		}
	}
	t.Fatalf("no such fault: %s", name)
	return Fault{}
}

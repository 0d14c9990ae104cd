//go:build linux

package lab

import (
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
)

// The lab itself, proven without the tool: if a fault's world were not what its name says, every
// verdict on it would be worthless.

func healthy(t *testing.T) *World {
	t.Helper()
	need(t)
	t.Parallel()
	return NewWorld(t)
}

func expect(t *testing.T, got, want string) {
	t.Helper()
	if !strings.Contains(got, want) {
		t.Errorf("got %q, want %q in it", got, want)
	}
}

func TestHarnessHealthy(t *testing.T) {
	w := healthy(t)
	w.Start()
	expect(t, be(t, w, "resolve", Host), "["+HostIP+"]")
	expect(t, be(t, w, "resolve", "made-up.example"), "no such host")
	expect(t, be(t, w, "tls", Host+":55443", Host), "shaken")
	expect(t, be(t, w, "get", w.Sources[0].URL()), PublicIP)
	expect(t, be(t, w, "get", w.Sources[1].URL()), PublicIP)
	expect(t, be(t, w, "get", "https://192.0.2.21/"), "hello")
	expect(t, be(t, w, "get", "http://192.0.2.31/api/v2/summary.json"), "All Systems Operational")
	if n := w.API.Handshakes.Load(); n != 1 {
		t.Errorf("%d handshakes counted at the far side, want 1", n)
	}
	if seen := w.Sources[0].Seen.Distinct(); len(seen) != 1 || seen[0] != netip.MustParseAddr(PublicIP) {
		t.Errorf("the source saw %v, want %s: address translation is not real", seen, PublicIP)
	}
}

func TestHarnessLeavesTheMachineAlone(t *testing.T) {
	w := healthy(t)
	before, err := os.ReadFile("/etc/resolv.conf")
	if err != nil {
		t.Skip(err)
	}
	w.HostsFile = "198.51.100.77 pinned.example\n"
	w.Start()
	expect(t, be(t, w, "cat", "/etc/resolv.conf"), "nameserver 192.0.2.53")
	expect(t, be(t, w, "resolve", "pinned.example"), "198.51.100.77")
	after, err := os.ReadFile("/etc/resolv.conf")
	if err != nil || string(after) != string(before) {
		t.Errorf("/etc/resolv.conf of the machine changed: %v\n%s", err, after)
	}
	if conn, err := net.Dial("tcp", HostIP+":55443"); err == nil {
		conn.Close()
		t.Error("the lab can be reached from the machine itself")
	}
}

func TestHarnessFilters(t *testing.T) {
	for _, test := range []struct {
		name  string
		apply func(*World)
		says  string
	}{
		{"drop", func(w *World) { w.Gateway.Filter("forward", "tcp dport 55443 drop") }, "i/o timeout"},
		{"drop-on-arrival", func(w *World) { w.ISP.Filter("prerouting", "tcp dport 55443 drop") }, "i/o timeout"},
		{"closed", func(w *World) { w.API.Closed = true }, "connection refused"},
		{"reset", func(w *World) {
			w.Gateway.Filter("forward", "tcp dport 55443 reject with tcp reset")
		}, "connection refused"},
		{"host-unreachable", func(w *World) {
			w.ISP.Filter("forward", "tcp dport 55443 reject with icmp type host-unreachable")
		}, "no route to host"},
		{"no-route", func(w *World) { w.Client.IP("route del default") }, "network is unreachable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := healthy(t)
			test.apply(w)
			w.Start()
			expect(t, be(t, w, "dial", HostIP+":55443"), test.says)
		})
	}
}

func TestHarnessBlackHole(t *testing.T) {
	w := healthy(t)
	w.ISP.Filter("forward", "tcp sport 55443 meta length > 900 drop")
	w.Start()
	expect(t, be(t, w, "dial", HostIP+":55443"), "connected")
	expect(t, be(t, w, "tls", HostIP+":55443", Host), "error")
}

func TestHarnessPool(t *testing.T) {
	w := healthy(t)
	w.SNAT("ip daddr 192.0.2.12 snat to " + PublicIP2)
	w.Start()
	expect(t, be(t, w, "get", w.Sources[0].URL()), PublicIP)
	expect(t, be(t, w, "get", w.Sources[1].URL()), PublicIP2)
}

func TestHarnessProxy(t *testing.T) {
	w := healthy(t)
	w.OnlyProxy()
	w.Start()
	w.UseProxy("http", "")
	expect(t, be(t, w, "get", w.Sources[0].URL()), proxyAddress)
	w.UseProxy("socks5", "")
	expect(t, be(t, w, "get", w.Sources[0].URL()), proxyAddress)
	w.Proxy.Login = "lab:open sesame"
	expect(t, be(t, w, "get", w.Sources[0].URL()), "error")
	w.UseProxy("socks5", "lab:open%20sesame")
	expect(t, be(t, w, "get", w.Sources[0].URL()), proxyAddress)
}

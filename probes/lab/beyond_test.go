//go:build linux

package lab

import (
	"crypto/tls"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// offers13 lets a verdict act on each ClientHello that offers TLS 1.3.
func offers13(act func(net.Conn)) func(*tls.Config) {
	return onHello(func(hello *tls.ClientHelloInfo) {
		if slices.Contains(hello.SupportedVersions, tls.VersionTLS13) {
			act(hello.Conn)
		}
	})
}

// firstStep is what the first diagnosis begins its steps with.
func firstStep(words string) func(*testing.T, *World, Result) {
	return func(t *testing.T, _ *World, result Result) {
		if d := result.Report.Diagnoses; len(d) == 0 || len(d[0].Fixes) == 0 || !strings.Contains(d[0].Fixes[0], words) {
			t.Errorf("the first step is not about %s: %s", words, result.Stdout)
		}
	}
}

// swallow keeps a connection open and says nothing on it.
func swallow(conn net.Conn) { <-time.After(10 * time.Second) }

func resets(conn net.Conn) {
	for {
		switch wrapped := conn.(type) {
		case *net.TCPConn:
			_ = wrapped.SetLinger(0)
			_ = wrapped.Close()
			return
		case interface{ NetConn() net.Conn }:
			conn = wrapped.NetConn()
		default:
			_ = conn.Close()
			return
		}
	}
}

// beyondFaults are of names, TLS and the call: slow ones, old devices, and what answers in the service's place.
var beyondFaults = []Fault{
	{Cause: "tls.version-intolerant", Name: "closes", Confidence: "certain", Break: func(w *World) {
		w.API.TLS = offers13(func(conn net.Conn) { conn.Close() })
	}},
	{Cause: "tls.version-intolerant", Name: "resets", Break: func(w *World) { w.API.TLS = offers13(resets) }},
	{Cause: "tls.version-intolerant", Name: "swallows", Break: func(w *World) { w.API.TLS = offers13(swallow) }},
	{Cause: "tls.slow", Name: "handshake-of-four-seconds", Verdict: "warn", Says: []string{"3."}, Check: calls(1), Break: func(w *World) {
		w.API.TLS = onHello(func(*tls.ClientHelloInfo) { <-time.After(3700 * time.Millisecond) })
	}},
	{Cause: "tls.slow", Name: "and-a-reply-of-eight", Verdict: "warn", Check: calls(1), Break: func(w *World) {
		w.API.TLS = onHello(func(*tls.ClientHelloInfo) { <-time.After(3500 * time.Millisecond) })
		w.API.Reply = func(conn net.Conn, r *Request) {
			<-time.After(8 * time.Second)
			Envelope(200, "Command successful")(conn, r)
		}
	}},
	{Cause: "dns.udp-blocked", Name: "udp-dropped-at-the-gateway", Verdict: "warn", Says: []string{"192.0.2.53"}, Check: calls(1), Break: func(w *World) {
		w.Gateway.Filter("forward", "udp dport 53 drop")
	}},
	{Cause: "dns.hosts-override", Name: "and-another-key", Then: []string{"call.auth-failed"}, Break: func(w *World) {
		w.HostsFile = SpareIP + " " + Host + "\n"
		w.API.Addresses = []string{HostIP, SpareIP}
		outcomes["401"](w)
	}},
	{Cause: "host.local-firewall", Name: "hosts-entry-and-a-rule-of-this-host", Then: []string{"dns.hosts-override"}, Break: func(w *World) {
		w.HostsFile = SpareIP + " " + Host + "\n"
		w.API.Addresses = []string{HostIP, SpareIP}
		w.Client.Filter("output", "tcp dport 55443 drop")
	}},
	{Cause: "tls.local-roots-outdated", Name: "ssl-cert-file-is-missing", Check: firstStep("SSL_CERT_FILE"), Break: func(w *World) {
		w.Env["SSL_CERT_FILE"] = "/nowhere/ca.pem"
	}},
	{Cause: "tls.local-roots-outdated", Name: "ssl-cert-file-of-the-company", Check: firstStep("SSL_CERT_FILE"), Break: func(w *World) {
		w.SystemStore = strangeRoot().PEM()
	}},
	replies("call.answered-by-device", "squid", HTTP("503 Service Unavailable", "text/html", "<title>ERROR: The requested URL could not be retrieved</title>",
		"X-Squid-Error: ERR_CONNECT_FAIL 110", "Server: squid/5.7"), "ERR_CONNECT_FAIL"),
	replies("call.answered-by-device", "haproxy-by-name", HTTP("502 Bad Gateway", "text/html", "<h1>502</h1>", "Server: HAProxy"), "HAProxy"),
	replies("call.answered-by-device", "via-names-a-host", HTTP("504 Gateway Timeout", "text/html", "<h1>504</h1>", "Via: 1.1 proxy1.corp.example"), "proxy1.corp.example"),
	replies("call.server-error", "nginx-502", HTTP("502 Bad Gateway", "text/html", "<h1>502</h1>", "Server: nginx")),
	replies("call.server-error", "cdn-pseudonym", HTTP("503 Service Unavailable", "text/html", "<h1>503</h1>", "Via: 1.1 google")),
	replies("unexplained", "code-300-consent", Envelope(300, "Registration pending: registrant consent required (GDPR)"), "consent"),
	replies("unexplained", "code-500-protocol", Envelope(500, "Unrecognized protocol"), "protocol=XCP"),
	replies("unexplained", "code-430", Envelope(430, "Invalid command"), "does not know"),
	replies("call.server-error", "code-702", Envelope(702, "Registry timeout")),
}

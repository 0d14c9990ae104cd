//go:build linux

package lab

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// Faults of the call itself.
var callFaults = slices.Concat([]Fault{
	{Cause: "call.ip-denied", Name: "no-rules-given", Says: []string{PublicIP}, Break: func(w *World) {
		w.API.Allowed = onlyFrom("192.0.2.200")
	}},
	{Cause: "call.auth-failed", Name: "another-key", Break: func(w *World) { w.API.Key = strings.Repeat("ab", 56) }},
	replies("call.auth-failed", "code-410", Envelope(410, "Authentication Failed")),
	{Cause: "call.wrong-environment", Name: "test-credentials-at-live", Break: func(w *World) {
		w.Environment = "live"
		w.Zone["rr-n1-tor.opensrs.net"] = []string{HostIP}
		w.Zone["horizon.opensrs.net"] = []string{SpareIP}
		w.API.Addresses = []string{HostIP, SpareIP}
		w.API.Reply = func(conn net.Conn, r *Request) {
			if conn.LocalAddr().(*net.TCPAddr).IP.String() == SpareIP && r.Signed {
				Envelope(200, "Command successful")(conn, r)
				return
			}
			Envelope(401, "Authentication Error")(conn, r)
		}
	}},
	{Cause: "call.auth-failed", Name: "wrong-in-both-environments", Break: func(w *World) {
		w.Environment = "test"
		w.Zone["rr-n1-tor.opensrs.net"] = []string{SpareIP}
		w.Zone["horizon.opensrs.net"] = []string{HostIP}
		w.API.Addresses = []string{HostIP, SpareIP}
		w.API.Key = strings.Repeat("ab", 56)
	}},
	replies("call.permission-denied", "code-435", Envelope(435, "Permission denied")),
	replies("call.permission-denied", "code-415", Envelope(415, "Authentication failed")),
	replies("call.rate-limited", "code-300", Envelope(300, "Command rate exceeded")),
	replies("call.rate-limited", "code-310", Envelope(310, "Too many simultaneous connections")),
	replies("call.rate-limited", "code-350", Envelope(350, "Maximum commands per connection exceeded")),
	replies("call.server-error", "code-400-internal", Envelope(400, "Internal server error")),
	replies("call.server-error", "code-404", Envelope(404, "Internal server error")),
	replies("call.server-error", "code-405", Envelope(405, "Registry unavailable")),
	replies("call.server-error", "code-436", Envelope(436, "Registry communication failure")),
	replies("call.server-error", "http-500", HTTP("500 Internal Server Error", "text/plain", "oops\n")),
	replies("call.server-error", "http-503-html", HTTP("503 Service Unavailable", "text/html",
		"<html><head><title>Down for maintenance</title></head></html>")),
	replies("call.no-reply", "closed", HangUp),
	replies("call.no-reply", "reset", Reset),
	replies("call.not-opensrs", "html", HTTP("200 OK", "text/html",
		"<html><head><title>Welcome to the guest network</title></head></html>"), "Welcome to the guest network"),
	replies("call.not-opensrs", "other-xml", HTTP("200 OK", "text/xml", "<?xml version='1.0'?><rss/>")),
	replies("call.redirected", "302", HTTP("302 Found", "text/html", "<html><title>Moved</title></html>",
		"Location: https://login.example/portal"), "https://login.example/portal"),
	replies("call.malformed-reply", "cut-short", Literal("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"+
		"Content-Length: 5000\r\n\r\n"+goodEnvelope[:300])),
	replies("call.malformed-reply", "cut-short-without-length", Literal("HTTP/1.0 200 OK\r\n"+
		"Content-Type: text/xml\r\n\r\n"+goodEnvelope[:300])),
	replies("call.malformed-reply", "not-well-formed", HTTP("200 OK", "text/xml", "<OPS_envelope><header></body>")),
	replies("call.malformed-reply", "entities", HTTP("200 OK", "text/xml", `<?xml version="1.0"?>`+
		`<!DOCTYPE OPS_envelope [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>`+
		`<OPS_envelope><body>&b;</body></OPS_envelope>`)),
	replies("call.malformed-reply", "too-big", func(conn net.Conn, _ *Request) {
		_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\n\r\n<OPS_envelope>"))
		page := []byte(strings.Repeat("<item key='x'>y</item>", 3000))
		for range 1000 {
			if _, err := conn.Write(page); err != nil {
				return
			}
		}
	}),
	replies("call.timeout", "silence", Silence),
	{Cause: "config.credentials-missing", Name: "no-key", Verdict: "warn", Check: noCall,
		Break: func(w *World) { w.Key = "" }},
	{Cause: "config.credentials-missing", Name: "no-username", Verdict: "warn", Check: noCall,
		Break: func(w *World) { w.Username = "" }},
	{Cause: "config.api-key-malformed", Name: "placeholder", Check: noCall,
		Break: func(w *World) { w.Key = "your-api-key-here" }},
	{Cause: "config.api-key-malformed", Name: "quoted", Check: noCall,
		Break: func(w *World) { w.Key = `"` + defaultKey + `"` }},
})

// replies is a fault in which the service answers so.
func replies(cause, name string, reply func(net.Conn, *Request), says ...string) Fault {
	return Fault{Cause: cause, Name: name, Says: says, Break: func(w *World) { w.API.Reply = reply }}
}

func noCall(t *testing.T, w *World, result Result) {
	if n := w.API.Requests.Load(); n != 0 {
		t.Errorf("the service got %d calls, want none", n)
	}
	if status := result.Report.Probe("tls"); status != "pass" {
		t.Errorf("tls is %s, want pass: only the call waits for credentials", status)
	}
}

func onlyFrom(addresses ...string) func(netip.Addr) bool {
	return func(from netip.Addr) bool { return slices.Contains(addresses, from.String()) }
}

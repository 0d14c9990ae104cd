//go:build linux

package lab

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"opensrs-doctor/probes/sandbox"
)

// Replies to the call.
var furtherCalls = []Fault{
	fine("chunked", Literal("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n"+
		fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(goodEnvelope), goodEnvelope))),
	fine("continue-first", Literal("HTTP/1.1 100 Continue\r\n\r\n"+plainReply(goodEnvelope))),
	fine("early-hints-first", Literal("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"+plainReply(goodEnvelope))),
	fine("http10-with-length", Literal("HTTP/1.0 200 OK\r\nContent-Length: "+fmt.Sprint(len(goodEnvelope))+"\r\n\r\n"+goodEnvelope)),
	fine("bare-line-ends", Literal(strings.ReplaceAll(plainReply(goodEnvelope), "\r\n", "\n"))),
	fine("no-content-type", Literal("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"+goodEnvelope)),
	fine("called-html", HTTP("200 OK", "text/html; charset=utf-8", goodEnvelope)),
	fine("cdata-comments-entities", HTTP("200 OK", "text/xml", envelope("<![CDATA[1]]>", "&#50;0<!-- x -->0", "<![CDATA[Command]]> successful"))),
	fine("latin1", HTTP("200 OK", "text/xml", "<?xml version='1.0' encoding='ISO-8859-1'?>"+
		envelope("1", "200", "Commande ex\xe9cut\xe9e"))),
	fine("byte-order-mark", HTTP("200 OK", "text/xml", "\xef\xbb\xbf"+envelope("1", "200", "ok"))),
	fine("windows-line-ends-and-blanks", HTTP("200 OK", "text/xml", "\r\n  "+strings.ReplaceAll(goodEnvelope, "\n", "\r\n")+"\r\n\r\n")),
	fine("single-quotes-and-more-attributes", HTTP("200 OK", "text/xml",
		strings.ReplaceAll(envelope("1", "200", "ok"), `key="response_code"`, `type='int' key = 'response_code' `))),
	fine("success-with-another-code", HTTP("200 OK", "text/xml", envelope("1", "210", "Domain available"))),
	fine("trailing-bytes", HTTP("200 OK", "text/xml", goodEnvelope+"\n<!-- node 7 -->\n")),
	fine("reset-after-the-reply", func(conn net.Conn, r *Request) {
		Envelope(200, "Command successful")(conn, r)
		time.Sleep(50 * time.Millisecond) // the reply leaves before the reset
		abort(conn)
	}),
	fine("reply-after-five-seconds", delayed(5*time.Second)),
	{Name: "reply-after-fourteen-seconds-in-a-long-run", Check: oneConnection, Break: func(w *World) {
		w.Flags = append(w.Flags, "--timeout", "60s")
		w.API.Reply = delayed(14 * time.Second)
	}},
	replies("unexplained", "code-999", Envelope(999, "Gremlins in the registry"), "999", "Gremlins"),
	replies("unexplained", "code-400-invalid-command", Envelope(400, "Invalid Command"), "400", "Invalid Command"),
	replies("unexplained", "code-465", Envelope(465, "Invalid domain"), "465"),
	replies("unexplained", "code-not-a-number", HTTP("200 OK", "text/xml", envelope("0", "E17", "Something else")), "E17"),
	replies("unexplained", "no-success-and-200", HTTP("200 OK", "text/xml", envelope("0", "200", "Command not successful")), "200"),
	{Cause: "call.ip-denied", Name: "401-that-speaks-of-the-address", Or: []string{"call.auth-failed"},
		Break: func(w *World) { w.API.Reply = Envelope(401, "Authentication failed: IP address not authorized") }},
	replies("call.ip-denied", "400-in-capitals", Envelope(400, "ACCESS DENIED: INVALID IP ADDRESS"), PublicIP),
	{Cause: "call.ip-denied", Name: "nobody-knows-the-address", Break: func(w *World) {
		alone(w)
		outcomes["denied"](w)
	}},
	replies("call.auth-failed", "401-over-http10-without-length", Literal("HTTP/1.0 200 OK\r\n\r\n"+envelope("0", "401", "Authentication Error"))),
	replies("call.auth-failed", "401-in-an-http-401", HTTP("401 Unauthorized", "text/xml", envelope("0", "401", "Authentication Error"))),
	replies("call.auth-failed", "401-in-an-http-403", HTTP("403 Forbidden", "text/xml", envelope("0", "401", "Authentication Error"))),
	replies("call.not-opensrs", "html-403", HTTP("403 Forbidden", "text/html", "<html><title>403 Forbidden</title></html>"), "403 Forbidden"),
	replies("call.not-opensrs", "html-404", HTTP("404 Not Found", "text/html", "<title>Not here</title>"), "Not here"),
	replies("call.not-opensrs", "json", HTTP("200 OK", "application/json", `{"error":"unknown route"}`), `{"error":"unknown route"}`),
	replies("call.not-opensrs", "json-401", HTTP("401 Unauthorized", "application/json", `{"message":"no token"}`), "no token"),
	replies("call.not-opensrs", "soap", HTTP("200 OK", "text/xml", `<?xml version="1.0"?><soap:Envelope xmlns:soap="x"><soap:Body/></soap:Envelope>`)),
	replies("call.not-opensrs", "html-without-title", HTTP("200 OK", "text/html", "<!DOCTYPE html><html><body><h1>Hi</h1></body></html>")),
	replies("call.not-opensrs", "xhtml", HTTP("200 OK", "text/html", `<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" `+
		`"x"><html xmlns="http://www.w3.org/1999/xhtml"><head><title>Proxy login</title></head><body>&nbsp;</body></html>`), "Proxy login"),
	replies("call.not-opensrs", "binary-garbage", Literal("\x00\x01\x02\xff\xfe\x80garbage\x00"), ""),
	replies("call.server-error", "http-500-html", HTTP("500 Internal Server Error", "text/html", "<title>Oops</title>"), "Oops"),
	replies("call.server-error", "http-502", HTTP("502 Bad Gateway", "text/html", "<title>502 Bad Gateway</title>")),
	replies("call.server-error", "http-500-empty", HTTP("500 Internal Server Error", "text/plain", "")),
	{Cause: "call.malformed-reply", Name: "empty-body", Or: []string{"call.not-opensrs"}, Break: reply(HTTP("200 OK", "text/xml", ""))},
	{Cause: "call.not-opensrs", Name: "204", Or: []string{"call.malformed-reply"}, Break: reply(Literal("HTTP/1.1 204 No Content\r\n\r\n"))},
	{Cause: "call.malformed-reply", Name: "half-a-head", Break: reply(Literal("HTTP/1.1 200 OK\r\nContent-"))},
	{Cause: "call.malformed-reply", Name: "half-a-status-line", Break: reply(Literal("HTTP/1.1 2"))},
	{Cause: "call.malformed-reply", Name: "chunk-cut-short", Break: reply(Literal("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n" +
		goodEnvelope[:400]))},
	{Cause: "call.malformed-reply", Name: "deep-nesting", Break: reply(HTTP("200 OK", "text/xml",
		"<OPS_envelope><body><data_block>"+strings.Repeat("<dt_assoc><item key='a'>", 5000)))},
	{Cause: "call.malformed-reply", Name: "no-data-block", Or: []string{"call.not-opensrs"}, Break: reply(HTTP("200 OK", "text/xml",
		"<OPS_envelope><header/><body/></OPS_envelope>"))},
	{Cause: "call.malformed-reply", Name: "gzip-unasked", Or: []string{"call.not-opensrs"}, Break: reply(HTTP("200 OK", "text/xml",
		"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03abc", "Content-Encoding: gzip"))},
	{Cause: "call.malformed-reply", Name: "head-without-end", Break: reply(func(conn net.Conn, _ *Request) {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
		for range 100000 {
			if _, err := fmt.Fprintf(conn, "X-Pad: %s\r\n", strings.Repeat("x", 1000)); err != nil {
				return
			}
		}
	})},
	redirects("301-http", "301 Moved Permanently", "http://portal.example/login"),
	redirects("307-relative", "307 Temporary Redirect", "/maintenance"),
	redirects("308-elsewhere", "308 Permanent Redirect", "https://api2.opensrs.example:55443/"),
	redirects("303-without-a-body", "303 See Other", "https://sso.example/"),
	{Cause: "call.redirected", Name: "without-location", Break: reply(HTTP("302 Found", "text/html", ""))},
	{Cause: "call.no-reply", Name: "closed-before-reading", Break: afterHandshake(func(net.Conn) {})},
	{Cause: "call.no-reply", Name: "reset-before-reading", Break: afterHandshake(abort)},
	{Cause: "call.no-reply", Name: "one-line-of-words", Break: reply(Literal("Access denied\r\n"))},
	{Cause: "call.no-reply", Name: "firewall-resets-the-request", Or: []string{"tls.reset", "call.timeout"}, Break: func(w *World) {
		w.Gateway.Filter("forward", `iifname "lan0" tcp dport 55443 ct original bytes > 2600 reject with tcp reset`)
	}},
	{Cause: "call.timeout", Name: "firewall-drops-the-request", Or: []string{"tls.timeout"}, Break: func(w *World) {
		w.Gateway.Filter("forward", `iifname "lan0" tcp dport 55443 ct original bytes > 2600 drop`)
	}},
	{Cause: "call.timeout", Name: "slow-drip", Check: within(5 * time.Second), Break: func(w *World) {
		w.Flags = append(w.Flags, "--timeout", "4s")
		w.API.Reply = drip
	}},
	{Cause: "call.timeout", Name: "short-timeout", Check: within(2500 * time.Millisecond), Break: func(w *World) {
		w.Flags = append(w.Flags, "--timeout", "2s")
		w.API.Reply = Silence
	}},
	{Cause: "port.filtered", Name: "short-timeout", Check: within(2500 * time.Millisecond), Break: func(w *World) {
		w.Flags = append(w.Flags, "--timeout", "2s")
		w.Gateway.Filter("forward", "tcp dport 55443 drop")
	}},
	{Cause: "host.offline", Name: "short-timeout", Check: within(2500 * time.Millisecond), Break: func(w *World) {
		w.Flags = append(w.Flags, "--timeout", "2s")
		w.Gateway.Filter("forward", "drop")
	}},
	{Cause: "tls.timeout", Name: "short-timeout", Check: within(2500 * time.Millisecond), Break: func(w *World) {
		w.Flags = append(w.Flags, "--timeout", "2s")
		w.API.Raw = RawSilence
	}},
	{Cause: "call.timeout", Name: "head-and-then-silence", Check: within(4500 * time.Millisecond), Break: func(w *World) {
		w.Flags = append(w.Flags, "--timeout", "4s")
		w.API.Reply = func(conn net.Conn, r *Request) {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 900\r\n\r\n<?xml")
			Silence(conn, r)
		}
	}},
	{Cause: "config.api-key-malformed", Name: "space-inside", Check: noCall, Break: func(w *World) {
		w.Key = defaultKey[:40] + " " + defaultKey[40:]
	}},
	{Cause: "config.api-key-malformed", Name: "word-of-an-example", Check: noCall, Break: func(w *World) { w.Key = "changeme" }},
	{Name: "key-of-one-letter-is-no-placeholder", Check: oneConnection, Break: func(w *World) { w.Key = strings.Repeat("a", 112) }},
	{Name: "old-key-of-sixteen-digits", Check: oneConnection, Break: func(w *World) { w.Key = "0123456789abcdef" }},
	{Name: "key-with-blanks-around", Check: lineEnd("white space before it and white space after it"), Break: func(w *World) {
		w.API.Key = w.Key
		w.Key = "  " + w.Key + "\r\n\r\n"
	}},
	{Name: "key-with-a-line-end", Check: lineEnd("a line end after it"), Break: func(w *World) {
		w.API.Key = w.Key
		w.Key += "\n"
	}},
	{Cause: "config.api-key-malformed", Name: "line-of-a-shell", Check: noCall, Says: []string{"a name before the key"},
		Never: []string{"is in quotes", "placeholder", "Put the key alone"}, Break: func(w *World) { w.Key = `export OSRS_KEY="` + defaultKey + `"` }},
	{Cause: "config.api-key-malformed", Name: "define-of-php", Check: noCall, Says: []string{"a name before the key"},
		Break: func(w *World) { w.Key = "define('OSRS_KEY', '" + defaultKey + "');" }},
	{Cause: "call.auth-failed", Name: "key-a-digit-short", Says: []string{"has 111 characters; keys of the service have 112"},
		Never: []string{"the form of the key (", "at least 32"}, Break: func(w *World) { w.API.Key, w.Key = w.Key, w.Key[1:] }},
	{Cause: "call.auth-failed", Name: "key-pasted-twice", Says: []string{"has 224 characters, the same 112 twice"},
		Never: []string{"the form of the key ("}, Break: func(w *World) { w.API.Key, w.Key = w.Key, w.Key+w.Key }},
	{Cause: "call.auth-failed", Name: "key-with-a-letter-o", Says: []string{"holds 1 character, which is not a hex digit (0 to 9, a to f): number 57"},
		Never: []string{"the form of the key ("}, Break: func(w *World) { w.API.Key, w.Key = w.Key, w.Key[:56]+"o"+w.Key[57:] }},
	{Cause: "port.refused", Name: "malformed-key-and-a-closed-port", Or: []string{"config.api-key-malformed"}, Break: func(w *World) {
		w.Key = "changeme"
		w.API.Closed = true
	}},
}

// The status page, and the other environment.
var furtherServices = []Fault{
	{Cause: "call.auth-failed", Name: "incident-explains-no-401", Break: func(w *World) { incident(w); outcomes["401"](w) }},
	{Cause: "dns.nxdomain", Name: "incident-explains-no-name", Break: func(w *World) { incident(w); delete(w.Zone, Host) }},
	{Cause: "port.filtered", Name: "incident-explains-no-gateway", Break: func(w *World) {
		incident(w)
		w.Gateway.Filter("forward", "tcp dport 55443 drop")
	}},
	{Cause: "port.rejected-en-route", Name: "incident-explains-no-isp", Break: func(w *World) {
		incident(w)
		w.ISP.Filter("forward", "tcp dport 55443 reject with tcp reset")
	}},
	{Cause: "tls.intercepted", Name: "incident-explains-no-interception", Break: func(w *World) { incident(w); intercepted(w) }},
	{Cause: "host.local-firewall", Name: "incident-explains-no-own-firewall", Break: func(w *World) {
		incident(w)
		w.Client.Filter("output", "tcp dport 55443 reject with tcp reset")
	}},
	{Cause: "service.incident", Name: "silence-after-the-request", Confidence: "likely", Break: func(w *World) {
		incident(w)
		w.API.Reply = Silence
	}},
	{Cause: "service.incident", Name: "closed-without-a-reply", Break: func(w *World) { incident(w); w.API.Reply = HangUp }},
	{Cause: "service.incident", Name: "filtered-at-the-host", Break: func(w *World) {
		incident(w)
		w.Far.Filter("input", "tcp dport 55443 drop")
	}},
	{Cause: "service.incident", Name: "code-405", Break: func(w *World) { incident(w); w.API.Reply = Envelope(405, "Registry unavailable") }},
	{Cause: "service.incident", Name: "resets-every-hello", Break: func(w *World) { incident(w); w.API.Raw = RawReset }},
	{Name: "incident-and-all-works", Check: oneConnection, Break: incident},
	{Cause: "service.incident", Name: "maintenance", Confidence: "likely", Break: func(w *World) {
		w.Status.Answer = Page(200, "application/json", strings.Replace(statusIncident, `"major","description"`, `"maintenance","description"`, 1))
		w.API.Closed = true
	}},
	{Cause: "service.incident", Name: "silence-instead-of-a-handshake", Break: func(w *World) { incident(w); w.API.Raw = RawSilence }},
	{Cause: "port.refused", Name: "status-page-is-a-portal", Break: func(w *World) {
		w.Status.Answer = Page(200, "text/html", "<html><title>Log in</title></html>")
		w.API.Closed = true
	}},
	{Cause: "port.refused", Name: "incident-resolved", Break: func(w *World) {
		w.Status.Answer = Page(200, "application/json", strings.NewReplacer(`"investigating"`, `"resolved"`,
			`"major","`+`description":"Partial System Outage"`, `"none","description":"All Systems Operational"`).Replace(statusIncident))
		w.API.Closed = true
	}},
	{Cause: "call.auth-failed", Name: "other-environment-not-there", Check: calls(1), Break: func(w *World) {
		public(w)
		delete(w.Zone, "horizon.opensrs.net")
	}},
	{Cause: "call.auth-failed", Name: "other-environment-refuses-connections", Check: calls(1), Break: func(w *World) {
		public(w)
		w.API.Addresses = []string{HostIP}
	}},
	{Cause: "call.auth-failed", Name: "other-environment-with-a-wrong-certificate", Check: calls(1), Break: func(w *World) {
		public(w)
		certificate(w, apiIssuer(), sandbox.Template{Names: []string{"rr-n1-tor.opensrs.net"}})
	}},
	{Cause: "call.auth-failed", Name: "other-environment-refuses-the-address", Check: calls(2), Break: func(w *World) {
		public(w)
		w.API.Reply = func(conn net.Conn, r *Request) {
			if conn.LocalAddr().(*net.TCPAddr).IP.String() == SpareIP {
				Envelope(400, "Access denied: invalid IP address")(conn, r)
				return
			}
			Envelope(401, "Authentication Error")(conn, r)
		}
	}},
	{Cause: "call.auth-failed", Name: "no-cross-check", Check: calls(1), Break: func(w *World) {
		public(w)
		w.Flags = append(w.Flags, "--cross-check=false")
	}},
	{Cause: "call.auth-failed", Name: "no-cross-check-from-an-endpoint", Check: calls(1), Break: func(w *World) {
		public(w)
		w.Environment, w.EndpointIs = "", "https://rr-n1-tor.opensrs.net:55443/"
	}},
	{Cause: "call.ip-denied", Name: "no-cross-check-of-a-refused-address", Check: calls(1), Break: func(w *World) {
		public(w)
		outcomes["denied"](w)
	}},
	{Cause: "call.wrong-environment", Name: "live-credentials-at-test", Check: calls(2), Break: func(w *World) {
		public(w)
		w.Environment = "test"
		w.API.Reply = atSpare(Envelope(401, "Authentication Error"))
	}},
	{Cause: "call.wrong-environment", Name: "although-the-rules-deny", Check: calls(2), Break: func(w *World) {
		public(w)
		w.Rules = lists["no-match"]
		w.Environment = "test"
		w.API.Reply = atSpare(Envelope(401, "Authentication Error"))
	}},
}

// atSpare answers so at the spare address, and as the account's owner is answered at the other.
func atSpare(special func(net.Conn, *Request)) func(net.Conn, *Request) {
	return func(conn net.Conn, r *Request) {
		if conn.LocalAddr().(*net.TCPAddr).IP.String() == SpareIP {
			special(conn, r)
			return
		}
		Envelope(200, "Command successful")(conn, r)
	}
}

// public is the live service at the host's address, and the test service at the spare one; both refuse the key.
func public(w *World) {
	w.Environment = "live"
	w.Zone["rr-n1-tor.opensrs.net"] = []string{HostIP}
	w.Zone["horizon.opensrs.net"] = []string{SpareIP}
	w.API.Addresses = []string{HostIP, SpareIP}
	outcomes["401"](w)
}

func fine(name string, answer func(net.Conn, *Request)) Fault {
	return Fault{Name: "reply-" + name, Check: oneConnection, Break: reply(answer)}
}

func reply(answer func(net.Conn, *Request)) func(*World) {
	return func(w *World) { w.API.Reply = answer }
}

// redirects points elsewhere; nothing may follow there.
func redirects(name, status, location string) Fault {
	return Fault{Cause: "call.redirected", Name: name, Says: []string{location}, Check: calls(1),
		Break: reply(HTTP(status, "text/html", "", "Location: "+location))}
}

func plainReply(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// envelope is a reply in which success, code and text are written as given.
func envelope(success, code, text string) string {
	return `<OPS_envelope><header><version>0.9</version></header><body><data_block><dt_assoc>` +
		`<item key="protocol">XCP</item><item key="action">REPLY</item><item key="is_success">` + success +
		`</item><item key="response_code">` + code + `</item><item key="response_text">` + text +
		`</item></dt_assoc></data_block></body></OPS_envelope>`
}

func delayed(delay time.Duration) func(net.Conn, *Request) {
	return func(conn net.Conn, r *Request) {
		<-time.After(delay)
		Envelope(200, "Command successful")(conn, r)
	}
}

// drip sends a good reply so slowly that nobody waits for its end.
func drip(conn net.Conn, _ *Request) {
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n")
	for _, b := range []byte(goodEnvelope) {
		<-time.After(100 * time.Millisecond)
		if _, err := conn.Write([]byte{b}); err != nil {
			return
		}
	}
}

// afterHandshake ends the connection as soon as TLS stands, without reading the request.
func afterHandshake(end func(net.Conn)) func(*World) {
	return func(w *World) {
		certificate(w, apiIssuer(), sandbox.Template{Names: w.Names()})
		w.API.Raw = func(conn net.Conn) {
			if secure := handshake(w, conn); secure != nil {
				end(secure)
			}
		}
	}
}

func calls(want int32) func(*testing.T, *World, Result) {
	return func(t *testing.T, w *World, _ Result) {
		if n := w.API.Requests.Load(); n != want {
			t.Errorf("the service got %d calls, want %d", n, want)
		}
	}
}

// within holds the run against its --timeout, by the tool's own clock: how long a crowded machine takes to start it
// is another matter.
func within(limit time.Duration) func(*testing.T, *World, Result) {
	return func(t *testing.T, _ *World, result Result) {
		if took := time.Duration(result.Report.DurationMS * float64(time.Millisecond)); took > limit {
			t.Errorf("took %v, want less than %v", took, limit)
		}
	}
}

// handshake makes the connection a TLS one; nil where that fails.
func handshake(w *World, conn net.Conn) net.Conn {
	secure := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*w.API.Certificate}})
	if err := secure.Handshake(); err != nil {
		return nil
	}
	return secure
}

// lineEnd: the white space around the key is told as information, and nothing else is.
func lineEnd(what string) func(*testing.T, *World, Result) {
	return func(t *testing.T, w *World, result Result) {
		oneConnection(t, w, result)
		if d := result.Report.Diagnoses; len(d) != 1 || d[0].Cause != "config.key-line-end" || d[0].Severity != "info" ||
			!strings.Contains(d[0].Summary, w.dir+"/key has "+what) {
			t.Errorf("%+v", d)
		}
	}
}

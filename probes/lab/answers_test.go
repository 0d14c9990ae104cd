//go:build linux

package lab

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"time"
)

// Answers that are somebody else's: a page of the device that opens TLS, a cache's, another service's greeting.
var answerWorlds = []Fault{
	openedTLS("call.server-error", "block-page-of-a-device-that-opens-tls", "503 Service Unavailable", "Web Page Blocked"),
	openedTLS("call.rate-limited", "limit-of-a-device-that-opens-tls", "429 Too Many Requests", "Slow down"),
	{Cause: "call.server-error", Name: "relay-that-reaches-nobody", Confidence: "likely", Says: []string{"502", "whoever runs " + Host},
		Break: reply(HTTP("502 Bad Gateway", "text/html", "<title>502 Bad Gateway</title>"))},
	likely(replies("call.server-error", "code-alone", Envelope(404, "Sorry"))),
	likely(replies("call.permission-denied", "code-alone", Envelope(415, "Authentication Failure"))),
	replies("call.not-opensrs", "304", Literal("HTTP/1.1 304 Not Modified\r\n\r\n"), "304", "no body"),
	replies("call.not-opensrs", "403-without-a-body", HTTP("403 Forbidden", "text/plain", ""), "403", "no body"),
	replies("call.not-opensrs", "mail-server-behind-tls", Literal("220 mail.example ESMTP\r\n"), "220 mail.example ESMTP"),
	replies("call.not-opensrs", "mailbox-server-behind-tls", Literal("* OK ready\r\n"), "OK ready"),
	{Cause: "call.malformed-reply", Name: "blank-line-before-the-head", Break: reply(Literal("\r\n" + plainReply(goodEnvelope)))},
	replies("call.not-opensrs", "page-that-is-all-frame", HTTP("403 Forbidden", "text/html", `<html style="height:100%"><head><META NAME="ROBOTS"></head><body>`+
		`<iframe id="main" src="/x?y">Request unsuccessful. Incident ID: 123-456</iframe></body></html>`), "Request unsuccessful. Incident ID: 123-456"),
	replies("call.not-opensrs", "soap-fault", HTTP("200 OK", "text/xml", `<?xml version="1.0"?>`+"\n"+`<soap:Fault><faultstring>No such service</faultstring></soap:Fault>`),
		"No such service"),

	{Cause: "call.ip-denied", Name: "sources-that-tell-a-private-address", Then: []string{"egress.unknown"},
		Never: []string{"allow 10.1.0.2"}, Break: func(w *World) {
			public(w)
			w.Flags = append(w.Flags, "--cross-check=false")
			outcomes["denied"](w)
			for _, source := range w.Sources {
				source.Answer = Page(200, "text/plain", "10.1.0.2\n")
			}
		}},

	{Cause: "tls.expired", Name: "long-ago-and-its-issuer-made-anew", Says: []string{Host}, Break: func(w *World) {
		root := oddRoot()
		issuing := root.issue("Odd Issuing CA", true, nil)
		ended := issuing.certificate.NotBefore.AddDate(0, -1, 0)
		w.present(issuing.issue(Host, false, func(c *x509.Certificate) { c.NotBefore, c.NotAfter = ended.AddDate(-1, 0, 0), ended }))
	}},
	{Cause: "tls.unknown-ca", Name: "shown-issuer-has-another-key", Confidence: "likely", Says: []string{"another of its keys", "Odd Issuing CA"}, Break: func(w *World) {
		root := oddRoot()
		leaf := root.issue("Odd Issuing CA", true, nil).issue(Host, false, nil)
		w.present(leaf)
		other := root.issue("Odd Issuing CA", true, nil)
		w.API.Certificate.Certificate[1] = other.certificate.Raw
	}},
	{Cause: "tls.rejected", Name: "client-certificate-wanted-and-said", Says: []string{"asked for a certificate of the client's own"}, Break: func(w *World) {
		w.API.TLS = func(c *tls.Config) { c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12 }
	}},
	{Cause: "call.no-reply", Name: "client-certificate-wanted-and-hung-up", Confidence: "likely", Says: []string{"whoever runs " + Host + ":55443 whether it wants a certificate"},
		Break: func(w *World) {
			w.API.TLS = func(c *tls.Config) { c.ClientAuth = tls.RequestClientCert }
			w.API.Reply = HangUp
		}},
	{Cause: "call.no-reply", Name: "hung-up-by-a-device-that-opens-tls", Confidence: "likely", Then: []string{"tls.intercepted"}, Says: []string{"TLS is opened on the path"},
		Break: func(w *World) {
			intercepted(w)
			w.Flags = append(w.Flags, "--allow-intercepted")
			w.API.Reply = HangUp
		}},
	{Cause: "tls.reset", Name: "cut-in-the-certificate", Confidence: "likely", Says: []string{"after 600 bytes of an answer"},
		Never: []string{"without an answer", "first message of the handshake"}, Break: func(w *World) {
			w.API.Wrap = func(conn net.Conn) net.Conn { return &halfSaid{Conn: conn, left: 600, then: net.Conn.Close} }
		}},
	{Cause: "tls.timeout", Name: "stops-in-the-certificate", Confidence: "likely", Says: []string{"No whole answer", "after 600 bytes of an answer"},
		Never: []string{"nothing comes"}, Break: func(w *World) {
			w.API.Wrap = func(conn net.Conn) net.Conn {
				return &halfSaid{Conn: conn, left: 600, then: func(net.Conn) error { time.Sleep(time.Minute); return nil }}
			}
		}},
	{Cause: "tls.incomplete-chain", Name: "or-a-private-authority", Confidence: "likely", Says: []string{"may also be a private authority"}, Break: func(w *World) {
		leaf := oddRoot().issue(Host, false, nil)
		w.API.Certificate = &tls.Certificate{PrivateKey: leaf.key, Certificate: [][]byte{leaf.certificate.Raw}}
	}},
}

// halfSaid is a connection on which so many bytes leave, and then something else happens.
type halfSaid struct {
	net.Conn
	left int
	then func(net.Conn) error
}

func (h *halfSaid) Write(p []byte) (int, error) {
	n, err := h.Conn.Write(p[:min(len(p), h.left)])
	if h.left -= n; h.left == 0 && err == nil {
		err = h.then(h.Conn)
	}
	return len(p), err
}

// openedTLS is a reply by a device that opens TLS, whose root this host trusts.
func openedTLS(cause, name, status, title string) Fault {
	return Fault{Cause: cause, Name: name, Confidence: "likely", Then: []string{"tls.intercepted"}, Says: []string{"TLS is opened on the path", "Acme Corp Private Root"},
		Break: func(w *World) {
			intercepted(w)
			w.Flags = append(w.Flags, "--allow-intercepted")
			w.API.Reply = HTTP(status, "text/html", "<html><title>"+title+"</title></html>")
		}}
}

// likely is a fault whose cause is not certain.
func likely(fault Fault) Fault {
	fault.Confidence = "likely"
	return fault
}

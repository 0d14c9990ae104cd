//go:build linux

package lab

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"opensrs-doctor/probes/sandbox"
)

// Handshakes and certificates.
var furtherTLS = []Fault{
	{Name: "chain-shuffled-with-root", Check: oneConnection, Break: func(w *World) {
		certificate(w, apiIssuer(), sandbox.Template{Names: w.Names(), WithRoot: true})
		chain := w.API.Certificate.Certificate
		chain[1], chain[2] = chain[2], chain[1]
	}},
	{Name: "chain-with-strangers-in-it", Check: oneConnection, Break: func(w *World) {
		certificate(w, apiIssuer(), sandbox.Template{Names: w.Names()})
		w.API.Certificate.Certificate = append(w.API.Certificate.Certificate,
			strangeRoot().Certificate.Raw, controlIssuer().Certificate.Raw, w.API.Certificate.Certificate[0])
	}},
	{Name: "wildcard-certificate", Check: oneConnection, Break: func(w *World) {
		certificate(w, apiIssuer(), sandbox.Template{Names: []string{"*.opensrs.example"}})
	}},
	{Name: "endpoint-by-address", Check: oneConnection, Break: func(w *World) {
		w.EndpointIs = "https://" + HostIP + ":55443/"
		w.Resolvers[0].Dead = true
	}},
	{Name: "rsa-key-exchange-only", Check: oneConnection, Break: func(w *World) {
		certificate(w, apiIssuer(), sandbox.Template{Names: w.Names(), RSA: true})
		w.API.TLS = func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_AES_256_GCM_SHA384}
		}
	}},
	{Name: "tls13-and-another-curve", Check: oneConnection, Break: func(w *World) {
		w.API.TLS = func(c *tls.Config) { c.MinVersion, c.CurvePreferences = tls.VersionTLS13, []tls.CurveID{tls.CurveP384} }
	}},
	{Name: "client-certificate-asked-for-and-not-needed", Check: oneConnection, Break: func(w *World) {
		w.API.TLS = func(c *tls.Config) { c.ClientAuth = tls.RequestClientCert }
	}},
	{Name: "half-of-a-six-day-lifetime", Check: oneConnection, Break: func(w *World) {
		certificate(w, apiIssuer(), lifetime(w, -3*day, 3*day))
	}},
	{Cause: "tls.expires-soon", Name: "last-day-of-six", Verdict: "warn", Break: func(w *World) {
		certificate(w, apiIssuer(), lifetime(w, -5*day, day))
	}},
	{Cause: "tls.expires-soon", Name: "the-issuer-in-a-week", Verdict: "warn", Says: []string{"Lab Old Issuing CA"},
		Break: func(w *World) { certificate(w, oldIssuer(7*day), lifetime(w, -30*day, 60*day)) }},
	{Cause: "tls.expired", Name: "intermediate", Says: []string{"Lab Old Issuing CA"}, Break: func(w *World) {
		certificate(w, oldIssuer(-2*day), lifetime(w, -30*day, 60*day))
	}},
	{Cause: "tls.expired", Name: "an-hour-ago", Break: func(w *World) {
		certificate(w, apiIssuer(), lifetime(w, -90*day, -time.Hour))
	}},
	{Cause: "tls.expired", Name: "and-for-another-name", Or: []string{"tls.name-mismatch"}, Then: []string{"tls.name-mismatch"},
		Break: func(w *World) {
			template := lifetime(w, -90*day, -day)
			template.Names = []string{"old.example"}
			certificate(w, apiIssuer(), template)
		}},
	{Cause: "tls.expired", Name: "and-nobody-tells-the-time", Confidence: "likely", Break: func(w *World) {
		alone(w)
		certificate(w, apiIssuer(), lifetime(w, -90*day, -day))
	}},
	{Cause: "tls.expired", Name: "without-controls", Break: func(w *World) {
		w.Controls, w.NoControls = nil, true
		certificate(w, apiIssuer(), lifetime(w, -90*day, -day))
	}},
	{Cause: "tls.expired", Name: "private-and-expired", Or: []string{"tls.unknown-ca"}, Break: func(w *World) {
		template := lifetime(w, -90*day, -day)
		template.WithRoot = true
		certificate(w, strangeRoot(), template)
	}},
	{Cause: "tls.incomplete-chain", Name: "root-instead-of-the-issuer", Says: []string{"Lab Issuing CA 1"}, Or: []string{"unexplained"},
		Break: func(w *World) {
			certificate(w, apiIssuer(), sandbox.Template{Names: w.Names(), Alone: true})
			w.API.Certificate.Certificate = append(w.API.Certificate.Certificate, publicRoot().Certificate.Raw)
		}},
	{Cause: "tls.incomplete-chain", Name: "the-wrong-issuer", Says: []string{"Lab Issuing CA 1"}, Break: func(w *World) {
		certificate(w, apiIssuer(), sandbox.Template{Names: w.Names(), Alone: true})
		w.API.Certificate.Certificate = append(w.API.Certificate.Certificate, controlIssuer().Certificate.Raw)
	}},
	{Cause: "tls.incomplete-chain", Name: "no-controls-asked", Confidence: "likely", Or: []string{"unexplained"}, Break: func(w *World) {
		incomplete(w)
		w.Controls, w.NoControls = nil, true
	}},
	{Cause: "tls.unknown-ca", Name: "one-certificate-and-nothing-to-compare", Confidence: "possible", Break: func(w *World) {
		incomplete(w)
		alone(w)
	}},
	{Cause: "tls.incomplete-chain", Name: "a-stranger-instead-of-the-issuer", Says: []string{"Lab Issuing CA 1"}, Or: []string{"unexplained"},
		Break: func(w *World) {
			certificate(w, apiIssuer(), sandbox.Template{Names: w.Names(), Alone: true})
			w.API.Certificate.Certificate = append(w.API.Certificate.Certificate, strangeRoot().Certificate.Raw)
		}},
	{Cause: "tls.unknown-ca", Name: "name-that-only-resembles-a-product", Break: func(w *World) {
		certificate(w, sandbox.NewRoot(authority("Havasterra Hosting CA")), sandbox.Template{Names: w.Names(), WithRoot: true})
	}},
	{Cause: "tls.unknown-ca", Name: "below-a-private-intermediate", Says: []string{"Acme Corp Private Root"}, Break: func(w *World) {
		certificate(w, strangeRoot().Intermediate(authority("Acme Servers")), sandbox.Template{Names: w.Names(), WithRoot: true})
	}},
	{Cause: "tls.unknown-ca", Name: "and-for-another-name", Break: func(w *World) {
		certificate(w, strangeRoot(), sandbox.Template{Names: []string{"fw.example"}, WithRoot: true})
	}},
	{Cause: "tls.unknown-ca", Name: "empty-store-and-private-root", Break: func(w *World) {
		strange(w)
		w.SystemStore = nil
	}},
	{Cause: "tls.name-mismatch", Name: "address-not-in-the-certificate", Says: []string{Host}, Break: func(w *World) {
		w.EndpointIs = "https://" + HostIP + ":55443/"
		certificate(w, apiIssuer(), sandbox.Template{Names: []string{Host}})
	}},
	{Cause: "tls.name-mismatch", Name: "common-name-only", Says: []string{"common name"}, Break: func(w *World) {
		certificate(w, apiIssuer(), sandbox.Template{CommonName: Host})
	}},
	{Cause: "tls.name-mismatch", Name: "wildcard-one-level-too-high", Says: []string{"*.example"}, Break: func(w *World) {
		certificate(w, apiIssuer(), sandbox.Template{Names: []string{"*.example"}})
	}},
	{Cause: "tls.name-mismatch", Name: "empty-store-and-another-name", Break: func(w *World) {
		certificate(w, apiIssuer(), sandbox.Template{Names: []string{"other.example"}})
		w.SystemStore = nil
	}},
	{Cause: "tls.self-signed", Name: "another-name-and-expired", Break: func(w *World) {
		chain := sandbox.SelfSigned(sandbox.Template{Names: []string{"router.lan"}, NotBefore: time.Now().AddDate(-9, 0, 0),
			NotAfter: time.Now().AddDate(-1, 0, 0)})
		w.API.Certificate = &chain
	}},
	{Cause: "tls.self-signed", Name: "trusted-by-this-host", Or: []string{"tls.intercepted"}, Break: func(w *World) {
		chain := sandbox.SelfSigned(sandbox.Template{Names: w.Names()})
		w.API.Certificate = &chain
		w.SystemStore = slices.Concat(w.SystemStore, pemOf(chain))
	}},
	{Cause: "tls.intercepted", Name: "known-product-not-trusted", Confidence: "likely", Says: []string{"Zscaler"}, Check: noRequest,
		Break: func(w *World) { inspected(w) }},
	{Cause: "tls.intercepted", Name: "known-product-not-trusted-although-allowed", Says: []string{"Zscaler"}, Check: noRequest,
		Break: func(w *World) {
			inspected(w)
			w.Flags = append(w.Flags, "--allow-intercepted")
		}},
	{Cause: "tls.intercepted", Name: "known-product-trusted", Says: []string{"Zscaler"}, Check: noRequest, Break: func(w *World) {
		w.SystemStore = slices.Concat(w.SystemStore, inspected(w).PEM())
	}},
	{Cause: "tls.intercepted", Name: "one-control-too", Confidence: "certain", Break: func(w *World) {
		intercepted(w)
		names := []string{addressOf(w.Controls[0])}
		w.Controls[0].Certificate = Issue(strangeRoot(), 0, sandbox.Template{Names: names, WithRoot: true})
	}},
	{Cause: "tls.intercepted", Name: "nobody-to-compare-with", Confidence: "likely", Break: func(w *World) {
		intercepted(w)
		alone(w)
	}},
	{Cause: "tls.intercepted", Name: "below-an-intermediate", Confidence: "certain", Break: func(w *World) {
		inspector := strangeRoot().Intermediate(authority("Acme Inspection"))
		certificate(w, inspector, sandbox.Template{Names: w.Names()})
		w.SystemStore = slices.Concat(w.SystemStore, strangeRoot().PEM())
		for _, control := range w.Controls {
			control.Certificate = Issue(inspector, 0, sandbox.Template{Names: []string{addressOf(control)}})
		}
	}},
	{Cause: "tls.intercepted", Name: "everything-is", Confidence: "certain", Break: func(w *World) {
		intercepted(w)
		interceptControls(w)
		source := w.Sources[0]
		source.Certificate = Issue(strangeRoot(), 0, sandbox.Template{Names: []string{addressOf(source)}, WithRoot: true})
	}},
	{Cause: "call.auth-failed", Name: "intercepted-and-allowed", Then: []string{"tls.intercepted"}, Break: func(w *World) {
		intercepted(w)
		w.Flags = append(w.Flags, "--allow-intercepted")
		outcomes["401"](w)
	}},
	{Cause: "call.auth-failed", Name: "empty-store-and-another-key", Then: []string{"tls.local-roots-outdated"}, Break: func(w *World) {
		w.SystemStore = nil
		outcomes["401"](w)
	}},
	{Cause: "tls.local-roots-outdated", Name: "the-call-is-made", Check: calls(1), Break: func(w *World) {
		w.SystemStore = strangeRoot().PEM()
	}},
	{Cause: "tls.version-unsupported", Name: "tls10-only", Says: []string{"TLS 1.0"}, Break: func(w *World) {
		w.API.TLS = func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS10 }
	}},
	{Cause: "tls.rejected", Name: "client-certificate-wanted-in-tls13", Says: []string{"certificate required"},
		Break: func(w *World) {
			w.API.TLS = func(c *tls.Config) { c.ClientAuth, c.MinVersion = tls.RequireAnyClientCert, tls.VersionTLS13 }
		}},
	{Cause: "tls.rejected", Name: "unrecognized-name", Says: []string{"unrecognized name"}, Break: func(w *World) {
		w.API.Raw = RawText("\x15\x03\x03\x00\x02\x02\x70")
	}},
	{Cause: "tls.rejected", Name: "internal-error", Says: []string{"internal error"}, Break: func(w *World) {
		w.API.Raw = RawText("\x15\x03\x03\x00\x02\x02\x50")
	}},
	{Cause: "tls.rejected", Name: "access-denied", Says: []string{"access denied"}, Break: func(w *World) {
		w.API.Raw = RawText("\x15\x03\x01\x00\x02\x02\x31")
	}},
	{Cause: "tls.not-tls", Name: "smtp-greets-first", Says: []string{"220 mail.example"}, Break: func(w *World) {
		w.API.Raw = func(conn net.Conn) {
			_, _ = io.WriteString(conn, "220 mail.example ESMTP\r\n")
			RawSilence(conn)
		}
	}},
	{Cause: "tls.not-tls", Name: "html-without-a-status-line", Says: []string{"<html>"}, Break: func(w *World) {
		w.API.Raw = RawText("<html><title>blocked</title></html>\n")
	}},
	{Cause: "tls.not-tls", Name: "binary", Break: func(w *World) { w.API.Raw = RawText("\x00\x01\xff\xfe\x00\x02garbage") }},
	{Cause: "tls.reset", Name: "isp-resets-what-is-long", Break: func(w *World) {
		w.ISP.Filter("forward", "tcp dport 55443 meta length > 150 reject with tcp reset")
	}},
	{Cause: "tls.reset", Name: "gateway-resets-after-the-handshake-of-tcp", Break: func(w *World) {
		w.Gateway.Filter("forward", `iifname "lan0" tcp dport 55443 ct original packets > 2 reject with tcp reset`)
	}},
	{Cause: "tls.reset", Name: "closed-at-once", Break: func(w *World) { w.API.Raw = func(net.Conn) {} }},
	{Cause: "tls.reset", Name: "reset-at-once", Break: func(w *World) { w.API.Raw = func(conn net.Conn) { abort(conn) } }},
	{Cause: "tls.reset", Name: "half-a-server-hello", Or: []string{"tls.rejected", "unexplained"}, Break: func(w *World) {
		w.API.Raw = RawText("\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03")
	}},
	{Cause: "tls.timeout", Name: "firewall-drops-after-three-packets", Confidence: "likely", Says: []string{"did not confirm"}, Never: []string{"server that hangs"}, Break: func(w *World) {
		w.Gateway.Filter("forward", "tcp dport 55443 ct original packets > 2 drop")
	}},
	{Cause: "tls.timeout", Name: "gateway-drops-answers-after-the-first", Confidence: "likely", Says: []string{"did not confirm"}, Never: []string{"server that hangs"}, Break: func(w *World) {
		w.Gateway.Filter("forward", "tcp sport 55443 ct reply packets > 1 drop")
	}},
	{Cause: "tls.timeout", Name: "gateway-drops-answers-over-100-bytes", Confidence: "likely", Says: []string{"server that hangs", "long packets"}, Break: func(w *World) {
		w.Gateway.Filter("forward", "tcp sport 55443 meta length > 100 drop")
	}},
	{Cause: "tls.timeout", Name: "gateway-drops-what-is-over-100-bytes-both-ways", Confidence: "likely", Says: []string{"did not confirm"}, Break: func(w *World) {
		w.Gateway.Filter("forward", "tcp sport 55443 meta length > 100 drop", "tcp dport 55443 meta length > 100 drop")
	}},
	{Cause: "tls.timeout", Name: "isp-drops-what-is-long", Confidence: "likely", Break: func(w *World) {
		w.ISP.Filter("forward", "tcp dport 55443 meta length > 150 drop")
	}},
	{Cause: "tls.sni-blocked", Name: "silent-on-the-name", Says: []string{Host}, Break: func(w *World) {
		w.API.TLS = onHello(func(hello *tls.ClientHelloInfo) {
			if hello.ServerName == Host {
				_, _ = io.Copy(io.Discard, hello.Conn)
			}
		})
	}},
	{Cause: "tls.sni-blocked", Name: "closed-on-the-name", Says: []string{Host}, Break: func(w *World) {
		w.API.TLS = onHello(func(hello *tls.ClientHelloInfo) {
			if hello.ServerName == Host {
				_ = hello.Conn.Close()
			}
		})
	}},
	{Cause: "tls.sni-blocked", Name: "reset-on-the-name-and-another-certificate-without", Says: []string{Host}, Break: func(w *World) {
		other := Issue(apiIssuer(), 0, sandbox.Template{Names: []string{"default.example"}})
		w.API.TLS = func(c *tls.Config) {
			onHello(func(hello *tls.ClientHelloInfo) {
				if hello.ServerName == Host {
					abort(hello.Conn)
				}
			})(c)
			c.Certificates = []tls.Certificate{*other}
		}
	}},
	{Cause: "tls.hello-too-big", Name: "reset-by-a-middlebox", Break: func(w *World) {
		w.API.Wrap = func(conn net.Conn) net.Conn { return &bigHelloReset{bigHelloHole{Conn: conn, limit: 1000}} }
	}},
	{Cause: "tls.mtu-blackhole", Name: "1280-and-no-icmp", Break: func(w *World) { narrow(w, "1280"); withoutICMP(w) }},
	{Cause: "tls.mtu-blackhole", Name: "576-and-no-icmp", Break: func(w *World) { narrow(w, "576"); withoutICMP(w) }},
	{Cause: "tls.mtu-blackhole", Name: "1400-from-the-server-with-a-long-chain", Break: func(w *World) {
		certificate(w, apiIssuer(), sandbox.Template{Names: w.Names(), RSA: true})
		w.API.Certificate.Certificate = append(w.API.Certificate.Certificate, strangeRoot().Certificate.Raw, controlIssuer().Certificate.Raw)
		w.ISP.Filter("forward", "tcp sport 55443 meta length > 1400 drop")
	}},
	{Name: "path-of-1280-that-says-so", Break: func(w *World) { narrow(w, "1280") }, Or: []string{"port.lossy"}},
}

// Clocks.
var furtherClocks = []Fault{
	{Name: "four-minutes-behind", Check: oneConnection, Break: func(w *World) { w.Skew = 4 * time.Minute }},
	{Cause: "host.clock-wrong", Name: "three-hours-behind", Verdict: "warn", Break: func(w *World) { w.Skew = 3 * time.Hour }},
	{Cause: "host.clock-wrong", Name: "three-hours-ahead-https-only", Verdict: "warn", Break: func(w *World) {
		w.Skew = -3 * time.Hour
		w.Sources[1] = &Peer{Address: "192.0.2.13:443", Secure: true}
	}},
	{Cause: "host.clock-wrong", Name: "thirty-hours-behind", Break: func(w *World) { w.Skew = 30 * time.Hour }},
	{Cause: "host.clock-wrong", Name: "thirty-hours-behind-https-only", Break: func(w *World) {
		w.Skew = 30 * time.Hour
		w.Sources[1] = &Peer{Address: "192.0.2.13:443", Secure: true}
	}},
	{Cause: "host.clock-wrong", Name: "one-source-agrees-with-this-host", Break: func(w *World) {
		w.Skew = twoYears
		right := time.Duration(0)
		w.Sources = append(w.Sources, &Peer{Address: "192.0.2.13:80", Skew: &right})
	}},
	{Cause: "host.clock-wrong", Name: "behind-without-controls", Break: func(w *World) {
		w.Skew = twoYears
		w.Controls, w.NoControls = nil, true
	}},
	{Cause: "host.clock-wrong", Name: "hides-what-it-breaks", Break: func(w *World) { w.Skew = -twoYears }, Then: []string{}},
	{Cause: "tls.expired", Name: "or-the-clock-and-nobody-to-ask", Confidence: "likely", Break: func(w *World) {
		w.Skew = -twoYears
		alone(w)
	}},
	{Cause: "tls.not-yet-valid", Name: "or-the-clock-and-nobody-to-ask", Confidence: "likely", Break: func(w *World) {
		w.Skew = twoYears
		alone(w)
	}},
	{Cause: "call.auth-failed", Name: "clock-ten-minutes-ahead", Then: []string{"host.clock-wrong"}, Break: func(w *World) {
		w.Skew = -10 * time.Minute
		outcomes["401"](w)
	}},
	{Cause: "host.clock-wrong", Name: "behind-and-sources-dead", Break: func(w *World) {
		w.Skew = twoYears
		w.Sources[0].Dead, w.Sources[1].Dead = true, true
	}},
	{Cause: "tls.name-mismatch", Name: "clock-ten-minutes-ahead", Then: []string{"host.clock-wrong"}, Break: func(w *World) {
		w.Skew = -10 * time.Minute
		certificate(w, apiIssuer(), sandbox.Template{Names: []string{"other.example"}})
	}},
	{Cause: "tls.expired", Name: "clock-ten-minutes-ahead", Or: []string{"host.clock-wrong"}, Break: func(w *World) {
		w.Skew = -10 * time.Minute
		certificate(w, apiIssuer(), lifetime(w, -90*day, -2*day))
	}},
}

const day = 24 * time.Hour

// lifetime is a template of the right names, with dates seen from now.
func lifetime(w *World, from, to time.Duration) sandbox.Template {
	return sandbox.Template{Names: w.Names(), NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(to)}
}

// oldIssuer is an authority below the public root that ends at that time from now.
func oldIssuer(end time.Duration) *sandbox.Authority {
	template := authority("Lab Old Issuing CA")
	template.NotAfter = time.Now().Add(end)
	return publicRoot().Intermediate(template)
}

// inspected puts a known product between, and gives its authority.
func inspected(w *World) *sandbox.Authority {
	product := sandbox.NewRoot(authority("Zscaler Root CA"))
	certificate(w, product.Intermediate(authority("Zscaler Intermediate Root CA (zscaler.net)")),
		sandbox.Template{Names: w.Names(), WithRoot: true})
	return product
}

func noRequest(t *testing.T, w *World, _ Result) {
	if n := w.API.Requests.Load(); n != 0 {
		t.Errorf("the service got %d calls, want none", n)
	}
}

func pemOf(chain tls.Certificate) []byte {
	var out bytes.Buffer
	for _, der := range chain.Certificate {
		if _, err := x509.ParseCertificate(der); err == nil {
			_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: der})
		}
	}
	return out.Bytes()
}

// narrow makes the line between ISP and hosting network take shorter packets only.
func narrow(w *World, mtu string) {
	w.ISP.IP("link set up0 mtu " + mtu)
	w.Edge.IP("link set down0 mtu " + mtu)
}

// bigHelloReset is a middlebox that resets what bigHelloHole would swallow.
type bigHelloReset struct{ bigHelloHole }

func (b *bigHelloReset) Read(p []byte) (int, error) {
	if !b.checked {
		b.checked = true
		b.head = make([]byte, 5)
		if _, err := io.ReadFull(b.Conn, b.head); err != nil {
			return 0, err
		}
		if int(b.head[3])<<8|int(b.head[4]) > b.limit {
			abort(b.Conn)
			return 0, io.EOF
		}
	}
	return b.bigHelloHole.Read(p)
}

//go:build linux

package lab

import (
	"crypto/tls"
	"net"
	"slices"
	"time"

	"opensrs-doctor/probes/sandbox"
)

// Faults of the handshake and of the certificate.
var tlsFaults = []Fault{
	{Cause: "tls.expired", Name: "yesterday", Break: func(w *World) {
		certificate(w, apiIssuer(), sandbox.Template{Names: w.Names(),
			NotBefore: time.Now().AddDate(0, -3, 0), NotAfter: time.Now().AddDate(0, 0, -1)})
	}},
	{Cause: "tls.not-yet-valid", Name: "tomorrow", Break: func(w *World) {
		certificate(w, apiIssuer(), sandbox.Template{Names: w.Names(), NotBefore: time.Now().AddDate(0, 0, 1)})
	}},
	{Cause: "tls.expires-soon", Name: "in-five-days", Verdict: "warn", Break: func(w *World) {
		certificate(w, apiIssuer(), sandbox.Template{Names: w.Names(),
			NotBefore: time.Now().AddDate(0, -3, 0), NotAfter: time.Now().AddDate(0, 0, 5)})
	}},
	{Cause: "tls.name-mismatch", Name: "another-name", Says: []string{"other.example"}, Break: func(w *World) {
		certificate(w, apiIssuer(), sandbox.Template{Names: []string{"other.example"}})
	}},
	{Cause: "tls.self-signed", Name: "leaf-is-its-own-issuer", Break: func(w *World) {
		chain := sandbox.SelfSigned(sandbox.Template{Names: w.Names()})
		w.API.Certificate = &chain
	}},
	{Cause: "tls.unknown-ca", Name: "root-presented", Says: []string{"Acme Corp Private Root"}, Break: strange},
	{Cause: "tls.intercepted", Name: "store-trusts-it", Confidence: "likely",
		Says: []string{"Acme Corp Private Root"}, Break: intercepted},
	{Cause: "tls.intercepted", Name: "controls-too", Confidence: "certain", Break: func(w *World) {
		intercepted(w)
		interceptControls(w)
	}},
	{Cause: "tls.intercepted", Name: "without-the-root", Break: func(w *World) {
		certificate(w, strangeRoot(), sandbox.Template{Names: w.Names()})
		w.SystemStore = slices.Concat(w.SystemStore, strangeRoot().PEM())
	}},
	{Cause: "tls.intercepted", Name: "allowed", Verdict: "warn", Break: func(w *World) {
		intercepted(w)
		w.Flags = append(w.Flags, "--allow-intercepted")
	}},
	{Cause: "tls.incomplete-chain", Name: "issuer-missing", Says: []string{"Lab Issuing CA 1"},
		Break: incomplete},
	{Cause: "tls.incomplete-chain", Name: "issuer-known-to-be-public", Confidence: "certain",
		Break: func(w *World) {
			incomplete(w)
			for _, control := range w.Controls {
				names := []string{addressOf(control)}
				control.Certificate = Issue(apiIssuer(), 0, sandbox.Template{Names: names})
			}
		}},
	{Cause: "tls.local-roots-outdated", Name: "root-not-in-the-store", Break: func(w *World) {
		w.SystemStore = strangeRoot().PEM()
	}},
	{Cause: "tls.local-roots-outdated", Name: "empty-store", Says: []string{"no root certificates"},
		Break: func(w *World) { w.SystemStore = nil }},
	{Cause: "tls.not-tls", Name: "plain-http", Says: []string{"HTTP/1.1 400"}, Break: func(w *World) {
		w.API.Raw = RawText("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
	}},
	{Cause: "tls.not-tls", Name: "ssh", Says: []string{"SSH-2.0"}, Break: func(w *World) {
		w.API.Raw = RawText("SSH-2.0-OpenSSH_9.9\r\n")
	}},
	{Cause: "tls.reset", Name: "on-any-hello", Break: func(w *World) { w.API.Raw = RawReset }},
	{Cause: "tls.reset", Name: "closed-on-any-hello", Break: func(w *World) { w.API.Raw = RawText("") }},
	{Cause: "tls.timeout", Name: "silence", Confidence: "likely", Says: []string{"server that hangs"}, Break: func(w *World) { w.API.Raw = RawSilence }},
	{Cause: "tls.version-unsupported", Name: "alert", Says: []string{"TLS 1.1"}, Break: func(w *World) {
		w.API.TLS = oldOnly
	}},
	{Cause: "tls.version-unsupported", Name: "hangs-up", Break: func(w *World) {
		w.API.TLS = func(c *tls.Config) {
			oldOnly(c)
			onHello(func(hello *tls.ClientHelloInfo) {
				if !slices.Contains(hello.SupportedVersions, tls.VersionTLS11) {
					_ = hello.Conn.Close()
				}
			})(c)
		}
	}},
	{Cause: "tls.sni-blocked", Name: "reset-on-the-name", Says: []string{Host}, Break: func(w *World) {
		w.API.TLS = onHello(func(hello *tls.ClientHelloInfo) {
			if hello.ServerName == Host {
				abort(hello.Conn)
			}
		})
	}},
	{Cause: "tls.mtu-blackhole", Name: "from-the-server", Break: func(w *World) {
		w.ISP.Filter("forward", "tcp sport 55443 meta length > 900 drop")
	}},
	{Cause: "tls.mtu-blackhole", Name: "to-the-server", Break: func(w *World) {
		w.ISP.Filter("forward", "tcp dport 55443 meta length > 1300 drop")
	}},
	{Cause: "tls.mtu-blackhole", Name: "both-ways", Break: func(w *World) {
		w.ISP.Filter("forward", "tcp dport 55443 meta length > 900 drop", "tcp sport 55443 meta length > 900 drop")
	}},
	{Cause: "tls.hello-too-big", Name: "middlebox-swallows-it", Break: func(w *World) {
		w.API.Wrap = func(conn net.Conn) net.Conn { return &bigHelloHole{Conn: conn, limit: 1000} }
	}},
	{Cause: "tls.rejected", Name: "handshake-failure", Break: func(w *World) {
		w.API.Raw = RawText("\x15\x03\x03\x00\x02\x02\x28") // an alert record: fatal, handshake_failure
	}},
	{Cause: "tls.rejected", Name: "client-certificate-wanted", Break: func(w *World) {
		w.API.TLS = func(c *tls.Config) {
			c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12
		}
	}},
}

// A clock that is wrong shows as everybody else being in another time.
var clockFaults = []Fault{
	{Cause: "host.clock-wrong", Name: "two-years-behind", Break: func(w *World) { w.Skew = twoYears }},
	{Cause: "host.clock-wrong", Name: "two-years-behind-https-only", Break: func(w *World) {
		w.Skew = twoYears
		w.Sources[1] = &Peer{Address: "192.0.2.13:443", Secure: true}
	}},
	{Cause: "host.clock-wrong", Name: "two-years-ahead", Break: func(w *World) { w.Skew = -twoYears }},
	{Cause: "host.clock-wrong", Name: "ten-minutes-behind", Verdict: "warn", Break: func(w *World) {
		w.Skew = 10 * time.Minute
	}},
	{Cause: "tls.expired", Name: "while-one-peer-has-a-wrong-clock", Break: func(w *World) {
		certificate(w, apiIssuer(), sandbox.Template{Names: w.Names(),
			NotBefore: time.Now().AddDate(0, -3, 0), NotAfter: time.Now().AddDate(0, 0, -1)})
		skew := -twoYears
		w.Sources[1].Skew = &skew
	}},
}

const twoYears = 2 * 365 * 24 * time.Hour

func certificate(w *World, issuer *sandbox.Authority, template sandbox.Template) {
	w.API.Certificate = Issue(issuer, 0, template)
}

// strange is a certificate of a root that nobody knows, the root presented.
func strange(w *World) {
	certificate(w, strangeRoot(), sandbox.Template{Names: w.Names(), WithRoot: true})
}

func intercepted(w *World) {
	strange(w)
	w.SystemStore = slices.Concat(w.SystemStore, strangeRoot().PEM())
}

func interceptControls(w *World) {
	for _, control := range w.Controls {
		names := []string{addressOf(control)}
		control.Certificate = Issue(strangeRoot(), 0, sandbox.Template{Names: names, WithRoot: true})
	}
}

func incomplete(w *World) {
	certificate(w, apiIssuer(), sandbox.Template{Names: w.Names(), Alone: true})
}

func oldOnly(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }

func addressOf(p *Peer) string {
	host, _, _ := net.SplitHostPort(p.Address)
	return host
}

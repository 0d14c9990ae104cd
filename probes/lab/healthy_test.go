//go:build linux

package lab

import (
	"crypto/tls"
	"testing"

	"github.com/miekg/dns"

	"opensrs-doctor/probes/sandbox"
)

// A healthy world, and unusual ones in which the call works all the same: nothing may be blamed, or
// only what the table of causes allows as a warning.
var healthyWorlds = []Fault{
	{Name: "plain", Check: oneConnection},
	{Name: "allowed-by-rule", Check: oneConnection, Break: func(w *World) {
		w.Rules = []string{"allow 203.0.113.0/25"}
		w.API.Allowed = onlyFrom(PublicIP)
	}},
	{Name: "one-dead-source", Check: oneConnection, Break: func(w *World) { w.Sources[0].Dead = true }},
	{Name: "no-third-parties", Check: oneConnection, Break: func(w *World) {
		w.Sources, w.Controls, w.Status = nil, nil, nil
		w.NoSources, w.NoControls = true, true
	}},
	{Name: "aaaa-without-ipv6", Check: oneConnection, Break: func(w *World) {
		w.Zone[Host] = []string{"2001:db8::10", HostIP}
	}},
	{Name: "tls12-rsa", Check: oneConnection, Break: func(w *World) {
		certificate(w, apiIssuer(), sandbox.Template{Names: w.Names(), RSA: true})
		w.API.TLS = func(c *tls.Config) {
			c.MaxVersion = tls.VersionTLS12
			c.CipherSuites = []uint16{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384}
		}
	}},
	{Name: "http10-without-length", Check: oneConnection, Break: func(w *World) {
		w.API.Reply = Literal("HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\n\r\n" + goodEnvelope)
	}},
	{Name: "dead-address-second", Check: oneConnection, Break: func(w *World) {
		w.Zone[Host] = []string{HostIP, NobodyIP}
	}},
	{Cause: "service.partly-down", Name: "dead-address-first", Verdict: "warn", Break: func(w *World) {
		w.Zone[Host] = []string{NobodyIP, HostIP}
	}, Or: []string{"port.slow", "port.lossy"}},
	{Name: "icmp-filtered-everywhere", Check: oneConnection, Break: withoutICMP},
	{Name: "silent-routers-and-port-443", Check: oneConnection, Break: func(w *World) {
		withoutICMP(w)
		w.Web = nil
	}},
	{Name: "packet-loss-3-percent", Break: func(w *World) {
		w.ISP.Filter("forward", "numgen random mod 100 < 3 drop")
	}, Or: []string{"port.lossy", "port.slow", "dns.slow-resolver"}},
	{Cause: "dns.udp-blocked", Name: "resolver-over-tcp-only", Verdict: "warn", Break: func(w *World) { w.Resolvers[0].TCPOnly = true }},
	{Name: "proxy-while-direct-is-blocked", Break: func(w *World) {
		w.OnlyProxy("192.0.2.53")
		w.UseProxy("http", "")
	}},
	{Name: "proxy-without-direct-dns", Break: func(w *World) {
		w.OnlyProxy("192.0.2.53")
		w.UseProxy("http", "")
		w.Resolvers[0].Rcode, w.Resolvers[0].Only = dns.RcodeNameError, Host // the proxy knows the name
	}},
	{Name: "private-address-that-works", Break: func(w *World) {
		// A VPN: the name is a private address, and the service is there.
		w.Far.IP("addr add 10.200.0.10/32 dev lo")
		w.Edge.IP("route add 10.200.0.0/24 via " + HostIP)
		w.ISP.IP("route add 10.200.0.0/24 via " + EdgeIP)
		w.Zone[Host] = []string{"10.200.0.10"}
		w.API.Addresses = []string{"10.200.0.10"}
	}},
}

// goodEnvelope is the reply to a balance question, as the service spells it.
const goodEnvelope = `<?xml version='1.0' encoding='UTF-8' standalone='no' ?>
<!DOCTYPE OPS_envelope SYSTEM 'ops.dtd'>
<OPS_envelope><header><version>0.9</version></header><body><data_block><dt_assoc>
<item key="protocol">XCP</item><item key="action">REPLY</item><item key="object">BALANCE</item>
<item key="is_success">1</item><item key="response_code">200</item>
<item key="response_text">Command successful</item>
<item key="attributes"><dt_assoc><item key="balance">` + balance + `</item>
<item key="hold_balance">1676.05</item></dt_assoc></item>
</dt_assoc></data_block></body></OPS_envelope>
`

// oneConnection counts at the far side: the healthy path is one connection, one handshake, one call.
func oneConnection(t *testing.T, w *World, _ Result) {
	connections, handshakes, requests := w.API.Connections.Load(), w.API.Handshakes.Load(), w.API.Requests.Load()
	if connections != 1 || handshakes != 1 || requests != 1 {
		t.Errorf("the service saw %d connections, %d handshakes, %d calls, want 1 of each",
			connections, handshakes, requests)
	}
}

// silentRouters lets no router say that a packet ended there; the host says that its ports are closed.
func silentRouters(w *World) {
	for _, node := range []*Node{w.Gateway, w.ISP, w.Edge} {
		node.Filter("output", "icmp type time-exceeded drop")
	}
}

// withoutICMP lets every router and the host itself send and pass no ICMP.
func withoutICMP(w *World) {
	for _, node := range []*Node{w.Gateway, w.ISP, w.Edge, w.Far} {
		for _, hook := range []string{"input", "forward", "output"} {
			node.Filter(hook, "meta l4proto icmp drop")
		}
	}
}

//go:build linux

package lab

import (
	"bytes"
	"compress/gzip"
	"net"
	"time"
	"unicode/utf16"
)

// Worlds in which the wrong party was blamed before, or might be, by what a stranger would try.
var strangeWorlds = []Fault{
	// this host's own routing policy, in front of the proxy or the resolver
	{Cause: "host.route-denied", Name: "the-proxy", Confidence: "certain", Says: []string{proxyAddress + ":3128", "prohibit"}, Then: []string{}, Break: func(w *World) {
		w.UseProxy("http", "")
		w.Client.IP("route add prohibit " + proxyAddress + "/32")
	}},
	{Cause: "host.route-denied", Name: "the-resolver", Confidence: "certain", Says: []string{"192.0.2.53", "blackhole"}, Break: func(w *World) {
		w.Client.IP("route add blackhole 192.0.2.53/32")
	}},
	{Cause: "host.local-firewall", Name: "a-mark-leads-into-a-blackhole", Break: func(w *World) {
		w.Client.NFT("table ip f {\n chain o {\n type route hook output priority mangle;\n tcp dport 55443 meta mark set 7\n }\n}\n")
		w.Client.IP("rule add fwmark 7 lookup 77", "route add blackhole default table 77")
	}},
	// this host's own NAT
	{Cause: "port.filtered", Name: "own-snat-to-nobody", Confidence: "likely", Says: []string{"source address", "iptables-save -t nat"}, Break: ownNAT("postrouting", "snat to 10.1.0.99")},
	{Cause: "host.local-firewall", Name: "own-redirect-to-a-closed-port", Break: ownNAT("output", "redirect to :8443")},
	{Cause: "host.local-firewall", Name: "own-dnat-to-nobody", Confidence: "certain", Says: []string{NobodyIP + ":55443"}, Check: culprit("nft-rule", "ip n c handle", "", "dnat"), Break: ownNAT("output", "dnat to "+NobodyIP)},
	{Cause: "host.local-firewall", Name: "own-dnat-to-a-closed-port", Confidence: "certain", Says: []string{"192.0.2.21:9"}, Check: culprit("nft-rule", "ip n c handle", "", "dnat"), Break: ownNAT("output", "dnat to 192.0.2.21:9")},
	{Cause: "host.local-firewall", Name: "own-dnat-to-a-closed-port-by-an-ordinary-user", Confidence: "likely", Says: []string{"hypervisor", "sudo opensrs-doctor"}, Break: several(asOrdinary, ownNAT("output", "dnat to 192.0.2.21:9"))},
	{Cause: "host.local-firewall", Name: "own-dnat-to-a-closed-port-and-no-icmp", Confidence: "certain", Says: []string{"192.0.2.21:9"}, Break: several(silentRouters, ownNAT("output", "dnat to 192.0.2.21:9"))},
	{Cause: "port.refused", Name: "own-dnat-to-a-closed-port-and-no-icmp-by-an-ordinary-user", Confidence: "likely", Says: []string{"A rule on this host", "sudo opensrs-doctor"},
		Break: several(asOrdinary, silentRouters, ownNAT("output", "dnat to 192.0.2.21:9"))},
	{Cause: "host.local-firewall", Name: "own-dnat-to-a-filtered-port-in-iptables", Confidence: "certain", Says: []string{"192.0.2.21:9"}, Check: culprit("iptables-rule", "nat OUTPUT 1", "", "--to-destination 192.0.2.21:9"), Break: func(w *World) {
		restore(w, "iptables-nft", "*nat\n-A OUTPUT -p tcp --dport 55443 -j DNAT --to-destination 192.0.2.21:9\nCOMMIT\n")
		w.Far.Filter("input", "tcp dport 9 drop")
	}},
	{Cause: "port.rejected-en-route", Name: "own-dnat-to-the-gateway", Confidence: "likely", Or: []string{"host.local-firewall"}, Says: []string{"A rule on this host", "ip n c handle"}, Break: ownNAT("output", "dnat to "+GatewayIP+":9")},
	{Cause: "host.local-firewall", Name: "own-dnat-to-another-web-server", Confidence: "likely", Says: []string{"192.0.2.21:443"}, Then: []string{}, Break: ownNAT("output", "dnat to 192.0.2.21:443")},
	{Cause: "port.refused", Name: "reset-halfway-and-nothing-tells-the-distance", Confidence: "likely", Says: []string{"this network's own", "could not be measured"}, Break: func(w *World) {
		silentRouters(w)
		w.Far.Filter("input", "ip daddr "+HostIP+" tcp dport 443 drop")
		w.ISP.Filter("forward", "tcp dport 55443 reject with tcp reset")
	}},
	{Cause: "tls.timeout", Name: "this-host-lets-one-packet-an-hour-out", Confidence: "likely", Or: []string{"host.local-firewall"}, Says: []string{"this host's own firewall"}, Break: func(w *World) {
		w.Client.Filter("output", "tcp dport 55443 limit rate over 1/hour burst 1 packets drop")
	}},
	{Cause: "host.reply-dropped", Name: "answers-of-the-proxy", Break: func(w *World) {
		w.UseProxy("http", "")
		w.Client.Filter("input", "tcp sport 3128 drop")
	}},
	// a gateway's NAT
	{Cause: "port.rejected-en-route", Name: "gateway-sends-the-port-to-another-machine-that-refuses", Confidence: "likely", Says: []string{GatewayIP, "another machine"}, Break: func(w *World) {
		divertPort(w, "192.0.2.21:9")
	}},
	{Cause: "port.filtered", Name: "gateway-sends-the-port-to-another-machine-that-is-silent", Confidence: "likely", Says: []string{GatewayIP, "another machine"}, Never: []string{HostIP + " drops"}, Break: func(w *World) {
		divertPort(w, "192.0.2.21:9")
		w.Far.Filter("input", "tcp dport 9 drop")
	}},
	// the TTL
	{Cause: "port.unreachable", Name: "this-host-lets-the-port-travel-one-step", Confidence: "likely", Says: []string{"A rule on this host", GatewayIP, "TTL"}, Break: travels("1")},
	{Cause: "port.unreachable", Name: "this-host-lets-the-port-travel-two-steps", Confidence: "likely", Says: []string{"A rule on this host", ISPIP, "TTL"}, Break: travels("2")},
	// ECN
	{Cause: "port.lossy", Name: "first-packets-that-ask-for-ecn-are-dropped", Verdict: "warn", Confidence: "likely", Says: []string{"net.ipv4.tcp_ecn=2"}, Break: asksForECN("drop")},
	{Cause: "port.rejected-en-route", Name: "first-packets-that-ask-for-ecn-are-refused", Confidence: "likely", Says: []string{"net.ipv4.tcp_ecn=2"}, Break: asksForECN("reject with tcp reset")},
	{Cause: "port.filtered", Name: "packets-that-ask-for-ecn-are-dropped-and-no-other-is-sent", Confidence: "likely", Says: []string{"net.ipv4.tcp_ecn=2"}, Break: func(w *World) {
		asksForECN("drop")(w)
		sysctl(w, "ipv4/tcp_ecn_fallback", "0")
	}},
	{Name: "asks-for-ecn-and-gets-it", Verdict: "pass", Check: tellsNothing, Break: func(w *World) { sysctl(w, "ipv4/tcp_ecn", "1") }},
	// replies
	replies("network.login-required", "the-call-is-answered-with-511", HTTP("511 Network Authentication Required", "text/html", "<title>Log in first</title>"), "Log in first", "511"),
	replies("call.not-opensrs", "packed-with-gzip", func(conn net.Conn, r *Request) {
		var packed bytes.Buffer
		zipped := gzip.NewWriter(&packed)
		_, _ = zipped.Write([]byte(envelope("0", "401", "Authentication Error")))
		_ = zipped.Close()
		HTTP("200 OK", "text/xml", packed.String(), "Content-Encoding: gzip")(conn, r)
	}, "gzip", "401 Authentication Error"),
	replies("call.not-opensrs", "in-utf-16", func(conn net.Conn, r *Request) {
		wide := []byte{0xff, 0xfe}
		for _, unit := range utf16.Encode([]rune("<?xml version='1.0' encoding='UTF-16'?>" + envelope("0", "401", "Authentication Error"))) {
			wide = append(wide, byte(unit), byte(unit>>8))
		}
		HTTP("200 OK", "text/xml", string(wide))(conn, r)
	}, "UTF-16", "401 Authentication Error"),
	{Cause: "call.timeout", Name: "the-gateway-drops-the-reply", Confidence: "likely", Says: []string{"looks the same"}, Break: func(w *World) {
		w.API.Reply = func(conn net.Conn, r *Request) {
			w.Gateway.Filter("forward", "tcp sport 55443 drop")
			Envelope(200, "Command successful")(conn, r)
			<-time.After(20 * time.Second) // the close would be sent again and again
		}
	}},
	// healthy, and odd
	{Name: "a-search-list-leads-libc-elsewhere", Verdict: "pass", Check: libcElsewhere, Break: searchList("corp.example", "3")},
	{Name: "a-search-list-that-leads-nowhere", Verdict: "pass", Check: tellsNothing, Break: searchList("other.example", "3")},
	{Name: "a-search-list-and-enough-dots", Verdict: "pass", Check: tellsNothing, Break: searchList("corp.example", "2")},
	{Name: "resolv-conf-with-broken-lines", Check: oneConnection, Break: func(w *World) {
		w.ResolvConf = "# made by hand\n;x\nnameserver\nnameserver 192.0.2.53\nnameserver 999.1.1.1\noptions timeout:1 attempts:1 rotate nonsense\nsortlist\ndomain\n"
	}},
	{Name: "proxy-password-with-every-odd-character", Break: func(w *World) {
		w.Proxy.Login = "lab:p@s:s/w%rd?#"
		w.UseProxy("http", "lab:p%40s%3As%2Fw%25rd%3F%23")
	}},
}

// asksForECN is a host that asks for ECN, and a provider that does not take such packets for the port.
func asksForECN(verdict string) func(*World) {
	return func(w *World) {
		sysctl(w, "ipv4/tcp_ecn", "1")
		w.ISP.Filter("forward", "tcp dport 55443 tcp flags & (ecn | cwr) != 0 "+verdict)
	}
}

// travels is a host that gives packets for the port so many steps.
func travels(steps string) func(*World) {
	return func(w *World) { w.Client.Filter("output", "tcp dport 55443 ip ttl set "+steps) }
}

func asOrdinary(w *World) { w.User = ordinary }

// ownNAT makes the client itself change the addresses of packets to the port.
func ownNAT(hook, rule string) func(*World) {
	return func(w *World) {
		w.Client.NFT("table ip n {\n chain c {\n type nat hook " + hook + " priority -100;\n tcp dport 55443 " + rule + "\n }\n}\n")
	}
}

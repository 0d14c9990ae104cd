//go:build linux

package lab

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"opensrs-doctor/probes/sandbox"
)

// The way to the port.
var furtherPorts = slices.Concat(icmpRejections(), []Fault{
	{Cause: "port.rejected-en-route", Name: "gateway-resets-all-tcp-to-the-host", Says: []string{GatewayIP}, Break: func(w *World) {
		w.Gateway.Filter("forward", "ip daddr "+HostIP+" meta l4proto tcp reject with tcp reset")
	}},
	{Cause: "port.rejected-en-route", Name: "gateway-resets-all-but-web", Says: []string{GatewayIP}, Break: func(w *World) {
		w.Gateway.Filter("forward", `iifname "lan0" tcp dport != { 53, 80, 443 } reject with tcp reset`)
	}},
	{Cause: "port.rejected-en-route", Name: "gateway-resets-all-tcp", Says: []string{GatewayIP}, Break: func(w *World) {
		w.Gateway.Filter("forward", `iifname "lan0" meta l4proto tcp reject with tcp reset`)
	}},
	{Cause: "port.refused", Name: "gateway-resets-and-no-icmp", Confidence: "likely", Or: []string{"port.rejected-en-route"},
		Break: func(w *World) {
			withoutICMP(w)
			w.Web.Dead = true
			w.Gateway.Filter("forward", "tcp dport 55443 reject with tcp reset")
		}},
	{Cause: "port.filtered", Name: "gateway-passes-web-only", Says: []string{GatewayIP}, Confidence: "certain", Break: func(w *World) {
		w.Gateway.Filter("forward", `iifname "lan0" tcp dport != { 53, 80, 443 } drop`,
			`iifname "lan0" udp dport != 53 drop`)
	}},
	{Cause: "port.prohibited", Name: "gateway-passes-web-only", Says: []string{GatewayIP}, Break: func(w *World) {
		w.Gateway.Filter("forward", `iifname "lan0" tcp dport != { 53, 80, 443 } reject with icmp type admin-prohibited`)
	}},
	{Cause: "port.filtered", Name: "isp-null-route", Break: func(w *World) { w.ISP.IP("route add blackhole " + HostIP) }},
	{Cause: "port.filtered", Name: "gateway-drops-on-arrival", Or: []string{"host.local-firewall"}, Break: func(w *World) {
		w.Gateway.Filter("prerouting", `iifname "lan0" tcp dport 55443 drop`)
	}},
	{Cause: "port.filtered", Name: "syn-ack-lost-at-the-gateway", Break: func(w *World) {
		w.Gateway.Filter("forward", `iifname "wan0" tcp sport 55443 drop`)
	}},
	{Cause: "host.reply-dropped", Name: "syn-ack-lost-at-the-client", Break: func(w *World) {
		w.Client.Filter("input", "tcp sport 55443 drop")
	}},
	{Cause: "port.filtered", Name: "high-ports-at-the-isp", Says: []string{ISPIP}, Break: func(w *World) {
		w.ISP.Filter("forward", `iifname "cust0" tcp dport 49152-65535 drop`)
	}},
	{Cause: "port.filtered", Name: "edge-drop-on-arrival", Says: []string{ISPIP}, Break: func(w *World) {
		w.Edge.Filter("prerouting", `iifname "down0" tcp dport 55443 drop`)
	}},
	{Cause: "port.filtered", Name: "not-let-in-at-the-edge", Break: func(w *World) {
		w.Edge.Filter("forward", "ip saddr "+PublicIP+" ip daddr "+HostIP+" drop")
	}},
	// The edge tells after three seconds of looking for the host, under one address of its own or the other.
	{Cause: "port.unreachable", Name: "host-is-gone-behind-the-edge", Or: []string{"port.filtered"},
		Break: func(w *World) { w.Zone[Host] = []string{NobodyIP} },
		Check: func(t *testing.T, _ *World, result Result) {
			words := result.Report.Diagnoses[0].Words()
			if !strings.Contains(words, "198.51.100.1 ") && !strings.Contains(words, EdgeIP) {
				t.Errorf("the edge is not named:\n%s", words)
			}
		}},
	{Cause: "port.unreachable", Name: "routing-loop", Or: []string{"port.filtered", "unexplained"}, Break: func(w *World) {
		w.Edge.IP("route add " + HostIP + " via 203.0.113.129")
	}},
	{Cause: "port.lossy", Name: "first-two-syns-lost", Verdict: "warn or fail", Or: []string{"port.slow"}, Break: func(w *World) {
		w.ISP.Filter("forward", "tcp dport 55443 tcp flags & (syn | ack) == syn numgen inc mod 3 < 2 drop")
	}},
	{Cause: "port.wrong-port", Name: "443-speaks-tls-for-another-name", Says: []string{"443", "55443"}, Break: func(w *World) {
		w.EndpointIs = "https://" + Host + ":443/"
	}},
	{Cause: "port.wrong-port", Name: "443-answers-html", Break: func(w *World) {
		w.EndpointIs = "https://" + Host + ":443/"
		w.Web.Certificate = Issue(apiIssuer(), 0, sandbox.Template{Names: w.Names()})
		w.Web.Answer = Page(404, "text/html", "<html><title>404 Not Found</title></html>")
	}},
	{Cause: "port.wrong-port", Name: "443-redirects", Or: []string{"call.redirected"}, Break: func(w *World) {
		w.EndpointIs = "https://" + Host + ":443/"
		w.Web.Certificate = Issue(apiIssuer(), 0, sandbox.Template{Names: w.Names()})
		w.Web.Answer = func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "https://www.example/", http.StatusFound)
		}
	}},
	{Cause: "port.wrong-port", Name: "plain-port-80", Break: func(w *World) {
		w.EndpointIs = "https://" + Host + ":80/"
		w.servePeer(&Peer{Address: HostIP + ":80", Answer: Page(400, "text/plain", "no\n")})
	}},
	{Cause: "port.wrong-port", Name: "55000-talks", Break: func(w *World) {
		w.EndpointIs = "https://" + Host + ":55000/"
		go accept(w.Far.Listen(HostIP+":55000"), RawText("OPS 1.0\r\n"))
	}},
	{Cause: "port.wrong-port", Name: "51000-takes-and-is-silent", Break: func(w *World) {
		w.EndpointIs = "https://" + Host + ":51000/"
		go accept(w.Far.Listen(HostIP+":51000"), RawSilence)
	}},
	{Cause: "port.wrong-port", Name: "8443-filtered", Break: func(w *World) {
		w.EndpointIs = "https://" + Host + ":8443/"
		w.Gateway.Filter("forward", "tcp dport 8443 drop")
	}},
	{Cause: "port.wrong-port", Name: "8443-prohibited-at-the-isp", Break: func(w *World) {
		w.EndpointIs = "https://" + Host + ":8443/"
		w.ISP.Filter("forward", "tcp dport 8443 reject with icmp type admin-prohibited")
	}},
	{Cause: "port.refused", Name: "another-port-and-55443-too", Break: func(w *World) {
		w.EndpointIs = "https://" + Host + ":55000/"
		w.API.Closed = true
	}},
	{Name: "another-port-that-works", Check: oneConnection, Break: func(w *World) {
		w.EndpointIs = "https://" + Host + ":8443/"
		w.API.Port = 8443
	}},
	{Cause: "network.login-required", Name: "redirected-by-the-gateway-to-plain-http",
		Says: []string{"http://login.example/"}, Break: func(w *World) {
			divert(w, SpareIP+":8080")
			go accept(w.Far.Listen(SpareIP+":8080"),
				RawText("HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\nContent-Length: 0\r\n\r\n"))
		}},
	{Cause: "tls.self-signed", Name: "redirected-by-the-gateway-to-its-own-certificate", Break: func(w *World) {
		divert(w, SpareIP+":8443")
		page := sandbox.SelfSigned(sandbox.Template{Names: []string{"gateway.example"}})
		blockPage(w, w.Far, SpareIP+":8443", &page)
	}},
	{Cause: "tls.name-mismatch", Name: "redirected-by-the-gateway-to-a-public-certificate", Says: []string{"portal.example"},
		Break: func(w *World) {
			divert(w, SpareIP+":8443")
			blockPage(w, w.Far, SpareIP+":8443", Issue(apiIssuer(), 0, sandbox.Template{Names: []string{"portal.example"}}))
		}},
})

// divert is a portal that lies about no name: the gateway sends all web traffic and the API's to it.
func divert(w *World, to string) {
	w.Gateway.NFT(`table ip divert {
		chain in {
			type nat hook prerouting priority dstnat;
			iifname "lan0" tcp dport { 80, 443, 55443 } dnat to ` + to + `
		}
	}`)
}

// blockPage answers every request over TLS with a page.
func blockPage(w *World, node *Node, address string, certificate *tls.Certificate) {
	config := &tls.Config{Certificates: []tls.Certificate{*certificate}}
	server := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(rw, "<html><title>Access blocked</title></html>")
	})}
	w.tb.Cleanup(func() { server.Close() })
	go server.Serve(tls.NewListener(node.Listen(address), config))
}

// icmpRejections are the ways in which a packet filter may word its refusal, at every place.
func icmpRejections() []Fault {
	nodes := map[string]func(*World) *Node{
		"gateway": func(w *World) *Node { return w.Gateway }, "isp": func(w *World) *Node { return w.ISP },
		"edge": func(w *World) *Node { return w.Edge }, "host": func(w *World) *Node { return w.Far },
	}
	senders := map[string]string{"gateway": GatewayIP, "isp": ISPIP, "edge": EdgeIP, "host": HostIP}
	var faults []Fault
	for _, rejection := range []struct {
		icmp, cause string
		or, places  []string
	}{
		{"net-unreachable", "port.unreachable", nil, []string{"gateway", "host"}},
		{"host-unreachable", "port.unreachable", nil, []string{"gateway", "edge", "host"}},
		{"prot-unreachable", "port.unreachable", []string{"unexplained"}, []string{"gateway", "isp", "host"}},
		{"port-unreachable", "port.rejected-en-route", []string{"port.unreachable", "port.prohibited"}, []string{"gateway", "isp", "edge"}},
		{"port-unreachable", "port.refused", nil, []string{"host"}},
		{"net-prohibited", "port.prohibited", nil, []string{"gateway", "isp", "host"}},
		{"host-prohibited", "port.prohibited", nil, []string{"gateway", "isp", "edge", "host"}},
		{"admin-prohibited", "port.prohibited", nil, []string{"edge"}},
	} {
		for _, place := range rejection.places {
			faults = append(faults, Fault{Cause: rejection.cause, Name: place + "-says-" + rejection.icmp, Or: rejection.or,
				Says: []string{senders[place]}, Break: func(w *World) {
					hook := "forward"
					if place == "host" {
						hook = "input"
					}
					nodes[place](w).Filter(hook, "tcp dport 55443 reject with icmp type "+rejection.icmp)
				}})
		}
	}
	return faults
}

// The client's own machine.
var furtherHosts = slices.Concat(ownRejections(), []Fault{
	{Cause: "host.route-denied", Name: "prohibit-route", Break: func(w *World) {
		w.Client.IP("route add prohibit " + HostIP)
	}},
	{Cause: "host.route-denied", Name: "unreachable-route", Break: func(w *World) {
		w.Client.IP("route add unreachable " + HostIP)
	}},
	{Cause: "host.route-denied", Name: "unreachable-route-and-nobody-else-asked",
		Break: func(w *World) {
			alone(w)
			w.Client.IP("route add unreachable " + HostIP)
		}},
	{Cause: "host.route-denied", Name: "prohibit-route-and-nobody-else-asked", Break: func(w *World) {
		alone(w)
		w.Client.IP("route add prohibit " + HostIP)
	}},
	{Cause: "host.attached-network", Name: "on-link-address-of-nobody", Confidence: "likely", Says: []string{"eth0", "10.1.0.0/24"}, Break: func(w *World) {
		w.EndpointIs = "https://10.1.0.77:55443/"
	}},
	{Cause: "port.refused", Name: "on-link-and-closed", Confidence: "certain", Break: func(w *World) {
		w.EndpointIs = "https://" + GatewayIP + ":55443/"
	}},
	{Cause: "port.refused", Name: "this-very-machine", Break: func(w *World) { w.EndpointIs = "https://127.0.0.1:55443/" }},
	{Cause: "host.route-denied", Name: "blackhole-route", Break: func(w *World) {
		w.Client.IP("route add blackhole " + HostIP)
	}},
	{Cause: "host.local-firewall", Name: "drops-for-this-user", Confidence: "certain", Break: func(w *World) {
		w.Client.Filter("output", "meta skuid 0 tcp dport 55443 drop")
	}},
	{Cause: "host.local-firewall", Name: "passes-web-only", Break: func(w *World) {
		w.Client.Filter("output", "tcp dport != { 53, 80, 443 } reject with icmp type host-prohibited")
	}},
	{Cause: "host.local-firewall", Name: "passes-web-only-with-reset", Break: func(w *World) {
		w.Client.Filter("output", "tcp dport != { 53, 80, 443 } reject with tcp reset")
	}},
	{Cause: "port.rejected-en-route", Name: "this-host-or-its-first-router", Confidence: "likely", Or: []string{"host.local-firewall"}, Break: func(w *World) {
		withoutICMP(w)
		w.Client.Filter("output", "tcp dport 55443 reject with tcp reset")
	}},
	{Cause: "host.offline", Name: "gateway-does-not-answer-arp", Break: func(w *World) { w.Gateway.IP("link set lan0 arp off") }},
	{Cause: "host.offline", Name: "uplink-of-the-gateway-down", Break: func(w *World) { w.Gateway.IP("link set wan0 down") }},
	{Cause: "host.offline", Name: "isp-down-and-a-resolver-in-the-house", Break: func(w *World) {
		houseResolver(w)
		w.Gateway.IP("link set wan0 down")
	}},
	{Cause: "host.offline", Name: "no-default-route-and-a-resolver-in-the-house", Break: func(w *World) {
		houseResolver(w)
		w.Client.IP("route del default")
	}},
	{Cause: "host.offline", Name: "no-route-and-a-proxy-by-name", Break: func(w *World) {
		w.Client.IP("route del default")
		w.Env["HTTPS_PROXY"] = "http://proxy.example:3128"
	}},
	{Cause: "host.offline", Name: "own-firewall-drops-everything", Or: []string{"host.local-firewall"}, Break: func(w *World) {
		w.Client.Filter("output", `oifname "eth0" drop`)
	}},
	{Cause: "host.offline", Name: "no-route-and-no-controls", Break: func(w *World) {
		w.Client.IP("route del default")
		w.Controls, w.NoControls = nil, true
	}},
	{Cause: "host.offline", Name: "no-route-and-literal-endpoint", Break: func(w *World) {
		w.Client.IP("route del default")
		w.EndpointIs = "https://" + HostIP + ":55443/"
	}},
	{Cause: "host.offline", Name: "dead-network-and-no-third-parties", Or: []string{"unexplained", "dns.resolver-unreachable"},
		Break: func(w *World) {
			alone(w)
			w.Gateway.Filter("forward", "drop")
		}},
	{Cause: "host.offline", Name: "dead-network-and-no-controls", Break: func(w *World) {
		w.Controls, w.NoControls = nil, true
		w.Gateway.Filter("forward", "drop")
	}},
	{Cause: "host.offline", Name: "no-route-beats-dead-resolvers", Break: func(w *World) {
		w.Client.IP("route del default")
		w.Resolvers[0].Dead = true
	}},
	{Cause: "dns.resolver-unreachable", Name: "second-network-is-fine", Break: func(w *World) {
		w.Resolvers = append(w.Resolvers, &Resolver{Address: "192.0.2.54", Closed: true})
		w.Resolvers[0].Dead = true
	}},
	{Name: "only-a-route-to-the-service", Break: func(w *World) {
		alone(w)
		w.Client.IP("route del default", "route add "+HostIP+" via "+GatewayIP)
		w.HostsFile = HostIP + " " + Host + "\n"
	}, Or: []string{"dns.hosts-override"}},
	{Name: "second-uplink-for-the-service-and-for-all", Check: oneConnection, Break: func(w *World) {
		secondUplink(w)
		w.Client.IP("rule add from all lookup 100")
	}},
	{Cause: "egress.split-route", Name: "second-uplink-for-the-service", Verdict: "warn", Says: []string{ClientIP, "10.2.0.2"},
		Break: func(w *World) {
			secondUplink(w)
			w.Client.IP("rule add to " + HostIP + " lookup 100")
		}},
	{Cause: "egress.split-route", Name: "second-uplink-by-port", Verdict: "warn", Says: []string{ClientIP, "10.2.0.2"},
		Break: func(w *World) {
			secondUplink(w)
			w.Client.IP("rule add ipproto tcp dport 55443 lookup 100")
		}},
	{Cause: "rules.other-address", Name: "second-uplink-and-the-first-allowed",
		Break: func(w *World) {
			secondUplink(w)
			w.Client.IP("rule add to " + HostIP + " lookup 100")
			w.Rules = []string{"allow " + PublicIP}
			w.API.Allowed = onlyFrom(PublicIP)
		}, Then: []string{}},
})

// ownRejections are the client's own packet filter, in all its words.
func ownRejections() []Fault {
	var faults []Fault
	for _, icmp := range []string{"net-unreachable", "host-unreachable", "port-unreachable", "net-prohibited", "host-prohibited"} {
		faults = append(faults, Fault{Cause: "host.local-firewall", Name: "says-" + icmp, Says: []string{ClientIP},
			Break: func(w *World) {
				w.Client.Filter("output", "ip daddr "+HostIP+" tcp dport 55443 reject with icmp type "+icmp)
			}})
	}
	return faults
}

// alone: nobody but the service is asked.
func alone(w *World) {
	w.Sources, w.Controls, w.Status = nil, nil, nil
	w.Flags = append(w.Flags, "--no-third-parties")
}

// houseResolver puts a resolver on the gateway, in the client's own network.
func houseResolver(w *World) {
	server := &Resolver{Address: GatewayIP}
	serveOn(w, w.Gateway, server)
	w.ResolvConf = "nameserver " + GatewayIP + "\n"
}

// secondUplink gives the client another line, with another public address, and routing table 100 for it.
func secondUplink(w *World) {
	second := NewNode(w.tb, "gateway2")
	w.Client.link("eth1", second, "lan1")
	second.link("wan1", w.ISP, "cust1")
	w.Client.IP("link set eth1 up", "addr add 10.2.0.2/24 dev eth1", "route add default via 10.2.0.1 dev eth1 table 100")
	second.IP("link set lo up", "link set lan1 up", "link set wan1 up", "addr add 10.2.0.1/24 dev lan1",
		"addr add 203.0.113.142/30 dev wan1", "route add default via 203.0.113.141")
	second.NFT(strings.Join([]string{"table ip nat {", " chain out {", "  type nat hook postrouting priority srcnat;",
		`  oifname "wan1" masquerade`, " }", "}"}, "\n"))
	w.ISP.IP("link set cust1 up", "addr add 203.0.113.141/30 dev cust1")
	w.Edge.IP(fmt.Sprintf("route replace %s/30 via 203.0.113.129", "203.0.113.140"))
}

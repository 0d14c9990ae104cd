//go:build linux

package lab

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// Worlds in which the fault is beyond this host, or in what port 55443 does differently from the web.
var upstreamWorlds = slices.Concat(lastHopWorlds, noTCPWorlds, nearIncidents(), partlyDownWorlds, otherAddressWorlds, farWorlds)

// A private address may be the last that answers: behind it the packets are in nobody's sight.
var lastHopWorlds = []Fault{
	{Cause: "port.filtered", Name: "private-last-hop-drops", Confidence: "likely", Check: asksFirst(GatewayIP), Break: func(w *World) {
		lastHopIsPrivate(w)
		w.Gateway.Filter("forward", `iifname "lan0" tcp dport 55443 drop`)
	}},
	{Cause: "port.filtered", Name: "private-last-hop-drops-the-answers", Confidence: "likely", Check: asksFirst(GatewayIP), Break: func(w *World) {
		lastHopIsPrivate(w)
		w.Gateway.Filter("forward", `iifname "wan0" tcp sport 55443 drop`)
	}},
	{Cause: "port.filtered", Name: "hidden-router-after-a-private-one-drops", Confidence: "likely", Check: asksFirst(GatewayIP), Break: func(w *World) {
		lastHopIsPrivate(w)
		w.ISP.Filter("forward", "tcp dport 55443 drop")
	}},
	{Cause: "port.filtered", Name: "host-after-a-private-hop-drops", Confidence: "likely", Check: asksFirst(GatewayIP), Break: func(w *World) {
		lastHopIsPrivate(w)
		w.Far.Filter("input", "tcp dport 55443 drop")
	}},
	{Cause: "port.filtered", Name: "host-drops-after-a-public-hop", Confidence: "likely", Says: []string{EdgeIP, "Send OpenSRS Support"},
		Never: []string{"Ask whoever runs " + EdgeIP}, Break: func(w *World) {
			w.Far.Filter("input", "tcp dport 55443 drop")
		}},
	{Cause: "port.filtered", Name: "private-last-hop-drops-and-an-incident", Check: asksFirst(GatewayIP), Break: func(w *World) {
		lastHopIsPrivate(w)
		incident(w)
		w.Gateway.Filter("forward", `iifname "lan0" tcp dport 55443 drop`)
	}},
}

// lastHopIsPrivate hides the routers behind the gateway, as a provider's tunnel does: the host is two hops away.
func lastHopIsPrivate(w *World) {
	w.Gateway.NFT(`table ip hidden {
		chain on {
			type filter hook forward priority mangle;
			iifname "lan0" ip ttl set 64
		}
	}`)
}

// asksFirst: the first step is about that device, and nobody else is asked before its owner.
func asksFirst(device string) func(*testing.T, *World, Result) {
	return func(t *testing.T, _ *World, result Result) {
		if len(result.Report.Diagnoses) == 0 || len(result.Report.Diagnoses[0].Fixes) == 0 {
			t.Fatal("no step")
		}
		if first := result.Report.Diagnoses[0].Fixes[0]; !strings.Contains(first, device) {
			t.Errorf("the first step is not about %s: %s", device, first)
		}
	}
}

// No TCP gets out. The controls are silent, and so are all web sources; names resolve.
var noTCPWorlds = []Fault{
	{Cause: "port.all-filtered", Name: "isp", Confidence: "likely", Never: []string{"OpenSRS Support", "cable"}, Break: func(w *World) {
		w.ISP.Filter("forward", "meta l4proto tcp drop")
	}},
	{Cause: "port.all-filtered", Name: "isp-and-an-ordinary-user", Confidence: "likely", Break: func(w *World) {
		w.User = ordinary
		w.ISP.Filter("forward", "meta l4proto tcp drop")
	}},
	{Cause: "host.local-firewall", Name: "no-tcp-leaves-this-host", Then: []string{}, Break: func(w *World) {
		w.Client.Filter("output", "meta l4proto tcp drop")
	}},
	{Cause: "port.all-filtered", Name: "gateway", Confidence: "likely", Break: func(w *World) {
		w.Gateway.Filter("forward", `iifname "lan0" meta l4proto tcp drop`)
	}},
	{Cause: "port.all-filtered", Name: "gateway-drops-the-answers", Confidence: "likely", Break: func(w *World) {
		w.Gateway.Filter("forward", `iifname "wan0" meta l4proto tcp drop`)
	}},
	{Cause: "port.all-filtered", Name: "new-connections-only", Confidence: "likely", Break: func(w *World) {
		w.Gateway.Filter("forward", "tcp flags & (syn | ack) == syn drop")
	}},
	{Cause: "port.all-filtered", Name: "resolver-in-the-house", Confidence: "likely", Break: func(w *World) {
		houseResolver(w)
		w.ISP.Filter("forward", "meta l4proto tcp drop")
	}},
	{Cause: "port.all-filtered", Name: "a-source-by-dns-answers", Confidence: "likely", Break: func(w *World) {
		w.Flags = append(w.Flags, "--egress-source", "dns://192.0.2.53/whoami.example?type=A")
		w.ISP.Filter("forward", "meta l4proto tcp drop")
	}},
	{Cause: "port.all-filtered", Name: "and-the-rules-deny", Then: []string{"rules.not-allowed"}, Break: func(w *World) {
		w.Flags = append(w.Flags, "--egress-source", "dns://192.0.2.53/whoami.example?type=A")
		w.Rules = lists["no-match"]
		w.ISP.Filter("forward", "meta l4proto tcp drop")
	}},
	{Cause: "port.filtered", Name: "controls-blocked-too-and-the-web-works", Break: func(w *World) {
		w.Controls[0].Dead, w.Controls[1].Dead = true, true
		w.ISP.Filter("forward", "tcp dport 55443 drop")
	}},
	{Cause: "port.filtered", Name: "no-tcp-and-no-control-asked", Or: []string{"host.offline"}, Break: func(w *World) {
		w.Controls, w.NoControls = nil, true
		w.ISP.Filter("forward", "meta l4proto tcp drop")
	}},
	{Cause: "host.offline", Name: "nothing-but-the-house-answers", Confidence: "likely", Or: []string{"port.all-filtered"}, Break: func(w *World) {
		houseResolver(w)
		w.Gateway.Filter("forward", "drop")
	}},
	{Cause: "host.offline", Name: "silence-of-everything", Break: func(w *World) {
		w.Gateway.Filter("forward", "drop")
	}},
	{Cause: "host.offline", Name: "an-ipv6-route-and-nothing-answers", Never: []string{"reaches the internet"}, Says: []string{"IPv4"}, Break: func(w *World) {
		ipv6Only(w)
		w.Gateway.NFT("table ip6 dead {\n chain on {\n type filter hook forward priority 0; policy drop;\n }\n}")
	}},
	{Cause: "host.offline", Name: "an-ipv6-route-and-an-ipv4-resolver", Never: []string{"reaches the internet"}, Break: func(w *World) {
		ipv6Only(w)
		w.Resolvers = []*Resolver{{Address: "192.0.2.53"}}
		w.Gateway.NFT("table ip6 dead {\n chain on {\n type filter hook forward priority 0; policy drop;\n }\n}")
	}},
}

// nearIncidents: the status page has an incident, and what fails is near.
func nearIncidents() []Fault {
	near := []struct {
		name, cause string
		or          []string
		refuse      func(*World)
	}{
		{"own-reset", "host.local-firewall", nil, func(w *World) { w.Client.Filter("output", "tcp dport 55443 reject with tcp reset") }},
		{"own-icmp", "host.local-firewall", nil, func(w *World) {
			w.Client.Filter("output", "tcp dport 55443 reject with icmp type admin-prohibited")
		}},
		{"own-drop", "host.local-firewall", nil, func(w *World) { w.Client.Filter("output", "tcp dport 55443 drop") }},
		{"prohibit-route", "host.local-firewall", []string{"host.route-denied"}, func(w *World) { w.Client.IP("route add prohibit " + HostIP) }},
		{"own-reset-and-no-icmp", "port.rejected-en-route", []string{"host.local-firewall"}, func(w *World) {
			withoutICMP(w)
			w.Client.Filter("output", "tcp dport 55443 reject with tcp reset")
		}},
		{"own-input-drop", "port.filtered", []string{"host.local-firewall", "host.reply-dropped"}, func(w *World) {
			w.Client.Filter("input", "tcp sport 55443 drop")
		}},
		{"gateway-reset", "port.rejected-en-route", nil, func(w *World) {
			w.Gateway.Filter("forward", "tcp dport 55443 reject with tcp reset")
		}},
		{"gateway-icmp", "port.prohibited", nil, func(w *World) {
			w.Gateway.Filter("forward", "tcp dport 55443 reject with icmp type admin-prohibited")
		}},
		{"gateway-sends-it-to-itself", "port.rejected-en-route", []string{"host.local-firewall"}, func(w *World) { divertPort(w, GatewayIP+":9") }},
		{"gateway-reset-as-the-last-hop", "port.refused", []string{"port.rejected-en-route"}, func(w *World) {
			lastHopIsPrivate(w)
			w.Gateway.Filter("forward", "tcp dport 55443 reject with tcp reset")
		}},
		{"gateway-drop", "port.filtered", nil, func(w *World) { w.Gateway.Filter("forward", "tcp dport 55443 drop") }},
	}
	var faults []Fault
	for _, world := range near {
		faults = append(faults, Fault{Cause: world.cause, Name: "incident-and-" + world.name, Or: world.or, Break: func(w *World) {
			incident(w)
			world.refuse(w)
		}})
	}
	return faults
}

// divertPort lets the gateway send the API's port to another place, before it routes.
func divertPort(w *World, to string) {
	w.Gateway.NFT(fmt.Sprintf(`table ip divert {
		chain in {
			type nat hook prerouting priority dstnat;
			iifname "lan0" tcp dport 55443 dnat to %s
		}
	}`, to))
}

// twoAddresses: the service has two, the first of them is the one that fails.
func twoAddresses(first string, serve func(*World)) func(*World) {
	return func(w *World) {
		w.Zone[Host] = []string{first, HostIP}
		if serve != nil {
			serve(w)
		}
	}
}

func onSpare(handle func(net.Conn)) func(*World) {
	return twoAddresses(SpareIP, func(w *World) { go accept(w.Far.Listen(SpareIP+":55443"), handle) })
}

// everySecondServer lets every other connection, by its source port, reach a server that is down: this verdict on its
// packets, the first one included.
func everySecondServer(w *World, verdict string) {
	w.Far.NFT(`table ip balance {
		set dead { type inet_service; size 65535; flags dynamic; }
		set alive { type inet_service; size 65535; flags dynamic; }
		chain in {
			type filter hook input priority filter;
			tcp dport 55443 tcp sport @dead ` + verdict + `
			tcp dport 55443 tcp sport @alive accept
			tcp dport 55443 numgen inc mod 2 0 add @dead { tcp sport } ` + verdict + `
			tcp dport 55443 add @alive { tcp sport } accept
		}
	}`)
}

// One of two servers, or addresses, of the service fails.
var partlyDownWorlds = []Fault{
	{Cause: "service.partly-down", Name: "first-address-silent", Verdict: "warn", Says: []string{NobodyIP, HostIP}, Break: twoAddresses(NobodyIP, nil)},
	{Cause: "service.partly-down", Name: "first-address-closed", Verdict: "warn", Says: []string{SpareIP, HostIP}, Break: twoAddresses(SpareIP, nil)},
	{Cause: "service.partly-down", Name: "first-address-blocked-by-the-isp", Verdict: "warn", Confidence: "likely", Says: []string{SpareIP},
		Break: twoAddresses(SpareIP, func(w *World) {
			w.API.Addresses = []string{HostIP, SpareIP}
			w.ISP.Filter("forward", "ip daddr "+SpareIP+" drop")
		})},
	{Cause: "service.partly-down", Name: "first-address-resets-the-handshake", Says: []string{SpareIP, HostIP}, Break: onSpare(RawReset)},
	{Cause: "service.partly-down", Name: "first-address-silent-after-connecting", Says: []string{SpareIP, HostIP}, Break: onSpare(RawSilence)},
	{Cause: "service.partly-down", Name: "first-address-hangs-up", Says: []string{SpareIP, HostIP}, Break: onSpare(func(net.Conn) {})},
	{Cause: "service.partly-down", Name: "one-of-two-servers-silent", Confidence: "likely", Break: func(w *World) { everySecondServer(w, "drop") }},
	{Cause: "service.partly-down", Name: "one-of-two-servers-silent-to-an-ordinary-user", Confidence: "likely", Break: func(w *World) {
		w.User = ordinary
		everySecondServer(w, "drop")
	}},
	{Cause: "service.partly-down", Name: "one-of-two-servers-closed", Confidence: "likely", Break: func(w *World) {
		everySecondServer(w, "reject with tcp reset")
	}},
	{Cause: "service.partly-down", Name: "one-of-two-servers-resets-the-handshake", Confidence: "likely", Break: takes(func(n int32) bool { return n%2 == 0 })},
	{Cause: "port.lossy", Name: "half-of-all-packets-lost", Verdict: "warn or fail", Or: []string{"", "port.slow", "tls.timeout", "call.timeout", "dns.slow-resolver", "port.filtered", "egress.unknown", "unexplained"},
		Check: func(t *testing.T, _ *World, result Result) {
			if slices.Contains(result.Report.Causes(), "service.partly-down") {
				t.Error("loss is taken for a server that is down")
			}
		}, Break: func(w *World) {
			w.ISP.Filter("forward", "tcp dport 55443 numgen random mod 2 0 drop")
		}},
	{Cause: "port.filtered", Name: "both-addresses-silent", Break: twoAddresses(NobodyIP, func(w *World) {
		w.Zone[Host] = []string{SpareIP, HostIP}
		w.API.Addresses = []string{HostIP, SpareIP}
		w.ISP.Filter("forward", "tcp dport 55443 drop")
	})},
	{Cause: "tls.reset", Name: "both-addresses-reset", Break: twoAddresses(SpareIP, func(w *World) {
		w.API.Addresses = []string{HostIP, SpareIP}
		w.API.Raw = RawReset
	})},
	{Name: "second-address-dead", Check: oneConnection, Break: func(w *World) { w.Zone[Host] = []string{HostIP, NobodyIP} }},
	{Name: "two-addresses-far-away", Or: []string{"port.slow"}, Break: func(w *World) {
		w.Zone[Host] = []string{HostIP, SpareIP}
		w.API.Addresses = []string{HostIP, SpareIP}
		w.Delay = 1200 * time.Millisecond
	}},
	{Name: "two-addresses-and-the-first-syn-lost", Or: []string{"port.lossy", "port.slow"}, Break: func(w *World) {
		w.Zone[Host] = []string{HostIP, SpareIP}
		w.API.Addresses = []string{HostIP, SpareIP}
		w.Far.NFT(`table ip once {
			set seen { type ipv4_addr; size 16; flags dynamic; }
			chain in {
				type filter hook input priority filter;
				tcp dport 55443 ip daddr @seen accept
				tcp dport 55443 ip daddr ` + HostIP + ` add @seen { ip daddr } drop
			}
		}`)
	}},
}

const ( // of a client that has public addresses of its own
	ownPublic  = "203.0.113.20"
	ownPublic2 = "203.0.113.21"
	witness    = "192.0.2.13:55443"
)

// publicHost gives the client two public addresses; it leaves by the first.
func publicHost(w *World) {
	w.Client.IP("addr add "+ownPublic+"/32 dev eth0", "addr add "+ownPublic2+"/32 dev eth0",
		"route replace default via "+GatewayIP+" src "+ownPublic)
	w.Gateway.IP("route add "+ownPublic+" dev lan0", "route add "+ownPublic2+" dev lan0")
	w.ISP.IP("route add "+ownPublic+" via "+PublicIP, "route add "+ownPublic2+" via "+PublicIP)
}

// ruled: the list that is given, and the addresses that the service in truth lets in.
func ruled(w *World, list string, allowed ...string) {
	w.Rules = []string{"allow " + list}
	w.API.Allowed = onlyFrom(allowed...)
}

// toService leaves from this address of the client, and nothing else does.
func toService(w *World, source string) {
	w.Client.IP("route add " + HostIP + " via " + GatewayIP + " src " + source)
}

// byPort is a gateway that gives the API's port another public address.
func byPort(w *World) { w.SNAT("tcp dport 55443 ip saddr " + ClientIP + " snat to " + PublicIP2) }

// byDestination is one that does so for the service alone.
func byDestination(w *World) {
	w.SNAT("ip daddr " + HostIP + " ip saddr " + ClientIP + " snat to " + PublicIP2)
}

// byWeb gives web pages another address, and all else the usual one.
func byWeb(w *World) {
	w.SNAT("tcp dport { 80, 443 } ip saddr " + ClientIP + " snat to " + PublicIP2)
	w.Flags = append(w.Flags, "--egress-source", "dns://192.0.2.53/whoami.example?type=A")
}

// asksWitness lets a third party answer on the service's port.
func asksWitness(w *World) {
	w.servePeer(&Peer{Address: witness, Answer: TellAddress})
	w.Flags = append(w.Flags, "--port-witness", "http://"+witness+"/")
}

// The service sees another address than the sources do, or it may.
var otherAddressWorlds = []Fault{
	{Cause: "rules.other-address", Name: "own-second-address-to-the-service", Says: []string{ownPublic, ownPublic2}, Break: func(w *World) {
		publicHost(w)
		toService(w, ownPublic2)
		ruled(w, ownPublic, ownPublic)
	}},
	{Cause: "rules.other-address", Name: "own-second-address-and-the-service-hangs-up", Says: []string{ownPublic2}, Break: func(w *World) {
		publicHost(w)
		toService(w, ownPublic2)
		ruled(w, ownPublic, ownPublic)
		w.API.Denied = func(net.Conn) {}
	}},
	{Cause: "egress.split-route", Name: "own-second-address-and-it-is-allowed", Verdict: "warn", Then: []string{}, Break: func(w *World) {
		publicHost(w)
		toService(w, ownPublic2)
		ruled(w, ownPublic2, ownPublic2)
	}},
	{Cause: "rules.not-allowed", Name: "another-own-address-is-allowed", Says: []string{"--source-ip " + ownPublic2, "rule 1"}, Break: func(w *World) {
		publicHost(w)
		ruled(w, ownPublic2, ownPublic2)
	}},
	{Cause: "rules.other-address", Name: "second-address-behind-the-same-gateway", Says: []string{PublicIP, PublicIP2}, Break: func(w *World) {
		toService(w, ClientIP2)
		ruled(w, PublicIP, PublicIP)
	}},
	{Cause: "rules.other-address", Name: "second-address-behind-the-same-gateway-by-an-ordinary-user", Says: []string{PublicIP, PublicIP2}, Break: func(w *World) {
		w.User = ordinary
		toService(w, ClientIP2)
		ruled(w, PublicIP, PublicIP)
	}},
	{Cause: "egress.split-route", Name: "second-address-behind-the-same-gateway-allowed", Verdict: "warn", Then: []string{}, Break: func(w *World) {
		toService(w, ClientIP2)
		ruled(w, PublicIP2, PublicIP2)
	}},
	{Cause: "rules.not-allowed", Name: "second-address-behind-the-same-gateway-in-no-rule", Says: []string{"allow " + PublicIP2 + "/32"}, Break: func(w *World) {
		toService(w, ClientIP2)
		ruled(w, "192.0.2.1", "192.0.2.1")
	}},
	{Cause: "rules.other-address", Name: "second-uplink-by-port", Confidence: "likely", Says: []string{"10.2.0.2"}, Break: func(w *World) {
		secondUplink(w)
		w.Client.IP("rule add ipproto tcp dport 55443 lookup 100")
		ruled(w, PublicIP, PublicIP)
	}},
	{Cause: "rules.propagating", Name: "gateway-by-port", Confidence: "likely", Says: []string{"another address", "--port-witness"}, Break: func(w *World) {
		byPort(w)
		ruled(w, PublicIP, PublicIP)
	}},
	{Cause: "rules.propagating", Name: "gateway-by-destination", Confidence: "likely", Says: []string{"another address"}, Break: func(w *World) {
		byDestination(w)
		ruled(w, PublicIP, PublicIP)
	}},
	{Cause: "rules.propagating", Name: "not-saved-yet", Confidence: "likely", Says: []string{"another address"}, Break: func(w *World) {
		ruled(w, PublicIP)
	}},
	{Cause: "rules.other-address", Name: "gateway-by-port-and-a-witness", Confidence: "likely", Says: []string{PublicIP, PublicIP2, "allow " + PublicIP2 + "/32"},
		Break: func(w *World) {
			byPort(w)
			asksWitness(w)
			ruled(w, PublicIP, PublicIP)
		}},
	{Cause: "rules.propagating", Name: "witness-sees-the-same-address", Confidence: "likely", Says: []string{"192.0.2.13:55443"}, Break: func(w *World) {
		asksWitness(w)
		ruled(w, PublicIP)
	}},
	{Cause: "rules.propagating", Name: "witness-talks-nonsense", Confidence: "likely", Break: func(w *World) {
		w.servePeer(&Peer{Address: witness, Answer: Page(200, "text/html", "<html>Port 55443 test successful</html>")})
		w.Flags = append(w.Flags, "--port-witness", "http://"+witness+"/")
		ruled(w, PublicIP)
	}},
	{Cause: "rules.other-address", Name: "web-by-another-address", Confidence: "likely", Says: []string{PublicIP, PublicIP2}, Break: func(w *World) {
		byWeb(w)
		ruled(w, PublicIP2, PublicIP2)
	}},
	{Cause: "rules.stale", Name: "gateway-by-port-and-that-one-allowed", Confidence: "likely", Verdict: "warn", Says: []string{"another address"},
		Break: func(w *World) {
			byPort(w)
			ruled(w, PublicIP2, PublicIP2)
		}},
	{Cause: "rules.stale", Name: "web-by-another-address-and-the-usual-allowed", Confidence: "likely", Verdict: "warn", Says: []string{PublicIP},
		Break: func(w *World) {
			byWeb(w)
			ruled(w, PublicIP, PublicIP)
		}},
	{Cause: "call.auth-failed", Name: "gateway-by-destination-and-401", Confidence: "likely", Says: []string{"another address"}, Break: func(w *World) {
		byDestination(w)
		ruled(w, PublicIP, PublicIP)
		w.API.Allowed = nil
		outcomes["401"](w)
	}},
	{Cause: "port.filtered", Name: "witness-is-silent-too", Says: []string{"192.0.2.13:55443"}, Break: func(w *World) {
		asksWitness(w)
		w.ISP.Filter("forward", "tcp dport 55443 drop")
	}},
	{Cause: "port.filtered", Name: "witness-answers", Says: []string{"192.0.2.13:55443"}, Break: func(w *World) {
		asksWitness(w)
		w.ISP.Filter("forward", "ip daddr "+HostIP+" tcp dport 55443 drop")
	}},
	{Name: "witness-of-a-healthy-host", Check: func(t *testing.T, w *World, result Result) {
		oneConnection(t, w, result)
		if strings.Contains(string(result.Stdout), `"port_witness": {`) { // its URL is always there
			t.Error("the port witness was asked")
		}
	}, Break: asksWitness},
}

// What is far away, or behind a small packet size, is not lost.
var farWorlds = []Fault{
	{Cause: "port.slow", Name: "1.3-s-away", Verdict: "warn", Then: []string{}, Break: func(w *World) { w.Delay = 1300 * time.Millisecond }},
	{Cause: "port.slow", Name: "1.9-s-away", Verdict: "warn", Or: []string{"tls.slow"}, Break: func(w *World) { w.Delay = 1900 * time.Millisecond }},
	{Name: "path-mtu-of-1300", Break: func(w *World) { smallPath(w, 1300) }, Check: oneConnection},
	{Name: "path-mtu-of-1300-and-then-600", Check: oneConnection, Break: func(w *World) {
		smallPath(w, 600)
		w.Gateway.IP("link set wan0 mtu 1300")
		w.ISP.IP("link set cust0 mtu 1300")
	}},
	{Name: "path-mtu-of-600", Break: func(w *World) { smallPath(w, 600) }, Check: oneConnection},
	{Name: "path-mtu-of-600-and-300-ms", Break: func(w *World) {
		far(w)
		smallPath(w, 600)
	}},
	{Cause: "port.lossy", Name: "first-syn-of-two-lost", Verdict: "warn", Break: func(w *World) {
		w.ISP.Filter("forward", "tcp dport 55443 tcp flags & (syn | ack) == syn numgen inc mod 2 == 0 drop")
	}},
}

// smallPath is a tunnel between ISP and edge that says so: both ends learn the size of its packets.
func smallPath(w *World, bytes int) {
	w.ISP.IP(fmt.Sprintf("link set up0 mtu %d", bytes))
	w.Edge.IP(fmt.Sprintf("link set down0 mtu %d", bytes))
}

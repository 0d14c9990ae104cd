//go:build linux

package lab

import "testing"

// steeredWorlds are about where this host's own tables and settings send packets, and how far.
var steeredWorlds = []Fault{
	{Cause: "host.attached-network", Name: "has-the-address-itself", Confidence: "likely", Then: []string{}, Says: []string{"198.51.100.10", "ip address show to"}, Break: func(w *World) {
		w.Client.IP("addr add " + HostIP + "/32 dev lo")
	}},
	{Cause: "host.attached-network", Name: "a-local-route-of-the-network", Then: []string{}, Says: []string{"sudo ip route del local 198.51.100.0/24 dev lo"}, Break: func(w *World) {
		w.Client.IP("route add local 198.51.100.0/24 dev lo")
	}},
	{Cause: "host.dead-tunnel", Name: "by-a-rule-that-passes-over-the-default-route", Says: []string{"tun0"}, Break: func(w *World) {
		tunnel("10.99.0.0/16")(w)
		w.Client.IP("route add default dev tun0 table 51820", "rule add pref 101 not fwmark 51820 lookup 51820", "rule add pref 100 lookup main suppress_prefixlength 0")
	}},
	{Cause: "service.partly-down", Name: "one-of-two-servers-silent-and-two-next-hops", Confidence: "likely",
		Says: []string{"nexthop via 10.1.0.1 dev eth0 nexthop via 10.1.1.1 dev eth1"}, Break: func(w *World) {
			otherWay(w)
			w.Client.IP("route replace default src " + ClientIP + " nexthop via 10.1.0.1 dev eth0 nexthop via 10.1.1.1 dev eth1")
			everySecondServer(w, "drop")
		}},
	{Cause: "port.filtered", Name: "a-rule-gives-the-port-a-path-of-its-own", Confidence: "likely", Says: []string{"dev eth1 src 10.1.0.2 table 100", "default via 10.1.0.1"}, Break: func(w *World) {
		otherWay(w)
		w.Client.IP("route replace default via "+GatewayIP, "route add default via 10.1.1.1 dev eth1 src "+ClientIP+" table 100",
			"rule add uidrange 0-0 ipproto tcp dport 55443 lookup 100")
		w.Gateway.Filter("forward", `iifname "lan1" drop`)
	}},
}

// fewSteps are hosts whose packets may travel too few steps; the service is four away.
var fewSteps = []Fault{
	{Cause: "host.offline", Name: "packets-that-travel-two-steps", Confidence: "certain", Then: []string{}, Says: []string{"net.ipv4.ip_default_ttl = 2", "sudo sysctl -w net.ipv4.ip_default_ttl=64"},
		Check: culprit("sysctl", "net.ipv4.ip_default_ttl", "", "2"), Break: func(w *World) { sysctl(w, "ipv4/ip_default_ttl", "2") }},
	{Cause: "host.offline", Name: "packets-that-travel-two-steps-and-no-icmp", Says: []string{"net.ipv4.ip_default_ttl = 2"}, Break: func(w *World) {
		withoutICMP(w)
		sysctl(w, "ipv4/ip_default_ttl", "2")
	}},
	{Cause: "port.unreachable", Name: "packets-that-travel-three-steps-and-a-resolver-in-the-house", Confidence: "certain", Then: []string{"egress.unknown"}, Says: []string{"net.ipv4.ip_default_ttl = 3"},
		Check: culprit("sysctl", "net.ipv4.ip_default_ttl", "", "3"), Break: func(w *World) {
			houseResolver(w)
			sysctl(w, "ipv4/ip_default_ttl", "3")
		}},
	{Name: "packets-that-travel-four-steps", Check: oneConnection, Break: func(w *World) { sysctl(w, "ipv4/ip_default_ttl", "4") }},
}

// somePorts are rules that go by the source port. Now and then a connection has one that is let through.
var somePorts = []Fault{
	{Cause: "host.local-firewall", Name: "most-source-ports-dropped", Or: []string{""}, Says: []string{"all but"}, Check: orNone(culprit("nft-rule", "ip fault output handle", "", "drop")),
		Break: func(w *World) { w.Client.Filter("output", "tcp dport 55443 tcp sport != 52000-55999 counter drop") }},
	{Cause: "host.local-firewall", Name: "some-source-ports-dropped-for-an-ordinary-user", Or: []string{""}, Says: []string{"goes by the source port (3"}, Break: func(w *World) {
		w.User = ordinary
		w.Client.Filter("output", "tcp dport 55443 tcp sport 32768-55999 drop")
	}},
	{Cause: "host.reply-dropped", Name: "answers-to-most-source-ports", Or: []string{""}, Says: []string{"all but"}, Break: func(w *World) {
		w.Client.Filter("input", "tcp sport 55443 tcp dport != 52000-55999 counter drop")
	}},
	{Cause: "port.filtered", Name: "most-source-ports-at-the-gateway", Confidence: "likely", Or: []string{"", "port.lossy"}, Says: []string{"all but"}, Break: func(w *World) {
		w.Gateway.Filter("forward", "tcp dport 55443 tcp sport != 52000-55999 drop")
	}},
}

// orNone is for worlds in which nothing may be found, by chance.
func orNone(check func(*testing.T, *World, Result)) func(*testing.T, *World, Result) {
	return func(t *testing.T, w *World, result Result) {
		if len(grave(result.Report)) > 0 {
			check(t, w, result)
		}
	}
}

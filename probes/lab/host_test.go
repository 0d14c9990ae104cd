//go:build linux

package lab

// Faults of the client's own machine and of its line.
var hostFaults = []Fault{
	{Cause: "host.offline", Name: "no-default-route", Break: func(w *World) {
		w.Client.IP("route del default")
	}},
	{Cause: "host.offline", Name: "no-cable", Says: []string{"No link: eth0"}, Break: func(w *World) { w.Gateway.IP("link set lan0 down") }},
	{Cause: "host.offline", Name: "link-down", Says: []string{"No link: eth0", "Check the link of eth0"}, Break: func(w *World) { w.Client.IP("link set eth0 down") }},
	{Cause: "host.offline", Name: "gateway-drops-everything", Break: func(w *World) {
		w.Gateway.Filter("prerouting", `iifname "lan0" meta l4proto { tcp, udp, icmp } drop`)
	}},
	{Cause: "host.offline", Name: "gateway-forwards-nothing", Break: func(w *World) {
		w.Gateway.Filter("forward", "drop")
	}},
	{Cause: "host.offline", Name: "gateway-gone", Break: func(w *World) {
		w.Gateway.IP("link set lan0 down")
	}},
	{Cause: "host.offline", Name: "proxy-unreachable-too", Break: func(w *World) {
		w.Gateway.Filter("forward", "drop")
		w.UseProxy("http", "")
	}},
	{Cause: "host.local-firewall", Name: "rejects-with-icmp", Says: []string{ClientIP}, Break: func(w *World) {
		w.Client.Filter("output", "tcp dport 55443 reject with icmp type admin-prohibited")
	}},
	{Cause: "host.local-firewall", Name: "rejects-with-port-unreachable", Break: func(w *World) {
		w.Client.Filter("output", "tcp dport 55443 reject")
	}},
	{Cause: "host.local-firewall", Name: "resets", Break: func(w *World) {
		w.Client.Filter("output", "tcp dport 55443 reject with tcp reset")
	}},
	{Cause: "host.local-firewall", Name: "drops", Confidence: "certain", Break: func(w *World) {
		w.Client.Filter("output", "tcp dport 55443 drop")
	}},
}

//go:build linux

package lab

// Faults of the way to the port.
var portFaults = []Fault{
	{Cause: "port.refused", Name: "service-down", Confidence: "certain", Says: []string{HostIP},
		Break: func(w *World) { w.API.Closed = true }},
	{Cause: "port.refused", Name: "nothing-listens-on-the-host", Break: func(w *World) {
		w.API.Closed = true
		w.Web.Closed = true
	}},
	{Cause: "port.refused", Name: "last-router-resets", Says: []string{"last router"}, Break: func(w *World) {
		w.Edge.Filter("forward", "tcp dport 55443 reject with tcp reset")
	}},
	{Cause: "port.refused", Name: "distance-not-measurable", Confidence: "likely", Break: func(w *World) {
		w.API.Closed, w.Web.Dead = true, true // port 443 would walk as far as the host
		withoutICMP(w)
	}},
	{Cause: "port.filtered", Name: "gateway-drop", Says: []string{GatewayIP}, Break: func(w *World) {
		w.Gateway.Filter("forward", "tcp dport 55443 drop")
	}},
	{Cause: "port.filtered", Name: "isp-drop", Says: []string{ISPIP}, Break: func(w *World) {
		w.ISP.Filter("forward", "tcp dport 55443 drop")
	}},
	{Cause: "port.filtered", Name: "isp-drop-on-arrival", Says: []string{GatewayIP}, Break: func(w *World) {
		w.ISP.Filter("prerouting", "tcp dport 55443 drop")
	}},
	{Cause: "port.filtered", Name: "edge-drop", Says: []string{EdgeIP}, Break: func(w *World) {
		w.Edge.Filter("forward", "tcp dport 55443 drop")
	}},
	{Cause: "port.filtered", Name: "host-drop", Break: func(w *World) {
		w.Far.Filter("input", "tcp dport 55443 drop")
	}},
	{Cause: "port.filtered", Name: "not-let-in", Says: []string{PublicIP}, Break: func(w *World) {
		w.Far.Filter("input", "ip saddr "+PublicIP+" tcp dport 55443 drop")
	}},
	{Cause: "port.filtered", Name: "syn-ack-lost-on-the-way-back", Break: func(w *World) {
		w.ISP.Filter("forward", "tcp sport 55443 drop")
	}},
	{Cause: "port.filtered", Name: "silent-routers", Never: []string{GatewayIP, ISPIP, EdgeIP},
		Break: func(w *World) {
			withoutICMP(w)
			w.ISP.Filter("forward", "tcp dport 55443 drop")
		}},
	{Cause: "port.filtered", Name: "no-other-port-walks-further", Break: func(w *World) {
		w.Gateway.Filter("forward", "ip daddr "+HostIP+" drop")
	}},
	{Cause: "port.unreachable", Name: "isp-says-host-unreachable", Says: []string{ISPIP}, Break: func(w *World) {
		w.ISP.Filter("forward", "tcp dport 55443 reject with icmp type host-unreachable")
	}},
	{Cause: "port.unreachable", Name: "isp-says-net-unreachable", Says: []string{ISPIP}, Break: func(w *World) {
		w.ISP.Filter("forward", "ip daddr "+HostIP+" reject with icmp type net-unreachable")
	}},
	{Cause: "port.unreachable", Name: "isp-has-no-route", Says: []string{ISPIP}, Break: func(w *World) {
		w.ISP.IP("route del 198.51.100.0/24", "route add unreachable 198.51.100.0/24")
	}},
	{Cause: "port.prohibited", Name: "gateway", Says: []string{GatewayIP}, Break: func(w *World) {
		w.Gateway.Filter("forward", "tcp dport 55443 reject with icmp type admin-prohibited")
	}},
	{Cause: "port.prohibited", Name: "isp", Says: []string{ISPIP}, Break: func(w *World) {
		w.ISP.Filter("forward", "tcp dport 55443 reject with icmp type admin-prohibited")
	}},
	{Cause: "port.prohibited", Name: "host", Says: []string{HostIP}, Break: func(w *World) {
		w.Far.Filter("input", "tcp dport 55443 reject with icmp type admin-prohibited")
	}},
	{Cause: "port.rejected-en-route", Name: "gateway-resets", Says: []string{GatewayIP}, Break: func(w *World) {
		w.Gateway.Filter("forward", "tcp dport 55443 reject with tcp reset")
	}},
	{Cause: "port.rejected-en-route", Name: "isp-resets", Says: []string{ISPIP}, Break: func(w *World) {
		w.ISP.Filter("forward", "tcp dport 55443 reject with tcp reset")
	}},
	{Cause: "port.rejected-en-route", Name: "isp-resets-and-no-icmp", Confidence: "certain", Break: func(w *World) {
		silentRouters(w)
		w.ISP.Filter("forward", "tcp dport 55443 reject with tcp reset")
	}},
	// Neither another port nor a router tells how far the host is at the least, but a host behind a gateway is not the first hop.
	{Cause: "port.rejected-en-route", Name: "gateway-sends-it-to-itself-and-no-icmp", Or: []string{"host.local-firewall"}, Break: func(w *World) {
		silentRouters(w)
		w.Far.Filter("input", "ip daddr "+HostIP+" tcp dport 443 drop")
		divertPort(w, GatewayIP+":9")
	}},
	{Cause: "port.refused", Name: "gateway-resets-and-no-router-tells", Confidence: "likely", Or: []string{"port.rejected-en-route"}, Break: func(w *World) {
		silentRouters(w)
		w.Far.Filter("input", "ip daddr "+HostIP+" tcp dport 443 drop")
		w.Gateway.Filter("forward", "tcp dport 55443 reject with tcp reset")
	}},
	{Cause: "port.wrong-port", Name: "legacy-port", Says: []string{"55000"}, Break: func(w *World) {
		w.EndpointIs = "https://" + Host + ":55000/"
	}},
	{Cause: "port.lossy", Name: "first-syn-lost", Verdict: "warn", Break: func(w *World) {
		w.ISP.Filter("forward", "tcp dport 55443 tcp flags & (syn | ack) == syn numgen inc mod 2 == 0 drop")
	}, Or: []string{"port.slow"}},
}

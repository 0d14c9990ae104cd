//go:build linux

package lab

// Faults of the public address.
var egressFaults = []Fault{
	{Cause: "egress.unstable", Name: "pool", Verdict: "warn", Says: []string{PublicIP, PublicIP2}, Break: pool},
	{Cause: "rules.pool-partly-allowed", Name: "pool", Says: []string{PublicIP, PublicIP2}, Break: func(w *World) {
		pool(w)
		w.Rules = []string{"allow " + PublicIP}
		w.API.Allowed = onlyFrom(PublicIP)
	}},
	{Cause: "egress.unstable", Name: "pool-all-allowed", Verdict: "warn", Break: func(w *World) {
		pool(w)
		w.Rules = []string{"allow 203.0.113.0/25"}
	}},
	{Cause: "egress.unknown", Name: "sources-dead", Verdict: "warn", Break: func(w *World) {
		w.Sources[0].Dead, w.Sources[1].Dead = true, true
	}},
	{Cause: "egress.unknown", Name: "sources-talk-nonsense", Verdict: "warn", Break: func(w *World) {
		w.Sources[0].Answer = Page(200, "text/html", "<html>hello</html>")
		w.Sources[1].Answer = Page(200, "text/html", "<html>hello</html>")
	}},
	{Cause: "call.ip-denied", Name: "sources-dead-and-rules-given", Or: []string{"egress.unknown"},
		Break: func(w *World) {
			w.Sources[0].Dead, w.Sources[1].Dead = true, true
			w.Rules = []string{"allow 203.0.113.0/25"}
			w.API.Allowed = onlyFrom()
		}},
	{Cause: "egress.split-route", Name: "endpoint-leaves-by-another-address", Verdict: "warn",
		Says: []string{ClientIP, ClientIP2}, Break: func(w *World) {
			w.Client.IP("route add " + HostIP + " via " + GatewayIP + " src " + ClientIP2)
		}},
}

// pool alternates the public address among the connections to the egress sources.
func pool(w *World) {
	w.SNAT("ip daddr { 192.0.2.11, 192.0.2.12 } ip saddr " + ClientIP + " ct state new " +
		"snat to numgen inc mod 2 map { 0 : " + PublicIP + ", 1 : " + PublicIP2 + " }")
}

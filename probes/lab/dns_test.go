//go:build linux

package lab

import (
	"time"

	"github.com/miekg/dns"
)

// Faults of name resolution.
var dnsFaults = []Fault{
	{Cause: "dns.nxdomain", Name: "only-the-endpoint", Says: []string{Host}, Break: func(w *World) {
		delete(w.Zone, Host)
	}},
	{Cause: "dns.nxdomain", Name: "every-name", Break: func(w *World) {
		w.Resolvers[0].Rcode = dns.RcodeNameError
	}},
	{Cause: "dns.servfail", Name: "one-resolver", Says: []string{"192.0.2.53"}, Break: func(w *World) {
		w.Resolvers[0].Rcode = dns.RcodeServerFailure
	}},
	{Cause: "dns.servfail", Name: "two-resolvers", Break: func(w *World) {
		w.Resolvers = append(w.Resolvers, &Resolver{Address: "192.0.2.54", Rcode: dns.RcodeServerFailure})
		w.Resolvers[0].Rcode = dns.RcodeServerFailure
	}},
	{Cause: "dns.refused", Name: "one-resolver", Says: []string{"192.0.2.53"}, Break: func(w *World) {
		w.Resolvers[0].Rcode = dns.RcodeRefused
	}},
	{Cause: "dns.resolver-unreachable", Name: "silent", Says: []string{"192.0.2.53"}, Break: func(w *World) {
		w.Resolvers[0].Dead = true
	}},
	{Cause: "dns.resolver-unreachable", Name: "two-silent", Break: func(w *World) {
		w.Resolvers = append(w.Resolvers, &Resolver{Address: "192.0.2.54", Dead: true})
		w.Resolvers[0].Dead = true
	}},
	{Cause: "dns.resolver-unreachable", Name: "nothing-listens", Never: openPort53, Confidence: "certain",
		Says: []string{"The resolver refuses port 53: 192.0.2.53", "connection refused"}, Break: func(w *World) {
			w.Resolvers[0].Closed = true
		}},
	{Cause: "dns.resolver-unreachable", Name: "gateway-drops-port-53", Break: func(w *World) {
		w.Gateway.Filter("forward", "udp dport 53 drop", "tcp dport 53 drop")
	}},
	{Cause: "dns.sinkholed", Name: "private", Says: []string{"10.9.9.9"}, Break: sinkhole("10.9.9.9")},
	{Cause: "dns.sinkholed", Name: "unspecified", Says: []string{"0.0.0.0"}, Break: sinkhole("0.0.0.0")},
	{Cause: "dns.sinkholed", Name: "loopback", Says: []string{"127.0.0.1"}, Break: sinkhole("127.0.0.1")},
	{Cause: "dns.sinkholed", Name: "carrier-nat", Says: []string{"100.64.0.9"}, Break: sinkhole("100.64.0.9")},
	{Cause: "dns.sinkholed", Name: "link-local", Says: []string{"169.254.7.7"}, Break: sinkhole("169.254.7.7")},
	{Cause: "dns.captive-portal", Name: "every-name-is-the-portal", Says: []string{SpareIP}, Break: captive},
	{Cause: "dns.captive-portal", Name: "private-portal", Break: func(w *World) {
		w.Resolvers[0].Captive = GatewayIP
	}},
	{Cause: "dns.captive-portal", Name: "portal-speaks-html", Break: func(w *World) {
		captive(w)
		w.API.Addresses = []string{SpareIP}
		w.API.Raw = RawText("HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<title>Log in</title>\n")
	}},
	{Cause: "dns.hosts-override", Name: "pinned-to-nobody", Says: []string{NobodyIP, "/etc/hosts"},
		Break: func(w *World) { w.HostsFile = NobodyIP + " " + Host + "\n" }},
	{Cause: "dns.hosts-override", Name: "pinned-to-another-machine", Says: []string{SpareIP},
		Break: func(w *World) { w.HostsFile = SpareIP + " " + Host + "\n" }},
	{Cause: "dns.hosts-override", Name: "pinned-and-works", Verdict: "warn", Break: func(w *World) {
		w.HostsFile = SpareIP + " " + Host + "\n"
		w.API.Addresses = []string{HostIP, SpareIP}
	}},
	{Name: "pinned-to-what-dns-gives", Break: func(w *World) {
		w.HostsFile = HostIP + " " + Host + "\n"
	}},
	{Cause: "dns.no-ipv4", Name: "only-aaaa", Break: func(w *World) { w.Zone[Host] = []string{"2001:db8::10"} }},
	{Cause: "dns.slow-resolver", Name: "first-dead", Verdict: "warn", Says: []string{"192.0.2.53"},
		Check: oneConnection, Break: func(w *World) {
			w.Resolvers = append(w.Resolvers, &Resolver{Address: "192.0.2.54"})
			w.Resolvers[0].Dead = true
		}},
	{Cause: "dns.slow-resolver", Name: "first-slow", Verdict: "warn", Break: func(w *World) {
		w.Resolvers = append(w.Resolvers, &Resolver{Address: "192.0.2.54"})
		w.Resolvers[0].Delay = 4 * time.Second
	}},
	{Cause: "dns.slow-resolver", Name: "the-only-one-takes-four-seconds", Verdict: "warn", Says: []string{"4."}, Check: calls(1), Break: func(w *World) {
		w.Resolvers[0].Delay = 4 * time.Second
	}},
	{Cause: "dns.slow-resolver", Name: "first-closed", Verdict: "warn", Break: func(w *World) {
		w.Resolvers = append(w.Resolvers, &Resolver{Address: "192.0.2.54"})
		w.Resolvers[0].Closed = true
	}},
}

func sinkhole(address string) func(*World) {
	return func(w *World) { w.Zone[Host] = []string{address} }
}

func captive(w *World) { w.Resolvers[0].Captive = SpareIP }

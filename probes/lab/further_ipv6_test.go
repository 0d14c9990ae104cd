//go:build linux

package lab

import (
	"net/netip"
	"slices"
	"testing"

	"opensrs-doctor/probes/sandbox"
)

// Addresses of the lab's IPv6.
const (
	clientIPv6   = "2001:db8:1::2"
	hostIPv6     = "2001:db8:c::10"
	resolverIPv6 = "2001:db8:c::53"
)

// IPv6 beside IPv4, and in its place.
var furtherIPv6 = []Fault{
	{Name: "dual-stack", Check: overIPv4, Break: func(w *World) {
		dualStack(w)
		w.Rules = lists["allow"]
		w.API.Allowed = onlyFrom(PublicIP)
	}},
	{Name: "dual-stack-and-the-aaaa-is-dead", Check: overIPv4, Break: func(w *World) {
		dualStack(w)
		w.Edge.IP("route add blackhole " + hostIPv6 + "/128")
	}},
	{Name: "dual-stack-and-no-aaaa", Check: overIPv4, Break: func(w *World) {
		dualStack(w)
		w.Zone[Host] = []string{HostIP}
	}},
	{Name: "resolver-over-ipv6", Check: overIPv4, Break: func(w *World) {
		dualStack(w)
		w.Resolvers = []*Resolver{{Address: resolverIPv6}}
	}},
	{Cause: "dns.no-ipv4", Name: "dual-stack-and-aaaa-only", Break: func(w *World) {
		dualStack(w)
		w.Zone[Host] = []string{hostIPv6}
	}},
	{Cause: "port.filtered", Name: "dual-stack-and-only-ipv6-works", Break: func(w *World) {
		dualStack(w)
		w.Gateway.Filter("forward", "tcp dport 55443 drop")
	}},
	{Cause: "host.route-denied", Name: "dual-stack-and-an-unreachable-route", Break: func(w *World) {
		dualStack(w)
		w.Zone[Host] = []string{HostIP}
		w.Client.IP("route add unreachable " + HostIP)
	}},
	{Cause: "host.route-denied", Name: "dual-stack-and-a-prohibit-route", Break: func(w *World) {
		dualStack(w)
		w.Zone[Host] = []string{HostIP}
		w.Client.IP("route add prohibit " + HostIP)
	}},
	{Cause: "egress.no-ipv4", Name: "ipv6-only-and-the-service-has-none", Break: func(w *World) {
		ipv6Only(w)
		w.Zone[Host] = []string{HostIP}
	}},
	{Cause: "egress.no-ipv4", Name: "ipv6-only-and-refused", Break: func(w *World) {
		ipv6Only(w)
		w.API.Addresses = []string{HostIP}
	}},
	{Cause: "egress.no-ipv4", Name: "ipv6-only-and-an-own-rule", Confidence: "likely", Says: []string{"ip6tables"}, Break: func(w *World) {
		ipv6Only(w)
		w.Client.NFT("table ip6 fault {\n chain out {\n type filter hook output priority filter;\n tcp dport 55443 drop\n }\n}\n")
	}},
	{Cause: "egress.no-ipv4", Name: "dual-stack-and-ipv4-is-dead", Confidence: "likely", Then: []string{}, Says: []string{"Over IPv4 nothing answers"}, Break: func(w *World) {
		dualStack(w)
		w.Resolvers = []*Resolver{{Address: resolverIPv6}}
		w.Gateway.Filter("forward", "drop")
	}},
	{Cause: "host.local-firewall", Name: "dual-stack-and-ipv4-is-dropped-here", Break: func(w *World) {
		dualStack(w)
		w.Resolvers = []*Resolver{{Address: resolverIPv6}}
		w.Client.Filter("output", `oifname "eth0" drop`)
	}},
	{Cause: "egress.no-ipv4", Name: "ipv6-only-and-not-let-in", Or: []string{"call.ip-denied"}, Break: func(w *World) {
		ipv6Only(w)
		outcomes["denied"](w)
	}},
	{Cause: "host.offline", Name: "ipv6-only-and-a-literal-address", Says: []string{"IPv4"}, Never: []string{"reaches the internet"}, Break: func(w *World) {
		ipv6Only(w)
		w.EndpointIs = "https://" + HostIP + ":55443/"
	}},
	{Name: "ipv6-only-behind-nat64", Check: called64, Break: func(w *World) {
		ipv6Only(w)
		w.Sources, w.Controls, w.NoSources, w.NoControls = nil, nil, true, true
	}},
	{Cause: "egress.unknown", Name: "ipv6-only-behind-nat64", Verdict: "warn", Break: ipv6Only, Check: called64},
	{Cause: "egress.no-ipv4", Name: "ipv6-only-and-the-sources-too", Or: []string{"dns.no-ipv4"}, Break: func(w *World) {
		ipv6Only(w)
		w.Zone[Host] = []string{hostIPv6}
		w.API.Closed = true
	}},
}

// dualStack lays IPv6 beside IPv4 on every cable; the service has it too.
func dualStack(w *World) {
	w.tb.Helper()
	for _, node := range []*Node{w.Client, w.Gateway, w.ISP, w.Edge, w.Far} {
		for name, value := range map[string]string{"all/disable_ipv6": "0", "default/disable_ipv6": "0",
			"all/forwarding": "1", "all/accept_dad": "0", "default/accept_dad": "0"} {
			if err := node.Sysctl("ipv6/conf/"+name, value); err != nil {
				w.skip(err)
			}
		}
	}
	w.Client.IP("addr add "+clientIPv6+"/64 dev eth0 nodad", "route add ::/0 via 2001:db8:1::1")
	w.Gateway.IP("addr add 2001:db8:1::1/64 dev lan0 nodad", "addr add 2001:db8:2::2/64 dev wan0 nodad",
		"route add ::/0 via 2001:db8:2::1")
	w.ISP.IP("addr add 2001:db8:2::1/64 dev cust0 nodad", "addr add 2001:db8:3::1/64 dev up0 nodad",
		"route add 2001:db8:1::/64 via 2001:db8:2::2", "route add 2001:db8:c::/64 via 2001:db8:3::2")
	w.Edge.IP("addr add 2001:db8:3::2/64 dev down0 nodad", "addr add 2001:db8:c::1/64 dev dc0 nodad",
		"route add ::/0 via 2001:db8:3::1")
	w.Far.IP("addr add "+hostIPv6+"/64 dev eth0 nodad", "addr add "+resolverIPv6+"/64 dev eth0 nodad",
		"route add ::/0 via 2001:db8:c::1")
	w.Zone[Host] = []string{HostIP, hostIPv6}
	w.API.Addresses = []string{HostIP, hostIPv6}
	w.API.Certificate = Issue(apiIssuer(), 0, sandbox.Template{Names: w.Names()})
}

// ipv6Only takes IPv4 away from the client; the service's IPv6 address then stands for what a NAT64 makes.
func ipv6Only(w *World) {
	dualStack(w)
	w.Resolvers = []*Resolver{{Address: resolverIPv6}}
	w.Client.IP("addr del "+ClientIP2+"/24 dev eth0", "addr del "+ClientIP+"/24 dev eth0")
}

// skip is for a machine without IPv6.
func (w *World) skip(err error) {
	if tb, ok := w.tb.(*testing.T); ok {
		tb.Skipf("no IPv6 on this machine: %v", err)
	}
}

func overIPv4(t *testing.T, w *World, result Result) {
	oneConnection(t, w, result)
	if slices.ContainsFunc(w.API.Callers.Distinct(), func(a netip.Addr) bool { return a.Is6() }) {
		t.Errorf("called over IPv6: %v", w.API.Callers.Distinct())
	}
}

func called64(t *testing.T, w *World, _ Result) {
	callers := w.API.Callers.Distinct()
	if len(callers) != 1 || callers[0].String() != clientIPv6 {
		t.Errorf("called by %v, want %s", callers, clientIPv6)
	}
}

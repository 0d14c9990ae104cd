package host

import (
	"fmt"
	"net/netip"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/prose"
)

// SourceAddress: nothing comes back to the address that a route gives packets, and the interface's own is answered.
func SourceAddress(e *evidence.Evidence) (condition.Finding, bool) {
	blocked := e.Blocked()
	if e.ThisHost == nil || e.ThisHost.Route == nil || !e.ThisHost.Sources.OnlyOwn() || e.Host.Proxy != nil ||
		blocked != "dns" && blocked != "port" || !e.FailedWith(blocked, evidence.KindTimeout) {
		return condition.Finding{}, false
	}
	route, tried := e.ThisHost.Route, e.ThisHost.Sources
	peer := tried.To
	if at, err := netip.ParseAddrPort(peer); err == nil && blocked == "port" {
		peer = netaddr.HostPort{Host: e.Target.Host, Port: at.Port()}.String()
	}
	return condition.Finding{First: true, Explains: []string{"egress", "dns", "port"},
		Values: prose.Values{"source": route.Source, "own_source": route.Own, "interface": route.Interface, "route_line": route.Line,
			"route_own": "sudo ip route replace " + strings.Replace(route.Line, " src "+route.Source, " src "+route.Own, 1)},
		Culprit: &report.Culprit{Kind: "route", Name: route.Line, At: fmt.Sprintf("table %d", route.Table), Text: route.Line},
		Evidence: []string{"The route: " + route.Line + ".",
			fmt.Sprintf("%s, tried %d times from each address: no answer to %s, an answer to %s each time.", peer, evidence.SourceTries, route.Source, route.Own)}}, true
}

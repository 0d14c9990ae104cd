package host

import (
	"cmp"
	"fmt"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/reading"
)

// RouteDenied: a line of this host's routing policy keeps the packets from where they are to go.
func RouteDenied(e *evidence.Evidence) (condition.Finding, bool) {
	route, blocked, words := deniedRoute(e)
	if route == nil {
		return condition.Finding{}, false
	}
	finding := condition.Finding{First: true, Values: prose.Values{"route_line": route.Line, "blocked": blocked},
		Evidence: []string{fmt.Sprintf("The kernel says at once: %s.", words), "The line: " + route.Line + "."}}
	if stopped := e.Blocked(); stopped == "dns" || e.Host.Proxy != nil {
		finding.Explains = []string{stopped}
	}
	finding.Culprit = &report.Culprit{Kind: "route", Name: route.Line, At: fmt.Sprintf("table %d", route.Table), Text: route.Line}
	switch {
	case route.Rule:
		finding.Culprit.Kind, finding.Culprit.At = "ip-rule", "ip rule"
		priority, _, _ := strings.Cut(route.Line, ":")
		finding.Values["route_delete"] = "sudo ip rule del priority " + priority
		finding.Values["route_list"] = "ip rule"
	default:
		finding.Values["route_delete"] = "sudo ip route del " + route.Line
		finding.Values["route_list"] = "ip route show table all"
	}
	return finding, true
}

// deniedRoute is the line of this host's routing policy that keeps packets from the endpoint, or from the proxy or the
// resolver that comes before it, whom it keeps them from, and the kernel's words; nil where no line does.
func deniedRoute(e *evidence.Evidence) (route *evidence.HostRoute, blocked, words string) {
	if end, failed := reading.PortEnding(e); failed {
		if end.By != reading.EndHere || end.Route == nil {
			return nil, "", ""
		}
		return end.Route, e.Target.Host, e.Step("port").Failure.Detail.String()
	}
	stopped := e.Blocked()
	if e.ThisHost == nil || !e.ThisHost.Route.Denies() || stopped != "dns" && (stopped != "port" || e.Host.Proxy == nil || reading.ProxyAnswered(e)) {
		return nil, "", ""
	}
	failure := e.Step(stopped).Failure
	if !e.FailedWith(stopped, evidence.KindNotPermitted, evidence.KindUnreachable, evidence.KindNoRoute) {
		return nil, "", ""
	}
	if stopped == "dns" {
		if e.DNS == nil || len(e.DNS.Answers) == 0 || len(e.Host.Resolvers) == 0 || reading.ResolverAnswered(e) {
			return nil, "", ""
		}
		return e.ThisHost.Route, reading.PlainServer(e.DNS.Answers[0].Resolver), failure.Detail.String()
	}
	return e.ThisHost.Route, e.Host.Proxy.URL, failure.Detail.String()
}

// AttachedNetwork: the route has no gateway, and no machine of that network has the service's address.
func AttachedNetwork(e *evidence.Evidence) (condition.Finding, bool) {
	if finding, ok := ownAddress(e); ok {
		return finding, true
	}
	if e.ThisHost == nil || e.ThisHost.Route == nil || !e.ThisHost.Route.Attached ||
		!e.DirectPortFailed(evidence.KindTimeout, evidence.KindUnreachable, evidence.KindNoRoute) || e.HostAlive() {
		return condition.Finding{}, false
	}
	end, _ := reading.PortEnding(e)
	asked := e.Step("port").Failure.Kind == evidence.KindUnreachable || e.Walk().UnreachableHere()
	if !asked || end.Lost != "" || end.Again != nil || end.By == reading.EndDevice || len(e.Target.Addresses) == 0 {
		return condition.Finding{}, false
	}
	route, to := e.ThisHost.Route, e.Target.Addresses[0]
	finding := condition.Finding{First: true, Confidence: report.Likely, Hides: []string{"host.local-firewall"}, Values: prose.Values{
		"interface": route.Interface, "prefix": route.Prefix, "route_line": route.Line, "taken_for": "a machine in " + route.Prefix + ", its own network"},
		Culprit: &report.Culprit{Kind: "interface", Name: route.Interface, At: route.Prefix, Text: route.Line},
		Evidence: []string{fmt.Sprintf("The route for %s has no gateway: %s.", to, route.Line),
			"The kernel asked on that network who has this address, and no machine answered."}}
	if iprules.NeverPublic(to) == "" && !e.Target.CustomEndpoint {
		finding.Confidence = report.Certain
	}
	return finding, true
}

// ownAddress: this host has the public address of the endpoint itself, so that the packets never leave it.
func ownAddress(e *evidence.Evidence) (condition.Finding, bool) {
	if e.ThisHost == nil || e.ThisHost.Route == nil || e.ThisHost.Route.Table != evidence.TableLocal ||
		!e.DirectPortFailed(evidence.KindRefused, evidence.KindTimeout) || iprules.NeverPublic(e.Tried().Addr()) != "" {
		return condition.Finding{}, false
	}
	route, to := e.ThisHost.Route, e.Tried().Addr().String()
	finding := condition.Finding{First: true, Hides: []string{"host.local-firewall", "port.refused", "egress.split-route"},
		Values:   prose.Values{"own_address": to, "own_line": "local " + strings.TrimSuffix(route.Line, " table local"), "taken_for": "itself, and sends it nothing"},
		Culprit:  &report.Culprit{Kind: "interface", Name: route.Interface, At: route.Prefix, Text: route.Line},
		Evidence: []string{fmt.Sprintf("The route for %s ends at this host: %s.", to, route.Line)}}
	if e.Target.CustomEndpoint {
		finding.Confidence, finding.Values["served_here"] = report.Likely, "this host"
	}
	return finding, true
}

// DeadTunnel: packets go into a tunnel, or by a cable, from which none ever came back.
func DeadTunnel(e *evidence.Evidence) (condition.Finding, bool) {
	if e.ThisHost == nil || e.ThisHost.Route == nil || e.Host.Proxy != nil {
		return condition.Finding{}, false
	}
	route, blocked := e.ThisHost.Route, e.Blocked()
	if !route.Silent || route.Alive == "" && !route.Tunnel || route.Attached || blocked != "dns" && blocked != "port" || !e.FailedWith(blocked, evidence.KindTimeout) {
		return condition.Finding{}, false
	}
	if place, _ := e.Ledger().Lost(); place != evidence.LostNowhere {
		return condition.Finding{}, false // they never came as far as the interface
	}
	to := cmp.Or(ledgerTo(e), e.Target.Host)
	received := fmt.Sprintf("%s has received no packet since it is there", route.Interface)
	if route.Alive != "" {
		received += "; " + route.Alive + " receives packets"
	}
	return condition.Finding{First: true, Confidence: report.Likely, Explains: []string{"egress", "dns", "port"},
		Values:   prose.Values{"interface": route.Interface, "alive": route.Alive, "route_line": route.Line, "towards": to},
		Culprit:  &report.Culprit{Kind: "interface", Name: route.Interface, At: route.Prefix, Text: route.Line},
		Evidence: []string{fmt.Sprintf("The route for %s is %s.", to, route.Line), received + "."}}, true
}

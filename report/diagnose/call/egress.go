package call

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// EgressUnknown: no source told this host's public address.
func EgressUnknown(e *evidence.Evidence) (condition.Finding, bool) {
	step := e.Step("egress")
	if step.Status == evidence.Skip && step.WaitedFor == evidence.WaitEgressSource {
		return condition.Finding{Severity: report.Info, Values: prose.Values{"none_asked": e.Asked.NoneAsked}}, true
	}
	if step.Status != evidence.Fail || e.Egress == nil {
		return condition.Finding{}, false
	}
	failed := failedSources(e)
	finding := condition.Finding{Values: prose.Values{}, Evidence: sourceFailures(failed)}
	if closed := closedPorts(failed); closed != "" {
		finding.Values["sources_closed"] = closed
		finding.Values["sources_opener"] = "the firewall of this network"
		if e.Host.Proxy != nil {
			finding.Values["sources_opener"] = e.Host.Proxy.URL
		}
	}
	if e.Asked.RulesGiven > 0 {
		switch callOutcome(e) {
		case outcomeInvalidIP, outcomeAuth, outcomeClosed:
			finding.Severity = report.Fail
		}
	}
	return finding, true
}

// failedSources are the sightings that failed on the way that the call takes, of sources that told no address there.
func failedSources(e *evidence.Evidence) []evidence.Sighting {
	onWay := func(s evidence.Sighting) bool { return s.Path == evidence.WayProxy }
	if e.Host.Proxy == nil || !slices.ContainsFunc(e.Egress.Sightings, onWay) {
		onWay = func(evidence.Sighting) bool { return true }
	}
	told := map[string]bool{}
	for _, sighting := range e.Egress.Sightings {
		told[sighting.Source] = told[sighting.Source] || sighting.Failure == nil && onWay(sighting)
	}
	return slices.DeleteFunc(slices.Clone(e.Egress.Sightings), func(s evidence.Sighting) bool {
		return s.Failure == nil || told[s.Source] || !onWay(s)
	})
}

// sourceFailures is a line a reason, with the sources that failed for it; of many reasons the first four.
func sourceFailures(failed []evidence.Sighting) []string {
	var reasons, lines []string
	sources := map[string][]string{}
	for _, sighting := range failed {
		why := reading.FailureWords(sighting.Failure)
		reasons = screen.Once(reasons, why)
		sources[why] = screen.Once(sources[why], reading.SourceName(sighting.Source))
	}
	for _, why := range reasons[:min(len(reasons), 4)] {
		lines = append(lines, fmt.Sprintf("%s: %s.", screen.List(sources[why]), why))
	}
	return lines
}

// closedPorts says which ports would have to be open for the sources to which no connection came about, "TCP port 443 to
// A and B, or UDP and TCP port 53 to C"; "" where that is not why any of them failed.
func closedPorts(failed []evidence.Sighting) string {
	var ports []string
	hosts := map[string][]string{}
	for _, sighting := range failed {
		peer, known := sighting.Peer()
		if !known || !sighting.Failure.Kind.Unconnected() || sighting.Failure.Op == evidence.OpResolve {
			continue
		}
		port := "TCP port "
		if sighting.Path == evidence.WayDNS {
			port = "UDP and TCP port "
		}
		port += strconv.Itoa(int(peer.Port))
		ports = screen.Once(ports, port)
		hosts[port] = screen.Once(hosts[port], peer.Host)
	}
	for i, port := range ports {
		ports[i] = port + " to " + screen.List(hosts[port])
	}
	return strings.Join(ports, ", or ")
}

// sightingWords are a line a public address: which sources saw it.
func sightingWords(e *evidence.Evidence) []string {
	if e.Egress == nil {
		return nil
	}
	var lines []string
	for _, address := range e.Egress.IPv4 {
		if sources := sourcesOf(e, address); len(sources) > 0 { // none where it was given
			lines = append(lines, fmt.Sprintf("%s was seen by %s.", address, screen.List(sources)))
		}
	}
	return lines
}

// EgressUnstable: the sources saw several addresses.
func EgressUnstable(e *evidence.Evidence) (condition.Finding, bool) {
	if e.Egress == nil || e.Egress.Given || len(e.Egress.IPv4) < 2 {
		return condition.Finding{}, false
	}
	return condition.Finding{Evidence: sightingWords(e)}, true
}

// EgressProxied: another address is seen through the proxy than without it.
func EgressProxied(e *evidence.Evidence) (condition.Finding, bool) {
	if e.Host.Proxy == nil || e.Egress == nil || len(e.Egress.IPv4) == 0 {
		return condition.Finding{}, false
	}
	through, direct := e.Egress.IPv4[0], netip.Addr{}
	for _, sighting := range e.Egress.Sightings {
		if sighting.Path == evidence.WayDirect && sighting.Address.Is4() {
			direct = sighting.Address
		}
	}
	if !direct.IsValid() || slices.Contains(e.Egress.IPv4, direct) {
		return condition.Finding{}, false
	}
	finding := condition.Finding{Severity: report.Info, Values: prose.Values{"direct_egress": direct.String()}, Evidence: []string{
		fmt.Sprintf("Through %s: %s. Directly: %s.", e.Host.Proxy.URL, through, direct)}}
	if rules := readRules(e); len(rules) > 0 && e.Host.Proxy.From == "HTTPS_PROXY" &&
		iprules.Evaluate(rules, through).Verdict != iprules.Evaluate(rules, direct).Verdict {
		finding.Severity = report.Warn
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("The rules say %s to %s and %s to %s.",
			iprules.Evaluate(rules, through).Verdict, through, iprules.Evaluate(rules, direct).Verdict, direct))
	}
	return finding, true
}

// readRules are the rules that were simulated, parsed again from the evidence.
func readRules(e *evidence.Evidence) []iprules.Rule {
	if e.Rules == nil {
		return nil
	}
	var rules []iprules.Rule
	for _, text := range e.Rules.Rules {
		if rule, err := iprules.Parse(text); err == nil {
			rules = append(rules, rule)
		}
	}
	return rules
}

// EgressSplitRoute: connections to the service leave from another local address than those to the sources.
func EgressSplitRoute(e *evidence.Evidence) (condition.Finding, bool) {
	local, other := e.Host.LocalAddress, e.OtherLocal()
	if e.Step("port").Status == evidence.Skip || !other.IsValid() {
		return condition.Finding{}, false
	}
	finding := condition.Finding{Values: prose.Values{"egress": e.Egress.IPv4[0].String()}, Evidence: []string{
		fmt.Sprintf("The connection to %s leaves from %s, those to the egress sources from %s.", e.Target.Host, local, other)}}
	if leaves, ok := otherAddressOf(e); ok && e.Egress.Call.IsValid() {
		finding.Values["call_address"] = e.Egress.Call.String()
		finding.Evidence = append(finding.Evidence, leaves.words)
		if r := rulingOf(e); r.verdict == iprules.VerdictAllow && r.results[0].Rule != nil {
			finding.Values["matching_rule"] = r.name(*r.results[0].Rule)
		}
	}
	return finding, true
}

// EgressNoIPv4: this host has a way out over IPv6 only.
func EgressNoIPv4(e *evidence.Evidence) (condition.Finding, bool) {
	if finding, ok := deadIPv4(e); ok {
		return finding, true
	}
	if !e.Host.LacksIPv4() || !e.Host.RoutesIPv6() || !reading.SixAnswers(e) || e.Blocked() == "" || e.Host.Proxy != nil ||
		slices.ContainsFunc(e.Egress.Addresses(), func(ip netip.Addr) bool { return ip.Is4() }) {
		return condition.Finding{}, false
	}
	finding := condition.Finding{Explains: evidence.Stops, First: true, Evidence: []string{
		"The routing table has a route to the internet over IPv6 and none over IPv4."}}
	if e.Egress != nil && len(e.Egress.IPv6) > 0 {
		finding.Evidence = append(finding.Evidence, "The sources saw "+screen.List(screen.Texts(e.Egress.IPv6))+", and no IPv4 address.")
	}
	if tried := e.Tried(); e.Blocked() == "port" && tried.Addr().Is6() { // behind NAT64 that may be all that is wrong
		finding.Confidence, finding.Values = report.Likely, prose.Values{"tried_ipv6": tried.String()}
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("%s, tried over IPv6: %s.", tried, reading.FailureWords(e.Step("port").Failure)))
	}
	return finding, true
}

// deadIPv4: there is a route over IPv4, and nothing answers over it, while peers answer over IPv6.
func deadIPv4(e *evidence.Evidence) (condition.Finding, bool) {
	if e.Blocked() != "port" || !e.DirectPortFailed(evidence.KindTimeout) || !e.Host.RoutesIPv6() || !e.Tried().Addr().Is4() || !reading.SixAnswers(e) || reading.FourAnswers(e) {
		return condition.Finding{}, false
	}
	_, bad := e.ControlPeers()
	if lost, _ := e.Ledger().Lost(); len(bad) == 0 || lost != evidence.LostNowhere {
		return condition.Finding{}, false
	}
	return condition.Finding{Confidence: report.Likely, Explains: evidence.Stops, First: true, Values: prose.Values{"dead_ipv4": "ip -4 route"}, Evidence: []string{
		fmt.Sprintf("Over IPv4 nothing answers: not %s, not %s.", netaddr.HostPort{Host: e.Target.Host, Port: e.Target.Port}, screen.List(bad)),
		"Over IPv6 a peer does answer."}}, true
}

// EgressIPv6Possible: the endpoint has an IPv6 address, and this host a route for it.
func EgressIPv6Possible(e *evidence.Evidence) (condition.Finding, bool) {
	d := e.EndpointDNS()
	if d == nil || len(d.IPv6) == 0 || len(d.IPv4) == 0 || !e.Host.RoutesIPv6() {
		return condition.Finding{}, false
	}
	return condition.Finding{Evidence: []string{fmt.Sprintf("%s also has the IPv6 address %s (AAAA record), and this host has an IPv6 route.", d.Name, d.IPv6[0])}}, true
}

// sourcesOf are the sources that saw an address, without scheme and path.
func sourcesOf(e *evidence.Evidence, address netip.Addr) []string {
	var names []string
	for _, sighting := range e.Egress.Sightings {
		name := reading.SourceName(sighting.Source)
		if sighting.Address == address && sighting.Failure == nil && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

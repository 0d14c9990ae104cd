package report

import (
	"fmt"
	"net/netip"
	"slices"

	"opensrs-doctor/probes"
	"opensrs-doctor/probes/iprules"
)

func whenEgressUnknown(e *probes.Evidence) (Finding, bool) {
	step := e.Step("egress")
	if step.Status == probes.Skip && step.WaitedFor == "--egress-source" {
		return Finding{Severity: Info, Values: Values{"none_asked": e.Asked.NoneAsked}}, true
	}
	if step.Status != probes.Fail || e.Egress == nil {
		return Finding{}, false
	}
	finding := Finding{}
	var asked []string
	for _, sighting := range e.Egress.Sightings {
		asked = append(asked, sourceName(sighting.Source))
	}
	finding.Evidence = sourceFailures(e.Egress.Sightings)
	if len(asked) > 0 {
		finding.Values = Values{"sources_failed": list(asked)}
	}
	if e.Asked.RulesGiven > 0 {
		switch callOutcome(e) {
		case outcomeInvalidIP, outcomeAuth, outcomeClosed:
			finding.Severity = Fail
		}
	}
	return finding, true
}

// sourceFailures is a line a reason, with the sources that failed for it; of many reasons the first four.
func sourceFailures(sightings []probes.Sighting) []string {
	var reasons, lines []string
	sources := map[string][]string{}
	for _, sighting := range sightings {
		if sighting.Failure == nil {
			continue
		}
		why := failureWords(sighting.Failure)
		if sources[why] == nil {
			reasons = append(reasons, why)
		}
		sources[why] = append(sources[why], sourceName(sighting.Source))
	}
	for _, why := range reasons[:min(len(reasons), 4)] {
		lines = append(lines, fmt.Sprintf("%s: %s.", list(sources[why]), why))
	}
	return lines
}

func sightingWords(e *probes.Evidence) []string {
	var lines []string
	for _, address := range e.Egress.IPv4 {
		if sources := sourcesOf(e, address); len(sources) > 0 { // none where it was given
			lines = append(lines, fmt.Sprintf("%s was seen by %s.", address, list(sources)))
		}
	}
	return lines
}

func whenEgressUnstable(e *probes.Evidence) (Finding, bool) {
	if e.Egress == nil || e.Egress.Given || len(e.Egress.IPv4) < 2 {
		return Finding{}, false
	}
	return Finding{Evidence: sightingWords(e)}, true
}

func whenEgressProxied(e *probes.Evidence) (Finding, bool) {
	if e.Host.Proxy == nil || e.Egress == nil || len(e.Egress.IPv4) == 0 {
		return Finding{}, false
	}
	through, direct := e.Egress.IPv4[0], netip.Addr{}
	for _, sighting := range e.Egress.Sightings {
		if sighting.Path == "direct" && sighting.Address.Is4() {
			direct = sighting.Address
		}
	}
	if !direct.IsValid() || slices.Contains(e.Egress.IPv4, direct) {
		return Finding{}, false
	}
	finding := Finding{Severity: Info, Values: Values{"direct_egress": direct.String()}, Evidence: []string{
		fmt.Sprintf("Through the proxy: %s. Directly: %s.", through, direct)}}
	if rules := readRules(e); len(rules) > 0 && e.Host.Proxy.From == "HTTPS_PROXY" &&
		iprules.Evaluate(rules, through).Verdict != iprules.Evaluate(rules, direct).Verdict {
		finding.Severity = Warn
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("The rules say %s to %s and %s to %s.",
			iprules.Evaluate(rules, through).Verdict, through, iprules.Evaluate(rules, direct).Verdict, direct))
	}
	return finding, true
}

// readRules are the rules that were simulated, parsed again from the evidence.
func readRules(e *probes.Evidence) []iprules.Rule {
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

func whenEgressSplitRoute(e *probes.Evidence) (Finding, bool) {
	local := e.Host.LocalAddress
	if e.Egress == nil || e.Egress.Given || e.Host.Proxy != nil || e.Step("port").Status == probes.Skip || !local.IsValid() {
		return Finding{}, false
	}
	var other netip.Addr
	for _, sighting := range e.Egress.Sightings {
		if sighting.Path != "direct" || !sighting.Address.Is4() || !sighting.LocalAddress.IsValid() {
			continue
		}
		if sighting.LocalAddress == local || sighting.LocalAddress.IsLoopback() != local.IsLoopback() {
			return Finding{}, false
		}
		other = sighting.LocalAddress
	}
	if !other.IsValid() {
		return Finding{}, false
	}
	return Finding{Values: Values{"source_path": other.String()}, Evidence: []string{
		fmt.Sprintf("The connection to %s leaves from %s, those to the egress sources from %s.", e.Target.Host, local, other)}}, true
}

func whenEgressNoIpv4(e *probes.Evidence) (Finding, bool) {
	if !isFalse(e.Host.HasIPv4Route) || !isTrue(e.Host.HasIPv6Route) || blocked(e) == "" || e.Host.Proxy != nil ||
		len(e.Egress.Addresses()) > 0 {
		return Finding{}, false
	}
	values := Values{}
	if e.Egress != nil && len(e.Egress.IPv6) > 0 {
		values["egress_all"] = list(texts(e.Egress.IPv6))
	}
	return Finding{Values: values, Explains: stops, First: true, Evidence: []string{
		"The routing table has a way out over IPv6 and none over IPv4."}}, true
}

func whenEgressIpv6Possible(e *probes.Evidence) (Finding, bool) {
	d := endpointDNS(e)
	if d == nil || len(d.IPv6) == 0 || len(d.IPv4) == 0 || !isTrue(e.Host.HasIPv6Route) {
		return Finding{}, false
	}
	return Finding{Values: Values{"answer": d.IPv6[0].String()},
		Evidence: []string{fmt.Sprintf("%s also has the IPv6 address %s.", d.Name, d.IPv6[0])}}, true
}

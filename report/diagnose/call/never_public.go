package call

import (
	"fmt"
	"net/netip"
	"slices"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/screen"
)

// neverPublic are the addresses given with --egress-ip and the Allow rules that no call can come from.
type neverPublic struct {
	given        []string
	names, where []string // of the rules: "rule 1, allow 10.0.0.0/25", and its addresses
	kinds        []string // private, CGNAT, …
	every        bool     // there is no other Allow rule
}

func neverPublicOf(e *evidence.Evidence, r Ruling) (n neverPublic) {
	never := func(address netip.Addr) bool {
		kind := iprules.NeverPublic(address)
		if kind != "" && !slices.Contains(n.kinds, kind) {
			n.kinds = append(n.kinds, kind)
		}
		return kind != ""
	}
	if e.Egress != nil && e.Egress.Given {
		for _, address := range e.Egress.Addresses() {
			if never(address) {
				n.given = append(n.given, address.String())
			}
		}
	}
	allows := 0
	for i, rule := range r.Rules {
		if rule.Action != iprules.Allow {
			continue
		}
		if allows++; never(rule.Prefix.Addr()) {
			n.names = append(n.names, r.name(i+1))
			n.where = append(n.where, iprules.PrefixList([]netip.Prefix{rule.Prefix}))
		}
	}
	n.every = allows > 0 && len(n.names) == allows
	return n
}

// RulesNeverPublic is a failure where the rules cannot let in anybody, or not the address that was asked about.
func RulesNeverPublic(e *evidence.Evidence) (condition.Finding, bool) {
	r := rulingOf(e)
	n := neverPublicOf(e, r)
	if len(n.given)+len(n.names) == 0 || len(r.Rules) == 0 || e.Target.Inside() {
		return condition.Finding{}, false
	}
	finding := condition.Finding{Severity: report.Warn, Values: prose.Values{}}
	outcome := r.compared(e)
	if n.every && outcome != outcomeAccepted && outcome != outcomeLetIn { // else the list is not the real one: rules.stale
		finding = r.neverAllowed(e, outcome)
		r.simulated(e, &finding)
		finding.Values["allow_left"] = "no Allow rule"
	}
	if len(n.given) > 0 {
		finding.Severity, finding.Values["never_given"] = report.Fail, screen.List(n.given)
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("Given with --egress-ip: %s.", screen.List(n.given)))
	}
	named := slices.Clone(n.given)
	for _, where := range n.where {
		if !slices.Contains(named, where) {
			named = append(named, where)
		}
	}
	finding.Values["never_public"] = screen.List(named)
	finding.Values["kind_of_address"] = screen.List(n.kinds)
	if len(n.names) > 0 {
		finding.Values["never_rule"] = screen.List(n.names)
		if finding.Values["rule_to_add"] == "" {
			finding.Values["never_stray"] = screen.List(n.names)
		}
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("Among the rules given (%s): %s.", RulesSource(e), screen.List(n.names)))
	}
	if finding.Confidence == "" && e.Target.CustomEndpoint && len(e.Target.Addresses) == 0 {
		finding.Confidence = report.Likely // the endpoint may be at such an address itself
	}
	return finding, true
}

// neverAllowed is the failure of a list in which no Allow rule can match a call.
func (r Ruling) neverAllowed(e *evidence.Evidence, outcome outcome) condition.Finding {
	finding := condition.Finding{Values: prose.Values{}}
	if r.verdict == iprules.VerdictDeny && r.deniedBy == "" {
		switch outcome {
		case outcomeInvalidIP, outcomeAuth, outcomeClosed:
			finding, _ = r.deny(e)
		default:
			refused, _ := r.refused()
			finding.Values = r.Addition(e, refused)
		}
	}
	finding.Severity, finding.Hides = report.Fail, append(finding.Hides, "rules.not-allowed")
	return finding
}

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
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// Which address the API sees, where that may be another one than the sources saw.

// otherAddress is the sign that it is.
type otherAddress struct {
	address netip.Addr // not set where only the local one is known
	words   string     // what shows it
	sure    report.Confidence
}

func otherAddressOf(e *evidence.Evidence) (otherAddress, bool) {
	if e.Egress == nil || e.Egress.Given || e.Host.Proxy != nil || len(e.Egress.IPv4) == 0 {
		return otherAddress{}, false
	}
	seen := screen.List(screen.Texts(e.Egress.IPv4))
	local, other, call := e.Host.LocalAddress, e.OtherLocal(), e.Egress.Call
	byDNS := slices.IndexFunc(e.Egress.DNSSeen, func(a netip.Addr) bool { return a.Is4() && !slices.Contains(e.Egress.IPv4, a) })
	switch {
	case call.IsValid() && other.IsValid() && call == local:
		return otherAddress{call, fmt.Sprintf("The connection to %s left from %s, a public address of this host; the sources saw %s.", e.Target.Host, call, seen), report.Certain}, true
	case call.IsValid() && other.IsValid():
		return otherAddress{call, fmt.Sprintf("The connection to %s left from %s; sources that were asked from there saw %s, and the others %s.", e.Target.Host, local, call, seen), report.Likely}, true
	case e.Witness != nil && e.Witness.Address.IsValid() && !slices.Contains(e.Egress.IPv4, e.Witness.Address):
		return otherAddress{e.Witness.Address, reading.WitnessWords(e), report.Likely}, true
	case byDNS >= 0:
		address := e.Egress.DNSSeen[byDNS]
		return otherAddress{address, fmt.Sprintf("The web sources saw %s; %s, asked by DNS, saw %s.", seen, screen.List(sourcesOf(e, address)), address), report.Likely}, true
	case other.IsValid():
		return otherAddress{words: fmt.Sprintf("The connection to %s left from %s, those to the sources from %s.", e.Target.Host, local, other), sure: report.Likely}, true
	}
	return otherAddress{}, false
}

// RulesOtherAddress: the rules allow what the sources saw, the API does not let the call in, and something shows that
// it sees another address.
func RulesOtherAddress(e *evidence.Evidence) (condition.Finding, bool) {
	leaves, ok := otherAddressOf(e)
	rules := readRules(e)
	if !ok || len(rules) == 0 {
		return condition.Finding{}, false
	}
	var seen []iprules.Result
	for _, address := range e.Egress.IPv4 {
		seen = append(seen, iprules.Evaluate(rules, address))
	}
	ours := e.Egress.Call.IsValid()
	outcome := callOutcome(e)
	refused := outcome == outcomeInvalidIP || outcome == outcomeClosed && e.OtherLocal().IsValid() || outcome == outcomeAuth && ours
	if !refused || iprules.Verdict(seen) != iprules.VerdictAllow ||
		leaves.address.IsValid() && iprules.Evaluate(rules, leaves.address).Verdict == iprules.VerdictAllow {
		return condition.Finding{}, false
	}
	r := rulingOf(e)
	finding := condition.Finding{Confidence: leaves.sure, First: true, Explains: []string{"call"}, Values: prose.Values{},
		Evidence: []string{leaves.words}}
	if leaves.address.IsValid() {
		finding.Values = r.Addition(e, []netip.Addr{leaves.address})
		finding.Values["other_address"] = leaves.address.String()
	} else {
		finding.Values["local_only"] = e.Host.LocalAddress.String()
	}
	finding.Values["egress"] = screen.List(screen.Texts(e.Egress.IPv4))
	if rule := seen[0].Rule; rule != nil {
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("%s is allowed by %s.", seen[0].IP, r.name(*rule)))
	}
	if outcome == outcomeInvalidIP {
		finding.Evidence = append(finding.Evidence, "The API says: "+replyWords(e)+".")
	} else {
		finding.Confidence = report.Likely
		finding.Evidence = append(finding.Evidence, "The API does not accept the call, as with an address that is not let in.")
	}
	return finding, true
}

// ownAllowed names a public address of this host that the rules do let in, where they do not let in the one it leaves by.
func (r Ruling) ownAllowed(e *evidence.Evidence, finding *condition.Finding) {
	if !r.comparable || e.Egress == nil {
		return
	}
	for _, own := range e.Egress.Own {
		if result := iprules.Evaluate(r.Rules, own); result.Verdict == iprules.VerdictAllow && result.Rule != nil {
			finding.Values["own_allowed"], finding.Values["own_rule"] = own.String(), r.name(*result.Rule)
			finding.Evidence = append(finding.Evidence, fmt.Sprintf("%s, an address of this host too, is allowed by %s.", own, r.name(*result.Rule)))
			return
		}
	}
}

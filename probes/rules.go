package probes

import (
	"net/netip"

	"opensrs-doctor/probes/iprules"
)

// simulateRules judges every address by the rules given. Rules that the control panel would refuse are
// still simulated where they can be: what is wrong with them is a finding of its own.
func simulateRules(rules []iprules.Rule, addresses []netip.Addr) *Rules {
	facts := &Rules{Rules: []string{}, Results: []iprules.Result{}, Problems: iprules.Lint(rules)}
	if facts.Problems == nil {
		facts.Problems = []iprules.Problem{}
	}
	for _, rule := range rules {
		facts.Rules = append(facts.Rules, rule.String())
	}
	for _, address := range addresses {
		facts.Results = append(facts.Results, iprules.Evaluate(rules, address))
	}
	facts.Verdict = iprules.Verdict(facts.Results)
	return facts
}

package probes

import (
	"net/netip"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
)

// judgeRules judges every address by the rules given. An address of --egress-ip that can never be public is denied, unless
// the endpoint is known to be at such an address itself and may see it.
func (r *run) judgeRules() *evidence.Rules {
	evaluate := iprules.Evaluate
	if r.ev.Egress != nil && r.ev.Egress.Given && !r.ev.Target.Inside() {
		evaluate = iprules.EvaluatePublic
	}
	return simulateRules(r.o.Rules, r.ev.Egress.Addresses(), evaluate)
}

// simulateRules judges every address by the rules given. Rules that the control panel would refuse are
// still simulated where they can be: what is wrong with them is a finding of its own.
func simulateRules(rules []iprules.Rule, addresses []netip.Addr,
	evaluate func([]iprules.Rule, netip.Addr) iprules.Result) *evidence.Rules {
	facts := &evidence.Rules{Rules: []string{}, Results: []iprules.Result{}, Problems: iprules.Lint(rules)}
	if facts.Problems == nil {
		facts.Problems = []iprules.Problem{}
	}
	for _, rule := range rules {
		facts.Rules = append(facts.Rules, rule.String())
	}
	for _, address := range addresses {
		facts.Results = append(facts.Results, evaluate(rules, address))
	}
	facts.Verdict = iprules.Verdict(facts.Results)
	return facts
}

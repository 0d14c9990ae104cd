package probes

import (
	"net/netip"
	"slices"

	"opensrs-doctor/probes/iprules"
)

// judgeRules judges every address by the rules given. An address of --egress-ip that can never be public is denied, unless
// the endpoint is known to be at such an address itself and may see it.
func (r *run) judgeRules() *Rules {
	evaluate := iprules.Evaluate
	if r.ev.Egress != nil && r.ev.Egress.Given && !r.ev.Target.Inside() {
		evaluate = iprules.EvaluatePublic
	}
	return simulateRules(r.o.Rules, r.ev.Egress.Addresses(), evaluate)
}

// Inside reports whether the endpoint is at an address that can never be public, as far as its addresses are known.
func (t Target) Inside() bool {
	literal, err := netip.ParseAddr(t.Host)
	never := func(ip netip.Addr) bool { return iprules.NeverPublic(ip) != "" }
	return err == nil && never(literal) || slices.ContainsFunc(t.Addresses, never)
}

// simulateRules judges every address by the rules given. Rules that the control panel would refuse are
// still simulated where they can be: what is wrong with them is a finding of its own.
func simulateRules(rules []iprules.Rule, addresses []netip.Addr,
	evaluate func([]iprules.Rule, netip.Addr) iprules.Result) *Rules {
	facts := &Rules{Rules: []string{}, Results: []iprules.Result{}, Problems: iprules.Lint(rules)}
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

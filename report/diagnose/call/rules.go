package call

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// RulesInvalid: the control panel would not take the rules.
func RulesInvalid(e *evidence.Evidence) (condition.Finding, bool) {
	if e.Rules == nil {
		return condition.Finding{}, false
	}
	finding := condition.Finding{Severity: report.Warn}
	var problems, fixes []string
	for _, problem := range e.Rules.Problems {
		refused := problem.Severity == iprules.SeverityError
		if !refused && problem.ID != iprules.HostBits && problem.ID != iprules.Duplicate {
			continue
		}
		if refused && finding.Severity == report.Warn { // what the panel refuses goes first
			finding.Severity, problems, fixes = report.Fail, nil, nil
		} else if !refused && finding.Severity == report.Fail {
			continue
		}
		where := ""
		if problem.Rule > 0 {
			where = fmt.Sprintf("rule %d, ", problem.Rule)
		}
		problems = append(problems, where+problem.Text)
		fixes = append(fixes, problem.Fix)
	}
	if len(problems) == 0 {
		return condition.Finding{}, false
	}
	for _, problem := range problems {
		finding.Evidence = append(finding.Evidence, screen.Capital(problem)+".")
	}
	finding.Values = prose.Values{"rule_problem": problems[0], "rule_fix": fixes[0]}
	if words := allowedByRefused(e); words != "" {
		finding.Confidence, finding.First, finding.Explains = report.Likely, true, []string{"call"}
		finding.Hides = []string{"call.ip-denied", "rules.propagating", "rules.other-address"}
		finding.Evidence = append(finding.Evidence, "The API says: "+replyWords(e)+".", words)
	}
	return finding, true
}

// allowedByRefused says which address the API refuses that is allowed by rules alone which the control panel would not take, and
// which so cannot be in the list that the API goes by; "" where another rule allows it.
func allowedByRefused(e *evidence.Evidence) string {
	r := rulingOf(e)
	if r.verdict != iprules.VerdictAllow || r.compared(e) != outcomeInvalidIP {
		return ""
	}
	refused := func(rule int) bool {
		return slices.ContainsFunc(e.Rules.Problems, func(p iprules.Problem) bool { return p.Rule == rule && p.Severity == iprules.SeverityError })
	}
	for _, result := range r.results {
		if !slices.ContainsFunc(result.MatchedAllow, func(rule int) bool { return !refused(rule) }) {
			return fmt.Sprintf("%s is allowed by %s only, which the control panel does not take.", result.IP, r.name(result.MatchedAllow[0]))
		}
	}
	return ""
}

// deny is the row "deny" of the table. A simulation can be wrong: only the API's own word makes it certain.
func (r Ruling) deny(e *evidence.Evidence) (condition.Finding, bool) {
	finding := condition.Finding{Confidence: report.Likely}
	refused, _ := r.refused()
	switch r.compared(e) {
	case outcomeAccepted, outcomeLetIn:
		return condition.Finding{}, false // rules.stale
	case outcomeInvalidIP:
		finding.Confidence = r.confidence(e)
		finding.Evidence = append(finding.Evidence, "The API says: "+replyWords(e)+".")
		finding.Explains, finding.Hides = []string{"call"}, []string{"call.ip-denied"}
	case outcomeAuth:
		finding.Evidence = append(finding.Evidence, "The API answers "+replyWords(e)+", as it also does for an address that is not let in.")
		finding.Explains, finding.Hides, finding.First = []string{"call"}, []string{"call.auth-failed"}, true
	case outcomeClosed:
		finding.Evidence = append(finding.Evidence, "The API ends the connection without a reply, as it does for an address that is not let in.")
		finding.Explains, finding.Hides, finding.First = []string{"call"}, []string{"call.no-reply"}, true
	}
	finding.Values = r.Addition(e, refused)
	r.ownAllowed(e, &finding)
	if leaves, ok := otherAddressOf(e); ok && e.Egress.Call.IsValid() {
		finding.Evidence = append(finding.Evidence, leaves.words)
	}
	if !r.comparable {
		finding.Confidence, finding.Alone = report.Certain, true // the user asks about these addresses, and the list is what is judged
		finding.Values["egress"] = screen.List(screen.Texts(refused))
	}
	r.simulated(e, &finding)
	if r.deniedBy == "" && r.comparable {
		finding.Evidence = append(finding.Evidence, sightingWords(e)...)
	} else {
		finding.Evidence = append(finding.Evidence, readingsOf(r.results, iprules.VerdictDeny)...)
	}
	return finding, true
}

// RulesNotAllowed: no Allow rule matches the address.
func RulesNotAllowed(e *evidence.Evidence) (condition.Finding, bool) {
	r := rulingOf(e)
	if r.verdict == iprules.VerdictPartly && !r.comparable { // planned addresses make no pool
		refused, _ := r.refused()
		values := r.Addition(e, refused)
		values["egress"] = screen.List(screen.Texts(refused))
		finding := condition.Finding{Values: values, Evidence: readingsOf(r.results, iprules.VerdictDeny), Alone: true}
		r.simulated(e, &finding)
		return finding, true
	}
	if r.verdict != iprules.VerdictDeny || r.deniedBy != "" {
		return condition.Finding{}, false
	}
	return r.deny(e)
}

// RulesDenied: a Deny rule matches the address.
func RulesDenied(e *evidence.Evidence) (condition.Finding, bool) {
	r := rulingOf(e)
	if r.verdict != iprules.VerdictDeny || r.deniedBy == "" {
		return condition.Finding{}, false
	}
	finding, ok := r.deny(e)
	if ok {
		finding.Values["matching_rule"] = r.deniedBy
		finding.Evidence = append(finding.Evidence, screen.Capital(r.deniedBy)+", matches.")
		var matched []netip.Addr
		for _, result := range r.results {
			if len(result.MatchedDeny) > 0 {
				matched = append(matched, result.IP)
			}
			if len(result.MatchedAllow) > 0 { // once the Deny is gone, that Allow is enough
				delete(finding.Values, "rule_to_add")
			}
		}
		if !r.comparable {
			finding.Values["egress"] = screen.List(screen.Texts(matched))
		}
	}
	return finding, ok
}

// RulesAmbiguous: it depends on the order in which the rules are read.
func RulesAmbiguous(e *evidence.Evidence) (condition.Finding, bool) {
	r := rulingOf(e)
	if r.verdict != iprules.VerdictAmbiguous {
		return condition.Finding{}, false
	}
	finding := condition.Finding{Severity: report.Warn, Values: prose.Values{}, Evidence: readingsOf(r.results, iprules.VerdictAmbiguous)}
	for _, result := range r.results {
		if result.Verdict != iprules.VerdictAmbiguous {
			continue
		}
		finding.Values["egress"] = result.IP.String()
		if clear := iprules.Unambiguous(r.Rules, result.IP); len(clear) > 0 {
			finding.Values["clear_list"] = strings.Join(screen.Texts(clear), "; ")
		}
		break
	}
	if r.compared(e) == outcomeInvalidIP {
		finding.Severity = report.Fail
		finding.Explains, finding.Hides = []string{"call"}, []string{"call.ip-denied"}
		finding.Evidence = append(finding.Evidence, "The API says: "+replyWords(e)+".")
	}
	r.simulated(e, &finding)
	return finding, true
}

// RulesPoolPartlyAllowed: the rules let in some of the addresses, and some not.
func RulesPoolPartlyAllowed(e *evidence.Evidence) (condition.Finding, bool) {
	r := rulingOf(e)
	if r.verdict != iprules.VerdictPartly || !r.comparable || len(e.Egress.IPv4) < 2 {
		return condition.Finding{}, false
	}
	refused, allowed := r.refused()
	finding := condition.Finding{Values: r.Addition(e, refused), Hides: []string{"egress.unstable"}, Evidence: sightingWords(e)}
	finding.Values["allowed"] = screen.List(screen.Texts(allowed))
	switch r.compared(e) {
	case outcomeInvalidIP, outcomeAuth, outcomeClosed:
		finding.Explains, finding.First = []string{"call"}, true
		finding.Hides = append(finding.Hides, "call.ip-denied", "call.auth-failed", "call.no-reply")
		if r.compared(e) != outcomeInvalidIP {
			finding.Confidence = report.Likely
		}
	}
	r.simulated(e, &finding)
	return finding, true
}

// RulesPropagating: the rules let the address in, and the API does not.
func RulesPropagating(e *evidence.Evidence) (condition.Finding, bool) {
	r := rulingOf(e)
	if r.verdict != iprules.VerdictAllow || r.compared(e) != outcomeInvalidIP {
		return condition.Finding{}, false
	}
	// Not saved, another environment's list, or the API sees another address: from here they look the same.
	finding := condition.Finding{Confidence: report.Likely, Explains: []string{"call"}, Hides: []string{"call.ip-denied"},
		Evidence: []string{"The API says: " + replyWords(e) + "."}}
	if words := reading.WitnessWords(e); words != "" {
		finding.Evidence = append(finding.Evidence, words)
	}
	for _, result := range r.results {
		if result.Rule != nil {
			finding.Evidence = append(finding.Evidence, fmt.Sprintf("%s is allowed by %s.", result.IP, r.name(*result.Rule)))
			break
		}
	}
	return finding, true
}

// RulesStale: the rules keep the address out, and the API lets it in.
func RulesStale(e *evidence.Evidence) (condition.Finding, bool) {
	r := rulingOf(e)
	if r.verdict != iprules.VerdictDeny {
		return condition.Finding{}, false
	}
	seen := "The API accepts the call."
	switch r.compared(e) {
	case outcomeAccepted:
	case outcomeLetIn:
		seen = "The API refuses the call for another reason than the address: " + replyWords(e) + "."
	default:
		return condition.Finding{}, false
	}
	// The list is not the real one, or the API sees another address.
	finding := condition.Finding{Confidence: report.Likely, Values: prose.Values{}, Evidence: append([]string{seen}, readingsOf(r.results, iprules.VerdictDeny)...)}
	if r.deniedBy != "" {
		finding.Values["matching_rule"] = r.deniedBy
	}
	if leaves, ok := otherAddressOf(e); ok && leaves.address.IsValid() {
		result := iprules.Evaluate(r.Rules, leaves.address)
		if finding.Evidence = append(finding.Evidence, leaves.words); result.Verdict == iprules.VerdictAllow && result.Rule != nil {
			finding.Evidence = append(finding.Evidence, fmt.Sprintf("%s is allowed by %s.", leaves.address, r.name(*result.Rule)))
		}
	}
	r.simulated(e, &finding)
	return finding, true
}

// RulesSource is where the rules were given: a path, or the flags.
func RulesSource(e *evidence.Evidence) string {
	if e.Asked.RulesSource == "--rule" {
		return "the --rule flags"
	}
	return e.Asked.RulesSource
}

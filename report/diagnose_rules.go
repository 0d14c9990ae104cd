package report

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"opensrs-doctor/probes"
	"opensrs-doctor/probes/iprules"
)

// outcome is what became of the call, as far as the rules are concerned: the columns of the table "rules and
// the live call together".
type outcome string

const (
	outcomeNever     outcome = "never reached"
	outcomeAccepted  outcome = "accepted"
	outcomeLetIn     outcome = "let in, and refused for another reason" // the address was good enough to be judged further
	outcomeInvalidIP outcome = "invalid IP"
	outcomeAuth      outcome = "401 or 410"
	outcomeClosed    outcome = "closed, or not HTTP"
	outcomeOther     outcome = "other"
)

func callOutcome(e *probes.Evidence) outcome {
	call := e.Call
	if call == nil || !call.Sent {
		return outcomeNever
	}
	switch call.Class {
	case "accepted":
		return outcomeAccepted
	case "ip-denied":
		return outcomeInvalidIP
	case "auth-failed":
		return outcomeAuth
	case "permission-denied":
		return outcomeLetIn
	}
	if failure := call.Failure; failure != nil && !call.Envelope {
		switch failure.Kind {
		case probes.KindHungUp, probes.KindReset:
			return outcomeClosed
		case probes.KindNotHTTP:
			if wordsOnly(call.Quote) {
				return outcomeClosed
			}
		}
	}
	return outcomeOther
}

// wordsOnly tells a line of words ("Access denied") from garbage: replacements stand for bytes that are no text.
func wordsOnly(quote string) bool {
	return quote != "" && !strings.Contains(quote, "·") && !strings.HasPrefix(quote, "<")
}

// ruling is what the rules say, and whether the call can be held against it.
type ruling struct {
	verdict    string // allow, deny, ambiguous, partly, unknown
	deniedBy   string // of deny: the Deny rule that matches, "rule 2, deny …"; "" where nothing matches
	comparable bool   // the addresses are those that the call came from
	rules      []iprules.Rule
	results    []iprules.Result
}

func rulingOf(e *probes.Evidence) ruling {
	r := ruling{verdict: iprules.VerdictUnknown, comparable: true, rules: readRules(e)}
	if e.Rules == nil || e.Egress == nil || len(r.rules) == 0 {
		return r
	}
	for _, address := range e.Egress.Addresses() {
		r.results = append(r.results, iprules.Evaluate(r.rules, address))
	}
	r.verdict = iprules.Verdict(r.results)
	if e.Egress.Given {
		r.comparable = slices.Contains(e.Egress.IPv4, e.Host.LocalAddress)
	}
	for _, result := range r.results {
		if result.Verdict == iprules.VerdictDeny && len(result.MatchedDeny) > 0 && r.deniedBy == "" {
			r.deniedBy = r.name(result.MatchedDeny[0])
		}
	}
	return r
}

func (r ruling) name(number int) string {
	return fmt.Sprintf("rule %d, %s", number, r.rules[number-1])
}

// confidence is how sure it is that the call came from the address judged: one that only DNS told can be the
// resolver's.
func (r ruling) confidence(e *probes.Evidence) Confidence {
	if len(e.Egress.IPv4) == 0 {
		return Likely
	}
	return Certain
}

// compared is the call's outcome, or "never reached" where it says nothing about the addresses judged.
func (r ruling) compared(e *probes.Evidence) outcome {
	if !r.comparable {
		return outcomeNever
	}
	return callOutcome(e)
}

func whenRulesInvalid(e *probes.Evidence) (Finding, bool) {
	if e.Rules == nil {
		return Finding{}, false
	}
	finding := Finding{Severity: Warn}
	var problems, fixes []string
	for _, problem := range e.Rules.Problems {
		refused := problem.Severity == iprules.SeverityError
		if !refused && problem.ID != iprules.HostBits && problem.ID != iprules.Duplicate {
			continue
		}
		if refused && finding.Severity == Warn { // what the panel refuses goes first
			finding.Severity, problems, fixes = Fail, nil, nil
		} else if !refused && finding.Severity == Fail {
			continue
		}
		where := ""
		if problem.Rule > 0 {
			where = fmt.Sprintf("rule %d, ", problem.Rule)
		}
		problems = append(problems, where+problem.Text)
		fixes = append(fixes, problem.Fix)
		finding.Evidence = append(finding.Evidence, capital(where+problem.Text)+".")
	}
	if len(problems) == 0 {
		return Finding{}, false
	}
	finding.Values = Values{"rule_problem": problems[0], "rule_fix": fixes[0]}
	return finding, true
}

func capital(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// addition are the values that name the rule to add, and the one to drop where there are five already.
func (r ruling) addition(e *probes.Evidence, refused []netip.Addr) Values {
	var additions []string
	for _, address := range refused {
		additions = append(additions, "allow "+address.String()+"/32")
	}
	values := Values{"rule_to_add": list(additions), "not_allowed": list(texts(refused))}
	if len(r.rules) < iprules.MaxRules {
		return values
	}
	if number := iprules.LeastUseful(r.rules, e.Egress.Addresses()); number > 0 {
		values["rule_to_drop"] = r.name(number)
	}
	return values
}

// refused are the addresses that the rules do not clearly allow.
func (r ruling) refused() (refused, allowed []netip.Addr) {
	for _, result := range r.results {
		if result.Verdict == iprules.VerdictAllow {
			allowed = append(allowed, result.IP)
		} else {
			refused = append(refused, result.IP)
		}
	}
	return refused, allowed
}

// deny is the row "deny" of the table. A simulation can be wrong: only the API's own word makes it certain.
func (r ruling) deny(e *probes.Evidence) (Finding, bool) {
	finding := Finding{Confidence: Likely}
	refused, _ := r.refused()
	switch r.compared(e) {
	case outcomeAccepted, outcomeLetIn:
		return Finding{}, false // rules.stale
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
	if !r.comparable {
		finding.Confidence, finding.Alone = Certain, true // the user asks about these addresses, and the list is what is judged
	}
	finding.Values = r.addition(e, refused)
	finding.Evidence = append(finding.Evidence, readingsOf(r.results, iprules.VerdictDeny)...)
	return finding, true
}

func replyWords(e *probes.Evidence) string {
	if e.Call == nil {
		return ""
	}
	return strings.TrimSpace(e.Call.Code + " " + e.Call.Text)
}

// readingsOf is a line an address with that verdict: which rules match.
func readingsOf(results []iprules.Result, verdict string) []string {
	var lines []string
	for _, result := range results {
		if result.Verdict != verdict || len(lines) >= 4 {
			continue
		}
		switch {
		case len(result.MatchedAllow)+len(result.MatchedDeny) == 0:
			lines = append(lines, fmt.Sprintf("No rule matches %s.", result.IP))
		default:
			lines = append(lines, fmt.Sprintf("%s: %s.", result.IP, readingWords(result)))
		}
	}
	return lines
}

// readingWords is "first-match allows it, most-specific and deny-wins deny it".
func readingWords(result iprules.Result) string {
	var allows, denies []string
	for _, reading := range []string{iprules.FirstMatch, iprules.MostSpecific, iprules.DenyWins} {
		if result.Readings[reading] == "allow" {
			allows = append(allows, reading)
		} else {
			denies = append(denies, reading)
		}
	}
	switch {
	case len(denies) == 0:
		return "every reading allows it"
	case len(allows) == 0:
		return "every reading denies it"
	}
	verb := func(readings []string, one, many string) string {
		if len(readings) == 1 {
			return readings[0] + one
		}
		return list(readings) + many
	}
	return verb(allows, " allows it, ", " allow it, ") + verb(denies, " denies it", " deny it")
}

func whenRulesNotAllowed(e *probes.Evidence) (Finding, bool) {
	r := rulingOf(e)
	if r.verdict == iprules.VerdictPartly && !r.comparable { // planned addresses make no pool
		refused, _ := r.refused()
		values := r.addition(e, refused)
		values["egress"] = list(texts(refused))
		return Finding{Values: values, Evidence: readingsOf(r.results, iprules.VerdictDeny)}, true
	}
	if r.verdict != iprules.VerdictDeny || r.deniedBy != "" {
		return Finding{}, false
	}
	return r.deny(e)
}

func whenRulesDenied(e *probes.Evidence) (Finding, bool) {
	r := rulingOf(e)
	if r.verdict != iprules.VerdictDeny || r.deniedBy == "" {
		return Finding{}, false
	}
	finding, ok := r.deny(e)
	if ok {
		finding.Values["matching_rule"] = r.deniedBy
		for _, result := range r.results {
			if len(result.MatchedAllow) > 0 { // once the Deny is gone, that Allow is enough
				delete(finding.Values, "rule_to_add")
			}
		}
		finding.Evidence = append(finding.Evidence, capital(r.deniedBy)+", matches.")
	}
	return finding, ok
}

func whenRulesAmbiguous(e *probes.Evidence) (Finding, bool) {
	r := rulingOf(e)
	if r.verdict != iprules.VerdictAmbiguous {
		return Finding{}, false
	}
	finding := Finding{Severity: Warn, Values: Values{}, Evidence: readingsOf(r.results, iprules.VerdictAmbiguous)}
	for _, result := range r.results {
		if result.Verdict != iprules.VerdictAmbiguous {
			continue
		}
		finding.Values["readings"] = readingWords(result)
		finding.Values["egress"] = result.IP.String()
		if clear := iprules.Unambiguous(r.rules, result.IP); len(clear) > 0 {
			finding.Values["clear_list"] = strings.Join(texts(clear), "; ")
		}
		break
	}
	if r.compared(e) == outcomeInvalidIP {
		finding.Severity = Fail
		finding.Explains, finding.Hides = []string{"call"}, []string{"call.ip-denied"}
		finding.Values["code"], finding.Values["text"] = e.Call.Code, e.Call.Text
		finding.Evidence = append(finding.Evidence, "The API says: "+replyWords(e)+".")
	}
	return finding, true
}

func whenRulesPoolPartlyAllowed(e *probes.Evidence) (Finding, bool) {
	r := rulingOf(e)
	if r.verdict != iprules.VerdictPartly || !r.comparable || len(e.Egress.IPv4) < 2 {
		return Finding{}, false
	}
	refused, allowed := r.refused()
	finding := Finding{Values: r.addition(e, refused), Hides: []string{"egress.unstable"}, Evidence: sightingWords(e)}
	finding.Values["allowed"] = list(texts(allowed))
	switch r.compared(e) {
	case outcomeInvalidIP, outcomeAuth, outcomeClosed:
		finding.Explains, finding.First = []string{"call"}, true
		finding.Hides = append(finding.Hides, "call.ip-denied", "call.auth-failed", "call.no-reply")
		if r.compared(e) != outcomeInvalidIP {
			finding.Confidence = Likely
		}
	}
	return finding, true
}

func whenRulesPropagating(e *probes.Evidence) (Finding, bool) {
	r := rulingOf(e)
	if r.verdict != iprules.VerdictAllow || r.compared(e) != outcomeInvalidIP {
		return Finding{}, false
	}
	finding := Finding{Confidence: r.confidence(e), Explains: []string{"call"}, Hides: []string{"call.ip-denied"},
		Evidence: []string{"The API says: " + replyWords(e) + "."}}
	finding.Values = Values{"code": e.Call.Code, "text": e.Call.Text}
	for _, result := range r.results {
		if result.Rule != nil {
			finding.Values["matching_rule"] = r.name(*result.Rule)
			finding.Evidence = append(finding.Evidence, fmt.Sprintf("%s is allowed by %s.", result.IP, r.name(*result.Rule)))
			break
		}
	}
	return finding, true
}

func whenRulesStale(e *probes.Evidence) (Finding, bool) {
	r := rulingOf(e)
	if r.verdict != iprules.VerdictDeny {
		return Finding{}, false
	}
	seen := "The API accepts the call."
	switch r.compared(e) {
	case outcomeAccepted:
	case outcomeLetIn:
		seen = "The API refuses the call for another reason than the address: " + replyWords(e) + "."
	default:
		return Finding{}, false
	}
	finding := Finding{Confidence: r.confidence(e), Evidence: append([]string{seen}, readingsOf(r.results, iprules.VerdictDeny)...)}
	if r.deniedBy != "" {
		finding.Values = Values{"matching_rule": r.deniedBy}
	}
	return finding, true
}

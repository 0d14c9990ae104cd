package call

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/screen"
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

func callOutcome(e *evidence.Evidence) outcome {
	call := e.Call
	if call == nil || !call.Sent {
		return outcomeNever
	}
	switch opensrs.Class(call.Class) {
	case opensrs.Accepted:
		return outcomeAccepted
	case opensrs.IPDenied:
		return outcomeInvalidIP
	case opensrs.AuthFailed:
		return outcomeAuth
	case opensrs.PermissionDenied:
		return outcomeLetIn
	}
	if failure := call.Failure; failure != nil && !call.Envelope {
		switch failure.Kind {
		case evidence.KindHungUp, evidence.KindReset:
			return outcomeClosed
		case evidence.KindNotHTTP:
			if wordsOnly(call.Quote.String()) {
				return outcomeClosed
			}
		}
	}
	return outcomeOther
}

// greeting is how servers of mail, files, shells and screens begin: SMTP and FTP, POP3, IMAP, SSH, VNC.
var greeting = lazy.Pattern{Text: `^(?:220[ -]|\+OK\b|\* (?:OK|PREAUTH|BYE)\b|SSH-\d|RFB \d)`}

// wordsOnly tells a line of words ("Access denied") from garbage, whose bytes that are not text are replaced, and from what
// another service says.
func wordsOnly(quote string) bool {
	return quote != "" && !strings.Contains(quote, "·") && !strings.HasPrefix(quote, "<") && !greeting.Regexp().MatchString(quote)
}

// Ruling is what the rules say, and whether the call can be held against it.
type Ruling struct {
	verdict    string // allow, deny, ambiguous, partly, unknown
	deniedBy   string // of deny: the Deny rule that matches, "rule 2, deny …"; "" where nothing matches
	comparable bool   // the addresses are those that the call came from
	Rules      []iprules.Rule
	results    []iprules.Result
}

func rulingOf(e *evidence.Evidence) Ruling {
	r := Ruling{verdict: iprules.VerdictUnknown, comparable: true, Rules: readRules(e)}
	if e.Egress != nil && e.Egress.Given {
		r.comparable = len(e.Egress.IPv6) == 0 && slices.Contains(e.Egress.IPv4, e.Host.LocalAddress)
	}
	if e.Rules == nil || e.Egress == nil || len(r.Rules) == 0 {
		return r
	}
	for _, address := range e.Egress.Addresses() {
		if e.Egress.Given && iprules.NeverPublic(address) != "" && !e.Target.Inside() {
			continue // rules.never-public: no rule helps
		}
		r.results = append(r.results, iprules.Evaluate(r.Rules, address))
	}
	r.verdict = iprules.Verdict(r.results)
	for _, result := range r.results {
		if result.Verdict == iprules.VerdictDeny && len(result.MatchedDeny) > 0 && r.deniedBy == "" {
			r.deniedBy = r.name(result.MatchedDeny[0])
		}
	}
	return r
}

func (r Ruling) name(number int) string {
	return fmt.Sprintf("rule %d, %s", number, r.Rules[number-1])
}

// confidence is how sure it is that the call came from the address judged: one that only DNS told can be the
// resolver's.
func (r Ruling) confidence(e *evidence.Evidence) report.Confidence {
	if len(e.Egress.IPv4) == 0 {
		return report.Likely
	}
	return report.Certain
}

// simulated makes a finding likely that rests on the rules alone, where the service may not go by them: sources disagree
// on whether the test environment does, and only its own "invalid IP address" tells.
func (r Ruling) simulated(e *evidence.Evidence, finding *condition.Finding) {
	if e.Target.Environment != service.OpenSRS.Test.Name || r.compared(e) == outcomeInvalidIP {
		return
	}
	finding.Confidence = report.Likely
	if finding.Values == nil {
		finding.Values = prose.Values{}
	}
	finding.Values["unsure_env"] = e.Target.Environment
}

// compared is the call's outcome, or "never reached" where it says nothing about the addresses judged.
func (r Ruling) compared(e *evidence.Evidence) outcome {
	if !r.comparable {
		return outcomeNever
	}
	return callOutcome(e)
}

// Addition are the values that name the rule to add, and the one to drop where there are five already.
func (r Ruling) Addition(e *evidence.Evidence, refused []netip.Addr) prose.Values {
	var additions []string
	var six []netip.Addr
	for _, address := range refused {
		if address.Is4() {
			additions = append(additions, "allow "+address.String()+"/32")
		} else {
			six = append(six, address)
		}
	}
	if places := max(service.OpenSRS.Rules.Most-len(r.Rules), 1); len(additions) > places { // one place is made where there is none
		additions = screen.Texts(bestFor(refused, places))
	}
	values := prose.Values{"rule_to_add": screen.List(additions), "not_allowed": screen.List(screen.Texts(refused)), "given_ipv6": screen.List(screen.Texts(six))}
	if len(six) > 0 {
		values["an_ipv6"] = "an IPv6 address"
	}
	if len(r.Rules) < service.OpenSRS.Rules.Most || len(additions) == 0 {
		return values
	}
	if number := iprules.LeastUseful(r.Rules, e.Egress.Addresses()); number > 0 {
		values["rule_to_drop"] = r.name(number)
	}
	return values
}

// bestFor are the rules that let in the most of the addresses, and the fewest others, in so many places.
func bestFor(addresses []netip.Addr, places int) []iprules.Rule {
	var demand iprules.Demand
	for _, address := range addresses {
		if address = address.Unmap(); address.Is4() {
			demand.Add(netip.PrefixFrom(address, address.BitLen()), true)
		}
	}
	return demand.Plan(places, nil).Rules()
}

// refused are the addresses that the rules do not clearly allow.
func (r Ruling) refused() (refused, allowed []netip.Addr) {
	for _, result := range r.results {
		if result.Verdict == iprules.VerdictAllow {
			allowed = append(allowed, result.IP)
		} else {
			refused = append(refused, result.IP)
		}
	}
	return refused, allowed
}

func replyWords(e *evidence.Evidence) string {
	if e.Call == nil {
		return ""
	}
	return strings.TrimSpace(e.Call.Code.String() + " " + e.Call.Text.String())
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
		return screen.List(readings) + many
	}
	return verb(allows, " allows it, ", " allow it, ") + verb(denies, " denies it", " deny it")
}

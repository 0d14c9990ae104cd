// Package call holds the conditions of the causes at the service's side: the address by which this host leaves, the access
// rules, the credentials that were given, the signed call and its reply, and what the service says of itself. A condition
// is named as its cause, without "call.".
package call

import (
	"fmt"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/diagnose/tls"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// replyFinding has the reply's code and text.
func replyFinding(e *evidence.Evidence) condition.Finding {
	finding := condition.Finding{Values: prose.Values{}}
	if !e.Call.Code.Empty() {
		finding.Values["code"] = e.Call.Code.String()
	}
	if !e.Call.Quote.Empty() {
		finding.Values["quote"] = e.Call.Quote.String()
	}
	switch {
	case e.Call.Envelope:
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("The reply is %q.", replyWords(e)))
	case e.Call.HTTPStatus != 0:
		finding.Evidence = append(finding.Evidence, "The reply was HTTP "+reading.StatusText(e.Call.HTTPStatus)+".")
	}
	if quote := e.Call.Quote.String(); quote != "" && quote != reading.StatusText(e.Call.HTTPStatus) {
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("The reply begins: %q.", e.Call.Quote))
	}
	return finding
}

// IPDenied: the API refuses the address, and no rules are given that say more.
func IPDenied(e *evidence.Evidence) (condition.Finding, bool) {
	if !e.Call.Made() || callOutcome(e) != outcomeInvalidIP {
		return condition.Finding{}, false
	}
	r := rulingOf(e)
	if r.comparable && r.verdict != iprules.VerdictUnknown {
		return condition.Finding{}, false // the rules given say more
	}
	finding := replyFinding(e)
	finding.Evidence = append(finding.Evidence, sightingWords(e)...)
	if e.Asked.RulesGiven == 0 {
		finding.Values["rule_flags"] = "--rule or --rules-file"
	}
	if planned := screen.List(screen.Texts(e.Egress.Addresses())); !r.comparable && planned != "" { // and which one was refused is not known
		finding.Values["egress"], finding.Values["planned_egress"] = "", "--egress-ip"
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("Given with --egress-ip, and not seen in this run: %s.", planned))
	}
	return finding, true
}

// ruledOut lists what a refused login cannot be, from what this run saw.
func ruledOut(e *evidence.Evidence) (ruled []string, addressOpen bool) {
	if e.Call.VectorOK {
		ruled = append(ruled, "the signature code (it gives the published test vector)")
	}
	if form := e.Asked.KeyForm; form != nil && form.Usual() {
		ruled = append(ruled, fmt.Sprintf("the form of the key (%d hex digits)", form.Length))
	}
	if r := rulingOf(e); r.comparable && r.verdict == iprules.VerdictAllow {
		ruled = append(ruled, "the address by the rules given")
	} else {
		addressOpen = true
	}
	if check := e.CrossCheck; check != nil && check.Class == string(opensrs.AuthFailed) {
		ruled = append(ruled, "the other environment (it refuses these credentials too)")
	}
	return ruled, addressOpen
}

// AuthFailed: the API does not take the login.
func AuthFailed(e *evidence.Evidence) (condition.Finding, bool) {
	if !e.Call.Made() || callOutcome(e) != outcomeAuth {
		return condition.Finding{}, false
	}
	finding := replyFinding(e)
	finding.Confidence = report.Likely // an address that is not let in gets the same answer, and no run knows for sure which one the API sees
	ruled, open := ruledOut(e)
	if !open {
		finding.Values["other_sees"] = screen.List(screen.Texts(e.Egress.Addresses()))
	}
	if len(ruled) > 0 {
		finding.Values["ruled_out"] = screen.List(ruled)
	}
	suspects := []string{"the key", "the username"}
	if words := keyFormWords(e); words != "" {
		finding.Evidence = append(finding.Evidence, words)
		suspects[0] = "the key (its form is unusual)"
	}
	if open {
		suspects = append(suspects, "the address")
		if addresses := e.Egress.Addresses(); len(addresses) > 0 {
			finding.Values["open_address"] = addresses[0].String()
		}
		finding.Values["not_let_in"] = "An address that is not let in"
	}
	finding.Values["not_ruled_out"] = screen.List(suspects)
	return finding, true
}

// WrongEnvironment: the API refuses the login here, and takes it in the other environment.
func WrongEnvironment(e *evidence.Evidence) (condition.Finding, bool) {
	check := e.CrossCheck
	if !e.Call.Made() || callOutcome(e) != outcomeAuth || check == nil || !check.Success {
		return condition.Finding{}, false
	}
	finding := replyFinding(e)
	finding.Hides = []string{"call.auth-failed", "rules.not-allowed", "rules.denied"}
	finding.Values["other_env"] = check.Environment
	finding.Evidence = append(finding.Evidence, fmt.Sprintf("%s accepts the same username and key.", check.Host))
	return finding, true
}

// PermissionDenied: the API knows the user, who may not do this.
func PermissionDenied(e *evidence.Evidence) (condition.Finding, bool) {
	if !e.Call.Made() || e.Call.Class != string(opensrs.PermissionDenied) {
		return condition.Finding{}, false
	}
	finding := replyFinding(e)
	if !permissionWords.Regexp().MatchString(e.Call.Text.String()) {
		finding.Confidence = report.Likely // a code alone
	}
	return finding, true
}

// permissionWords are the words of a reply about what a user may do.
var permissionWords = lazy.Pattern{Text: `(?i)permi|privileg|not allowed|may not|not authori[sz]ed|sub-?user`}

// limitWords are the words of a reply about a limit.
var limitWords = lazy.Pattern{Text: `(?i)rate|limit|exceed|too many|simultaneous|maximum|connections`}

// RateLimited: the API says that there are too many calls, or connections.
func RateLimited(e *evidence.Evidence) (condition.Finding, bool) {
	limited := e.Call.Made() && (e.Call.Class == string(opensrs.RateLimited) ||
		!e.Call.Envelope && e.Call.HTTPStatus == reading.TooManyRequests)
	if !limited {
		return condition.Finding{}, false
	}
	finding := replyFinding(e)
	if e.Call.Envelope && !limitWords.Regexp().MatchString(e.Call.Text.String()) { // 300 alone has two meanings
		finding.Confidence = report.Likely
	}
	if !e.Call.Envelope {
		finding.Values["limit_status"] = "HTTP status 429"
		orAnother(e, &finding)
	}
	return finding, true
}

// AnsweredByDevice: a proxy in between answered in the service's place, and its headers name it.
func AnsweredByDevice(e *evidence.Evidence) (condition.Finding, bool) {
	if !e.Call.Made() || e.Call.Envelope || e.Call.Device.Empty() || e.Call.Redirects() || e.Call.HTTPStatus == 0 {
		return condition.Finding{}, false
	}
	finding := replyFinding(e)
	finding.Confidence = report.Likely
	finding.Values["device"] = e.Call.Device.String()
	finding.Evidence = append(finding.Evidence, fmt.Sprintf("The reply has the header %q.", e.Call.Device))
	return finding, true
}

// ServerError: the service has trouble of its own.
func ServerError(e *evidence.Evidence) (condition.Finding, bool) {
	failed := e.Call.Made() && (e.Call.Class == string(opensrs.ServerError) ||
		!e.Call.Envelope && e.Call.HTTPStatus >= 500)
	if !failed {
		return condition.Finding{}, false
	}
	finding := replyFinding(e)
	switch {
	case !e.Call.Envelope:
		orAnother(e, &finding)
	case !troubleWords.Regexp().MatchString(e.Call.Text.String()):
		finding.Confidence = report.Likely // a code alone
	}
	return finding, true
}

// orAnother lowers what is said of the service by an HTTP status alone, where another may have sent it: a device that opens
// TLS, or a relay.
func orAnother(e *evidence.Evidence, finding *condition.Finding) {
	switch {
	case e.TLS != nil && e.TLS.Trust != nil && !e.TLS.Trust.Verified():
		finding.Confidence, finding.Values["tls_opener"] = report.Likely, reading.LastIssuer(e.TLS.Trust)
	case service.OpenSRS.EnvironmentOf(e.Target.Host) == "":
		finding.Confidence, finding.Values["not_public"] = report.Likely, e.Target.Host
	}
}

// troubleWords are the words of a reply about trouble of the service or a registry.
var troubleWords = lazy.Pattern{Text: `(?i)internal|server|system|registry|supplier|error|unavailable|unable|fail|time|down|again|connect|maintenance|busy`}

// NoReply: the call is sent, and the connection ends without a reply.
func NoReply(e *evidence.Evidence) (condition.Finding, bool) {
	if !e.Call.Made() || callOutcome(e) != outcomeClosed {
		return condition.Finding{}, false
	}
	finding := replyFinding(e)
	finding.Confidence = report.Likely
	if e.Call.Quote.Empty() {
		how := "closed"
		if e.Call.Failure.Kind == evidence.KindReset {
			how = "reset"
		}
		finding.Evidence = append(finding.Evidence,
			fmt.Sprintf("The connection was %s %.0f ms after the request, without a byte in between.", how, e.Call.TookMS))
	}
	finding.Evidence = append(finding.Evidence, sightingWords(e)...)
	tls.AskedForCertificate(e, &finding)
	orAnother(e, &finding)
	return finding, true
}

// NotOpenSRS: the reply is not the API's.
func NotOpenSRS(e *evidence.Evidence) (condition.Finding, bool) {
	if !e.Call.FailedAs(evidence.KindBadAnswer, evidence.KindNotHTTP) || callOutcome(e) == outcomeClosed {
		return condition.Finding{}, false
	}
	finding := replyFinding(e)
	if e.Call.Packed != "" {
		finding.Values["packed"] = e.Call.Packed
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("The reply came in %s, which was not asked for; these words are in it.", e.Call.Packed))
	}
	if e.Call.Quote.Empty() {
		finding.Values["quote"] = "nothing"
		finding.Evidence = append(finding.Evidence, "The reply has no body.")
	}
	return finding, true
}

// Redirected: the reply leads elsewhere; it is not followed.
func Redirected(e *evidence.Evidence) (condition.Finding, bool) {
	if !e.Call.Made() || !e.Call.Redirects() {
		return condition.Finding{}, false
	}
	finding := replyFinding(e)
	if !e.Call.Location.Empty() {
		finding.Values["location"] = e.Call.Location.String()
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("It points to %q.", e.Call.Location))
	}
	return finding, true
}

// MalformedReply: the reply is cut short, not well-formed or too long.
func MalformedReply(e *evidence.Evidence) (condition.Finding, bool) {
	if !e.Call.FailedAs(evidence.KindMalformed) {
		return condition.Finding{}, false
	}
	finding := replyFinding(e)
	seen := e.Call.Failure.Detail.String()
	if e.Call.ReplyBytes > 0 {
		seen += fmt.Sprintf(", after %d bytes", e.Call.ReplyBytes)
	}
	finding.Evidence = append(finding.Evidence, "What was seen: "+seen+".")
	return finding, true
}

// Timeout: the call is sent, and no reply comes.
func Timeout(e *evidence.Evidence) (condition.Finding, bool) {
	if !e.Call.FailedAs(evidence.KindTimeout) {
		return condition.Finding{}, false
	}
	finding := replyFinding(e)
	finding.Confidence = report.Likely // a slow service and a reply that is lost on the way back look the same
	took := time.Duration(e.Call.TookMS * float64(time.Millisecond))
	finding.Values["budget"] = screen.Span(took)
	finding.Evidence = append(finding.Evidence, fmt.Sprintf("The request was sent; no whole reply came within %s.", screen.Span(took)))
	if n := e.Call.Unconfirmed; n > 0 {
		finding.Values["unconfirmed"] = "the request"
		finding.Hides = append(finding.Hides, "port.lossy")
		finding.Evidence = append(finding.Evidence, "The other end did not confirm "+screen.CountWords(n, "packet of the request.", "packets of the request."))
		return finding, true
	}
	finding.Values["own_wait"] = "80 seconds"
	return finding, true
}

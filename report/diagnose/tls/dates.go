package tls

import (
	"fmt"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// clockVouched: some peers told the time, and it is this host's.
func clockVouched(e *evidence.Evidence) bool {
	offset, ok := e.Clock.Offset()
	return ok && offset.Abs() < evidence.WrongClock
}

func dated(e *evidence.Evidence, certificate *evidence.Certificate) condition.Finding {
	values := certificateValues(e)
	values["not_before"], values["not_after"] = screen.Day(certificate.NotBefore), screen.Day(certificate.NotAfter)
	finding := condition.Finding{Values: values, Evidence: []string{fmt.Sprintf("The certificate of %s by %s is valid from %s to %s; it is now %s.",
		reading.SubjectOf(*certificate), reading.IssuerOf(*certificate), certificate.NotBefore.UTC().Format("2006-01-02 15:04"),
		certificate.NotAfter.UTC().Format("2006-01-02 15:04 UTC"), e.TrueTime().UTC().Format("2006-01-02 15:04 UTC"))}}
	if clockVouched(e) {
		finding.Evidence = append(finding.Evidence, screen.CountWords(e.Clock.Agreeing, "peer agrees", "peers agree")+" with this host's clock.")
	} else if _, known := e.Clock.Offset(); !known {
		finding.Confidence = report.Likely
		finding.Evidence = append(finding.Evidence, "No two peers reported the time, so this host's clock is not checked.")
	}
	return finding
}

// outOfDate are the certificates that have ended, or not begun: by the peers' time, where this host's clock is wrong and
// setting it right would not help.
func outOfDate(e *evidence.Evidence, trust *evidence.Trust) (ended, early *evidence.Certificate) {
	at := e.TrueTime()
	if trust.DatesFitAt(at) {
		return trust.Expired, trust.NotYetValid
	}
	for _, certificate := range []*evidence.Certificate{trust.Expired, trust.NotYetValid} {
		switch {
		case certificate == nil:
		case at.After(certificate.NotAfter):
			ended = certificate
		case at.Before(certificate.NotBefore):
			early = certificate
		}
	}
	return ended, early
}

// Expired: the certificate has ended, by a clock that is not known to be wrong.
func Expired(e *evidence.Evidence) (condition.Finding, bool) {
	trust := presented(e)
	if trust == nil || trust.DatesOK || !trust.Known() {
		return condition.Finding{}, false
	}
	ended, _ := outOfDate(e, trust)
	if ended == nil {
		return condition.Finding{}, false
	}
	finding := dated(e, ended)
	finding.Values["days"] = screen.Span(e.TrueTime().Sub(ended.NotAfter))
	return finding, true
}

// NotYetValid: the certificate has not begun, by a clock that is not known to be wrong.
func NotYetValid(e *evidence.Evidence) (condition.Finding, bool) {
	trust := presented(e)
	if trust == nil || trust.DatesOK || !trust.Known() {
		return condition.Finding{}, false
	}
	_, early := outOfDate(e, trust)
	if early == nil {
		return condition.Finding{}, false
	}
	finding := dated(e, early)
	finding.Values["days"] = screen.Span(early.NotBefore.Sub(e.TrueTime()))
	return finding, true
}

// ExpiresSoon: the certificate is good, and ends soon.
func ExpiresSoon(e *evidence.Evidence) (condition.Finding, bool) {
	trust := presented(e)
	if trust == nil || !trust.Verified() {
		return condition.Finding{}, false
	}
	now := e.TrueTime()
	if !trust.ExpiresSoon(now) {
		return condition.Finding{}, false
	}
	certificate := *trust.FirstToEnd
	values := certificateValues(e)
	values["days"] = screen.Span(certificate.NotAfter.Sub(now).Round(time.Minute))
	return condition.Finding{Values: values, Evidence: []string{fmt.Sprintf("The certificate of %s ends on %s.", reading.SubjectOf(certificate), certificate.NotAfter.UTC().Format("2006-01-02 15:04 UTC"))}}, true
}

package diagnose

import (
	"fmt"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// whenServiceIncident: the page is asked only after a failure. Where that is at or beyond the host, the
// incident comes first; else it stands beside.
func whenServiceIncident(e *evidence.Evidence) (Finding, bool) {
	page := e.StatusPage
	if page == nil || page.Failure != nil || page.Indicator.Empty() {
		return Finding{}, false
	}
	sound := page.Indicator.String() == "none" // what it lists all the same is called harmless
	if sound && len(page.Incidents) == 0 {
		return Finding{}, false
	}
	words := page.Description.String()
	if len(page.Incidents) > 0 {
		words = screen.List(foreign.Strings(page.Incidents))
	}
	if words == "" {
		words = page.Indicator.String()
	}
	finding := Finding{Severity: report.Warn, Confidence: report.Likely,
		Values:   prose.Values{"incident": words, "status_url": statusPage(page.URL)},
		Evidence: []string{fmt.Sprintf("The status page says: %s (%s).", words, page.Indicator)}}
	switch {
	case sound:
		finding.Confidence = report.Possible
	case atOrBeyondHost(e):
		finding.Values["failed_step"] = Blocked(e)
		finding.Severity = report.Fail
		finding.Explains, finding.First = []string{"port", "tls", "call"}, true
	}
	return finding, true
}

// atOrBeyondHost: what failed is at the service's host or behind it, as far as the evidence tells.
func atOrBeyondHost(e *evidence.Evidence) bool {
	switch Blocked(e) {
	case "port":
		end, failed := portEnding(e)
		return failed && (end.By == reading.EndHost || end.By == reading.EndSomebody || end.By == reading.EndSilence && end.Place == reading.PlaceEdge)
	case "tls":
		if e.TLS != nil && (tellingVariant(e) != "" || Works(e, evidence.VariantAsIs) || nowAndThen(e)) {
			return false // an experiment has shown another reason
		}
		return failedWith(e, "tls", evidence.KindReset, evidence.KindHungUp, evidence.KindTimeout, evidence.KindAlert, evidence.KindNotTLS)
	case "call":
		switch callOutcome(e) {
		case outcomeClosed:
			return true
		case outcomeOther: // an envelope comes from a service that works, unless it says otherwise
			return !e.Call.Envelope || e.Call.Class == string(opensrs.ServerError)
		}
	}
	return false
}

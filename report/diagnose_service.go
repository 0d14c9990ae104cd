package report

import (
	"fmt"

	"opensrs-doctor/probes"
)

// whenServiceIncident: the page is asked only after a failure. Where that is at or beyond the host, the
// incident comes first; else it stands beside.
func whenServiceIncident(e *probes.Evidence) (Finding, bool) {
	page := e.StatusPage
	if page == nil || page.Failure != nil || page.Indicator == "" || page.Indicator == "none" {
		return Finding{}, false
	}
	words := page.Description
	if len(page.Incidents) > 0 {
		words = list(page.Incidents)
	}
	if words == "" {
		words = page.Indicator
	}
	finding := Finding{Severity: Warn, Confidence: Likely,
		Values:   Values{"incident": words, "status_url": statusPage(page.URL)},
		Evidence: []string{fmt.Sprintf("The status page says: %s (%s).", words, page.Indicator)}}
	if atOrBeyondHost(e) {
		finding.Values["failed_step"] = blocked(e)
		finding.Severity = Fail
		finding.Explains = []string{"port", "tls", "call"}
		finding.Hides = atHost
	}
	return finding, true
}

// atHost are the causes that an incident of the service explains.
var atHost = []string{"port.refused", "port.filtered", "tls.reset", "tls.timeout", "tls.rejected", "tls.not-tls",

	"call.no-reply", "call.timeout", "call.server-error", "call.not-opensrs", "call.malformed-reply"}

func atOrBeyondHost(e *probes.Evidence) bool {
	switch blocked(e) {
	case "port":
		if failedWith(e, "port", probes.KindRefused) {
			return refusedAtHost(e)
		}
		walk := walkOf(e)
		return failedWith(e, "port", probes.KindTimeout) && walk != nil && beyondLastRouter(walk)
	case "tls":
		if e.TLS != nil && (tellingVariant(e) != "" || works(e, probes.VariantAsIs)) {
			return false // an experiment has shown another reason
		}
		return failedWith(e, "tls", probes.KindReset, probes.KindHungUp, probes.KindTimeout, probes.KindAlert, probes.KindNotTLS)
	case "call":
		switch callOutcome(e) {
		case outcomeClosed, outcomeOther:
			return true
		}
	}
	return false
}

package call

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/diagnose/tls"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// ServiceIncident: the page is asked only after a failure. Where that is at or beyond the host, the
// incident comes first; else it is shown next to it.
func ServiceIncident(e *evidence.Evidence) (condition.Finding, bool) {
	page := e.StatusPage
	if page == nil || page.Failure != nil || page.Indicator.Empty() {
		return condition.Finding{}, false
	}
	sound := page.Indicator.String() == "none" // what it lists anyway is called harmless
	if sound && len(page.Incidents) == 0 {
		return condition.Finding{}, false
	}
	words := page.Description.String()
	if len(page.Incidents) > 0 {
		words = screen.List(foreign.Strings(page.Incidents))
	}
	if words == "" {
		words = page.Indicator.String()
	}
	finding := condition.Finding{Severity: report.Warn, Confidence: report.Likely,
		Values:   prose.Values{"incident": words, "status_url": StatusPage(page.URL)},
		Evidence: []string{fmt.Sprintf("The status page says: %s (%s).", words, page.Indicator)}}
	switch {
	case sound:
		finding.Confidence = report.Possible
	case atOrBeyondHost(e):
		finding.Values["failed_step"] = e.Blocked()
		finding.Severity = report.Fail
		finding.Explains, finding.First = []string{"port", "tls", "call"}, true
	}
	return finding, true
}

// NetworkLoginRequired: in the place of the pages of others, asked for by plain HTTP, the network shows one of its own.
func NetworkLoginRequired(e *evidence.Evidence) (condition.Finding, bool) {
	if e.Call.Made() && !e.Call.Envelope && e.Call.HTTPStatus == evidence.StatusLogin {
		finding := replyFinding(e)
		finding.Confidence, finding.First, finding.Hides = report.Likely, true, []string{"call.server-error", "call.answered-by-device"}
		finding.Values["login_reply"] = "HTTP status 511"
		finding.Values["page_title"] = cmp.Or(e.Call.Quote.String(), "HTTP status 511")
		return finding, true
	}
	if e.Port != nil && e.Port.ProxyReply != nil && e.Port.ProxyReply.Code == evidence.StatusLogin {
		return condition.Finding{Confidence: report.Likely, First: true, Hides: []string{"proxy.upstream-failed"}, Explains: []string{"port"},
			Values:   prose.Values{"login_reply": "HTTP status 511", "page_title": "HTTP status 511"},
			Evidence: []string{fmt.Sprintf("Asked for %s, %s answers: %d %s.", e.Target.Host, e.Host.Proxy.URL, evidence.StatusLogin, e.Port.ProxyReply.Text)}}, true
	}
	blocked := e.Blocked()
	if e.Host.Proxy != nil || blocked == "" || blocked == "dns" {
		return condition.Finding{}, false
	}
	type shown struct {
		from string
		page *evidence.Page
	}
	var pages []shown
	if e.Egress != nil {
		for _, s := range e.Egress.Sightings {
			switch {
			case strings.HasPrefix(s.Source, "http:") && s.Failure == nil:
				return condition.Finding{}, false // one page came as it is
			case s.Page != nil:
				pages = append(pages, shown{s.Source, s.Page})
			}
		}
	}
	if page := e.StatusPage; page != nil && page.Page != nil {
		pages = append(pages, shown{page.URL, page.Page})
	}
	if len(pages) == 0 {
		return condition.Finding{}, false
	}
	first := pages[0]
	finding := condition.Finding{Confidence: report.Likely, First: true, Explains: evidence.Stops,
		Values: prose.Values{"page_at": cmp.Or(first.page.Location.String(), first.from)}}
	finding.Values["page_title"] = cmp.Or(first.page.Title.String(), first.page.Location.String(), "HTTP status 511")
	for _, one := range pages {
		words := fmt.Sprintf("%s shows something else: HTTP status %d", one.from, one.page.Status)
		if !one.page.Title.Empty() {
			words += fmt.Sprintf(", a page with the title %q", one.page.Title)
		}
		if !one.page.Location.Empty() {
			words += ", which leads to " + one.page.Location.String()
		}
		finding.Evidence = append(finding.Evidence, words+".")
		if one.page.Status == evidence.StatusLogin {
			finding.Confidence = report.Certain // RFC 6585: that is what the status says
		}
	}
	if len(pages) == 1 && first.page.Location.Empty() && first.page.Status != evidence.StatusLogin {
		return condition.Finding{}, false // one page of HTML may be that site's own
	}
	return finding, true
}

// ServicePartlyDown: in one run some addresses or servers of the endpoint fail and others work.
func ServicePartlyDown(e *evidence.Evidence) (condition.Finding, bool) {
	if e.Port == nil || e.Host.Proxy != nil {
		return condition.Finding{}, false
	}
	if e.Port.Connected.IsValid() {
		if finding, ok := failsElsewhere(e); ok {
			return finding, true
		}
		return deadAddress(e)
	}
	servers := e.Port.Servers
	if e.FailedWith("port", evidence.KindUnreachable, evidence.KindNoRoute) {
		return condition.Finding{}, false // so says this host's kernel, or a router, and no server
	}
	if lost, _ := e.Ledger().Lost(); lost != evidence.LostNowhere {
		return condition.Finding{}, false
	}
	if servers == nil || servers.Took < 2 || servers.Late > 0 || servers.Refused+servers.Silent < 2 {
		return condition.Finding{}, false
	}
	how := "got no answer, also when it was asked for again"
	if servers.Refused > servers.Silent {
		how = "was refused"
	}
	to := netaddr.HostPort{Host: e.Target.Host, Port: e.Target.Port}
	finding := condition.Finding{Confidence: report.Likely, Explains: []string{"port"}, First: true, Values: prose.Values{"one_address": netaddr.PortText(e.Tried())}, Evidence: []string{
		fmt.Sprintf("Of %d connections to %s made at once, %d came about at once; the rest %s.", servers.Sent, to, servers.Took, how)}}
	condition.SharedOut(&finding, e)
	return finding, true
}

// deadAddress: the call went to an address that works, after another one had not answered, twice.
func deadAddress(e *evidence.Evidence) (condition.Finding, bool) {
	finding := condition.Finding{Severity: report.Warn, Confidence: report.Likely, Values: prose.Values{}}
	var dead []string
	for _, attempt := range e.Port.Attempts {
		i := slices.IndexFunc(e.Port.TriedAgain, func(again evidence.Attempt) bool { return again.Address == attempt.Address })
		if attempt.Failure == nil || i < 0 || e.Port.TriedAgain[i].Connected {
			continue
		}
		if iprules.NeverPublic(attempt.Address.Addr()) != "" && iprules.NeverPublic(e.Port.Connected.Addr()) == "" {
			continue // not the service's: somebody put it into the answer
		}
		dead = append(dead, attempt.Address.Addr().String())
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("%s, tried twice: %s.", attempt.Address, reading.FailureWords(e.Port.TriedAgain[i].Failure)))
	}
	if len(dead) == 0 {
		return condition.Finding{}, false
	}
	finding.Values["dead_address"], finding.Values["good_address"] = screen.List(dead), e.Port.Connected.Addr().String()
	finding.Evidence = append(finding.Evidence, fmt.Sprintf("%s answers.", e.Port.Connected))
	return finding, true
}

// failsElsewhere: the handshake fails here, and works at another address of the endpoint, or at another time.
func failsElsewhere(e *evidence.Evidence) (condition.Finding, bool) {
	if !e.TLS.Failed(evidence.KindReset, evidence.KindHungUp, evidence.KindTimeout, evidence.KindAlert, evidence.KindNotTLS) {
		return condition.Finding{}, false
	}
	finding := tls.Seen(e)
	finding.Confidence, finding.Explains, finding.First = report.Likely, []string{"tls"}, true
	for _, other := range e.TLS.Elsewhere {
		if other.Works && other.Proven && e.TLS.Telling() == "" {
			finding.Values["dead_address"], finding.Values["good_address"] = e.Port.Connected.Addr().String(), other.Address.Addr().String()
			finding.Evidence = append(finding.Evidence, fmt.Sprintf("The same handshake works at %s, and fails at %s.", other.Address, e.Port.Connected))
			return finding, true
		}
	}
	if e.TLS.Works(evidence.VariantAsIs) || e.TLS.NowAndThen() {
		finding.Values["one_address"] = e.Port.Connected.String()
		return finding, true
	}
	return condition.Finding{}, false
}

// atOrBeyondHost: what failed is at the service's host or behind it, as far as the evidence tells.
func atOrBeyondHost(e *evidence.Evidence) bool {
	switch e.Blocked() {
	case "port":
		end, failed := reading.PortEnding(e)
		if inside, _ := reading.Inside(end.Last.From); inside {
			return false // what comes from right behind a router of this network may come from that router
		}
		return failed && (end.By == reading.EndHost || end.By == reading.EndSomebody || end.By == reading.EndSilence && end.Place == reading.PlaceEdge)
	case "tls":
		if e.TLS != nil && (e.TLS.Telling() != "" || e.TLS.Works(evidence.VariantAsIs) || e.TLS.NowAndThen()) {
			return false // an experiment has shown another reason
		}
		return e.FailedWith("tls", evidence.KindReset, evidence.KindHungUp, evidence.KindTimeout, evidence.KindAlert, evidence.KindNotTLS)
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

// StatusPage is the page that people read, of the JSON that the tool reads.
func StatusPage(url string) string {
	page, _, _ := strings.Cut(url, "/api/v2/")
	return page
}

package ticket

import (
	"fmt"
	"strings"

	"opensrs-doctor/report"
	"opensrs-doctor/report/render"
	"opensrs-doctor/report/screen"
)

// Request is what a ticket asks for: its subject, and the first sentences of its text, fit for a web form.
func Request(r *report.Report) (subject, text string) {
	service, endpoint := screen.Clean(render.Service(r)), render.Endpoint(r)
	from := "this host"
	if addresses := report.SeenFrom(r); len(addresses) > 0 {
		from = screen.Clean(screen.List(addresses))
	}
	who := "the reseller"
	if name := screen.Clean(r.Target.Username); name != "" {
		who = "the reseller " + name
	}
	cause, headline := "", "calls from "+from+" work"
	if r.Found() != report.VerdictPass && len(r.Diagnoses) > 0 {
		cause, headline = screen.Clean(r.Diagnoses[0].Cause), strings.TrimSuffix(render.HeadlineOf(r.Diagnoses[0]), ".")
	}
	subject = fmt.Sprintf("%s API, %s: %s", service, from, headline)
	group, _, _ := strings.Cut(cause, ".")
	switch {
	case cause == "":
		text = fmt.Sprintf("No request: calls from %s to %s work.", from, endpoint)
	case group == "rules" || cause == "call.ip-denied" || cause == "call.no-reply":
		text = fmt.Sprintf("Please check whether %s is let in to the %s API for %s.", from, service, who)
	case group == "call":
		text = fmt.Sprintf("Please check why the %s API answers %s, which calls from %s, in this way: %s.", service, who, from, headline)
	case group == "port":
		text = fmt.Sprintf("Please check whether %s takes connections from %s: %s.", endpoint, from, headline)
	case group == "tls" || group == "service":
		text = fmt.Sprintf("Please check the service at %s, as seen from %s: %s.", endpoint, from, headline)
	default:
		text = fmt.Sprintf("As far as was seen from %s, the fault is on the caller's side and not at OpenSRS: %s.", from, headline)
	}
	return subject, text + " When: " + r.StartedAt.Format("2006-01-02 15:04:05 -07:00") + ", the time zone of the host that calls."
}

package condition

import (
	"fmt"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
)

// TooFar reports whether the endpoint, or who answers in its place, is farther away than this host lets its packets travel.
func TooFar(e *evidence.Evidence) bool {
	return e.ThisHost != nil && e.ThisHost.Steps.TooFew() && e.Walk() != nil && e.Walk().Distance > e.ThisHost.Steps.Most
}

// FewSteps names the setting that lets this host's packets travel fewer steps than it takes.
func FewSteps(f *Finding, e *evidence.Evidence) {
	const setting = "net.ipv4.ip_default_ttl"
	most := e.ThisHost.Steps.Most
	f.Values["ttl_setting"] = fmt.Sprintf("%s = %d", setting, most)
	f.Culprit = &report.Culprit{Kind: "sysctl", Name: setting, At: "this host", Text: fmt.Sprint(most)}
	f.Evidence = append(f.Evidence, fmt.Sprintf("This host gives its packets %d steps (%s); one that was given 64 was answered.", most, setting))
}

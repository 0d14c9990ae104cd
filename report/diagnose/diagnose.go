// Package diagnose turns the evidence of a run into causes and their words. New makes the report of a run; the catalogue
// holds a row for each cause, and this package finds which of those seen explains the others. The conditions on the evidence
// are in rooms of their own, by the place that they judge: host (this host), port (the path and the port, a proxy too), tls,
// dns, call (the service's side: address, rules, login, call) and client (other programs of this host). None needs a clock or
// the network, and none knows of another room's causes but by their IDs.
//
// Adding a cause touches at most four places: see the rows of the catalogue.
package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/client"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/dns"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/diagnose/tls"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// Diagnose turns evidence into causes, the root cause first. It is a pure function of the evidence: it
// reads no clock and asks nobody. A cause that another one explains is in that one's Hides only.
func Diagnose(e *evidence.Evidence) []report.Diagnosis {
	var found []match
	all := catalogue.Get()
	for i := range all {
		row := &all[i]
		if row.ID == report.UnexplainedID || row.When == nil {
			continue
		}
		if finding, ok := row.When(e); ok {
			found = append(found, match{cause: row, finding: finding}.completed())
		}
	}
	found = counted(e, found)
	sortMatches(e, found)
	found = unhidden(found)
	if failure, ok := notExplained(e, found); ok {
		found = append(found, failure)
		sortMatches(e, found)
	}
	diagnoses := make([]report.Diagnosis, 0, len(found))
	values := commonValues(e)
	for _, m := range found {
		diagnoses = append(diagnoses, m.inWords(e, values))
	}
	return diagnoses
}

// match is a row whose condition holds.
type match struct {
	cause   *Cause
	finding condition.Finding
	hid     []string // the causes found that this one explains
}

func (m match) completed() match {
	if m.finding.Severity == "" {
		m.finding.Severity = m.cause.Severity
	}
	if m.finding.Confidence == "" {
		m.finding.Confidence = report.Certain
	}
	return m
}

// counted leaves out what does not count: findings about a probe that was not chosen, unless that probe
// is why a chosen one could not run, or the finding is why a chosen one failed.
func counted(e *evidence.Evidence, found []match) []match {
	chosenWaits := false
	for _, step := range e.Steps {
		waits := step.Status == evidence.Skip && step.WaitedFor.Probe() != ""
		chosenWaits = chosenWaits || step.Counts && waits
	}
	return slices.DeleteFunc(found, func(m match) bool {
		name := m.cause.Probe
		if name == "" || len(e.Steps) == 0 || e.Step(name).Counts {
			return false
		}
		explains := slices.ContainsFunc(m.finding.Explains, func(step string) bool {
			return e.Step(step).Counts && e.Step(step).Status == evidence.Fail
		})
		return !explains && !(chosenWaits && e.Step(name).Status == evidence.Fail)
	})
}

// SeverityRank is the place of a severity in the order of the causes: the lower, the worse.
var SeverityRank = lazy.Value[map[report.Severity]int]{Make: func() map[report.Severity]int {
	return map[report.Severity]int{report.Fail: 0, report.Warn: 1, report.Info: 2}
}}

// sortMatches orders by severity, then the cause of the step that stopped the call, then probe order,
// then ID. A cause of the whole run comes before those of a single probe.
func sortMatches(e *evidence.Evidence, found []match) {
	stopped := e.Blocked()
	slices.SortStableFunc(found, func(a, b match) int {
		return cmp.Or(
			cmp.Compare(SeverityRank.Get()[a.finding.Severity], SeverityRank.Get()[b.finding.Severity]),
			cmp.Compare(stepRank(a, stopped), stepRank(b, stopped)),
			cmp.Compare(slices.Index(evidence.Names, a.cause.Probe), slices.Index(evidence.Names, b.cause.Probe)),
			cmp.Compare(a.cause.ID, b.cause.ID))
	})
}

func stepRank(m match, stopped string) int {
	switch {
	case m.finding.First:
		return 0
	case m.cause.Probe == "" && stopped != "" && !strings.HasPrefix(m.cause.ID, "config."):
		return 1
	case stopped != "" && (m.cause.Probe == stopped || slices.Contains(m.finding.Explains, stopped)):
		return 2
	}
	return 3
}

// unhidden takes out the causes that another one explains, and notes them there. It goes by causes, not by
// where they were noticed: a symptom may come before its cause. Of two that hide each other, the first in
// order stays.
func unhidden(found []match) []match {
	hidden := map[string]bool{}
	for i, m := range found {
		if hidden[m.cause.ID] {
			continue
		}
		for _, other := range found {
			id := other.cause.ID
			worse := SeverityRank.Get()[other.finding.Severity] < SeverityRank.Get()[m.finding.Severity]
			if id != m.cause.ID && m.hides(id) && !worse { // a warning never hides a failure
				hidden[id] = true
				found[i].hid = append(found[i].hid, id)
			}
		}
	}
	return slices.DeleteFunc(found, func(m match) bool { return hidden[m.cause.ID] })
}

// hides reports whether this cause explains that one. A name that ends in a dot stands for all rows that
// begin with it.
func (m match) hides(id string) bool {
	if m.finding.Alone {
		return false
	}
	covers := func(name string) bool {
		return name == id || strings.HasSuffix(name, ".") && strings.HasPrefix(id, name)
	}
	return slices.ContainsFunc(m.cause.Hides, covers) || slices.ContainsFunc(m.finding.Hides, covers)
}

// explains is which steps a failure of this cause accounts for.
func (m match) explains(step string) bool {
	return m.finding.Severity == report.Fail &&
		(m.cause.Probe == step || m.cause.Probe == "" && !strings.HasPrefix(m.cause.ID, "config.") ||
			slices.ContainsFunc(m.hid, func(id string) bool { return strings.HasPrefix(id, step+".") }) ||
			slices.Contains(m.finding.Explains, step))
}

// notExplained is the last row: the call was stopped, and no cause accounts for it. It accuses nobody.
func notExplained(e *evidence.Evidence, found []match) (match, bool) {
	stopped := e.Blocked()
	if stopped == "" {
		return unexplained(client.Unexplained(e))
	}
	if slices.ContainsFunc(found, func(m match) bool { return m.explains(stopped) }) {
		return match{}, false
	}
	if len(counted(e, []match{{cause: &Cause{Probe: stopped}}})) == 0 {
		return match{}, false
	}
	finding := condition.Finding{Confidence: report.Possible, Values: prose.Values{"failed_step": stopped}}
	if failure := e.Step(stopped).Failure; failure != nil {
		seen := reading.FailureWords(failure)
		if failure.Op != "" && string(failure.Op) != stopped {
			seen = string(failure.Op) + ": " + seen
		}
		finding.Evidence = append(finding.Evidence, "What was seen: "+seen+".")
	}
	if stopped == "dns" && e.DNS != nil {
		finding.Evidence = append(finding.Evidence, dns.Seen(e).Evidence...)
		if e.DNS.Used == evidence.BySystem && len(e.DNS.IPv6) == 0 {
			finding.Evidence = append(finding.Evidence, "Programs on this host get no address, though a resolver has one.")
		}
	}
	if stopped == "tls" && e.TLS != nil {
		finding.Evidence = append(finding.Evidence, tls.VariantWords(e)...)
		if e.TLS.Works(evidence.VariantAsIs) || e.TLS.NowAndThen() {
			finding.Evidence = append(finding.Evidence, "The same handshake fails at one time and works at another.")
		}
	}
	if through := reading.ThroughProxy(e); (stopped == "port" || stopped == "dns") && e.Host.Proxy != nil && len(through) > 0 {
		finding.Evidence = append(finding.Evidence, "The proxy did let connections to "+screen.List(through)+" through.")
	} else if stopped == "port" && reading.ProxyAnswered(e) {
		finding.Evidence = append(finding.Evidence, "Tried again, the proxy did answer.")
	}
	if stopped == "call" && e.Call != nil && !e.Call.Code.Empty() {
		if means := opensrs.Meaning(e.Call.Code.String()); means != "" {
			finding.Evidence = append(finding.Evidence, fmt.Sprintf("The code %s means: %s.", e.Call.Code, means))
		}
	}
	return unexplained(finding, stopped)
}

// unexplained is the last row with what was seen, for the probe that it is about; false where that is none.
func unexplained(finding condition.Finding, probe string) (match, bool) {
	row, ok := Lookup(report.UnexplainedID)
	if !ok || probe == "" {
		return match{}, false
	}
	row.Probe = probe
	return match{cause: &row, finding: finding}.completed(), true
}

// inWords fills a row's texts with what this run saw.
func (m match) inWords(e *evidence.Evidence, common prose.Values) report.Diagnosis {
	values := prose.Values{}
	for name, value := range common {
		values[name] = value
	}
	for name, value := range m.finding.Values {
		values[name] = value
	}
	d := report.Diagnosis{Cause: m.cause.ID, Severity: m.finding.Severity, Confidence: m.finding.Confidence,
		Probe: m.cause.Probe, Evidence: nonNil(m.finding.Evidence), Fixes: []string{},
		Docs: nonNil(slices.Clone(m.cause.Docs)), Hides: nonNil(m.hid), Culprit: m.finding.Culprit, NotEvaluated: m.finding.Unread}
	if d.Probe == "" {
		d.Probe = cmp.Or(e.Blocked(), "call")
	}
	summary, ok := prose.Fill(m.cause.Summary, values)
	if !ok {
		summary = prose.FillGeneric(m.cause.Summary, values)
	}
	d.Summary = summary
	var sentences []string
	for _, sentence := range m.cause.Explanation {
		if text, ok := prose.Fill(sentence, values); ok {
			sentences = append(sentences, text)
		}
	}
	d.Explanation = strings.Join(sentences, " ")
	for _, fix := range m.cause.Fixes {
		if text, ok := prose.Fill(fix, values); ok {
			d.Fixes = append(d.Fixes, text)
			if strings.HasPrefix(fix, "{client_step}") {
				d.Fixes = append(d.Fixes, m.finding.Steps...)
			}
		}
	}
	return d
}

func nonNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

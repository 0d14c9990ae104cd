// Package steps writes the row of each probe: how it ended, one calm sentence about what was seen, and the facts.
package steps

import (
	"encoding/json"
	"math"
	"reflect"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
)

// ProbeRows turns the evidence into the six rows of a report, in the order of the probes: how each ended,
// one calm sentence about what was seen, and the section's facts with the follow-ups that belong to it.
// A probe that the run never came to is a skipped one.
func ProbeRows(e *evidence.Evidence) []report.Probe {
	rows := make([]report.Probe, 0, len(evidence.Names))
	for _, name := range evidence.Names {
		step := e.Step(name)
		if step.Status == "" {
			step = evidence.Step{Probe: name, Status: evidence.Skip, WaitedFor: evidence.WaitInterrupt}
		}
		row := report.Probe{
			Name:       name,
			Status:     step.Status,
			Summary:    screen.Clean(rowWords(e, step)),
			DurationMS: Milliseconds(step.Took),
			Facts:      rowFacts(e, step),
		}
		if step.Status == evidence.Skip {
			row.WaitedFor = step.WaitedFor
		}
		rows = append(rows, row)
	}
	return rows
}

// Milliseconds keeps three decimals: a microsecond is as fine as anybody can use.
func Milliseconds(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Microsecond)) / 1000
}

// rowFacts is the JSON object of a probe: its section's fields, and beside them the follow-ups. A section
// that was not reached leaves just those. A "failure" here comes before the section's own.
func rowFacts(e *evidence.Evidence, step evidence.Step) json.RawMessage {
	var facts any
	switch step.Probe {
	case "egress":
		facts = egressFacts(e, step)
	case "rules":
		facts = rulesFacts(e, step)
	case "dns":
		facts = dnsFacts(e, step)
	case "port":
		facts = portFacts(e, step)
	case "tls":
		facts = tlsFacts(e, step)
	case "call":
		facts = callFacts(e, step)
	}
	object, err := json.Marshal(report.Listed(reflect.ValueOf(facts)).Interface())
	if err != nil { // a number that JSON has no form for: say so rather than lose the report
		object, _ = json.Marshal(map[string]string{"not_representable": err.Error()})
	}
	return object
}

// uncounted marks a probe that ran only because another one needs it.
func uncounted(step evidence.Step) bool { return step.Status != evidence.Skip && !step.Counts }

func egressFacts(e *evidence.Evidence, step evidence.Step) any {
	return struct {
		*evidence.Egress
		Failure   *evidence.Failure `json:"failure,omitempty"`
		Uncounted bool              `json:"uncounted,omitempty"`
	}{e.Egress, step.Failure, uncounted(step)}
}

func rulesFacts(e *evidence.Evidence, step evidence.Step) any {
	return struct {
		*evidence.Rules
		Source    string            `json:"source,omitempty"`
		Failure   *evidence.Failure `json:"failure,omitempty"`
		Uncounted bool              `json:"uncounted,omitempty"`
	}{e.Rules, e.Asked.RulesSource, step.Failure, uncounted(step)}
}

func dnsFacts(e *evidence.Evidence, step evidence.Step) any {
	return struct {
		*evidence.DNS
		Failure   *evidence.Failure `json:"failure,omitempty"`
		Uncounted bool              `json:"uncounted,omitempty"`
	}{e.DNS, step.Failure, uncounted(step)}
}

func portFacts(e *evidence.Evidence, step evidence.Step) any {
	return struct {
		*evidence.Port
		Controls  []evidence.Control `json:"controls,omitempty"`
		Witness   *evidence.Witness  `json:"port_witness,omitempty"`
		Direct    *evidence.Direct   `json:"direct,omitempty"`
		ThisHost  *evidence.ThisHost `json:"this_host,omitempty"`
		Failure   *evidence.Failure  `json:"failure,omitempty"`
		Uncounted bool               `json:"uncounted,omitempty"`
	}{e.Port, e.Controls, e.Witness, e.Direct, e.ThisHost, step.Failure, uncounted(step)}
}

func tlsFacts(e *evidence.Evidence, step evidence.Step) any {
	failure := step.Failure
	if failure == nil && e.TLS != nil {
		failure = e.TLS.Failure
	}
	return struct {
		*evidence.TLS
		Clock            *evidence.Clock   `json:"clock,omitempty"`
		CAFile           string            `json:"ca_file,omitempty"` // the path of the endpoint's own authority
		CANames          []foreign.Text    `json:"ca_names,omitempty"`
		PublicRoots      string            `json:"public_roots,omitempty"` // the path that replaces the carried ones
		AllowIntercepted bool              `json:"allow_intercepted,omitempty"`
		Failure          *evidence.Failure `json:"failure,omitempty"`
		Uncounted        bool              `json:"uncounted,omitempty"`
	}{e.TLS, e.Clock, e.Asked.CAFile, e.Asked.CANames, e.Asked.PublicRoots, e.Asked.AllowIntercepted, failure, uncounted(step)}
}

func callFacts(e *evidence.Evidence, step evidence.Step) any {
	failure := step.Failure
	if failure == nil && e.Call != nil {
		failure = e.Call.Failure
	}
	form := e.Asked.KeyForm
	if form != nil && form.Usual() {
		form = nil
	}
	return struct {
		*evidence.Call
		KeyGiven    bool                 `json:"key_given"`
		KeySource   string               `json:"key_source,omitempty"`
		KeyProblems []string             `json:"key_problems,omitempty"`
		KeyForm     *opensrs.Form        `json:"key_form,omitempty"` // of one that is not as usual
		KeyAround   []opensrs.Around     `json:"key_around,omitempty"`
		CrossCheck  *evidence.CrossCheck `json:"cross_check,omitempty"`
		StatusPage  *evidence.StatusPage `json:"status_page,omitempty"`
		Failure     *evidence.Failure    `json:"failure,omitempty"`
		Uncounted   bool                 `json:"uncounted,omitempty"`
	}{
		e.Call, e.Asked.KeyGiven, e.Asked.KeySource, e.Asked.KeyProblems, form, e.Asked.KeyAround,
		e.CrossCheck, e.StatusPage, failure, uncounted(step),
	}
}

// Package steps writes the row of each probe: how it ended, one calm sentence about what was seen, and the facts.
package steps

import (
	"encoding/json"
	"math"
	"reflect"
	"time"

	"opensrs-doctor/probes/evidence"
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
		facts = report.EgressFacts{Egress: e.Egress, Outcome: outcome(step, nil)}
	case "rules":
		facts = report.RulesFacts{Rules: e.Rules, Source: e.Asked.RulesSource, Outcome: outcome(step, nil)}
	case "dns":
		facts = report.DNSFacts{DNS: e.DNS, Outcome: outcome(step, nil)}
	case "port":
		facts = report.PortFacts{Port: e.Port, Controls: e.Controls, Witness: e.Witness, Direct: e.Direct, ThisHost: e.ThisHost,
			Outcome: outcome(step, nil)}
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

// outcome is how the step ended, beside its section.
func outcome(step evidence.Step, ofSection *evidence.Failure) report.Outcome {
	failure := step.Failure
	if failure == nil {
		failure = ofSection
	}
	left := step.Status == evidence.Skip && step.WaitedFor.Probe() == ""
	return report.Outcome{Failure: failure, Uncounted: !step.Counts && !left}
}

func tlsFacts(e *evidence.Evidence, step evidence.Step) report.TLSFacts {
	var failure *evidence.Failure
	if e.TLS != nil {
		failure = e.TLS.Failure
	}
	return report.TLSFacts{TLS: e.TLS, Clock: e.Clock, CAFile: e.Asked.CAFile, CANames: e.Asked.CANames,
		PublicRoots: e.Asked.PublicRoots, AllowIntercepted: e.Asked.AllowIntercepted, Outcome: outcome(step, failure)}
}

func callFacts(e *evidence.Evidence, step evidence.Step) report.CallFacts {
	var failure *evidence.Failure
	if e.Call != nil {
		failure = e.Call.Failure
	}
	form := e.Asked.KeyForm
	if form != nil && form.Usual() && form.Length == opensrs.KeyLength {
		form = nil
	}
	return report.CallFacts{Call: e.Call, KeyGiven: e.Asked.KeyGiven, KeySource: e.Asked.KeySource, KeyProblems: e.Asked.KeyProblems,
		KeyForm: form, KeyAround: e.Asked.KeyAround, CrossCheck: e.CrossCheck, StatusPage: e.StatusPage, Outcome: outcome(step, failure)}
}

// Package report is what all formats share: the report of one run, reading and writing it as JSON, and its bounds.
//
// The rooms around it, from the ground up. A room imports only rooms below it, and none reaches a socket:
//
//	render/page  diff  signature  ticket        a page, two reports compared, a signature explained, the bundle for support
//	render  explain  anonymize  accessrules     the formats, the pages about causes, tokens for names, lists of rules
//	diagnose                                    the causes: their rows, and what hides what
//	diagnose/host  port  call                   their conditions on the evidence, by the place that they judge
//	diagnose/tls  dns  client
//	diagnose/condition                          what a condition finds
//	diagnose/steps  diagnose/prose  reading     the rows of the probes; the causes' words; questions about several facts
//	report                                      this package
//	screen                                      cleaning, wrapping, colour
//	probes/evidence  service  netaddr           the facts; the service's own names and limits; addresses as texts
package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report/screen"
)

// Schema names the form of the JSON report.
const Schema = "opensrs-doctor/report/v1"

// Severity of a diagnosis. Info counts as pass.
type Severity string

// The severities, worst first.
const (
	Fail Severity = "fail"
	Warn Severity = "warn"
	Info Severity = "info"
)

// Confidence is how far the evidence carries. It changes the words, never severity or exit status.
type Confidence string

// The confidences.
const (
	Certain  Confidence = "certain"
	Likely   Confidence = "likely"
	Possible Confidence = "possible"
)

// Verdicts of a report.
const (
	VerdictPass = "pass"
	VerdictWarn = "warn"
	VerdictFail = "fail"

	// VerdictIncomplete is that of a run that was cut short, whatever it had found by then: the rest is not known.
	VerdictIncomplete = "incomplete"
)

// Verdicts are all of them, from the best to the one that claims nothing.
var Verdicts = []string{VerdictPass, VerdictWarn, VerdictFail, VerdictIncomplete}

// Report is one run, diagnosed: all that any format needs, and all that is saved.
type Report struct {
	Schema      string    `json:"schema" anonymize:"keep"`
	Tool        Tool      `json:"tool"`
	RunID       string    `json:"run_id" anonymize:"keep"`
	StartedAt   time.Time `json:"started_at"`
	DurationMS  float64   `json:"duration_ms"`
	Verdict     string    `json:"verdict" anonymize:"keep"` // pass, warn, fail, incomplete
	Interrupted bool      `json:"interrupted,omitempty"`    // the run was cut short: the verdict is incomplete
	Target      Target    `json:"target"`
	Host        Host      `json:"host"`
	As          *As       `json:"as,omitempty"` // --as

	Asked     evidence.Asked `json:"asked,omitzero"` // what the user gave and wanted, besides what the facts of the probes have of it
	Diagnoses []Diagnosis    `json:"diagnoses"`      // root cause first
	Probes    []Probe        `json:"probes"`         // egress, rules, dns, port, tls, call
}

// Tool is what made the report.
type Tool struct {
	Name      string `json:"name" anonymize:"keep"`
	Version   string `json:"version" anonymize:"keep"`
	RootsDate string `json:"public_roots_date,omitempty" anonymize:"keep"` // of the carried public roots, YYYY-MM-DD
}

// Diagnosis is one cause, in the words for this run.
type Diagnosis struct {
	Cause       string     `json:"cause" anonymize:"keep"`
	Severity    Severity   `json:"severity" anonymize:"keep"`
	Confidence  Confidence `json:"confidence" anonymize:"keep"`
	Probe       string     `json:"probe" anonymize:"keep"`
	Summary     string     `json:"summary" anonymize:"text"`
	Explanation string     `json:"explanation" anonymize:"sentence"`
	Evidence    []string   `json:"evidence" anonymize:"text"`
	Fixes       []string   `json:"fixes" anonymize:"sentence"`
	Docs        []string   `json:"docs" anonymize:"sentence"`
	Hides       []string   `json:"hides" anonymize:"keep"`

	Culprit      *Culprit `json:"culprit,omitempty"`                        // the very thing to change, where it is known
	NotEvaluated []string `json:"not_evaluated,omitempty" anonymize:"text"` // which rules or places could not be read, and what reads them
}

// Culprit is the very thing to change.
type Culprit struct {
	Kind    string  `json:"kind" anonymize:"keep"`    // nft-rule, nft-policy, iptables-rule, ip-rule, route, cgroup-program, hosts-line, interface, sysctl, …
	Name    string  `json:"name" anonymize:"text"`    // as the system names it
	At      string  `json:"at" anonymize:"quote"`     // where it is: a chain, a file and line, a table
	Text    string  `json:"text" anonymize:"quote"`   // as it is written there
	Manager *string `json:"manager" anonymize:"keep"` // who writes it: csf, ufw, firewalld, shorewall, docker, kubernetes, systemd; null: nobody known
	File    string  `json:"file" anonymize:"path"`    // the file and setting that a person edits; "" where none is known
}

// Sureness is the confidence as people are told it: "" where nothing is claimed that could be more or less sure.
func (d Diagnosis) Sureness() string {
	if d.Cause == UnexplainedID {
		return ""
	}
	return screen.Clean(string(d.Confidence))
}

// Qualified is words and the sureness behind them, without those that are empty.
func (d Diagnosis) Qualified(words ...string) string {
	return strings.Join(slices.DeleteFunc(append(words, d.Sureness()), func(word string) bool { return word == "" }), ", ")
}

// Probe is one step, with its facts.
type Probe struct {
	Name       string          `json:"name" anonymize:"keep"`
	Status     evidence.Status `json:"status" anonymize:"keep"`
	Summary    string          `json:"summary" anonymize:"text"`
	DurationMS float64         `json:"duration_ms"`
	WaitedFor  evidence.Wait   `json:"waited_for" anonymize:"keep"` // of a skipped one; else ""
	Facts      json.RawMessage `json:"facts"`                       // an object
}

// Interrupt marks the report as that of a run that was cut short. What it has found stays.
func (r *Report) Interrupt() { r.Interrupted, r.Verdict = true, VerdictIncomplete }

// Found is the verdict on what was seen, also where the run was cut short.
func (r *Report) Found() string {
	if r.Verdict == VerdictIncomplete {
		return VerdictOf(r.Diagnoses)
	}
	return r.Verdict
}

// CutWords say what cut the run short, and what that leaves open; "" where nothing did.
func (r *Report) CutWords() string {
	timeUp := func(row Probe) bool { return row.WaitedFor == evidence.WaitTimeout }
	switch {
	case !r.Interrupted:
		return ""
	case slices.ContainsFunc(r.Probes, timeUp):
		return "The time for the run was up (--timeout): what the later steps would have shown is not known."
	}
	return "The run was interrupted: what the later steps would have shown is not known."
}

// String is one line, for logs of tests.
func (r *Report) String() string {
	cause := "no cause"
	if len(r.Diagnoses) > 0 {
		cause = r.Diagnoses[0].Cause
	}
	return fmt.Sprintf("%s: %s", r.Verdict, cause)
}

// UnexplainedID is the cause of a failure that no other cause fits: it claims nothing, so it has no sureness.
const UnexplainedID = "unexplained"

// VerdictOf is the worst severity.
func VerdictOf(diagnoses []Diagnosis) string {
	verdict := VerdictPass
	for _, d := range diagnoses {
		switch d.Severity {
		case Fail:
			return VerdictFail
		case Warn:
			verdict = VerdictWarn
		}
	}
	return verdict
}

// Package report turns facts into causes and causes into words. It opens no socket, reads no clock and
// prints in no colour by itself: New makes a Report of one run's evidence, and each format writes it.
package report

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"opensrs-doctor/probes/evidence"
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

var verdicts = []string{VerdictPass, VerdictWarn, VerdictFail, VerdictIncomplete}

// Report is one run, diagnosed: all that any format needs, and all that is saved.
type Report struct {
	Schema      string      `json:"schema"`
	Tool        Tool        `json:"tool"`
	RunID       string      `json:"run_id"`
	StartedAt   time.Time   `json:"started_at"`
	DurationMS  float64     `json:"duration_ms"`
	Verdict     string      `json:"verdict"`               // pass, warn, fail, incomplete
	Interrupted bool        `json:"interrupted,omitempty"` // the run was cut short: the verdict is incomplete
	Target      Target      `json:"target"`
	Host        Host        `json:"host"`
	Diagnoses   []Diagnosis `json:"diagnoses"` // root cause first
	Probes      []Probe     `json:"probes"`    // egress, rules, dns, port, tls, call
}

// Tool is what made the report.
type Tool struct {
	Name      string `json:"name"`
	Version   string `json:"version"`
	RootsDate string `json:"public_roots_date,omitempty"` // of the carried public roots, YYYY-MM-DD
}

// Diagnosis is one cause, in the words for this run.
type Diagnosis struct {
	Cause       string     `json:"cause"`
	Severity    Severity   `json:"severity"`
	Confidence  Confidence `json:"confidence"`
	Probe       string     `json:"probe"`
	Summary     string     `json:"summary"`
	Explanation string     `json:"explanation"`
	Evidence    []string   `json:"evidence"`
	Fixes       []string   `json:"fixes"`
	Docs        []string   `json:"docs"`
	Hides       []string   `json:"hides"`
}

// sureness is the confidence as people are told it: "" where nothing is claimed that could be more or less sure.
func (d Diagnosis) sureness() string {
	if d.Cause == unexplainedID {
		return ""
	}
	return clean(string(d.Confidence))
}

// qualified is words and the sureness behind them, without those that are empty.
func (d Diagnosis) qualified(words ...string) string {
	return strings.Join(slices.DeleteFunc(append(words, d.sureness()), func(word string) bool { return word == "" }), ", ")
}

// Probe is one step, with its facts.
type Probe struct {
	Name       string          `json:"name"`
	Status     evidence.Status `json:"status"`
	Summary    string          `json:"summary"`
	DurationMS float64         `json:"duration_ms"`
	WaitedFor  string          `json:"waited_for"` // of a skipped one; else ""
	Facts      json.RawMessage `json:"facts"`      // an object
}

package report

import (
	"fmt"
	"slices"

	"opensrs-doctor/probes/evidence"
)

// New makes the report of one run: its facts, its causes, and the words for both.
func New(e *evidence.Evidence, tool Tool) *Report {
	r := &Report{
		Schema:     Schema,
		Tool:       tool,
		RunID:      e.RunID,
		StartedAt:  e.StartedAt.UTC(),
		DurationMS: float64(e.Took.Microseconds()) / 1000,
		Target:     newTarget(e),
		Host:       newHost(e.Host),
		Diagnoses:  Diagnose(e),
		Probes:     probeRows(e),
	}
	if !e.Asked.RootsDate.IsZero() {
		r.Tool.RootsDate = day(e.Asked.RootsDate)
	}
	r.Verdict = verdictOf(r.Diagnoses)
	if e.Interrupted {
		r.Interrupt()
	}
	return r
}

// Interrupt marks the report as that of a run that was cut short. What it has found stays.
func (r *Report) Interrupt() { r.Interrupted, r.Verdict = true, VerdictIncomplete }

// found is the verdict on what was seen, also where the run was cut short.
func (r *Report) found() string {
	if r.Verdict == VerdictIncomplete {
		return verdictOf(r.Diagnoses)
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

package report

import (
	"fmt"

	"opensrs-doctor/probes"
)

// New makes the report of one run: its facts, its causes, and the words for both.
func New(e *probes.Evidence, tool Tool) *Report {
	r := &Report{
		Schema:      Schema,
		Tool:        tool,
		RunID:       e.RunID,
		StartedAt:   e.StartedAt.UTC(),
		DurationMS:  float64(e.Took.Microseconds()) / 1000,
		Interrupted: e.Interrupted,
		Target:      newTarget(e.Target),
		Host:        newHost(e.Host),
		Diagnoses:   Diagnose(e),
		Probes:      probeRows(e),
	}
	if !e.Asked.RootsDate.IsZero() {
		r.Tool.RootsDate = day(e.Asked.RootsDate)
	}
	r.Verdict = verdictOf(r.Diagnoses)
	return r
}

// String is one line, for logs of tests.
func (r *Report) String() string {
	cause := "no cause"
	if len(r.Diagnoses) > 0 {
		cause = r.Diagnoses[0].Cause
	}
	return fmt.Sprintf("%s: %s", r.Verdict, cause)
}

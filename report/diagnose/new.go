package diagnose

import (
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/steps"
	"opensrs-doctor/report/screen"
)

// New makes the report of one run: its facts, its causes, and the words for both.
func New(e *evidence.Evidence, tool report.Tool) *report.Report {
	r := &report.Report{
		Schema:     report.Schema,
		Tool:       tool,
		RunID:      e.RunID,
		StartedAt:  e.StartedAt.UTC(),
		DurationMS: float64(e.Took.Microseconds()) / 1000,
		Target:     report.NewTarget(e),
		Host:       report.NewHost(e.Host),
		Asked:      e.Asked,
		Diagnoses:  Diagnose(e),
		Probes:     steps.ProbeRows(e),
	}
	if !e.Asked.RootsDate.IsZero() {
		r.Tool.RootsDate = screen.Day(e.Asked.RootsDate)
	}
	r.Verdict = report.VerdictOf(r.Diagnoses)
	if e.Interrupted {
		r.Interrupt()
	}
	return r
}

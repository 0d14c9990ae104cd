package diagnose

import (
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
)

// Cause is one row of the catalogue: why it does not work, not where it was noticed. Its texts hold
// {placeholders} that the run's Values fill (see vocabulary); a sentence or a fix with a placeholder that
// has no value is left out, so that a row reads well with whatever is known. A Summary or a fix that reads wrong
// without a run has its words for that case too (see general).
type Cause struct {
	ID          string
	Probe       string          // where it belongs: a probe's name, or "" for the whole run
	Severity    report.Severity // unless the finding says otherwise
	Summary     string          // one line, no full stop: what is wrong
	Explanation []string        // sentences: why the evidence says so
	Fixes       []string        // steps, each begins with a verb
	Docs        []string        // links
	Hides       []string        // causes that this one explains: they do not stand beside it
	Passes      bool            // it can pass by itself: --wait waits for it
	Aside       bool            // a person is told it in one line: explain has the rest

	Means      string // explain: what it means, for somebody who meets it the first time
	Recognised string // explain: which evidence makes the tool say so

	When func(*evidence.Evidence) (Finding, bool)
}

// Finding is what a row's condition saw in the evidence.
type Finding struct {
	Severity   report.Severity   // "": the row's own
	Confidence report.Confidence // "": certain
	Values     Values            // for the placeholders, on top of those that every run has
	Evidence   []string          // plain sentences with the actual addresses, names, codes
	Hides      []string          // besides the row's own
	Explains   []string          // steps that this accounts for, besides the row's own probe
	Alone      bool              // hides nothing, whatever its row says: it is about something else
	First      bool              // stands before the causes of the step that stopped the call
}

// Values fill the placeholders of a row's texts.
type Values map[string]string

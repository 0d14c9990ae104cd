// Package condition holds what the conditions of all causes share: the finding that one gives, the groups of causes that one
// mistake can show, and the commands that steps of several causes name. What they ask of the facts is a method of the
// evidence, or, where it needs words, in package reading.
package condition

import (
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/prose"
)

// Finding is what a row's condition saw in the evidence.
type Finding struct {
	Severity   report.Severity   // "": the row's own
	Confidence report.Confidence // "": certain
	Values     prose.Values      // for the placeholders, on top of those that every run has
	Steps      []string          // behind {client_step}: what to change for each further client
	Evidence   []string          // plain sentences with the actual addresses, names, codes
	Hides      []string          // besides the row's own
	Explains   []string          // steps that this accounts for, besides the row's own probe
	Alone      bool              // hides nothing, whatever its row says: it is about something else
	Culprit    *report.Culprit   // the very thing to change
	Unread     []string          // what could not be read, and what reads it
	First      bool              // comes before the causes of the step that stopped the call
}

package diagnose

import (
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/prose"
)

// Cause is one row of the catalogue: why it does not work, not where it was noticed.
type Cause struct {
	ID       string
	Probe    string          // where it belongs: a probe's name, or "" for the whole run
	Severity report.Severity // unless the finding says otherwise
	Hides    []string        // causes that this one explains: they are not shown with it
	Passes   bool            // it can pass by itself: --wait waits for it
	Aside    bool            // a person is told it in one line: explain has the rest
	Place    Place           // where a drawing of the path marks it
	When     func(*evidence.Evidence) (condition.Finding, bool)
	prose.Texts
}

// Place is where on the path a cause is, as a drawing marks it.
type Place int

// The places. Some are seen in the facts of the run only.
const (
	AtProbe        Place = iota // where the probe is that the cause belongs to
	AtHost                      // this host
	AtRules                     // the service's own list of rules
	AtEnding                    // where the connection to the port ends
	AtTaker                     // where something takes the connection in the service's name
	AtProxy                     // the proxy
	BeyondProxy                 // after the proxy
	AtInspection                // who answers the handshake in the service's name
	AtFirstSkipped              // the first probe that did not run
)

package render

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
)

// NagiosState is a state of the monitoring plugins: its number is the plugin's exit status.
type NagiosState int

// The states, as monitoring-plugins.org has them.
const (
	NagiosOK       NagiosState = 0
	NagiosWarning  NagiosState = 1
	NagiosCritical NagiosState = 2
	NagiosUnknown  NagiosState = 3
)

// String is the word for the state.
func (s NagiosState) String() string {
	switch s {
	case NagiosOK:
		return "OK"
	case NagiosWarning:
		return "WARNING"
	case NagiosCritical:
		return "CRITICAL"
	}
	return "UNKNOWN"
}

// StateOf is the verdict as a state. What a run that was cut short would have shown is unknown.
func StateOf(r *report.Report) NagiosState {
	switch r.Verdict {
	case report.VerdictPass:
		return NagiosOK
	case report.VerdictWarn:
		return NagiosWarning
	case report.VerdictFail:
		return NagiosCritical
	}
	return NagiosUnknown
}

// longestPlugin is how wide the text of the line may be, in columns: it goes into messages and small columns.
const longestPlugin = 300

// WriteNagios writes the report as a monitoring plugin does: one line of state, text and performance data. The
// data are how long the run and each of its probes took, in seconds, and in how many whole days the service's
// certificate ends, counted from the beginning of the run.
func WriteNagios(w io.Writer, r *report.Report) error {
	text := ""
	switch {
	case r.Interrupted && len(r.Diagnoses) == 0:
		text, _ = PassWords(r)
	case len(r.Diagnoses) > 0 && r.Diagnoses[0].Severity != report.Info:
		first := r.Diagnoses[0]
		text = fmt.Sprintf("%s (%s)", HeadlineOf(first), first.Qualified(first.Cause))
		if more := complaints(r) - 1; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		if r.Interrupted {
			text = "incomplete; " + text
		}
	default:
		headline, more := PassWords(r)
		text = headline + " " + more
	}
	_, err := fmt.Fprintf(w, "%s | %s\n", NagiosLine(StateOf(r), text), strings.Join(perfData(r), " "))
	return err
}

// NagiosLine is state and text of a line without performance data. What a plugin's line gives a meaning of its
// own, the bar and the end of the line, is taken out of the text.
func NagiosLine(state NagiosState, text string) string {
	text = screen.Clip(screen.Clean(strings.ReplaceAll(text, "|", "/")), longestPlugin)
	return fmt.Sprintf("OPENSRS %s - %s", state, cmp.Or(text, "no text"))
}

// complaints counts the diagnoses that are more than information.
func complaints(r *report.Report) (n int) {
	for _, d := range r.Diagnoses {
		if d.Severity != report.Info {
			n++
		}
	}
	return n
}

func perfData(r *report.Report) []string {
	data := []string{fmt.Sprintf("'time'=%ss;;;0", seconds(r.DurationMS))}
	for _, row := range r.Probes {
		if row.Status != evidence.Skip {
			data = append(data, fmt.Sprintf("'%s'=%ss;;;0", row.Name, seconds(row.DurationMS)))
		}
	}
	if ends := report.Seen[report.TLSFacts](r, "tls").Ends(); !ends.IsZero() {
		days := math.Floor(ends.Sub(r.StartedAt).Hours() / 24)
		data = append(data, "'certificate_days'="+strconv.FormatFloat(days, 'f', 0, 64))
	}
	return data
}

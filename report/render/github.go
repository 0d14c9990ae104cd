package render

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
)

// WriteGitHub writes the diagnoses as workflow commands of GitHub Actions, one a line: ::error for what fails,
// ::warning and ::notice for the rest, an ::error where the run was cut short, and a ::notice of what a pass proves. Text from the network cannot begin
// a command: each line is one command, and what is inside is escaped as the runner undoes it.
func WriteGitHub(w io.Writer, r *report.Report) error {
	var out bytes.Buffer
	levels := map[report.Severity]string{report.Fail: "error", report.Warn: "warning", report.Info: "notice"}
	worst := report.VerdictPass
	for _, d := range r.Diagnoses {
		if d.Severity == report.Fail {
			worst = report.VerdictFail
		}
		annotate(&out, levels[d.Severity], d.Cause, gitHubMessage(d))
	}
	headline, more := PassWords(r)
	switch {
	case r.Verdict == report.VerdictFail && worst != report.VerdictFail:
		annotate(&out, "error", "fail", "The verdict is fail.")
	case r.Interrupted:
		annotate(&out, "error", report.VerdictIncomplete, r.CutWords())
	case r.Verdict == report.VerdictPass:
		annotate(&out, "notice", "pass", strings.TrimSpace(headline+" "+more))
	}
	_, err := w.Write(out.Bytes())
	return err
}

// gitHubMessage is a diagnosis as an annotation shows it: a few lines.
func gitHubMessage(d report.Diagnosis) string {
	lines := []string{HeadlineOf(d)}
	if text := screen.Clean(d.Explanation); text != "" {
		lines = append(lines, text)
	}
	for _, seen := range d.Evidence {
		lines = append(lines, "- "+screen.Clean(seen))
	}
	for i, fix := range d.Fixes {
		lines = append(lines, fmt.Sprintf("%d. %s", i+1, screen.Clean(fix)))
	}
	return strings.Join(lines, "\n")
}

// What the runner turns back: in a message three characters, in a property two more.
var (
	gitHubData = lazy.Value[*strings.Replacer]{Make: func() *strings.Replacer {
		return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	}}
	gitHubProperty = lazy.Value[*strings.Replacer]{Make: func() *strings.Replacer {
		return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	}}
)

func annotate(out *bytes.Buffer, level, title, message string) {
	fmt.Fprintf(out, "::%s title=%s::%s\n", level, gitHubProperty.Get().Replace("opensrs-doctor: "+screen.Clean(title)),
		gitHubData.Get().Replace(message))
}

package report

import (
	"io"
	"regexp"
	"strings"
	"testing"
)

// Where nothing is claimed no format for people says how sure that is; JSON, whose list of confidences is closed, says
// "possible". So it is with a report of an older release, which had "certain" there.
func TestNoConfidenceWhereNothingIsClaimed(t *testing.T) {
	sure := regexp.MustCompile(`\b(certain|likely|possibl[ey])\b`)
	formats := map[string]func(io.Writer, *Report) error{
		"human":   func(w io.Writer, r *Report) error { return WriteText(w, r, TextOptions{Verbose: true}) },
		"quiet":   func(w io.Writer, r *Report) error { return WriteText(w, r, TextOptions{Quiet: true}) },
		"ticket":  func(w io.Writer, r *Report) error { return writeTicketReadme(w, r, nil, false) },
		"drawing": func(w io.Writer, r *Report) error { _, err := io.WriteString(w, breakLabel(r)); return err },
		"html":    WriteHTML, "markdown": WriteMarkdown, "nagios": WriteNagios, "junit": WriteJUnit, "github": WriteGitHub,
	}
	for _, name := range []string{"unexplained", "unexplained/dns"} {
		r := reportOf(fixtureOf(t, name))
		if d := r.Diagnoses[0]; d.Cause != unexplainedID || d.Confidence != Possible {
			t.Fatalf("%s: %s, %s", name, d.Cause, d.Confidence)
		}
		for _, old := range []bool{false, true} {
			if old {
				r.Diagnoses[0].Confidence = Certain
			}
			for format, write := range formats {
				text := written(t, r, write)
				if _, body, is := strings.Cut(text, "</style>"); is {
					text = body
				}
				if found := sure.FindString(text); found != "" {
					t.Errorf("%s, %s: %q in\n%s", name, format, found, text)
				}
			}
		}
	}
	r := reportOf(fixtureOf(t, "call.no-reply")) // a claim keeps its own
	for format, write := range formats {
		if format != "github" && format != "quiet" && !strings.Contains(written(t, r, write), "likely") {
			t.Errorf("%s does not say that it is likely", format)
		}
	}
}

package report_test

import (
	"io"
	"regexp"
	"strings"
	"testing"

	"opensrs-doctor/report"
	"opensrs-doctor/report/render"
	"opensrs-doctor/report/render/page"
	"opensrs-doctor/report/screen"
	"opensrs-doctor/report/ticket"
)

// Where nothing is claimed no format for people says how sure that is; JSON, whose list of confidences is closed, says
// "possible". So it is with a report of an older release, which had "certain" there.
func TestNoConfidenceWhereNothingIsClaimed(t *testing.T) {
	sure := regexp.MustCompile(`\b(certain|likely|possibl[ey])\b`)
	formats := map[string]func(io.Writer, *report.Report) error{
		"human": func(w io.Writer, r *report.Report) error {
			return render.WriteText(w, r, screen.Options{Verbose: true})
		},
		"quiet":   func(w io.Writer, r *report.Report) error { return render.WriteText(w, r, screen.Options{Quiet: true}) },
		"ticket":  func(w io.Writer, r *report.Report) error { return ticket.WriteTicketReadme(w, r, nil, false) },
		"drawing": func(w io.Writer, r *report.Report) error { _, err := io.WriteString(w, page.BreakLabel(r)); return err },
		"html":    page.WriteHTML, "markdown": render.WriteMarkdown, "nagios": render.WriteNagios, "junit": render.WriteJUnit, "github": render.WriteGitHub,
	}
	for _, name := range []string{"unexplained", "unexplained/dns"} {
		r := reportOf(fixtureOf(t, name))
		if d := r.Diagnoses[0]; d.Cause != report.UnexplainedID || d.Confidence != report.Possible {
			t.Fatalf("%s: %s, %s", name, d.Cause, d.Confidence)
		}
		for _, old := range []bool{false, true} {
			if old {
				r.Diagnoses[0].Confidence = report.Certain
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

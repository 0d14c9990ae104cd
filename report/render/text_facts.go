package render

import (
	"encoding/json"
	"strings"

	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
)

// Facts writes what a probe recorded, a line a value.
func Facts(s *screen.Writer, indent int, name string, document json.RawMessage) {
	factLines(s, indent, FactsOf(name, document), screen.Faint)
}

// Run writes what is known of the run itself and of the host.
func Run(s *screen.Writer, r *report.Report) {
	s.Blank()
	s.Paragraph("", 0, "This run", screen.Bold)
	factLines(s, 2, RunFacts(r), screen.Plain)
}

func factLines(s *screen.Writer, indent int, lines []FactLine, in screen.Style) {
	for _, f := range lines {
		at := indent + 2*f.Depth
		s.Hanging(at, at+2, f.Text(), in)
	}
}

// Text is a fact on one line: "key: value", and where lines belong below it, "key:".
func (f Fact) Text() string {
	if f.Key == "" {
		return f.Value
	}
	return strings.TrimSpace(f.Key + ": " + f.Value)
}

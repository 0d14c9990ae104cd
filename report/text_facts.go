package report

import (
	"encoding/json"
	"strings"
)

// facts writes what a probe recorded, a line a value.
func (s *screen) facts(indent int, name string, document json.RawMessage) {
	s.factLines(indent, factsOf(name, document), faint)
}

// run writes what is known of the run itself and of the host.
func (s *screen) run(r *Report) {
	s.blank()
	s.paragraph("", 0, "This run", bold)
	s.factLines(2, runFacts(r), plain)
}

func (s *screen) factLines(indent int, lines []factLine, in style) {
	for _, f := range lines {
		at := indent + 2*f.depth
		s.hanging(at, at+2, f.text(), in)
	}
}

// text is a fact on one line: "key: value", and where lines belong below it, "key:".
func (f fact) text() string {
	if f.key == "" {
		return f.value
	}
	return strings.TrimSpace(f.key + ": " + f.value)
}

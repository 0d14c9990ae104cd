package accessrules

import (
	"fmt"
	"io"
	"strings"

	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
)

// Lint is what is wrong with a list of rules. As JSON it is one document:
//
//	{"rules": ["allow 203.0.113.0/25", …], "problems": [{"id", "severity": "error|warning", "rule", "source",
//	"line", "text", "fix"}, …], "errors": n, "warnings": n}
//
// rules are those that could be read, and rule is a number in it from 1; 0 means that the problem is the whole
// list's, or a line's that is not a rule. source and line say where it is: the path of a file, or "--rule" with the
// flag's number. The ids stay the same from release to release.
type Lint struct {
	Rules    []string          `json:"rules"`
	Problems []iprules.Problem `json:"problems"`
	Errors   int               `json:"errors"`
	Warnings int               `json:"warnings"`
}

// NewLint counts the problems.
func NewLint(rules []iprules.Rule, problems []iprules.Problem) *Lint {
	l := &Lint{Rules: []string{}, Problems: append([]iprules.Problem{}, problems...)}
	for _, rule := range rules {
		l.Rules = append(l.Rules, rule.String())
	}
	for _, problem := range problems {
		if problem.Severity == iprules.SeverityError {
			l.Errors++
		} else {
			l.Warnings++
		}
	}
	return l
}

// WriteJSON writes the one document.
func (l *Lint) WriteJSON(w io.Writer) error {
	return report.WriteDocument(w, l)
}

// WriteText writes every problem with its place and its fix, and then their number.
func (l *Lint) WriteText(w io.Writer, o screen.Options) error {
	s := screen.New(o)
	for _, problem := range l.Problems {
		name := "warn"
		if problem.Severity == iprules.SeverityError {
			name = "fail"
		}
		mark, in := s.Mark(name)
		s.Raw(mark, in)
		s.Hanging(1, screen.WidthOf(mark)+1, placed(problem)+problem.Text+".", screen.Plain)
		s.Paragraph("", screen.WidthOf(mark)+1, problem.Fix, screen.Plain)
		s.Paragraph("", screen.WidthOf(mark)+1, problem.ID, screen.Faint)
		s.Raw("\n", screen.Plain)
	}
	rules := screen.CountWords(len(l.Rules), "rule", "rules")
	if len(l.Problems) == 0 {
		mark, in := s.Mark("pass")
		s.Raw(mark, in)
		s.Hanging(1, screen.WidthOf(mark)+1, rules+", and nothing is wrong with the list.", screen.Plain)
		return s.Print(w)
	}
	s.Paragraph("", 0, fmt.Sprintf("%s, %s in %s.", screen.CountWords(l.Errors, "error", "errors"),
		screen.CountWords(l.Warnings, "warning", "warnings"), rules), screen.Bold)
	return s.Print(w)
}

// placed is where a problem is, "rules.txt:3: " or "--rule 2: ", for the beginning of a line.
func placed(p iprules.Problem) string {
	switch {
	case p.Source == "" || p.Line == 0:
		return ""
	case strings.HasPrefix(p.Source, "--"):
		return fmt.Sprintf("%s %d: ", p.Source, p.Line)
	}
	return fmt.Sprintf("%s:%d: ", p.Source, p.Line)
}

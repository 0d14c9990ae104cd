package render

import (
	"fmt"
	"strings"

	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
)

// How many lines of evidence the screen shows of the first diagnosis, and of each further one. The JSON
// report and -v have all of them.
const (
	evidenceShown     = 6
	evidenceShownAlso = 2
)

// Diagnoses writes all of them: the first whole, and the others smaller.
func Diagnoses(s *screen.Writer, diagnoses []report.Diagnosis) {
	diagnosis(s, diagnoses[0])
	if len(diagnoses) > 1 {
		also(s, diagnoses[1:])
	}
}

// diagnosis writes the first one: what is wrong, why the evidence says so, what to do.
func diagnosis(s *screen.Writer, d report.Diagnosis) {
	sign, in := s.Mark(string(d.Severity))
	Headline(s, 0, sign, in, in, d)
	if s.Options.Quiet {
		s.Numbered(2, d.Fixes)
		return
	}
	reasons(s, 2, d, evidenceShown)
	if len(d.Fixes) > 0 {
		s.Blank()
		s.Numbered(2, d.Fixes)
	}
	s.Paragraph("  ", 2, "opensrs-doctor explain "+d.Cause, screen.Faint)
	sources(s, 2, d)
}

// also writes the further ones, smaller: the first has to be dealt with before them.
func also(s *screen.Writer, diagnoses []report.Diagnosis) {
	s.Blank()
	if s.Options.Quiet {
		for _, d := range diagnoses {
			diagnosis(s, d)
		}
		return
	}
	s.Paragraph("", 0, "Also:", screen.Plain)
	for _, d := range diagnoses {
		s.Blank()
		sign, in := s.Mark(string(d.Severity))
		Headline(s, 2, sign, in, screen.Plain, d)
		reasons(s, 4, d, evidenceShownAlso)
		s.Numbered(4, d.Fixes)
		sources(s, 4, d)
	}
}

// Headline writes the mark, the summary, the cause and the confidence, on one line where there is room.
func Headline(s *screen.Writer, indent int, sign string, signIn, in screen.Style, d report.Diagnosis) {
	s.Out.WriteString(strings.Repeat(" ", indent))
	s.Raw(sign, signIn)
	s.Out.WriteByte(' ')
	text := indent + screen.WidthOf(sign) + 1
	summary := s.Spell(screen.Clean(d.Summary))
	if summary == "" {
		summary = screen.Clean(d.Cause)
	}
	id := d.Qualified(screen.Clean(d.Cause))
	lines := screen.Wrap(summary, s.Room(text))
	for i, line := range lines {
		if i > 0 {
			s.Out.WriteString(strings.Repeat(" ", text))
		}
		s.Raw(line, in)
		last := i == len(lines)-1
		switch {
		case last && text+screen.WidthOf(line)+3+screen.WidthOf(id) <= s.Options.Width:
			s.Out.WriteString("   ")
			s.Raw(id, screen.Faint)
		case last:
			s.End()
			s.Out.WriteString(strings.Repeat(" ", text))
			s.Raw(id, screen.Faint)
		}
		s.End()
	}
}

// reasons writes the explanation as a paragraph and below it the evidence, at most limit lines of it.
func reasons(s *screen.Writer, indent int, d report.Diagnosis, limit int) {
	pad := strings.Repeat(" ", indent)
	s.Paragraph(pad, indent, d.Explanation, screen.Plain)
	evidence, left := d.Evidence, 0
	if !s.Options.Verbose && len(evidence) > limit {
		left = len(evidence) - limit
		evidence = evidence[:limit]
	}
	bullet := pad + "· "
	for _, line := range evidence {
		s.Paragraph(bullet, indent+2, line, screen.Plain)
	}
	if left > 0 {
		s.Paragraph(bullet, indent+2, fmt.Sprintf("and %d more, with -v", left), screen.Faint)
	}
	for _, line := range d.NotEvaluated {
		s.Paragraph(bullet, indent+2, line, screen.Plain)
	}
}

// sources writes, for somebody who wants to know more, the links and what the cause explains away.
func sources(s *screen.Writer, indent int, d report.Diagnosis) {
	if !s.Options.Verbose {
		return
	}
	pad := strings.Repeat(" ", indent)
	for _, link := range d.Docs {
		s.Paragraph(pad, indent, link, screen.Faint)
	}
	if len(d.Hides) > 0 {
		s.Paragraph(pad, indent, "Also explained by this: "+strings.Join(d.Hides, ", "), screen.Faint)
	}
}

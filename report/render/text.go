// Package render writes a report in each of its line formats: for people, JUnit, TAP, Markdown, Nagios, Prometheus and
// GitHub Actions. The HTML page is a room of its own, page.
package render

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose"
	"opensrs-doctor/report/screen"
)

// Rows of the screen: two columns of indent, the mark, the name, the sentence.
const (
	rowIndent = 2
	nameWidth = 6  // "egress"
	rowGap    = 2  // between the columns
	looseGap  = 8  // between the longest sentence and the durations, where there is room
	narrow    = 60 // a screen narrower than this shows no durations
)

// WriteText writes the report for a person: a row a probe, then what is wrong, why, and what to do.
func WriteText(w io.Writer, r *report.Report, o screen.Options) error {
	s := screen.New(o)
	if !o.Quiet {
		header(s, r)
		rows(s, r)
	}
	verdict(s, r)
	if o.Verbose && !o.Quiet {
		Run(s, r)
	}
	return s.Print(w)
}

func header(s *screen.Writer, r *report.Report) {
	dot := " · "
	if s.Options.ASCII {
		dot = " - "
	}
	const tool = "opensrs-doctor"
	if text := dot + screen.Clean(Service(r)) + dot + Endpoint(r); screen.WidthOf(tool+text) <= s.Options.Width {
		s.Raw(tool, screen.Bold)
		s.Raw(text, screen.Plain)
		s.End()
	} else {
		s.Paragraph("", 0, tool+text, screen.Plain)
	}
	s.End()
}

// Service is which of the services the run was about.
func Service(r *report.Report) string {
	if r.Target.CustomEndpoint && !r.Target.Sandbox {
		return r.Target.Environment + " (custom endpoint)"
	}
	return r.Target.Environment
}

// Endpoint is the host and port that the report is about, "host:port", fit to be printed.
func Endpoint(r *report.Report) string {
	return netaddr.HostPort{Host: screen.Clean(r.Target.Host), Port: r.Target.Port}.String()
}

// rows writes one row a probe. The durations have a column of their own at the right, as near to the
// sentences as they allow.
func rows(s *screen.Writer, r *report.Report) {
	markWidth := 1
	if s.Options.ASCII {
		markWidth = 2
	}
	indent := rowIndent + markWidth + 1 + nameWidth + rowGap
	times, timeWidth, longest := make([]string, len(r.Probes)), 0, 0
	for i, row := range r.Probes {
		if row.Status != evidence.Skip && s.Options.Width >= narrow {
			times[i] = screen.SpanMS(row.DurationMS)
		}
		timeWidth = max(timeWidth, len(times[i]))
		longest = max(longest, screen.WidthOf(s.Spell(screen.Clean(row.Summary))))
	}
	room := s.Room(indent)
	if timeWidth > 0 {
		room = max(room-rowGap-timeWidth, 20)
	}
	right := min(indent+min(longest, room)+looseGap+timeWidth, s.Options.Width)
	for i, row := range r.Probes {
		sign, in := s.Mark(string(row.Status))
		s.Out.WriteString(strings.Repeat(" ", rowIndent))
		s.Raw(fmt.Sprintf("%-*s", markWidth, sign), in)
		s.Out.WriteString(" ")
		s.Raw(fmt.Sprintf("%-*s", nameWidth+rowGap, screen.Clean(row.Name)), screen.Plain)
		for n, line := range screen.Wrap(s.Spell(screen.Clean(row.Summary)), room) {
			if n > 0 {
				s.Out.WriteString(strings.Repeat(" ", indent))
			}
			s.Raw(line, rowStyle(row.Status))
			if gap := right - indent - screen.WidthOf(line) - len(times[i]); n == 0 && times[i] != "" {
				s.Out.WriteString(strings.Repeat(" ", max(gap, 1)))
				s.Raw(times[i], screen.Faint)
			}
			s.End()
		}
		if s.Options.Verbose {
			Facts(s, indent, row.Name, row.Facts)
		}
	}
}

func rowStyle(status evidence.Status) screen.Style {
	if status == evidence.Skip {
		return screen.Faint
	}
	return screen.Plain
}

// verdict writes the diagnoses, or what was proven where there is nothing to complain about.
func verdict(s *screen.Writer, r *report.Report) {
	shown := r.Diagnoses
	if s.Options.Quiet {
		shown = nil
		for _, d := range r.Diagnoses {
			if d.Severity != report.Info {
				shown = append(shown, d)
			}
		}
	}
	passes := r.Found() == report.VerdictPass || len(shown) == 0
	if !passes {
		asOther(s, r)
	}
	if passes {
		s.Blank()
		writePassed(s, r)
	} else {
		s.Blank()
		diagnosis(s, shown[0])
		shown = shown[1:]
	}
	aside := func(d report.Diagnosis) bool {
		cause, _ := diagnose.Lookup(d.Cause)
		return cause.Aside && d.Severity == report.Info && !s.Options.Verbose
	}
	if more := slices.DeleteFunc(slices.Clone(shown), aside); len(more) > 0 {
		also(s, more)
	}
	for _, d := range shown {
		if aside(d) {
			s.Blank()
			sign, in := s.Mark(string(d.Severity))
			s.Marked(sign, in, HeadlineOf(d)+" ("+d.Cause+")", screen.Plain)
		}
	}
	if !passes && r.Found() == report.VerdictWarn {
		works(s, r)
	}
	if cut := r.CutWords(); cut != "" {
		s.Blank()
		s.Paragraph("", 0, cut, screen.Doubtful)
	}
}

// asOther tells, before what is wrong, as whom it is and what differs from this shell.
func asOther(s *screen.Writer, r *report.Report) {
	headline, lines := AsWords(r)
	if headline == "" {
		return
	}
	s.Blank()
	s.Paragraph("", 0, headline, screen.Bold)
	for _, line := range lines {
		s.Paragraph("  ", 4, line, screen.Plain)
	}
}

// writePassed says what a pass proves, and what it does not because it was not tried.
func writePassed(s *screen.Writer, r *report.Report) {
	headline, more := PassWords(r)
	sign, in := s.Mark("pass")
	if r.Interrupted {
		sign, in = s.Mark("skip")
	}
	s.Marked(sign, in, headline, screen.Bold)
	if !s.Options.Quiet {
		s.Paragraph("  ", 2, more, screen.Plain)
		s.Paragraph("  ", 2, SpeaksFor(r), screen.Faint)
	}
}

// PassWords are the headline of a pass, and what goes with it; "" where nothing does.
func PassWords(r *report.Report) (headline, more string) {
	untried := untried(r)
	headline = "This host can use the OpenSRS API."
	switch {
	case r.Interrupted:
		headline = "Nothing wrong was seen before the run was cut short."
	case Ended(r, "call") && r.Target.Sandbox:
		headline = "The sandbox accepts signed calls."
		more = "It runs inside this tool: this proves nothing about the real service."
	case Ended(r, "call"):
		more = fmt.Sprintf("The %s service accepted a signed call%s.", Service(r), by(r.Target.Username))
	case Ended(r, "tls"):
		headline = "This host reaches the OpenSRS API, as far as was tried."
		more = "Not tried: " + strings.Join(untried, ", ") +
			". Only the call proves that the service accepts the key and this host's address."
	default:
		headline = "Nothing wrong was found in what was tried."
		if len(untried) > 0 {
			more = "Not tried: " + strings.Join(untried, ", ") + "."
		}
	}
	return headline, more
}

func by(username string) string {
	if username = screen.Clean(username); username == "" {
		return ""
	}
	return " of " + username
}

// works tells, below a warning, that calls get through anyway.
func works(s *screen.Writer, r *report.Report) {
	if !Ended(r, "call") || s.Options.Quiet {
		return
	}
	s.Blank()
	sign, in := s.Mark("pass")
	s.Marked(sign, in, "Calls get through anyway: this one was accepted.", screen.Plain)
}

// Ended reports whether a probe ran and got what it wanted.
func Ended(r *report.Report, name string) bool {
	for _, row := range r.Probes {
		if row.Name == name {
			return row.Status == evidence.Pass || row.Status == evidence.Warn
		}
	}
	return false
}

// untried names the probes that did not run.
func untried(r *report.Report) []string {
	var names []string
	for _, row := range r.Probes {
		if row.Status == evidence.Skip {
			names = append(names, screen.Clean(row.Name))
		}
	}
	return names
}

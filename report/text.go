package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
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
func WriteText(w io.Writer, r *Report, o TextOptions) error {
	s := newScreen(o)
	if !o.Quiet {
		s.header(r)
		s.rows(r)
	}
	s.verdict(r)
	if o.Verbose && !o.Quiet {
		s.run(r)
	}
	return s.writeTo(w)
}

func (s *screen) header(r *Report) {
	dot := " · "
	if s.options.ASCII {
		dot = " - "
	}
	const tool = "opensrs-doctor"
	if text := dot + clean(service(r)) + dot + endpoint(r); widthOf(tool+text) <= s.options.Width {
		s.raw(tool, bold)
		s.raw(text, plain)
		s.end()
	} else {
		s.paragraph("", 0, tool+text, plain)
	}
	s.end()
}

// service is which of the services the run was about.
func service(r *Report) string {
	if r.Target.CustomEndpoint && !r.Target.Sandbox {
		return r.Target.Environment + " (custom endpoint)"
	}
	return r.Target.Environment
}

func endpoint(r *Report) string {
	return evidence.HostPort{Host: clean(r.Target.Host), Port: r.Target.Port}.String()
}

// rows writes one row a probe. The durations stand in a column of their own at the right, as near to the
// sentences as they allow.
func (s *screen) rows(r *Report) {
	markWidth := 1
	if s.options.ASCII {
		markWidth = 2
	}
	indent := rowIndent + markWidth + 1 + nameWidth + rowGap
	times, timeWidth, longest := make([]string, len(r.Probes)), 0, 0
	for i, row := range r.Probes {
		if row.Status != evidence.Skip && s.options.Width >= narrow {
			times[i] = spanMS(row.DurationMS)
		}
		timeWidth = max(timeWidth, len(times[i]))
		longest = max(longest, widthOf(s.spell(clean(row.Summary))))
	}
	room := s.room(indent)
	if timeWidth > 0 {
		room = max(room-rowGap-timeWidth, 20)
	}
	right := min(indent+min(longest, room)+looseGap+timeWidth, s.options.Width)
	for i, row := range r.Probes {
		sign, in := s.mark(string(row.Status))
		s.out.WriteString(strings.Repeat(" ", rowIndent))
		s.raw(fmt.Sprintf("%-*s", markWidth, sign), in)
		s.out.WriteString(" ")
		s.raw(fmt.Sprintf("%-*s", nameWidth+rowGap, clean(row.Name)), plain)
		for n, line := range wrap(s.spell(clean(row.Summary)), room) {
			if n > 0 {
				s.out.WriteString(strings.Repeat(" ", indent))
			}
			s.raw(line, rowStyle(row.Status))
			if gap := right - indent - widthOf(line) - len(times[i]); n == 0 && times[i] != "" {
				s.out.WriteString(strings.Repeat(" ", max(gap, 1)))
				s.raw(times[i], faint)
			}
			s.end()
		}
		if s.options.Verbose {
			s.facts(indent, row.Name, row.Facts)
		}
	}
}

func rowStyle(status evidence.Status) style {
	if status == evidence.Skip {
		return faint
	}
	return plain
}

// verdict writes the diagnoses, or what was proven where there is nothing to complain about.
func (s *screen) verdict(r *Report) {
	shown := r.Diagnoses
	if s.options.Quiet {
		shown = nil
		for _, d := range r.Diagnoses {
			if d.Severity != Info {
				shown = append(shown, d)
			}
		}
	}
	passes := r.found() == VerdictPass || len(shown) == 0
	if passes {
		s.blank()
		s.passed(r)
	} else {
		s.blank()
		s.diagnosis(shown[0])
		shown = shown[1:]
	}
	aside := func(d Diagnosis) bool {
		cause, _ := Lookup(d.Cause)
		return cause.Aside && d.Severity == Info && !s.options.Verbose
	}
	if also := slices.DeleteFunc(slices.Clone(shown), aside); len(also) > 0 {
		s.also(also)
	}
	for _, d := range shown {
		if aside(d) {
			s.blank()
			sign, in := s.mark(string(d.Severity))
			s.marked(sign, in, headlineOf(d)+" ("+d.Cause+")", plain)
		}
	}
	if !passes && r.found() == VerdictWarn {
		s.works(r)
	}
	if cut := r.CutWords(); cut != "" {
		s.blank()
		s.paragraph("", 0, cut, doubtful)
	}
}

// passed says what a pass proves, and what it does not because it was not tried.
func (s *screen) passed(r *Report) {
	headline, more := passWords(r)
	sign, in := s.mark("pass")
	if r.Interrupted {
		sign, in = s.mark("skip")
	}
	s.marked(sign, in, headline, bold)
	if !s.options.Quiet {
		s.paragraph("  ", 2, more, plain)
	}
}

// passWords are the headline of a pass, and what goes with it; "" where nothing does.
func passWords(r *Report) (headline, more string) {
	untried := untried(r)
	headline = "This host can use the OpenSRS API."
	switch {
	case r.Interrupted:
		headline = "Nothing wrong was seen before the run was cut short."
	case ended(r, "call") && r.Target.Sandbox:
		headline = "The sandbox accepts signed calls."
		more = "It runs inside this tool: this proves nothing about the real service."
	case ended(r, "call"):
		more = fmt.Sprintf("The %s service accepted a signed call%s.", service(r), by(r.Target.Username))
	case ended(r, "tls"):
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
	if username = clean(username); username == "" {
		return ""
	}
	return " of " + username
}

// works tells, below a warning, that calls get through anyway.
func (s *screen) works(r *Report) {
	if !ended(r, "call") || s.options.Quiet {
		return
	}
	s.blank()
	sign, in := s.mark("pass")
	s.marked(sign, in, "Calls get through anyway: this one was accepted.", plain)
}

// ended reports whether a probe ran and got what it wanted.
func ended(r *Report, name string) bool {
	for _, row := range r.Probes {
		if row.Name == name {
			return row.Status == evidence.Pass || row.Status == evidence.Warn
		}
	}
	return false
}

// untried names the probes that did not run.
func untried(r *Report) []string {
	var names []string
	for _, row := range r.Probes {
		if row.Status == evidence.Skip {
			names = append(names, clean(row.Name))
		}
	}
	return names
}

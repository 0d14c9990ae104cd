// Package screen lays out text for a terminal and for files: colour, wrapping, cleaning of what others said, and the few
// ways in which lists, days, times and numbers are written. Every room that writes for people writes with it, and so does
// the command itself; that is why it is not internal to report.
package screen

import (
	"fmt"
	"io"
	"strings"

	"github.com/fatih/color"

	"opensrs-doctor/probes/foreign"
)

// Options are how a person wants to read.
type Options struct {
	Color   bool // ANSI colours, for a terminal that shows them
	ASCII   bool // no sign beyond ASCII
	Quiet   bool // the verdict only: what is wrong, and what to do
	Verbose bool // every fact
	Width   int  // columns; 0: 80. A word that is wider stays whole
}

// DefaultWidth is the width of a screen that nobody measured, in columns.
const DefaultWidth = 80

// Style is a colour of one meaning.
type Style int

// The styles, by what they say; which colour that is Writer knows.
const (
	Plain    Style = iota // no colour
	Good                  // passed
	Doubtful              // a warning
	Bad                   // failed
	Bold                  // a title
	Faint                 // what may be passed over
)

// Writer is the one place that colours and wraps. Everything that is written to it is cleaned first.
type Writer struct {
	Out     strings.Builder
	Options Options
	styles  map[Style]*color.Color
}

// New is a writer with nothing written. A width of 0 or less is DefaultWidth.
func New(o Options) *Writer {
	if o.Width <= 0 {
		o.Width = DefaultWidth
	}
	s := &Writer{Options: o, styles: map[Style]*color.Color{
		Good:     color.New(color.FgGreen),
		Doubtful: color.New(color.FgYellow, color.Bold),
		Bad:      color.New(color.FgRed, color.Bold),
		Bold:     color.New(color.Bold),
		Faint:    color.New(color.Faint),
	}}
	for _, c := range s.styles { // one by one: the package's own switch is shared by everybody
		if o.Color {
			c.EnableColor()
		} else {
			c.DisableColor()
		}
	}
	return s
}

// Print writes what has been laid out so far.
func (s *Writer) Print(w io.Writer) error { return WriteLines(w, s.Out.String()) }

// WriteLines writes finished lines, and parts what a CI system would obey once more: what is clean piece by piece may
// be an order when it is put together.
func WriteLines(w io.Writer, lines string) error {
	_, err := io.WriteString(w, foreign.Disarm(lines))
	return err
}

// Blank leaves one line empty, and never two, nor the first.
func (s *Writer) Blank() {
	if text := s.Out.String(); text != "" && !strings.HasSuffix(text, "\n\n") {
		s.Out.WriteByte('\n')
	}
}

// Raw writes text that needs no wrapping, in a style.
func (s *Writer) Raw(text string, in Style) {
	text = s.Spell(text)
	if c := s.styles[in]; c != nil && text != "" {
		text = c.Sprint(text)
	}
	s.Out.WriteString(text)
}

// End ends a line that Raw has begun.
func (s *Writer) End() { s.Out.WriteByte('\n') }

// Spell gives the text in the letters that the screen has.
func (s *Writer) Spell(text string) string {
	if s.Options.ASCII {
		return asciiOnly(text)
	}
	return text
}

// Paragraph writes text behind lead, from the column rest, and its further lines below it.
func (s *Writer) Paragraph(lead string, rest int, text string, in Style) {
	text = s.Spell(Clean(text))
	if text == "" {
		return
	}
	lead = s.Spell(lead)
	s.Out.WriteString(lead)
	if gap := rest - WidthOf(lead); gap > 0 {
		s.Out.WriteString(strings.Repeat(" ", gap))
	}
	for i, line := range Wrap(text, s.Room(rest)) {
		if i > 0 {
			s.Out.WriteString(strings.Repeat(" ", rest))
		}
		s.Raw(line, in)
		s.End()
	}
}

// Marked writes text behind a sign, and its further lines below its first word.
func (s *Writer) Marked(sign string, signIn Style, text string, in Style) {
	s.Raw(sign, signIn)
	rest := WidthOf(sign) + 1
	for i, line := range Wrap(s.Spell(Clean(text)), s.Room(rest)) {
		if i == 0 {
			s.Out.WriteByte(' ')
		} else {
			s.Out.WriteString(strings.Repeat(" ", rest))
		}
		s.Raw(line, in)
		s.End()
	}
}

// Hanging writes text from column first, and its further lines from the column rest, which is farther in.
func (s *Writer) Hanging(first, rest int, text string, in Style) {
	for i, line := range Wrap(s.Spell(Clean(text)), s.Room(rest)) {
		if i == 0 {
			s.Out.WriteString(strings.Repeat(" ", first))
		} else {
			s.Out.WriteString(strings.Repeat(" ", rest))
		}
		s.Raw(line, in)
		s.End()
	}
}

// Room is how many columns are left for text that begins at column indent; never so few that a column of
// single words results.
func (s *Writer) Room(indent int) int { return max(s.Options.Width-indent, 18) }

// Numbered writes steps, each with a number and a hanging indent.
func (s *Writer) Numbered(indent int, steps []string) {
	number := 0
	for _, step := range steps {
		if step = Clean(step); step == "" {
			continue
		}
		number++
		lead := fmt.Sprintf("%*s%d. ", indent, "", number)
		s.Paragraph(lead, len(lead), step, Plain)
	}
}

// Mark is the sign of a status or a severity, with its style.
func (s *Writer) Mark(of string) (string, Style) {
	marks := map[string]struct {
		sign, ascii string
		in          Style
	}{
		"pass": {"✓", "ok", Good},
		"warn": {"!", "!", Doubtful},
		"fail": {"✗", "x", Bad},
		"skip": {"–", "-", Faint},
		"info": {"i", "i", Bold},

		"incomplete": {"–", "-", Faint},
	}
	m, ok := marks[of]
	switch {
	case !ok:
		return "?", Plain
	case s.Options.ASCII:
		return m.ascii, m.in
	}
	return m.sign, m.in
}

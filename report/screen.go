package report

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/fatih/color"

	"opensrs-doctor/probes/foreign"
)

// TextOptions are how a person wants to read.
type TextOptions struct {
	Color   bool // ANSI colours, for a terminal that shows them
	ASCII   bool // no sign beyond ASCII
	Quiet   bool // the verdict only: what is wrong, and what to do
	Verbose bool // every fact
	Width   int  // columns; 0: 80. A word that is wider stays whole
}

// defaultWidth is the width of a screen that nobody measured, in columns.
const defaultWidth = 80

// style is a colour of one meaning.
type style int

const (
	plain style = iota
	good
	doubtful
	bad
	bold
	faint
)

// screen is the one place that colours and wraps. Everything that is written to it is cleaned first.
type screen struct {
	out     strings.Builder
	options TextOptions
	styles  map[style]*color.Color
}

func newScreen(o TextOptions) *screen {
	if o.Width <= 0 {
		o.Width = defaultWidth
	}
	s := &screen{options: o, styles: map[style]*color.Color{
		good:     color.New(color.FgGreen),
		doubtful: color.New(color.FgYellow, color.Bold),
		bad:      color.New(color.FgRed, color.Bold),
		bold:     color.New(color.Bold),
		faint:    color.New(color.Faint),
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

func (s *screen) writeTo(w io.Writer) error { return writeLines(w, s.out.String()) }

// writeLines writes finished lines, and parts what a CI system would obey once more: what is clean piece by piece may
// be an order when it is put together.
func writeLines(w io.Writer, lines string) error {
	_, err := io.WriteString(w, foreign.Disarm(lines))
	return err
}

// blank leaves one line empty, and never two, nor the first.
func (s *screen) blank() {
	if text := s.out.String(); text != "" && !strings.HasSuffix(text, "\n\n") {
		s.out.WriteByte('\n')
	}
}

// raw writes text that needs no wrapping, in a style.
func (s *screen) raw(text string, in style) {
	text = s.spell(text)
	if c := s.styles[in]; c != nil && text != "" {
		text = c.Sprint(text)
	}
	s.out.WriteString(text)
}

func (s *screen) end() { s.out.WriteByte('\n') }

// spell gives the text in the letters that the screen has.
func (s *screen) spell(text string) string {
	if s.options.ASCII {
		return asciiOnly(text)
	}
	return text
}

// paragraph writes text behind lead, from the column rest, and its further lines below it.
func (s *screen) paragraph(lead string, rest int, text string, in style) {
	text = s.spell(clean(text))
	if text == "" {
		return
	}
	lead = s.spell(lead)
	s.out.WriteString(lead)
	if gap := rest - widthOf(lead); gap > 0 {
		s.out.WriteString(strings.Repeat(" ", gap))
	}
	for i, line := range wrap(text, s.room(rest)) {
		if i > 0 {
			s.out.WriteString(strings.Repeat(" ", rest))
		}
		s.raw(line, in)
		s.end()
	}
}

// marked writes text behind a sign, and its further lines below its first word.
func (s *screen) marked(sign string, signIn style, text string, in style) {
	s.raw(sign, signIn)
	rest := widthOf(sign) + 1
	for i, line := range wrap(s.spell(clean(text)), s.room(rest)) {
		if i == 0 {
			s.out.WriteByte(' ')
		} else {
			s.out.WriteString(strings.Repeat(" ", rest))
		}
		s.raw(line, in)
		s.end()
	}
}

// hanging writes text from column first, and its further lines from the column rest, which is farther in.
func (s *screen) hanging(first, rest int, text string, in style) {
	for i, line := range wrap(s.spell(clean(text)), s.room(rest)) {
		if i == 0 {
			s.out.WriteString(strings.Repeat(" ", first))
		} else {
			s.out.WriteString(strings.Repeat(" ", rest))
		}
		s.raw(line, in)
		s.end()
	}
}

// room is how many columns are left for text that begins at column indent; never so few that a column of
// single words results.
func (s *screen) room(indent int) int { return max(s.options.Width-indent, 18) }

// numbered writes steps, each with a number and a hanging indent.
func (s *screen) numbered(indent int, steps []string) {
	number := 0
	for _, step := range steps {
		if step = clean(step); step == "" {
			continue
		}
		number++
		lead := fmt.Sprintf("%*s%d. ", indent, "", number)
		s.paragraph(lead, len(lead), step, plain)
	}
}

// mark is the sign of a status or a severity, with its style.
func (s *screen) mark(of string) (string, style) {
	marks := map[string]struct {
		sign, ascii string
		in          style
	}{
		"pass": {"✓", "ok", good},
		"warn": {"!", "!", doubtful},
		"fail": {"✗", "x", bad},
		"skip": {"–", "-", faint},

		VerdictIncomplete: {"–", "-", faint},

		"info": {"i", "i", bold},
	}
	m, ok := marks[of]
	switch {
	case !ok:
		return "?", plain
	case s.options.ASCII:
		return m.ascii, m.in
	}
	return m.sign, m.in
}

// spanMS is a duration of so many milliseconds as one reads it: "0 ms", "41 ms", "3.0 s", "2 min 5 s".
func spanMS(ms float64) string {
	switch rounded := math.Round(ms); {
	case rounded < 1000:
		return fmt.Sprintf("%.0f ms", rounded)
	case rounded < 99950:
		return fmt.Sprintf("%.1f s", rounded/1000)
	default:
		seconds := math.Round(ms / 1000)
		return fmt.Sprintf("%.0f min %.0f s", math.Floor(seconds/60), math.Mod(seconds, 60))
	}
}

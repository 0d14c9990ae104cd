package report

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrUnknownCause is in the error of an explanation that was asked for a word that names no cause.
var ErrUnknownCause = errors.New("no such cause")

// Explain writes the page of one cause, for somebody who meets it the first time and has no run at hand.
func Explain(w io.Writer, id string, o TextOptions) error {
	cause, err := find(id)
	if err != nil {
		return err
	}
	return explainCause(w, cause, o)
}

// ExplainJSON writes the page of one cause as one JSON document.
func ExplainJSON(w io.Writer, id string) error {
	cause, err := find(id)
	if err != nil {
		return err
	}
	return WriteDocument(w, pageOf(cause))
}

// ExplainList writes every cause with one line of what it is, grouped by where it belongs.
func ExplainList(w io.Writer, o TextOptions) error { return listCauses(w, Causes(), o) }

// ExplainListJSON writes every cause with its page, as one JSON document.
func ExplainListJSON(w io.Writer) error { return listPages(w, Causes()) }

func find(id string) (Cause, error) {
	cause, ok := Lookup(id)
	if !ok {
		return Cause{}, fmt.Errorf("%w: %q", ErrUnknownCause, clip(clean(id), 60))
	}
	return cause, nil
}

// page is a cause without a run: every text in general.
type page struct {
	Cause        string   `json:"cause"`
	Severity     Severity `json:"severity"`
	Probe        string   `json:"probe"`
	Summary      string   `json:"summary"`
	Means        string   `json:"means"`
	Recognised   string   `json:"recognised"`
	Fixes        []string `json:"fixes"`
	Docs         []string `json:"docs"`
	Hides        []string `json:"hides"`
	PassesByTime bool     `json:"passes_by_itself"`
}

func pageOf(c Cause) page {
	p := page{
		Cause:        c.ID,
		Severity:     c.Severity,
		Probe:        c.Probe,
		Summary:      fillGeneric(c.Summary, nil),
		Means:        fillGeneric(c.Means, nil),
		Recognised:   fillGeneric(c.Recognised, nil),
		Fixes:        []string{},
		Docs:         append([]string{}, c.Docs...),
		Hides:        append([]string{}, c.Hides...),
		PassesByTime: c.Passes,
	}
	for _, fix := range c.Fixes {
		if text := fillGeneric(fix, nil); text != "" {
			p.Fixes = append(p.Fixes, text)
		}
	}
	return p
}

func explainCause(w io.Writer, c Cause, o TextOptions) error {
	s, p := newScreen(o), pageOf(c)
	sign, in := s.mark(string(p.Severity))
	s.raw(sign, in)
	text := widthOf(sign) + 1
	s.paragraph(" ", 1, p.Summary, bold)
	s.paragraph(strings.Repeat(" ", text), text, kindOfCause(p), faint)
	s.section("What it means", p.Means)
	s.section("How it is recognised", p.Recognised)
	if len(p.Fixes) > 0 {
		s.blank()
		s.paragraph("", 0, "How to fix it", bold)
		s.numbered(2, p.Fixes)
	}
	s.section("Also explained by this", strings.Join(p.Hides, ", "))
	if len(p.Docs) > 0 {
		s.blank()
		s.paragraph("", 0, "Links", bold)
		for _, link := range p.Docs {
			s.paragraph("  ", 2, link, plain)
		}
	}
	return s.writeTo(w)
}

// kindOfCause is the line below the title: the ID, how bad it is, and where it shows.
func kindOfCause(p page) string {
	words := []string{p.Cause, map[Severity]string{
		Fail: "a failure", Warn: "a warning", Info: "information",
	}[p.Severity]}
	if p.Probe != "" {
		words = append(words, "probe "+p.Probe)
	}
	if p.PassesByTime {
		words = append(words, "can pass by itself")
	}
	return strings.Join(words, ", ")
}

// section writes a title and its paragraphs, which blank lines divide; nothing where there is no text.
func (s *screen) section(title, text string) {
	if clean(text) == "" {
		return
	}
	s.blank()
	s.paragraph("", 0, title, bold)
	for i, part := range strings.Split(text, "\n\n") {
		if i > 0 {
			s.blank()
		}
		s.paragraph("  ", 2, part, plain)
	}
}

func listCauses(w io.Writer, causes []Cause, o TextOptions) error {
	s := newScreen(o)
	widest := 0
	for _, c := range causes {
		widest = max(widest, len(c.ID))
	}
	group := ""
	for _, c := range causes {
		if prefix, _, _ := strings.Cut(c.ID, "."); prefix != group {
			group = prefix
			s.blank()
			s.paragraph("", 0, group, bold)
		}
		lead := fmt.Sprintf("  %-*s  ", widest, c.ID)
		s.paragraph(lead, len(lead), fillGeneric(c.Summary, nil), plain)
	}
	s.blank()
	s.paragraph("", 0, "opensrs-doctor explain CAUSE tells what one means and how to fix it.", plain)
	return s.writeTo(w)
}

func listPages(w io.Writer, causes []Cause) error {
	pages := []page{}
	for _, c := range causes {
		pages = append(pages, pageOf(c))
	}
	return WriteDocument(w, pages)
}

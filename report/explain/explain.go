// Package explain writes the pages on causes, topics, codes, and the texts of other programs' errors.
package explain

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/screen"
)

// ErrUnknownCause is in the error of an explanation that was asked for a word that names no cause.
var ErrUnknownCause error = unknownCause{}

type unknownCause struct{}

func (unknownCause) Error() string { return "no such cause" }

// Explain writes the page of one cause, for somebody who meets it the first time and has no run at hand.
func Explain(w io.Writer, id string, o screen.Options) error {
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
	return report.WriteDocument(w, PageOf(cause))
}

// ExplainList writes every cause with one line of what it is, grouped by where it belongs.
func ExplainList(w io.Writer, o screen.Options) error {
	return listCauses(w, diagnose.Causes(), "opensrs-doctor explain CAUSE says what one means and how to fix it.", o)
}

// List writes the causes of those IDs as ExplainList does, with a last line of the caller's. An ID that is none is left out.
func List(w io.Writer, ids []string, last string, o screen.Options) error {
	some := slices.DeleteFunc(diagnose.Causes(), func(c diagnose.Cause) bool { return !slices.Contains(ids, c.ID) })
	return listCauses(w, some, last, o)
}

// ExplainListJSON writes every cause with its page, as one JSON document.
func ExplainListJSON(w io.Writer) error { return listPages(w, diagnose.Causes()) }

func find(id string) (diagnose.Cause, error) {
	cause, ok := diagnose.Lookup(id)
	if !ok {
		return diagnose.Cause{}, fmt.Errorf("%w: %q", ErrUnknownCause, screen.Clip(screen.Clean(id), 60))
	}
	return cause, nil
}

// Page is a cause without a run: every text in general.
type Page struct {
	Cause        string          `json:"cause"`
	Severity     report.Severity `json:"severity"`
	Probe        string          `json:"probe"`
	Summary      string          `json:"summary"`
	Means        string          `json:"means"`
	Recognised   string          `json:"recognised"`
	Fixes        []string        `json:"fixes"`
	Docs         []string        `json:"docs"`
	Hides        []string        `json:"hides"`
	PassesByTime bool            `json:"passes_by_itself"`
}

// PageOf is the page of a cause. Its lists are empty, never nil, where there is nothing in them.
func PageOf(c diagnose.Cause) Page {
	p := Page{
		Cause:        c.ID,
		Severity:     c.Severity,
		Probe:        c.Probe,
		Summary:      prose.FillGeneric(c.Summary, nil),
		Means:        prose.FillGeneric(c.Means, nil),
		Recognised:   prose.FillGeneric(c.Recognised, nil),
		Fixes:        []string{},
		Docs:         append([]string{}, c.Docs...),
		Hides:        append([]string{}, c.Hides...),
		PassesByTime: c.Passes,
	}
	for _, fix := range c.Fixes {
		if text := prose.FillGeneric(fix, nil); text != "" {
			p.Fixes = append(p.Fixes, text)
		}
	}
	return p
}

func explainCause(w io.Writer, c diagnose.Cause, o screen.Options) error {
	s, p := screen.New(o), PageOf(c)
	sign, in := s.Mark(string(p.Severity))
	s.Raw(sign, in)
	text := screen.WidthOf(sign) + 1
	s.Paragraph(" ", 1, p.Summary, screen.Bold)
	s.Paragraph(strings.Repeat(" ", text), text, kindOfCause(p), screen.Faint)
	section(s, "What it means", p.Means)
	section(s, "How it is recognised", p.Recognised)
	if len(p.Fixes) > 0 {
		s.Blank()
		s.Paragraph("", 0, "How to fix it", screen.Bold)
		s.Numbered(2, p.Fixes)
	}
	section(s, "Also explained by this", strings.Join(p.Hides, ", "))
	if len(p.Docs) > 0 {
		s.Blank()
		s.Paragraph("", 0, "Links", screen.Bold)
		for _, link := range p.Docs {
			s.Paragraph("  ", 2, link, screen.Plain)
		}
	}
	return s.Print(w)
}

// kindOfCause is the line below the title: the ID, how bad it is, and where it shows.
func kindOfCause(p Page) string {
	words := []string{p.Cause, map[report.Severity]string{
		report.Fail: "a failure", report.Warn: "a warning", report.Info: "information",
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
func section(s *screen.Writer, title, text string) {
	if screen.Clean(text) == "" {
		return
	}
	s.Blank()
	s.Paragraph("", 0, title, screen.Bold)
	for i, part := range strings.Split(text, "\n\n") {
		if i > 0 {
			s.Blank()
		}
		s.Paragraph("  ", 2, part, screen.Plain)
	}
}

func listCauses(w io.Writer, causes []diagnose.Cause, last string, o screen.Options) error {
	s := screen.New(o)
	widest := 0
	var groups []string
	members := map[string][]diagnose.Cause{}
	for _, c := range causes {
		widest = max(widest, len(c.ID))
		group, _, _ := strings.Cut(c.ID, ".")
		if members[group] == nil { // the catalogue may leave a group and come back to it
			groups = append(groups, group)
		}
		members[group] = append(members[group], c)
	}
	for _, group := range groups {
		s.Blank()
		s.Paragraph("", 0, group, screen.Bold)
		for _, c := range members[group] {
			lead := fmt.Sprintf("  %-*s  ", widest, c.ID)
			s.Paragraph(lead, len(lead), prose.FillGeneric(c.Summary, nil), screen.Plain)
		}
	}
	s.Blank()
	s.Paragraph("", 0, last, screen.Plain)
	return s.Print(w)
}

func listPages(w io.Writer, causes []diagnose.Cause) error {
	pages := []Page{}
	for _, c := range causes {
		pages = append(pages, PageOf(c))
	}
	return report.WriteDocument(w, pages)
}

// IDs are those of all causes, in the order of the catalogue.
func IDs() []string {
	var ids []string
	for _, cause := range diagnose.Causes() {
		ids = append(ids, cause.ID)
	}
	return ids
}

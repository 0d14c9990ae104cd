package fleet

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

// style is the page's own.
//
//go:embed page.css
var style string

// Bounds of the page.
const (
	mostColumns = 12   // causes beside one another
	mostRows    = 1000 // of a table
)

// WriteHTML writes a page that loads nothing and runs no script: hosts and causes, addresses and rules, and what parts the
// failing hosts from the others. Every text is escaped by the library.
func WriteHTML(w io.Writer, f *Fleet, plan string) error {
	digest := sha256.Sum256([]byte(style))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) + "'; base-uri 'none'; form-action 'none'"
	var out bytes.Buffer
	document := g.Group{g.Raw("<!DOCTYPE html>\n"), h.HTML(h.Lang("en"),
		h.Head(h.Meta(h.Charset("utf-8")), h.Meta(g.Attr("http-equiv", "Content-Security-Policy"), h.Content(policy)),
			h.Meta(h.Name("viewport"), h.Content("width=device-width, initial-scale=1")), h.Meta(h.Name("referrer"), h.Content("no-referrer")),
			h.Meta(h.Name("robots"), h.Content("noindex")), h.TitleEl(g.Text(f.Headline()+" · opensrs-doctor fleet")), h.StyleEl(g.Raw(style))),
		h.Body(
			h.Header(h.Class(f.Verdict), h.P(g.Text("opensrs-doctor fleet")), h.H1(g.Text(f.Headline())), f.span()),
			h.Main(f.parts(), f.causesTable(), f.grid(), f.addressTable(), f.keyTable(), f.planPart(plan),
				listPart("Notes", f.Notes), listPart("Not read", f.unreadWords())),
			h.Footer(h.P(g.Text("This page loads nothing and runs no script."))),
		),
	)}
	if err := document.Render(&out); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err := w.Write(out.Bytes())
	return err
}

func (f *Fleet) span() g.Node {
	if f.Until.IsZero() {
		return nil
	}
	return h.P(g.Text("Reports from " + f.From.UTC().Format("2 January 2006, 15:04") + " to " + f.Until.UTC().Format("2 January 2006, 15:04 UTC")))
}

// parts marks what parts the failing hosts from the others.
func (f *Fleet) parts() g.Node {
	if len(f.Causes) == 0 {
		return nil
	}
	if len(f.Separating) == 0 {
		return h.P(h.Class("none"), g.Text(f.NoPattern()))
	}
	return h.Section(h.H2(g.Text("What the failing hosts share")), g.Map(f.Separating, func(s Separating) g.Node {
		return h.P(h.Class("mark"), h.Strong(g.Text(s.Cause+": ")), g.Text(s.Words()))
	}))
}

func (f *Fleet) causesTable() g.Node {
	return tablePart("Root causes", []string{"Cause", "Hosts", "What", "First step"}, f.Causes, func(c Cause) g.Node {
		return h.Tr(h.Class(c.Severity), h.Td(h.Code(g.Text(c.Cause))), number(c.Hosts), h.Td(g.Text(c.Summary)), h.Td(g.Text(c.Fix)))
	})
}

// grid is hosts by causes: a mark where a host has a cause, a full one where it is the root.
func (f *Fleet) grid() g.Node {
	if len(f.Grid) == 0 {
		return nil
	}
	var columns []string
	for _, c := range f.Causes[:min(len(f.Causes), mostColumns)] {
		columns = append(columns, c.Cause)
	}
	rows := f.Grid[:min(len(f.Grid), mostRows)]
	left := ""
	if n := f.Hosts - f.Verdicts["pass"] - len(rows); n > 0 {
		left = fmt.Sprintf("%d more hosts do not pass; the JSON document counts them.", n)
	}
	return h.Section(h.H2(g.Text("Hosts that do not pass")), h.Div(h.Class("wide"), h.Table(h.Class("grid"),
		h.THead(h.Tr(h.Th(g.Text("Host")), g.Map(columns, func(c string) g.Node { return h.Th(h.Span(g.Text(c))) }))),
		h.TBody(g.Map(rows, func(one GridHost) g.Node {
			return h.Tr(h.Td(g.Text(one.Name)), g.Map(columns, func(c string) g.Node {
				switch slices.Index(one.Causes, c) {
				case -1:
					return h.Td()
				case 0:
					return h.Td(h.Class(one.Verdict), g.Attr("title", c), g.Text("●"))
				}
				return h.Td(h.Class(one.Verdict), g.Attr("title", c), g.Text("○"))
			}))
		})))), g.If(left != "", h.P(g.Text(left))))
}

func (f *Fleet) addressTable() g.Node {
	return tablePart("Public addresses and the access rules", []string{"Address", "Hosts", "Rules", "Such as"}, f.Egress, func(a Address) g.Node {
		return h.Tr(h.Class(map[string]string{"allow": "pass", "deny": "fail"}[a.Verdict]), h.Td(h.Code(g.Text(a.Address))), number(a.Hosts),
			h.Td(g.Text(a.Verdict)), suchAs(a.Names))
	})
}

func (f *Fleet) keyTable() g.Node {
	return tablePart("API keys, by fingerprint", []string{"Fingerprint", "Hosts", "Read from", "Such as"}, f.Keys, func(k Key) g.Node {
		return h.Tr(h.Td(h.Code(g.Text(k.Fingerprint))), number(k.Hosts), h.Td(g.Text(strings.Join(k.Sources, ", "))), suchAs(k.Names))
	})
}

// tablePart is a section with a row for each of the first items; nothing where there are none.
func tablePart[T any](title string, heads []string, items []T, row func(T) g.Node) g.Node {
	if len(items) == 0 {
		return nil
	}
	return h.Section(h.H2(g.Text(title)), h.Table(
		h.THead(h.Tr(g.Map(heads, func(head string) g.Node { return h.Th(g.Text(head)) }))),
		h.TBody(g.Map(items[:min(len(items), mostRows)], row))))
}

func number(n int) g.Node { return h.Td(h.Class("number"), g.Text(strconv.Itoa(n))) }

func suchAs(names []string) g.Node {
	return h.Td(g.Text(strings.Join(names[:min(len(names), mostNamed)], ", ")))
}

func (f *Fleet) planPart(plan string) g.Node {
	if plan == "" {
		return nil
	}
	return h.Section(h.H2(g.Text("Access rules for the whole fleet")), h.Pre(g.Text(plan)))
}

func (f *Fleet) unreadWords() (all []string) {
	for _, u := range f.Unreadable {
		all = append(all, u.words())
	}
	return all
}

func listPart(title string, texts []string) g.Node {
	if len(texts) == 0 {
		return nil
	}
	return h.Section(h.H2(g.Text(title)), h.Ul(g.Map(texts[:min(len(texts), mostRows)], func(text string) g.Node { return h.Li(g.Text(text)) })))
}

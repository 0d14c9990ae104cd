package page

import (
	_ "embed"
	"strconv"

	"opensrs-doctor/probes/lazy"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

// signs are the drawings that the page uses, each under its name.
//
//go:embed signs.svg
var signs string

// Every text below is escaped by the library, in elements and in attributes; what is ours and passes as it is says Raw.
// The one address that a report can put into the page is a link's, which newPageDiagnosis lets be of the web only.

func document(p htmlPage) g.Node {
	return g.Group{g.Raw("<!DOCTYPE html>\n"), h.HTML(h.Lang("en"),
		h.Head(
			h.Meta(h.Charset("utf-8")),
			h.Meta(g.Attr("http-equiv", "Content-Security-Policy"), h.Content(p.Policy)),
			meta("viewport", "width=device-width, initial-scale=1"),
			meta("referrer", "no-referrer"),
			meta("robots", "noindex"),
			meta("generator", p.Generator),
			h.TitleEl(g.Text(p.Title)),
			h.Link(h.Rel("icon"), h.Href("data:,")),
			h.StyleEl(g.Raw(PageStyle)),
		),
		h.Body(
			g.Raw(signs),
			top(p),
			h.Main(h.Class("wide"), drawn(p), told(p)),
			h.Footer(h.Class("wide"), h.P(g.Text("Made by "+p.Generator+" from one report. This page loads nothing and runs no script."))),
		),
	)}
}

func meta(name, content string) g.Node { return h.Meta(h.Name(name), h.Content(content)) }

// classed is an element with a class and a text; nothing where there is no text.
func classed(element func(...g.Node) g.Node, class, text string) g.Node {
	return g.If(text != "", element(g.If(class != "", h.Class(class)), g.Text(text)))
}

// space parts what is on one line.
func space() g.Node { return g.Text(" ") }

// top is what the page is about, and the verdict.
func top(p htmlPage) g.Node {
	return h.Header(h.Class(string(p.Mark)),
		h.P(h.Class("top wide"),
			h.Strong(g.Text("opensrs-doctor")), space(), h.Span(g.Text(p.Service)), space(), h.Span(h.Class("mono"), g.Text(p.Endpoint)), space(),
			h.Span(h.Class("when"), g.If(p.Hostname != "", g.Text(p.Hostname+", ")), h.Time(h.DateTime(p.Started), g.Text(p.StartedWords))),
		),
		h.Div(h.Class("hero wide"),
			h.Span(h.Class("seal"), sign(p.Mark)),
			h.P(h.Class("kicker"), h.B(g.Text(p.VerdictWords)), space(), classed(h.Span, "mono", p.Cause)),
			h.H1(g.Text(p.Headline)),
			h.Div(h.Class("lead"),
				g.If(p.Lead != "", h.P(kept(p.Lead))),
				g.Map(p.Notes, func(note string) g.Node { return classed(h.P, "note", note) }),
			),
			g.If(p.First != "", h.P(h.Class("first"), h.B(g.Text("First")), space(), kept(p.First),
				g.If(p.MoreSteps, g.Group{space(), h.A(h.Href("#fixes"), g.Text("All steps"))}))),
		),
	)
}

// card is a section with a heading.
func card(id, heading string, content ...g.Node) g.Node {
	return h.Section(h.Aria("labelledby", id), h.H2(h.ID(id), g.Text(heading)), g.Group(content))
}

func drawn(p htmlPage) g.Node {
	return h.Div(h.Class("drawn"),
		card("way", "The path to the API", h.Class("way-card"), h.Ol(h.Class("way"), g.Map(p.Places, stop))),
		g.Iff(p.Time != nil, func() g.Node { return timeCard(p.Time) }),
	)
}

func stop(p pagePlace) g.Node {
	class := "place " + string(p.Mark)
	if p.Break {
		class += " break"
	}
	if p.On {
		class += " on"
	}
	return h.Li(h.Class(class),
		h.Span(h.Class("dot"), h.SVG(h.Aria("hidden", "true"), use("place-"+string(p.Kind))), h.Span(h.Class("badge"), sign(p.Mark))),
		h.Div(h.Class("what"),
			classed(h.P, "label", p.Label),
			g.If(p.Name != "", h.P(h.Class("head"), h.Span(h.Class("name"), g.Text(p.Name)), space(), classed(h.Span, "id", p.ID))),
			classed(h.P, "words", p.Words),
		),
	)
}

func timeCard(t *pageTime) g.Node {
	return card("time", "Where the time went",
		bars("time", []string{"Step", "Begins", "Takes"}, t.Bars, func(b pageBar) g.Node {
			return h.Tr(h.Class(string(b.Mark)), bar(b, b.Begins, false))
		}),
		h.P(h.Class("aside"), g.Text(t.Total+" in all.")),
		g.If(len(t.Inner) > 0, h.Details(h.Class("fold"), h.Summary(g.Text("Single questions")),
			h.P(h.Class("aside"), g.Text("Each is drawn from the beginning of its step; when exactly it was asked is not recorded.")),
			bars("time single", []string{"Question", "Answer", "Took"}, t.Inner, func(b pageBar) g.Node {
				return h.Tr(bar(b, b.Said, !b.OK))
			}),
			classed(h.P, "aside", t.Left),
		)),
	)
}

func bars(class string, columns []string, rows []pageBar, row func(pageBar) g.Node) g.Node {
	return h.Table(h.Class(class),
		h.THead(h.Class("unseen"), h.Tr(g.Map(columns, func(name string) g.Node { return h.Th(h.Scope("col"), g.Text(name)) }))),
		h.TBody(g.Map(rows, row)),
	)
}

func bar(b pageBar, said string, bad bool) g.Node {
	return g.Group{
		h.Th(h.Scope("row"), g.Text(b.Name)),
		h.Td(
			h.SVG(h.Class("track"), g.Attr("viewBox", "0 0 1000 10"), g.Attr("preserveAspectRatio", "none"), h.Aria("hidden", "true"),
				g.El("rect", g.If(bad, h.Class("bad")), g.Attr("x", b.X), g.Attr("y", "0"), h.Width(b.Width), h.Height("10"))),
			h.Span(h.Class("unseen"), g.Text(said)),
		),
		h.Td(h.Class("took"), g.Text(b.Took)),
	}
}

// told are the causes, and the steps with their facts.
func told(p htmlPage) g.Node {
	also := "Worth knowing"
	if p.Root != nil {
		also = "Also"
	}
	return h.Div(h.Class("told"),
		g.Iff(p.Root != nil, func() g.Node {
			return g.Group{
				g.If(len(p.Root.Evidence) > 0, card("evidence", "What was seen", list(h.Ul, "seen", p.Root.Evidence))),
				card("fixes", "What to do", list(h.Ol, "steps", p.Root.Fixes), more(*p.Root)),
			}
		}),
		g.If(len(p.Also) > 0, card("also", also, h.Ul(h.Class("also"), g.Map(p.Also, func(d pageDiagnosis) g.Node {
			return h.Li(
				h.H3(sign(d.Mark), h.Span(g.Text(d.Summary))),
				h.P(h.Class("aside"), h.Span(h.Class("mono"), g.Text(d.Cause)), g.If(d.Confidence != "", g.Text(", "+d.Confidence))),
				g.If(d.Explanation != "", h.P(kept(d.Explanation))),
				list(h.Ul, "seen", d.Evidence), list(h.Ol, "steps", d.Fixes), more(d),
			)
		})))),
		card("steps", "The steps, and their facts",
			g.Map(p.Probes, func(probe pageProbe) g.Node {
				shown := h.P(h.Class("aside"), g.Text("No facts were recorded."))
				if len(probe.Facts) > 0 {
					shown = facts(probe.Facts)
				}
				return h.Details(h.Class("probe "+string(probe.Mark)), summary(probe.Mark, probe.Name, probe.Summary, probe.Took), shown,
					classed(h.P, "aside", probe.Left))
			}),
			h.Details(h.Class("probe run"), summary(markInfo, "run", "this run, and the host that it was made on", ""), facts(p.Run)),
		),
	)
}

func summary(m mark, name, sentence, took string) g.Node {
	return h.Summary(sign(m), h.B(g.Text(name)), h.Span(h.Class("sentence"), g.Text(sentence)), h.Span(h.Class("took"), g.Text(took)))
}

// list is a list of texts; nothing where there are none.
func list(element func(...g.Node) g.Node, class string, texts []string) g.Node {
	return g.If(len(texts) > 0, element(h.Class(class), g.Map(texts, func(text string) g.Node { return h.Li(kept(text)) })))
}

func facts(facts []pageFact) g.Node {
	return h.Dl(h.Class("facts"), g.Map(facts, func(f pageFact) g.Node {
		return g.Group{h.Dt(g.If(f.Depth > 0, h.Class("d"+strconv.Itoa(f.Depth))), g.Text(f.Key)), h.Dd(g.Text(f.Value))}
	}))
}

func sign(m mark) g.Node {
	return h.SVG(h.Class(string(m)), h.Role("img"), h.Aria("label", markWords(m)), g.Attr("viewBox", "0 0 24 24"), use("mark-"+string(m)))
}

func use(name string) g.Node { return g.El("use", h.Href("#"+name)) }

func more(d pageDiagnosis) g.Node {
	return h.Div(h.Class("more"),
		h.P(h.Class("aside"), g.Text("In depth: "), h.Code(g.Text("opensrs-doctor explain "+d.Cause))),
		g.Map(d.Docs, func(doc pageLink) g.Node {
			if doc.Link == "" {
				return classed(h.P, "aside", doc.Text)
			}
			return h.P(h.Class("aside"), h.A(h.Href(doc.Link), h.Rel("noopener noreferrer"), g.Text(doc.Text)))
		}),
		g.If(d.Hides != "", h.P(h.Class("aside"), g.Text("Also explained by this: "), h.Span(h.Class("mono"), g.Text(d.Hides)))),
	)
}

// whole are words that are hard to read when a line ends inside them.
var whole = lazy.Pattern{Text: `opensrs-doctor|--[a-z]+(?:-[a-z]+){0,3}`}

// longestWhole is how long such a word may be to be kept whole.
const longestWhole = 24

// kept is a text with such words kept whole.
func kept(text string) g.Node {
	var parts g.Group
	last := 0
	for _, at := range whole.Regexp().FindAllStringIndex(text, -1) {
		if at[1]-at[0] > longestWhole {
			continue
		}
		parts = append(parts, g.Text(text[last:at[0]]), h.Span(h.Class("keep"), g.Text(text[at[0]:at[1]])))
		last = at[1]
	}
	return append(parts, g.Text(text[last:]))
}

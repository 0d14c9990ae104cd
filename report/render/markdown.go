package render

import (
	"bytes"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
)

// WriteMarkdown writes the report for a ticket, in the Markdown that GitHub and help desks share: the verdict,
// what is wrong, why and what to do, then a table of the probes, then the facts, folded away where the reader
// can fold. All text of the run is escaped: none of it is a link, a heading, HTML or a table cell of its own.
func WriteMarkdown(w io.Writer, r *report.Report) error {
	m := &markdown{}
	m.head(r)
	for i, d := range r.Diagnoses {
		m.diagnosis(i, d)
	}
	m.table(r)
	m.details(r)
	return screen.WriteLines(w, m.out.String())
}

type markdown struct{ out bytes.Buffer }

// block writes a paragraph, a heading or a list, and the empty line behind it.
func (m *markdown) block(lines ...string) {
	if len(lines) > 0 {
		m.out.WriteString(strings.Join(lines, "\n") + "\n\n")
	}
}

// signs are the marks of the statuses and severities.
var signs = lazy.Value[map[string]string]{Make: func() map[string]string {
	return map[string]string{"pass": "✓", "warn": "⚠", "fail": "✗", "skip": "–", "info": "ℹ", report.VerdictIncomplete: "–"}
}}

func (m *markdown) head(r *report.Report) {
	headline, more := PassWords(r)
	m.block(fmt.Sprintf("## %s opensrs-doctor: %s", signs.Get()[r.Verdict], r.Verdict))
	switch {
	case r.Interrupted:
		m.block(r.CutWords())
	case r.Verdict == report.VerdictPass:
		m.block("**" + MdText(headline) + "** " + MdText(more))
	case r.Verdict == report.VerdictWarn && Ended(r, "call"):
		m.block("Calls get through anyway: this one was accepted.")
	}
	if other, lines := AsWords(r); other != "" {
		m.block("**" + MdText(other) + "**")
		for i := range lines {
			lines[i] = "- " + MdText(lines[i])
		}
		m.block(lines...)
	} else if r.Verdict == report.VerdictPass {
		if who := SpeaksFor(r); who != "" {
			m.block(MdText(who))
		}
	}
	line := fmt.Sprintf("%s, %s, %s", MdText(Service(r)), mdCode(Endpoint(r)),
		r.StartedAt.UTC().Format("2006-01-02 15:04:05 UTC"))
	if addresses := report.SeenFrom(r); len(addresses) > 0 {
		for i, address := range addresses {
			addresses[i] = mdCode(address)
		}
		line += ", from " + screen.List(addresses)
	}
	m.block(line)
}

// diagnosis writes one; the first is the root cause and comes first.
func (m *markdown) diagnosis(i int, d report.Diagnosis) {
	if i == 1 {
		m.block("### Also")
	}
	m.block(fmt.Sprintf("**%s %s** (%s)", signs.Get()[string(d.Severity)], MdText(HeadlineOf(d)), d.Qualified(mdCode(d.Cause))))
	if text := MdText(d.Explanation); text != "" {
		m.block(mdStart(text))
	}
	if evidence := d.Evidence; len(evidence) > 0 {
		m.block("Evidence:")
		m.block(mdItems(evidence, func(int) string { return "- " })...)
	}
	if len(d.Fixes) > 0 {
		m.block("What to do:")
		m.block(mdItems(d.Fixes, func(n int) string { return fmt.Sprintf("%d. ", n) })...)
	}
	var links []string
	for _, link := range d.Docs {
		links = append(links, mdLink(link))
	}
	if len(links) > 0 {
		m.block("More: " + strings.Join(links, ", "))
	}
}

func (m *markdown) table(r *report.Report) {
	m.out.WriteString("### Probes\n\n| Probe | Status | What was seen | Time |\n|---|---|---|---:|\n")
	for _, row := range r.Probes {
		took := screen.SpanMS(row.DurationMS)
		if row.Status == evidence.Skip {
			took = ""
		}
		fmt.Fprintf(&m.out, "| %s | %s %s | %s | %s |\n", MdText(row.Name), signs.Get()[string(row.Status)],
			MdText(string(row.Status)), MdText(row.Summary), took)
	}
	m.out.WriteString("\n")
}

// details are all facts, a list a probe. The tags are alone on their lines, with empty lines around what is
// Markdown again.
func (m *markdown) details(r *report.Report) {
	m.block("<details>", "<summary>Facts</summary>")
	for _, row := range r.Probes {
		m.facts(MdText(row.Name), FactsOf(row.Name, row.Facts))
	}
	m.facts("this run", RunFacts(r))
	m.out.WriteString("</details>\n")
}

func (m *markdown) facts(heading string, lines []FactLine) {
	var items []string
	for _, line := range lines {
		items = append(items, strings.Repeat("  ", line.Depth)+"- "+mdStart(MdText(line.Text())))
	}
	if len(items) > 0 {
		m.block("**" + heading + "**")
		m.block(items...)
	}
}

// mdItems are the items of a list, with what comes before the n-th of them, from 1.
func mdItems(texts []string, bullet func(n int) string) []string {
	var items []string
	for _, text := range texts {
		if text = MdText(text); text != "" {
			items = append(items, bullet(len(items)+1)+mdStart(text))
		}
	}
	return items
}

// mdActive are the characters with which Markdown begins something inside a line, GitHub's formulas and strokes
// among them, and HTML's. A zero-width space behind @ keeps it from calling a person into the ticket.
var mdActive = lazy.Value[*strings.Replacer]{Make: func() *strings.Replacer {
	return strings.NewReplacer(
		`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`, "~", `\~`, "$", `\$`,
		"<", "&lt;", ">", "&gt;", "@", "@&#8203;",
	)
}}

// mdEntity is what HTML would read as one character. Other ampersands, as addresses of the web have them, stay.
var mdEntity = lazy.Pattern{Text: `&(#?[0-9A-Za-z]+;)`}

// mdReference is how GitHub writes another issue: a comment there would say that this one speaks of it.
var mdReference = lazy.Pattern{Text: `(#|\bGH-)([0-9])`}

// mdAddress is an address that readers of Markdown make a link of without being asked. As code it stays what it is.
var mdAddress = lazy.Pattern{Text: `(?i)(?:[a-z][a-z0-9+.-]*://|\bwww\.)[a-z0-9.:/_?=&%#~+,;@!'()*$-]*`}

// mdInside is an underscore inside a word, which means nothing, and which people want to read and copy as it is.
var mdInside = lazy.Pattern{Text: `([0-9A-Za-z])\\_([0-9A-Za-z])`}

// MdText is a line of text that Markdown shows as it is.
func MdText(text string) string {
	var out strings.Builder
	text, last := screen.Clean(text), 0
	for _, at := range mdAddress.Regexp().FindAllStringIndex(text, -1) {
		end := at[0] + len(strings.TrimRight(text[at[0]:at[1]], ".,;:!?')*"))
		out.WriteString(mdEscape(text[last:at[0]]) + "`" + text[at[0]:end] + "`")
		last = end
	}
	out.WriteString(mdEscape(text[last:]))
	return out.String()
}

func mdEscape(text string) string {
	text = mdReference.Regexp().ReplaceAllString(mdEntity.Regexp().ReplaceAllString(text, "&amp;$1"), "$1&#8203;$2")
	return mdInside.Regexp().ReplaceAllString(mdActive.Get().Replace(text), "${1}_$2")
}

// mdBlock is how a line begins that would be a heading, a list or a rule.
var mdBlock = lazy.Pattern{Text: `^(#|\+|-|=|[0-9]{1,9}[.)])`}

// mdStart is escaped text that may begin a line.
func mdStart(text string) string {
	at := mdBlock.Regexp().FindString(text)
	if at == "" {
		return text
	}
	if rest := text[len(at):]; len(at) > 1 && rest != "" && rest[0] != ' ' {
		return text // a number begins a list only before a space: "203.0.113.10" does not
	}
	return at[:len(at)-1] + `\` + text[len(at)-1:]
}

// mdPlain are the texts that a code span can hold whatever reads it: nothing in them is active in Markdown, in
// a table or in HTML.
var mdPlain = lazy.Pattern{Text: `^[A-Za-z0-9\[][][A-Za-z0-9 .:/_-]*$`}

// mdCode is a name, an address or a cause, set as code where that is safe.
func mdCode(text string) string {
	if text = screen.Clean(text); mdPlain.Regexp().MatchString(text) {
		return "`" + text + "`"
	}
	return MdText(text)
}

// mdLink is a link that shows its own address, where it is one of the web.
func mdLink(link string) string {
	link = screen.Clean(link)
	address, err := url.Parse(link)
	if err != nil || !slices.Contains([]string{"https", "http"}, address.Scheme) || strings.ContainsAny(link, " <>\"'`|\\") {
		return MdText(link)
	}
	return "<" + link + ">"
}

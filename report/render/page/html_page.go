package page

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/render"
	"opensrs-doctor/report/screen"
)

// How much of a report a page holds, at the most.
const (
	mostDiagnoses = 20
	mostLines     = 20   // of evidence, steps and links of one diagnosis
	mostFacts     = 400  // of one probe
	longestText   = 1000 // columns
)

// htmlPage is what the template fills in: texts only, and numbers that the drawings need.
type htmlPage struct {
	Policy, Generator, Title    string
	Mark                        mark
	Service, Endpoint, Hostname string
	Started, StartedWords       string
	VerdictWords, Cause         string
	Headline, Lead, First       string
	Notes                       []string
	MoreSteps                   bool
	Places                      []pagePlace
	Time                        *pageTime
	Root                        *pageDiagnosis // nil where nothing is wrong
	Also                        []pageDiagnosis
	Probes                      []pageProbe
	Run                         []pageFact
}

type pageDiagnosis struct {
	Cause, Confidence, Summary, Explanation, Hides string
	Mark                                           mark
	Evidence, Fixes                                []string
	Docs                                           []pageLink
}

// pageLink is a page to read; Link is "" where the address is none of the web's.
type pageLink struct{ Link, Text string }

type pageProbe struct {
	Name, Summary, Took, Left string
	Mark                      mark
	Facts                     []pageFact
}

type pageFact struct {
	Key, Value string
	Depth      int // how far in it is: 0 to deepest
}

func newPage(r *report.Report) htmlPage {
	p := htmlPage{
		Policy:    PagePolicy(),
		Generator: cmp.Or(strings.TrimSpace(inline(r.Tool.Name)+" "+inline(r.Tool.Version)), "opensrs-doctor"),
		Service:   inline(render.Service(r)), Endpoint: screen.Clip(render.Endpoint(r), longestText), Hostname: inline(r.Host.Hostname),
		Started: r.StartedAt.Format(time.RFC3339), StartedWords: r.StartedAt.UTC().Format("2 January 2006, 15:04 UTC"),
		Places: pagePlaces(r), Time: pageTimeOf(r), Run: pageFacts(render.RunFacts(r)),
	}
	if other, lines := render.AsWords(r); other != "" {
		p.Notes = append(p.Notes, append([]string{inline(other)}, lines...)...)
	}
	p.verdict(r)
	for _, row := range r.Probes {
		p.Probes = append(p.Probes, newPageProbe(r, row))
	}
	if cut := r.CutWords(); cut != "" {
		p.Notes = append(p.Notes, cut)
	}
	p.Title = screen.Clip(p.Headline, 120) + " · " + p.Endpoint
	return p
}

// verdict fills in what is at the top, and the causes.
func (p *htmlPage) verdict(r *report.Report) {
	diagnoses := firstOf(r.Diagnoses, mostDiagnoses)
	p.Mark, p.VerdictWords = markOpen, "Verdict: "+r.Verdict
	if r.Found() == report.VerdictPass || len(diagnoses) == 0 {
		p.Headline, p.Lead = render.PassWords(r)
		if who := inline(render.SpeaksFor(r)); who != "" {
			p.Notes = append(p.Notes, who)
		}
		if r.Interrupted {
			p.Mark = markUnknown
		}
	} else {
		root := newPageDiagnosis(diagnoses[0])
		diagnoses = diagnoses[1:]
		p.Root, p.Mark, p.Headline, p.Lead = &root, root.Mark, root.Summary, root.Explanation
		p.Cause = inline(r.Diagnoses[0].Qualified(r.Diagnoses[0].Cause))
		if len(root.Fixes) > 0 {
			p.First, p.MoreSteps = root.Fixes[0], len(root.Fixes) > 1
		}
		if r.Found() == report.VerdictWarn && render.Ended(r, "call") {
			p.Notes = append(p.Notes, "Calls get through anyway: this one was accepted.")
		}
	}
	for _, d := range diagnoses {
		p.Also = append(p.Also, newPageDiagnosis(d))
	}
	if left := len(r.Diagnoses) - mostDiagnoses; left > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("%d more causes are in the JSON report.", left))
	}
}

func newPageDiagnosis(d report.Diagnosis) pageDiagnosis {
	shown := pageDiagnosis{
		Cause: inline(d.Cause), Confidence: inline(d.Sureness()),
		Summary: cmp.Or(inline(d.Summary), inline(d.Cause)), Explanation: inline(d.Explanation),
		Hides: joined(d.Hides), Evidence: lines(d.Evidence), Fixes: lines(d.Fixes),
		Mark: map[report.Severity]mark{report.Fail: MarkStop, report.Warn: markDoubt, report.Info: markInfo}[d.Severity],
	}
	for _, text := range lines(d.Docs) {
		link := pageLink{Text: strings.TrimPrefix(text, "https://")}
		if strings.HasPrefix(text, "https://") || strings.HasPrefix(text, "http://") {
			link.Link = text
		}
		shown.Docs = append(shown.Docs, link)
	}
	return shown
}

func newPageProbe(r *report.Report, row report.Probe) pageProbe {
	d := Drawing{R: r}
	shown := pageProbe{Name: inline(row.Name), Summary: inline(row.Summary), Mark: d.markOf(row)}
	if row.Status != evidence.Skip {
		shown.Took = screen.SpanMS(screen.Sane(row.DurationMS))
	}
	facts := render.FactsOf(row.Name, row.Facts)
	if len(facts) > mostFacts {
		shown.Left = fmt.Sprintf("%d more are in the JSON report.", len(facts)-mostFacts)
	}
	shown.Facts = pageFacts(firstOf(facts, mostFacts))
	return shown
}

// pageFacts are facts for the page. Only what begins a block is set like a label.
func pageFacts(facts []render.FactLine) []pageFact {
	var shown []pageFact
	for _, f := range facts {
		shown = append(shown, pageFact{inline(f.Key), inline(f.Value), f.Depth})
	}
	return shown
}

// inline is a text for the page: without what could deceive a reader, and of bounded length. The template
// escapes it.
func inline(text string) string { return screen.Clip(screen.Clean(head(text)), longestText) }

// joined are short texts in one line, without empty ones.
func joined(texts []string) string { return inline(strings.Join(lines(texts), ", ")) }

// head keeps so much of a text that cleaning and clipping it costs little.
func head(text string) string {
	const most = 16 * longestText
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// lines are texts for a list, without empty ones.
func lines(texts []string) []string {
	var shown []string
	for _, text := range firstOf(texts, mostLines) {
		if text = inline(text); text != "" {
			shown = append(shown, text)
		}
	}
	if left := len(texts) - mostLines; left > 0 {
		shown = append(shown, fmt.Sprintf("%d more are in the JSON report.", left))
	}
	return shown
}

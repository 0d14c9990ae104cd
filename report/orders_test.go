package report_test

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/inspect"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/observed"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/xmltext"
	"opensrs-doctor/report"
	"opensrs-doctor/report/accessrules"
	"opensrs-doctor/report/diagnose"
	"opensrs-doctor/report/diff"
	"opensrs-doctor/report/render"
	"opensrs-doctor/report/render/page"
	"opensrs-doctor/report/screen"
	"opensrs-doctor/report/signature"
	"opensrs-doctor/report/ticket"
)

// orders are the openings of what readers of a log obey.
var orders = []string{
	"::stop-commands::stop", "::set-output name=a::b", "::error title=x::y", "::ERROR::x", ":::debug::x", "::add-mask::1",
	"::group::x", "::save-state name=a::b", "::add-path::/tmp", "::set-env name=LD_PRELOAD::x.so", "::::",
	"##[command]x", "##[set-output name=a]b", "###[error]x", "##vso[task.setvariable variable=a]b", "##VSO[task.complete]x",
	"x##vso[build.addbuildtag]y", "##teamcity[buildStop]", "(##teamcity[message text='x'])", "<0>the disk fails", "<191>x",
	"日::error::x", "\u00a0::error::x", "\u2028::error::x", "\u200b::error::x", "\x1b[0m::error::x", "#\u200b#vso[a]b",
	":\u200b:error::x", "\ue000::error::x", "\r::error::x", "a\r\n##[error]b", "\v::error::x", "\u3000::error::x",
}

// obeyed are lines that one of these readers obeys, told otherwise than foreign.Disarm looks for them. A word in two
// colons is one to GitHub's runner; inside a line it finds its older form only.
var obeyed = regexp.MustCompile(`(?im)^[\s\p{Z}]*::[^\s:][^\n]*::|##[a-z]*\[|^[\s\p{Z}]*<[0-9]{1,3}>`)

// obeysNothing looks at finished lines. Of the formats that have commands of their own it is given the rest.
func obeysNothing(t *testing.T, where, lines string) {
	t.Helper()
	if order := obeyed.FindString(stripped(lines)); order != "" {
		t.Errorf("%s: %.80q in\n%.2000s", where, order, lines)
	}
}

// stripped are lines without colours, which a runner takes out as well.
func stripped(lines string) string { return colours.ReplaceAllString(lines, "") }

var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

// places puts words behind others, so that wrapping makes them the beginning of a line at one width or another.
func places(order string) []string {
	filler := "one two three four five six seven eight nine ten eleven twelve "
	return []string{order, "said: " + order, order + " " + order, filler + order, strings.Repeat(filler, 2) + order + " " + filler + order}
}

// everywhere is a report with the words in each text of somebody else, also in names of facts and of the environment.
func everywhere(t *testing.T, cause, words string) *report.Report {
	t.Helper()
	r := poisoned(t, reportOf(fixtureOf(t, cause)), words)
	r.Target.Environment, r.Host.Hostname, r.Target.Username = words, words, words
	facts, err := json.Marshal(map[string]any{words: []any{words, map[string]any{words: words}}, "#": map[string]any{"[": words}, ":": ":error::x"})
	if err != nil {
		t.Fatal(err)
	}
	r.Probes[5].Facts = facts
	r.Probes[0].WaitedFor = evidence.Wait(words)
	return r
}

var orderedCauses = []string{"rules.not-allowed", "tls.intercepted", "dns.sinkholed", "config.required-skipped", "call.unknown-reply"}

// No words of a stranger order anything, in any format, wherever they are in the report, and however wide the screen.
func TestNobodyObeysAReport(t *testing.T) {
	t.Parallel()
	formats := map[string]func(io.Writer, *report.Report) error{"json": report.WriteJSON, "html": page.WriteHTML, "chain": func(w io.Writer, r *report.Report) error {
		return ticket.WriteChain(w, r)
	}}
	for _, f := range machineFormats {
		formats[f.name] = f.write
	}
	causes := slices.DeleteFunc(slices.Clone(orderedCauses), func(id string) bool { _, known := diagnose.Lookup(id); return !known })
	if len(causes) < 3 {
		t.Fatalf("known are only %q", causes)
	}
	for n, order := range orders {
		for i, words := range places(order) {
			cause := causes[(n+i)%len(causes)]
			r, healthy := everywhere(t, cause, words), reportOf(fixtureOf(t, cause))
			for name, write := range formats {
				text := written(t, r, write)
				if name == "github" {
					for line := range strings.Lines(text) {
						own := gitHubLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
						if own == nil {
							t.Errorf("github: %q", line)
							continue
						}
						obeysNothing(t, name, own[2]+" "+strings.ReplaceAll(own[3], "%0A", "\n"))
					}
					continue
				}
				obeysNothing(t, name, text)
			}
			if i == n%5 {
				files, err := ticket.TicketFiles(r, false, nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, file := range files {
					obeysNothing(t, file.Name, string(file.Content))
				}
			}
			diffs := []*diff.Diff{diff.Compare(healthy, r), diff.Compare(r, healthy)}
			for width := 20 + i; width <= 120; width += 3 + n%4 {
				o := []screen.Options{{Verbose: true}, {ASCII: true}, {Quiet: true, Color: true}}[(width+n)%3]
				o.Width = width
				obeysNothing(t, fmt.Sprintf("human, %+v", o), screenOf(t, r, o))
				if d := diffs[width%2]; width%10 == n%10 {
					obeysNothing(t, "diff", written(t, nil, func(w io.Writer, _ *report.Report) error { return diff.WriteDiffText(w, d, o) }))
					obeysNothing(t, "diff as JSON", written(t, nil, func(w io.Writer, _ *report.Report) error { return diff.WriteDiffJSON(w, d) }))
				}
			}
			if t.Failed() {
				t.Fatalf("%s, %q", cause, words)
			}
		}
	}
}

// The same for what else repeats words of others: the sandbox's log, lists of rules, signatures.
func TestNobodyObeysTheRest(t *testing.T) {
	t.Parallel()
	for _, order := range orders {
		for _, words := range places(order) {
			for _, o := range observations() {
				o.Text, o.User, o.Fault = words, words, words
				o.Address.Text = words
				o.Findings = append(o.Findings, inspect.Finding{ID: inspect.HeaderName, Header: words, Found: words},
					inspect.Finding{ID: opensrs.ContentType, Header: "Content-Type", Found: words},
					inspect.Finding{ID: inspect.BodyNotWellFormed, Found: words, Why: words, XML: xmltext.Fault{Tag: words, Met: words}})
				o.Problems = append(o.Problems, observed.Problem{ID: observed.Username, Detail: words})
				for width := 20; width <= 120; width += 25 {
					obeysNothing(t, "sandbox", signature.NewRequestLog(screen.Options{Width: width, Color: width%10 == 0}).Entry(o))
				}
				obeysNothing(t, "sandbox, JSON", signature.NewRequestRecord(o).Line())
			}
			lint := accessrules.NewLint(nil, []iprules.Problem{{ID: words, Source: words, Line: 3, Text: words, Fix: words}})
			_, unknown := diagnose.Lookup(words)
			if unknown {
				t.Fatalf("%q is a cause", words)
			}
			for width := 20; width <= 120; width += 7 {
				o := screen.Options{Width: width}
				obeysNothing(t, "lint", written(t, nil, func(w io.Writer, _ *report.Report) error { return lint.WriteText(w, o) }))
				obeysNothing(t, "sandbox", written(t, nil, func(w io.Writer, _ *report.Report) error {
					return signature.WriteSandbox(w, signature.SandboxSetting{URL: words, Fault: words, CAFile: words, Username: words, APIKeyFile: words,
						EgressSources: []string{words}, Rules: []string{words}, Caller: words, HostsLine: words, Command: words}, o)
				}))
				obeysNothing(t, "ticket", written(t, nil, func(w io.Writer, _ *report.Report) error {
					return ticket.WriteTicketNote(w, words, nil, false, o)
				}))
			}
			obeysNothing(t, "lint, JSON", written(t, nil, func(w io.Writer, _ *report.Report) error { return lint.WriteJSON(w) }))
			obeysNothing(t, "a line of a plugin", render.NagiosLine(render.NagiosUnknown, words+"|'a'=1"))
			if t.Failed() {
				t.Fatalf("%q", words)
			}
		}
	}
}

// What JSON says stays as it was said: the escape is only another way of writing it.
func TestJSONKeepsWhatItWrites(t *testing.T) {
	r := reportOf(fixtureOf(t, "rules.not-allowed"))
	r.Diagnoses[0].Evidence = []string{"###vso[a] ::error:: \\## #"}
	again, err := report.Read(strings.NewReader(string(jsonOf(t, r))))
	if err != nil || again.Diagnoses[0].Evidence[0] != r.Diagnoses[0].Evidence[0] {
		t.Errorf("%v: %q", err, again.Diagnoses[0].Evidence)
	}
}

// A reader that knows no escapes sees no directive in a name.
func TestTAPDirectives(t *testing.T) {
	for text, want := range map[string]string{
		"a # SKIP b": `a \#· SKIP b`, "a #todo": `a \#·todo`, `\#Skip`: `\\\#·Skip`, "rule #1": `rule \#1`,
	} {
		if got := render.TapText(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// Links of strangers are no links in Markdown, and their numbers no issues.
func TestMarkdownLinksNobody(t *testing.T) {
	for text, want := range map[string]string{
		"see https://x.example/?a=b|c.":       "see `https://x.example/?a=b`\\|c.",
		"(www.x.example) WWW.y.example, ftp:": "(`www.x.example`) `WWW.y.example`, ftp:",
		"ftp://a`b":                           "`ftp://a`\\`b",
		"https://x.example/a_b_*c*":           "`https://x.example/a_b_*c`\\*",
		"##vso[a] #17 GH-3 &#8203;":           "# #vso\\[a\\] #&#8203;17 GH-&#8203;3 &amp;#&#8203;8203;",
		"@all":                                "@&#8203;all",
	} {
		if got := render.MdText(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	if got := foreign.Disarm(render.MdText("::1, ##")); got != "::1, ##" {
		t.Errorf("%q", got)
	}
}

package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"math/rand"
	"slices"
	"strings"
	"testing"

	htmlparse "golang.org/x/net/html"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/report"
	"opensrs-doctor/report/anonymize"
	"opensrs-doctor/report/internal/golden"
	"opensrs-doctor/report/render/page"
)

func htmlOf(t *testing.T, r *report.Report) string {
	t.Helper()
	var out strings.Builder
	if err := page.WriteHTML(&out, r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// savedDocuments are the reports of the plain fixtures as they are saved, by cause.
func savedDocuments(t testing.TB) map[string][]byte {
	t.Helper()
	documents := map[string][]byte{}
	for _, f := range fixtures() {
		if !strings.Contains(f.name, "/") {
			documents[f.name] = jsonOf(t, reportOf(f.evidence()))
		}
	}
	return documents
}

// savedReport is one of savedDocuments, read as render reads it.
func savedReport(t testing.TB, cause string) *report.Report {
	t.Helper()
	r, err := report.Read(bytes.NewReader(jsonOf(t, reportOf(fixtureOf(t, cause)))))
	if err != nil {
		t.Fatalf("%s: %v", cause, err)
	}
	return r
}

// savedReports are savedDocuments, read as render reads them.
func savedReports(t testing.TB) map[string]*report.Report {
	t.Helper()
	reports := map[string]*report.Report{}
	for cause := range savedDocuments(t) {
		reports[cause] = savedReport(t, cause)
	}
	return reports
}

// awkwardReports are those that a page could stumble over.
func awkwardReports(t *testing.T) map[string]*report.Report {
	t.Helper()
	skipped := healthy()
	for _, name := range evidence.Names {
		skip(skipped, name, "--only")
	}
	skipped.Egress, skipped.Rules, skipped.DNS, skipped.Port, skipped.TLS, skipped.Call = nil, nil, nil, nil, nil, nil
	interrupted := healthy()
	interrupted.Interrupted, interrupted.Steps = true, interrupted.Steps[:3]
	interrupted.Port, interrupted.TLS, interrupted.Call = nil, nil, nil
	wide := savedReport(t, "port.filtered")
	wide.Target.Host = strings.Repeat("averyveryverylongname.", 10) + "example"
	wide.Host.Hostname = strings.Repeat("x", 200)
	wide.Diagnoses[0].Summary = strings.Repeat("Unbrechbareswort", 12)
	wide.Diagnoses[0].Fixes = append(wide.Diagnoses[0].Fixes, strings.Repeat("0123456789abcdef:", 40),
		"発行者の証明書は東京都のものです。")
	wide.Probes[4].Summary = "certificate by 東京都認証局, not a public authority, " + strings.Repeat("W", 300)
	wide.Probes[3].Facts = []byte(strings.ReplaceAll(string(wide.Probes[3].Facts), `"203.0.113.1"`,
		`"2001:db8:1234:5678:9abc:def0:1234:5678"`))
	return map[string]*report.Report{
		"skipped":     reportOf(skipped),
		"interrupted": reportOf(interrupted),
		"wide":        wide,
		"anonymized":  anonymize.Anonymize(savedReport(t, "port.filtered")),
		"bare":        anonymize.Bare(savedReport(t, "port.filtered")),
	}
}

// The pages of a few runs, without the style, and an element a line: testdata/page-*.html.
func TestPages(t *testing.T) {
	for _, name := range []string{"pass", "port.filtered", "tls.intercepted", "rules.not-allowed"} {
		shown := htmlOf(t, pages(t)[name])
		shown = strings.Replace(shown, page.PageStyle, "\n", 1)
		shown = strings.Replace(shown, html.EscapeString(page.PagePolicy()), "…", 1)
		shown = strings.ReplaceAll(shown, "><", ">\n<") + "\n"
		golden.Check(t, "page-"+name+".html", shown)
	}
}

// Every page is well-formed: what is opened is closed, in order.
func TestPagesAreWellFormed(t *testing.T) {
	for name, r := range pages(t) {
		wellFormed(t, name, htmlOf(t, r))
	}
}

// void are the elements that have no end.
var void = strings.Fields("area base br col embed hr img input link meta source track wbr")

func wellFormed(t *testing.T, name, page string) {
	t.Helper()
	var open []string
	tokens := htmlparse.NewTokenizer(strings.NewReader(page))
	for {
		switch kind := tokens.Next(); kind {
		case htmlparse.ErrorToken:
			if !errors.Is(tokens.Err(), io.EOF) || len(open) > 0 {
				t.Errorf("%s: at the end %v, and %v are open", name, tokens.Err(), open)
			}
			return
		case htmlparse.StartTagToken:
			if tag := tokens.Token().Data; !slices.Contains(void, tag) {
				open = append(open, tag)
			}
		case htmlparse.EndTagToken:
			tag := tokens.Token().Data
			if len(open) == 0 || open[len(open)-1] != tag {
				t.Fatalf("%s: </%s> closes %v", name, tag, open)
			}
			open = open[:len(open)-1]
		}
	}
}

// Whatever a peer or a file says, the page stays text: no element, attribute or link of theirs, nothing that turns
// the direction of writing.
func TestHostilePage(t *testing.T) {
	attack := `"><script>alert(1)</script><img src=x onerror=alert(1)>'</style></title>{{.}}` + hostile
	r := savedReport(t, "port.filtered")
	r.Target.Host, r.Target.Username, r.Target.Environment, r.Host.Hostname = attack, attack, attack, attack
	r.RunID, r.Tool.Name, r.Tool.Version, r.Host.OS, r.Host.LocalAddress = attack, attack, attack, attack, attack
	r.Host.Resolvers, r.Target.Addresses = []string{attack}, []string{attack}
	for i := range r.Probes {
		r.Probes[i].Summary, r.Probes[i].Name, r.Probes[i].WaitedFor = attack, attack, evidence.Wait(attack)
	}
	r.Probes[3].Name, r.Probes[0].Name = "port", "egress"
	facts, _ := json.Marshal(attack)
	r.Probes[3].Facts = []byte(strings.ReplaceAll(string(r.Probes[3].Facts), `"203.0.113.1"`, string(facts)))
	r.Probes[0].Facts = []byte(`{"ipv4": [` + string(facts) + `], ` + string(facts) + `: [{` + string(facts) + `: 1}]}`)
	d := &r.Diagnoses[0]
	d.Cause, d.Summary, d.Explanation, d.Hides = attack, attack, attack+" --"+strings.Repeat("a", 900), []string{attack}
	d.Evidence, d.Fixes = []string{attack}, []string{attack}
	d.Docs = []string{"javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,x", `https://x/"onclick="y`, attack}
	for _, other := range []string{attack, "port.filtered", "tls.intercepted", "port.prohibited", "proxy.denied"} {
		d.Cause = other
		page := htmlOf(t, r)
		wellFormed(t, "hostile", page)
		for _, c := range page {
			if c != '\n' && foreign.Harmful(c) {
				t.Fatalf("%U in the page", c)
			}
		}
		tree, err := htmlparse.Parse(strings.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		for n := range tree.Descendants() {
			if n.Type != htmlparse.ElementNode {
				continue
			}
			if n.Data == "script" || n.Data == "img" {
				t.Errorf("an element <%s>", n.Data)
			}
			for _, a := range n.Attr {
				safe := strings.HasPrefix(a.Val, "https://") || strings.HasPrefix(a.Val, "#") || a.Val == "data:,"
				if strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "style" || a.Key == "href" && !safe {
					t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
				}
			}
		}
	}
}

// A page stays small enough to be mailed, and is made quickly, whatever the report holds.
func TestPageIsBounded(t *testing.T) {
	t.Parallel()
	r := savedReport(t, "port.filtered")
	long := strings.Repeat(`<"&'>`, 100_000)
	many := slices.Repeat([]string{long}, 50_000)
	var hops []string
	for i := range 50_000 {
		hops = append(hops, fmt.Sprintf(`{"ttl": %d, "answer": "time-exceeded", "from": "h%d"}`, i, i))
	}
	walk := strings.Join(hops, ",")
	r.Probes[3].Facts = []byte(`{"path": {"available": true, "port": [` + walk + `], "compare": [` + walk + `]}}`)
	r.Target.Addresses = slices.Repeat([]string{"192.0.2.1"}, 50_000)
	r.Host.Resolvers = slices.Repeat([]string{long}, 16) // a file of 8 MiB has no more of these
	d := r.Diagnoses[0]
	d.Summary, d.Explanation, d.Evidence, d.Fixes, d.Docs, d.Hides = long, long, many, many, many, many
	r.Diagnoses = slices.Repeat([]report.Diagnosis{d}, 5000)
	page := htmlOf(t, r)
	wellFormed(t, "large", page)
	if len(page) > 8<<20 {
		t.Errorf("the page has %d bytes", len(page))
	}
}

// The policy allows exactly the style that stands in the page.
func TestPagePolicy(t *testing.T) {
	shown := htmlOf(t, reportOf(healthy()))
	_, rest, _ := strings.Cut(shown, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	digest := sha256.Sum256([]byte(style))
	want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) + "'"
	if !strings.Contains(html.UnescapeString(shown), want) {
		t.Errorf("the policy lacks %s", want)
	}
	if strings.Contains(page.PageStyle, "@import") || strings.Contains(page.PageStyle, "url(") {
		t.Error("the page loads something")
	}
}

// Any report at all gives a page.
func TestGeneratedPages(t *testing.T) {
	t.Parallel()
	n := 0
	eachGenerated(t, func(t *testing.T, _ *rand.Rand, e *evidence.Evidence) {
		if n++; n%10 == 0 {
			wellFormed(t, "generated", htmlOf(t, reportOf(e)))
		}
	})
}

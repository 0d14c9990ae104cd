package report_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jstemmer/go-junit-report/v2/junit"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	unsafehtml "github.com/yuin/goldmark/renderer/html"
	"go.yaml.in/yaml/v3"
	"golang.org/x/net/html"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/report"
	"opensrs-doctor/report/anonymize"
	"opensrs-doctor/report/diff"
	"opensrs-doctor/report/internal/golden"
	"opensrs-doctor/report/render"
	"opensrs-doctor/report/screen"
)

// machineFormats are the formats that programs read, each with a judge who reads it as they do.
var machineFormats = []struct {
	name, ending string
	write        func(io.Writer, *report.Report) error
	judge        func(t *testing.T, r *report.Report, text string)
}{
	{"junit", ".xml", render.WriteJUnit, judgeJUnit},
	{"tap", ".tap", render.WriteTAP, judgeTAP},
	{"markdown", ".md", render.WriteMarkdown, judgeMarkdown},
	{"prometheus", ".prom", render.WritePrometheus, judgePrometheus},
	{"nagios", ".nagios", render.WriteNagios, judgeNagios},
	{"github", ".github", render.WriteGitHub, judgeGitHub},
}

func written(t *testing.T, r *report.Report, write func(io.Writer, *report.Report) error) string {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out, r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// judged writes the report in every format and reads it again.
func judged(t *testing.T, r *report.Report) {
	t.Helper()
	for _, f := range machineFormats {
		text := written(t, r, f.write)
		f.judge(t, r, text)
		if t.Failed() {
			t.Fatalf("%s:\n%s", f.name, text)
		}
	}
}

// A few telling runs as each format tells them.
func TestFormatsRead(t *testing.T) {
	runs := screens(t)
	for _, cause := range []string{"rules.not-allowed", "port.filtered", "tls.expires-soon", "config.required-skipped", "dns.sinkholed"} {
		runs[cause] = reportOf(fixtureOf(t, cause))
	}
	for _, name := range []string{"pass", "interrupted", "rules.not-allowed", "port.filtered", "tls.expires-soon",
		"config.required-skipped", "dns.sinkholed"} {
		for _, f := range machineFormats {
			text := written(t, runs[name], f.write)
			golden.Check(t, "formats/"+name+f.ending, text)
			f.judge(t, runs[name], text)
		}
	}
}

// Whatever a run saw, each format is valid, agrees with the verdict, and is the same made of the saved report.
func TestGeneratedFormatsHold(t *testing.T) {
	t.Parallel()
	n := 0
	eachGenerated(t, func(t *testing.T, _ *rand.Rand, e *evidence.Evidence) {
		if n++; n%8 != 0 { // it takes a while
			return
		}
		e.Interrupted = n%3 == 0
		r := reportOf(e)
		judged(t, r)
		judged(t, anonymize.Anonymize(r))
		again, err := report.Read(bytes.NewReader(jsonOf(t, r)))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range machineFormats {
			if first, second := written(t, r, f.write), written(t, again, f.write); first != second {
				t.Errorf("%s: read again, the report looks different:\n%s\n%s", f.name, first, second)
			}
		}
	})
}

// poisons are texts that mean something to one of the formats, or break a careless writer of it.
var poisons = []string{
	"<script>alert(1)</script><img src=x onerror=alert(1)>", "]]> <![CDATA[ &amp; &#x0; <!-- --", "|a|b|\n|---|---|\n|c|d|",
	"::error title=x::y", "\n::set-output name=a::b\r\n::stop-commands::t", "%0A::error::x %25", "##[error]x",
	"# heading # SKIP not run # TODO", "not ok 3 - x", "1..2", "Bail out!", "\n...\n---\nok 9", "- item", "+ item", "1. item", "12) x",
	"```\ncode\n``` `a` ``b``", "*a* **b** _c_ __d__ ~~e~~ $x^2$ \\ \\n \\| \\", "[text](javascript:alert(1)) ![i](https://x.example/i.png)",
	"<https://x.example/> https://x.example/?a=b&c=d www.x.example &lt; & &amp;", "@octocat #1", "=== ---", "    indented\ttab",
	"\"quoted\" 'single' \"\" \\\" \\u0041 {a: b} [c] &x *x !y %z", "OK - fine | 'a'=1s;2;3 b=\n", "a\u0000b\u001b[31mred\u009b\u202e\u2028\u2029\ufffe\uffff\ufeff",
	"\xff\xfe invalid", "٣ 日本語 😀 e\u0301", "</details></summary>", "key: value", "", " ", strings.Repeat("long ", 2000), strings.Repeat("`", 99),
}

// Text from elsewhere, wherever it stands, means nothing to the reader of any format.
func TestFormatsTakeAnyText(t *testing.T) {
	t.Parallel()
	for _, cause := range []string{"rules.not-allowed", "tls.expires-soon", "config.required-skipped", "egress.unstable"} {
		clean := reportOf(fixtureOf(t, cause))
		clean.Diagnoses = append(clean.Diagnoses, filteredDiagnosis())
		clean.Verdict = report.VerdictOf(clean.Diagnoses)
		for _, poison := range poisons {
			r := poisoned(t, clean, poison)
			judged(t, r)
			if got, want := len(render.TestCases(r)), len(render.TestCases(clean)); got != want && clearText(poison) != "" {
				t.Errorf("%q: %d cases, want %d", poison, got, want)
			}
			var out strings.Builder
			if err := diff.WriteDiffText(&out, diff.Compare(clean, r), screen.Options{}); err != nil {
				t.Error(err)
			}
			for line := range strings.Lines(out.String()) {
				if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), foreign.Harmful) {
					t.Errorf("a diff holds %q", line)
				}
			}
		}
	}
}

// The same for readers that others wrote; each is asked once about all the reports.
func TestFormatsTakeAnyTextElsewhere(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	for i, poison := range poisons {
		r := poisoned(t, reportOf(fixtureOf(t, "rules.not-allowed")), poison)
		save(t, r, filepath.Join(directory, fmt.Sprint(i)))
	}
	readElsewhere(t, directory)
}

// save writes the report in every format that programs read, to files of that name.
func save(t *testing.T, r *report.Report, name string) {
	t.Helper()
	for _, f := range machineFormats {
		if err := os.WriteFile(name+f.ending, []byte(written(t, r, f.write)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// readElsewhere lets the readers that others wrote read all files of a directory.
func readElsewhere(t *testing.T, directory string) {
	t.Helper()
	for _, ask := range []struct{ program, shell string }{
		{"xmllint", `xmllint --noout "$1"/*.xml`},
		{"prove", `! prove --quiet --exec cat "$1"/*.tap 2>&1 | grep -A3 -B3 "Parse errors"`},
		{"promtool", `for f in "$1"/*.prom; do promtool check metrics <"$f" || exit 1; done`},
	} {
		t.Run(ask.program, func(t *testing.T) {
			if _, err := exec.LookPath(ask.program); err != nil {
				t.Skipf("%s is not installed", ask.program)
			}
			if words, err := exec.Command("sh", "-c", ask.shell, "sh", directory).CombinedOutput(); err != nil || len(words) > 0 {
				t.Errorf("%v\n%s", err, words)
			}
		})
	}
}

func clearText(text string) string { return screen.Clean(text) }

// poisoned is the report with the text put behind each text that is none of a closed list.
func poisoned(t *testing.T, r *report.Report, poison string) *report.Report {
	t.Helper()
	kept := []string{"schema", "started_at", "verdict", "severity", "confidence", "status", "name", "probe", "waited_for",
		"not_before", "not_after", "environment"}
	var replace func(key string, value any) any
	replace = func(key string, value any) any {
		switch v := value.(type) {
		case report.Object:
			for i := range v {
				v[i].Value = replace(v[i].Name, v[i].Value)
			}
		case []any:
			for i := range v {
				v[i] = replace(key, v[i])
			}
		case string:
			if !slices.Contains(kept, key) {
				if key == "cause" { // they stay different
					return poison + v
				}
				return poison
			}
		}
		return value
	}
	tree, err := report.ParseTree(jsonOf(t, r))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := report.WriteTree(&out, replace("", tree)); err != nil {
		t.Fatal(err)
	}
	again, err := report.Read(&out)
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func judgeJUnit(t *testing.T, r *report.Report, text string) {
	t.Helper()
	var suites junit.Testsuites
	decoder := xml.NewDecoder(strings.NewReader(text))
	if err := decoder.Decode(&suites); err != nil {
		t.Fatalf("junit: %v", err)
	}
	if len(suites.Suites) != 1 {
		t.Fatalf("junit: %d suites", len(suites.Suites))
	}
	suite, bad := suites.Suites[0], 0
	for i, c := range suite.Testcases {
		if c.Failure != nil {
			bad++
			if strings.TrimSpace(c.Failure.Message) == "" || strings.TrimSpace(c.Failure.Data) == "" && len(r.Diagnoses) > 0 {
				t.Errorf("junit: the failure of %s says nothing", c.Name)
			}
		}
		if i < len(r.Probes) && (c.Name != r.Probes[i].Name || (c.Skipped != nil) != (r.Probes[i].Status == evidence.Skip)) {
			t.Errorf("junit: case %d is %+v, of %+v", i, c, r.Probes[i])
		}
	}
	if suite.Failures != bad || suites.Failures != bad || suite.Tests != len(suite.Testcases) || (bad > 0) != (r.Found() == report.VerdictFail) ||
		suite.Errors != int(render.OneIf(r.Interrupted)) || suites.Errors != suite.Errors {
		t.Errorf("junit: %d failures, %d counted, %d errors, verdict %s", bad, suite.Failures, suite.Errors, r.Verdict)
	}
	for _, d := range r.Diagnoses {
		if summary := screen.Clean(d.Summary); !strings.Contains(strings.ReplaceAll(text, "]]]]><![CDATA[>", "]]>"), summary) {
			t.Errorf("junit: nowhere is %q", summary)
		}
	}
}

var tapLine = regexp.MustCompile(`^(not )?ok (\d+) - ((?:[^#\\]|\\.)+?)(?: # SKIP (.+))?$`)

func judgeTAP(t *testing.T, r *report.Report, text string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	tests, bad, told := 0, 0, map[string]bool{}
	for i := 2; i < len(lines); i++ {
		line := lines[i]
		switch parts := tapLine.FindStringSubmatch(line); {
		case parts != nil:
			if tests++; parts[2] != strconv.Itoa(tests) {
				t.Errorf("tap: %q is the %d. test", line, tests)
			}
			if parts[1] != "" {
				bad++
			}
			if tests <= len(r.Probes) && (parts[3] != r.Probes[tests-1].Name || (parts[4] != "") != (r.Probes[tests-1].Status == evidence.Skip)) {
				t.Errorf("tap: %q", line)
			}
		case line == "  ---":
			end := i + slices.Index(lines[i:], "  ...")
			var block struct {
				Message   string
				Duration  float64 `yaml:"duration_ms"`
				Diagnoses []struct {
					Cause, Severity, Confidence, Summary, Explanation string
					Evidence, Fixes, Docs                             []string
				}
			}
			strict := yaml.NewDecoder(strings.NewReader(strings.Join(lines[i+1:end], "\n")))
			strict.KnownFields(true)
			if err := strict.Decode(&block); err != nil {
				t.Errorf("tap: %v", err)
			}
			for _, d := range block.Diagnoses {
				told[d.Summary] = true
			}
			i = end
		case !strings.HasPrefix(line, "# "):
			t.Errorf("tap: %q", line)
		}
	}
	if lines[0] != "TAP version 13" || lines[1] != "1.."+strconv.Itoa(tests) ||
		(bad > 0) != (r.Found() == report.VerdictFail || r.Interrupted) {
		t.Errorf("tap: %d tests, %d not ok, verdict %s, begins %q", tests, bad, r.Verdict, lines[:2])
	}
	for _, d := range r.Diagnoses {
		if !told[screen.Clean(render.HeadlineOf(d))] {
			t.Errorf("tap: nowhere is %q", render.HeadlineOf(d))
		}
	}
}

func judgePrometheus(t *testing.T, r *report.Report, text string) {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("prometheus: %v", err)
	}
	series := map[string]bool{}
	for name, family := range families {
		if family.GetHelp() == "" || family.GetType().String() != "GAUGE" || len(family.Metric) == 0 {
			t.Errorf("prometheus: %s has help %q, type %s, %d series", name, family.GetHelp(), family.GetType(), len(family.Metric))
		}
		for _, metric := range family.Metric {
			var labels []string
			for _, l := range metric.Label {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			slices.Sort(labels)
			if one := name + fmt.Sprintf("%q", labels); series[one] {
				t.Errorf("prometheus: %s stands there twice", one)
			} else {
				series[one] = true
			}
			if name == "opensrs_doctor_verdict" && (metric.Gauge.GetValue() == 1) != slices.Contains(labels, "verdict="+r.Verdict) {
				t.Errorf("prometheus: %s is %v", labels, metric.Gauge.GetValue())
			}
		}
	}
	for _, name := range []string{"verdict", "probe_status", "run_timestamp_seconds", "run_duration_seconds", "build_info"} {
		if families["opensrs_doctor_"+name] == nil && (name != "build_info" || screen.Clean(r.Tool.Version) != "") {
			t.Errorf("prometheus: there is no %s", name)
		}
	}
	if got := len(families["opensrs_doctor_diagnosis"].GetMetric()); got != len(r.Diagnoses) {
		t.Errorf("prometheus: %d causes of %d", got, len(r.Diagnoses))
	}
}

var nagiosLine = regexp.MustCompile(`^OPENSRS (OK|WARNING|CRITICAL|UNKNOWN) - ([^|\n]+) \| (?:'[a-z_]+'=-?[0-9]+(?:\.[0-9]+s;;;0)?(?: |\n$))+`)

// nrpePacket is what an agent of version 2 passes on of a plugin's line, in bytes.
const nrpePacket = 1023

func judgeNagios(t *testing.T, r *report.Report, text string) {
	t.Helper()
	parts := nagiosLine.FindStringSubmatch(text)
	if parts == nil || parts[0] != text {
		t.Fatalf("nagios: %q", text)
	}
	if len(text) > nrpePacket {
		t.Errorf("nagios: %d bytes", len(text))
	}
	want := map[string]string{report.VerdictPass: "OK", report.VerdictWarn: "WARNING", report.VerdictFail: "CRITICAL",
		report.VerdictIncomplete: "UNKNOWN"}[r.Verdict]
	if parts[1] != want || render.StateOf(r).String() != want {
		t.Errorf("nagios: %s of %s", parts[1], r.Verdict)
	}
}

var gitHubLine = regexp.MustCompile(`^::(error|warning|notice) title=((?:[^%:,\r\n]|%25|%3A|%2C)+)::((?:[^%\r\n]|%25|%0A)+)$`)

func judgeGitHub(t *testing.T, r *report.Report, text string) {
	t.Helper()
	levels := map[string]int{}
	for line := range strings.Lines(text) {
		parts := gitHubLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if parts == nil {
			t.Errorf("github: %q", line)
			continue
		}
		levels[parts[1]]++
	}
	if (levels["error"] > 0) != (r.Found() == report.VerdictFail || r.Interrupted) || len(levels) == 0 {
		t.Errorf("github: %v of %s", levels, r.Verdict)
	}
}

// judgeMarkdown renders it as GitHub does, with HTML let through, and looks at the page.
func judgeMarkdown(t *testing.T, r *report.Report, text string) {
	t.Helper()
	var page bytes.Buffer
	renderer := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(unsafehtml.WithUnsafe()))
	if err := renderer.Convert([]byte(text), &page); err != nil {
		t.Fatal(err)
	}
	document, err := html.Parse(&page)
	if err != nil {
		t.Fatal(err)
	}
	allowed := strings.Fields("html head body h2 h3 p strong ul ol li code table thead tbody tr th td a details summary")
	count := map[string]int{}
	var read strings.Builder
	for node := range document.Descendants() {
		if node.Type == html.TextNode {
			read.WriteString(strings.ReplaceAll(node.Data, "\u200b", ""))
		}
		if node.Type == html.CommentNode {
			t.Errorf("markdown: a comment %q", node.Data)
		}
		if node.Type != html.ElementNode {
			continue
		}
		count[node.Data]++
		if !slices.Contains(allowed, node.Data) {
			t.Errorf("markdown: an element <%s>", node.Data)
		}
		for _, attribute := range node.Attr {
			web := strings.HasPrefix(attribute.Val, "https://") || strings.HasPrefix(attribute.Val, "http://")
			meant := slices.ContainsFunc(r.Diagnoses, func(d report.Diagnosis) bool { return slices.Contains(diff.Cleaned(d.Docs), attribute.Val) })
			switch {
			case node.Data == "a" && attribute.Key == "href" && web && meant && node.FirstChild.Data == attribute.Val:
			case (node.Data == "td" || node.Data == "th") && (attribute.Key == "style" || attribute.Key == "align"):
			case node.Data == "ol" && attribute.Key == "start":
			default:
				t.Errorf("markdown: <%s %s=%q>, %q", node.Data, attribute.Key, attribute.Val, node.FirstChild.Data)
			}
		}
	}
	if count["h2"] != 1 || count["table"] != 1 || count["tr"] != 7 || count["td"] != 24 || count["details"] != 1 || count["summary"] != 1 {
		t.Errorf("markdown: %v", count)
	}
	words := strings.Join(strings.Fields(read.String()), "")
	for _, d := range r.Diagnoses {
		for _, said := range slices.Concat([]string{d.Summary, d.Explanation}, d.Evidence, d.Fixes) {
			if said = strings.Join(strings.Fields(screen.Clean(said)), ""); !strings.Contains(words, said) {
				t.Errorf("markdown: the page does not read %.200q", said)
			}
		}
	}
}

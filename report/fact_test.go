package report_test

import (
	"encoding/json"
	"math/rand"
	"regexp"
	"strings"
	"testing"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/anonymize"
	"opensrs-doctor/report/internal/golden"
	"opensrs-doctor/report/render"
	"opensrs-doctor/report/screen"
)

// dumped is what only a program would write: braces of a struct or a map, members' names, and bare values.
var dumped = regexp.MustCompile(`[{}]|map\[|\b(true|false|null|nil)\b|\b[a-z]+_[a-z_]+\b|\[\]|<nil>|%!|: [,;]|, ,|,,|  |[:,] ?$`)

// dumps are the facts of a report that read like a dump. A line with lines below it may end with a colon.
func dumps(r *report.Report) []string {
	var bad []string
	look := func(name string, lines []render.FactLine) {
		for i, line := range lines {
			text := strings.ReplaceAll(line.Text(), "no_proxy", "NO_PROXY") // a variable
			if i+1 < len(lines) && lines[i+1].Depth > line.Depth {
				text = strings.TrimSuffix(text, ":")
			}
			if found := dumped.FindString(text); found != "" || text == "" {
				bad = append(bad, name+": "+found+" in "+text)
			}
		}
	}
	for _, row := range r.Probes {
		look(row.Name, render.FactsOf(row.Name, row.Facts))
	}
	look("run", render.RunFacts(r))
	return bad
}

// Facts of every run are words, and every member that this release records has some: nothing is left to be shown under
// its own name.
func TestFactsAreWords(t *testing.T) {
	t.Parallel()
	reports := map[string]*report.Report{"deep": reportOf(deepEvidence(healthy())), "healthy": reportOf(healthy())}
	for _, f := range fixtures() {
		reports[f.name] = reportOf(f.evidence())
	}
	for name, r := range reports {
		for which, r := range map[string]*report.Report{name: r, name + ", anonymized": anonymize.Anonymize(r)} {
			for _, bad := range dumps(r) {
				t.Errorf("%s: %s", which, bad)
			}
			for _, row := range r.Probes {
				if unknown := render.FactListOf(row.Name, row.Facts).Unknown; unknown != nil {
					t.Errorf("%s: %s has no words for %q", which, row.Name, unknown)
				}
			}
		}
	}
}

func TestGeneratedFactsAreWords(t *testing.T) {
	t.Parallel()
	unknown := map[string]bool{}
	eachGenerated(t, func(t *testing.T, _ *rand.Rand, e *evidence.Evidence) {
		r := reportOf(e)
		for _, bad := range dumps(r) {
			t.Error(bad)
		}
		for _, row := range r.Probes {
			for _, name := range render.FactListOf(row.Name, row.Facts).Unknown {
				unknown[row.Name+": "+name] = true
			}
		}
	})
	for name := range unknown {
		t.Errorf("there are no words for %s", name)
	}
}

// A narrow screen holds facts too, but for words that cannot be broken.
func TestFactsFitTheScreen(t *testing.T) {
	for name, r := range savedReports(t) {
		shown := screenOf(t, r, screen.Options{Verbose: true})
		for _, line := range strings.Split(shown, "\n") {
			if screen.WidthOf(line) > 80 && len(strings.Fields(line)) > 1 {
				t.Errorf("%s: %d columns: %s", name, screen.WidthOf(line), line)
			}
		}
	}
}

// What this release has no words for is shown as well as can be: of a newer release, or written by hand.
func TestForeignFacts(t *testing.T) {
	for name, test := range map[string]struct{ probe, facts, want string }{
		"a newer member": {"port", `{"attempts": [{"address": "198.51.100.10:55443", "connected": true, "took_ms": 18, "tls_1_4": true}],
			"queue_ms": 1234.5, "sent_bytes": 12, "colour": {"red_ms": 3, "blue": null, "green": [], "deep": {"er": "x"}}, "nothing": {}}`,
			`connections:
  198.51.100.10:55443: connected in 18 ms
    tls 1 4: yes
queue: 1.2 s
sent: 12 bytes
colour:
  red: 3 ms
  deep:
    er: x`},
		"other types": {"egress", `{"sightings": "none", "ipv4": {"a": 1}, "asked": [1, 2], "given": "maybe", "failure": ["x"], "agreeing": null}`,
			`sightings: none
ipv4:
  a: 1
asked: 1, 2
given: maybe
failure: x`},
		"mixed lists": {"tls", `{"chain": [{"subject": "CN=a"}, "b", [1, {"c": false}]], "trust": {"public": "yes", "system": true}}`,
			`trust:
  this host's own store: verifies the chain
  public: yes
chain:
  1:
    subject: CN=a
  2: b
  3:
    1: 1
    2:
      c: no`},
		"another probe": {"smtp", `{"greeting": "220 hello", "took_ms": 3, "list": [[1], []]}`, `greeting: 220 hello
took: 3 ms
list:
  1: 1`},
		"no object":   {"dns", `["a", "b"]`, `dns: a, b`},
		"a text":      {"dns", `"words"`, `dns: words`},
		"nothing":     {"dns", `null`, ``},
		"broken":      {"dns", `{`, ``},
		"odd numbers": {"call", `{"sent": true, "took_ms": -5, "reply_bytes": 1e400, "http_status": 200}`, "call: sent\nHTTP status: 200\nreply: 1e400 bytes"},
		"a strange age": {"tls", `{"clock": {"offset_ms": 1e300, "agreeing": 2, "samples": [{"peer": "a:1", "offset_ms": -1e300}]}}`,
			"clock:\n  2 peers that agree: 104167 days ahead of this host's clock\n  a:1: 104167 days behind this host's clock"},
	} {
		if got := laidOut(render.FactsOf(test.probe, json.RawMessage(test.facts))); got != test.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, test.want)
		}
	}
}

func laidOut(lines []render.FactLine) string {
	var out []string
	for _, line := range lines {
		out = append(out, strings.Repeat("  ", line.Depth)+line.Text())
	}
	return strings.Join(out, "\n")
}

// A report may nest without end; what is shown does not run off the screen.
func TestDeepFacts(t *testing.T) {
	document := strings.Repeat(`{"a": `, 5000) + `"x"` + strings.Repeat("}", 5000)
	for _, line := range render.FactsOf("dns", json.RawMessage(document)) {
		if line.Depth > render.Deepest {
			t.Fatalf("a line stands %d deep", line.Depth)
		}
	}
}

// The facts of some runs as -v shows them: testdata/facts.
func TestVerboseScreens(t *testing.T) {
	for _, name := range []string{"port.filtered", "tls.intercepted", "tls.incomplete-chain", "call.auth-failed", "call.wrong-environment",
		"proxy.denied", "egress.unstable", "rules.invalid", "rules.ambiguous", "dns.hosts-override", "host.clock-wrong", "service.incident"} {
		golden.Check(t, "facts/"+name+".txt", factScreen(savedReport(t, name)))
	}
	golden.Check(t, "facts/ticket.txt", factScreen(reportOf(deepEvidence(healthy()))))
}

// factScreen is what -v adds to the rows, and no more: whoever rewords a diagnosis need not look at it.
func factScreen(r *report.Report) string {
	s := screen.New(screen.Options{})
	for _, row := range r.Probes {
		s.Paragraph("", 0, row.Name, screen.Plain)
		render.Facts(s, 12, row.Name, row.Facts)
	}
	render.Run(s, r)
	return s.Out.String()
}

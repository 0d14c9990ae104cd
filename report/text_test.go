package report_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/report"
	"opensrs-doctor/report/internal/golden"
	"opensrs-doctor/report/render"
	"opensrs-doctor/report/screen"
)

func screenOf(t *testing.T, r *report.Report, o screen.Options) string {
	t.Helper()
	var out strings.Builder
	if err := render.WriteText(&out, r, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// screens are the runs that the expected screens show, with the catalogue's own diagnoses.
func screens(t *testing.T) map[string]*report.Report {
	run := func(name string, change func(*evidence.Evidence)) *report.Report {
		e := healthy()
		if name != "" {
			e = fixtureOf(t, name)
		}
		if change != nil {
			change(e)
		}
		return reportOf(e)
	}
	return map[string]*report.Report{
		"filtered": run("port.filtered", func(e *evidence.Evidence) { // and something to warn of
			slow := fixtureOf(t, "dns.slow-resolver")
			e.DNS, e.Host.Resolvers, e.Steps[2] = slow.DNS, slow.Host.Resolvers, slow.Steps[2]
		}),
		"denied":    run("rules.not-allowed", nil),
		"pass":      run("", nil),
		"pass-info": run("egress.ipv6-possible", nil),
		"warn":      run("dns.slow-resolver", nil),
		"sandbox": run("", func(e *evidence.Evidence) {
			e.Target.Sandbox, e.Target.Environment = true, evidence.EnvSandbox
		}),
		"interrupted": run("", func(e *evidence.Evidence) {
			e.Interrupted, e.Steps, e.Target.CustomEndpoint = true, e.Steps[:3], true
			e.Port, e.TLS, e.Call = nil, nil, nil
		}),
	}
}

// The screens of single causes are TestCauses'.
func TestScreens(t *testing.T) {
	for _, name := range []string{"filtered", "pass", "sandbox", "interrupted"} {
		golden.Check(t, "screen-"+name+".txt", screenOf(t, screens(t)[name], screen.Options{}))
	}
	filtered := screens(t)["filtered"]
	for name, o := range map[string]screen.Options{
		"ascii": {ASCII: true}, "quiet": {Quiet: true}, "verbose": {Verbose: true},
		"narrow": {Width: 50}, "wide": {Width: 120}, "color": {Color: true},
	} {
		golden.Check(t, "screen-filtered-"+name+".txt", screenOf(t, filtered, o))
	}
	golden.Check(t, "screen-pass-quiet.txt", screenOf(t, screens(t)["pass-info"], screen.Options{Quiet: true}))
}

// Every screen stays within its width, except where a single word is wider.
func TestWidth(t *testing.T) {
	for name, r := range screens(t) {
		for _, width := range []int{0, 34, 40, 60, 80, 100} {
			for _, o := range []screen.Options{{}, {ASCII: true}, {Verbose: true}, {Quiet: true}} {
				o.Width = width
				limit := width
				if width == 0 {
					limit = 80
				}
				for _, line := range strings.Split(screenOf(t, r, o), "\n") {
					if screen.WidthOf(line) > limit && len(strings.Fields(line)) > 2 {
						t.Errorf("%s at width %d: %d columns: %q", name, width, screen.WidthOf(line), line)
					}
					if strings.HasSuffix(line, " ") {
						t.Errorf("%s: space at the end of %q", name, line)
					}
				}
			}
		}
	}
}

// hostile is what a peer may try to do to the terminal of whoever reads the report.
const hostile = "a\x1b[2J\x1b]0;owned\x07b\r\nc\u202Ed\u2066e\u009b31mf\x00g\xff\xfeh\u2028i\u200bj"

// Noncharacters are not text anywhere: XML and YAML refuse them, HTML calls them a mistake.
func TestCleanTakesNoncharactersOut(t *testing.T) {
	for _, c := range []rune{0xFFFE, 0xFFFF, 0xFDD0, 0xFDEF, 0x1FFFE, 0x10FFFF} {
		if got := screen.Clean("a" + string(c) + "b"); got != "ab" {
			t.Errorf("%U: %q", c, got)
		}
	}
}

func TestHostileStrings(t *testing.T) {
	r := screens(t)["filtered"]
	r.Target.Host, r.Target.Username, r.Target.Environment, r.Host.Hostname = hostile, hostile, hostile, hostile
	r.RunID, r.Tool.Version = hostile, hostile
	d := &r.Diagnoses[0]
	d.Summary, d.Explanation, d.Cause, d.Confidence = hostile, hostile+" 1", hostile, hostile
	d.Evidence, d.Fixes, d.Docs, d.Hides = []string{hostile + " 2"}, []string{hostile}, []string{hostile}, []string{hostile}
	for i := range r.Probes {
		r.Probes[i].Summary, r.Probes[i].Name = hostile, hostile
		r.Probes[i].Facts = []byte(`{"quote": "a\u001b[2J\u009b1m\r\nFAKE\u202e", "\u001b[1m": [{"\u001b": "\u0007"}]}`)
	}
	for _, o := range []screen.Options{{}, {Verbose: true}, {Quiet: true}, {ASCII: true}} {
		text := screenOf(t, r, o)
		if !utf8.ValidString(text) {
			t.Error("the screen is not valid UTF-8")
		}
		for _, c := range text {
			if c != '\n' && foreign.Harmful(c) {
				t.Fatalf("%U on the screen: %q", c, text)
			}
		}
		if strings.Contains(text, "\nFAKE") || strings.Contains(text, "\nc") {
			t.Errorf("a peer made a line of its own: %q", text)
		}
	}
	var out strings.Builder
	if err := report.WriteJSON(&out, r); err != nil {
		t.Fatal(err)
	}
	for _, c := range out.String() {
		if c != '\n' && foreign.Harmful(c) {
			t.Fatalf("%U in the JSON report", c)
		}
	}
}

func TestNoColorWithoutAsking(t *testing.T) {
	r := screens(t)["filtered"]
	if text := screenOf(t, r, screen.Options{}); strings.Contains(text, "\x1b") {
		t.Error("escapes without colour")
	}
	if text := screenOf(t, r, screen.Options{Color: true}); !strings.Contains(text, "\x1b[") {
		t.Error("no colour though asked for")
	}
}

func TestASCIIOnly(t *testing.T) {
	r := screens(t)["filtered"]
	r.Diagnoses[0].Explanation = "Größe “quoted” → 名前"
	for _, c := range screenOf(t, r, screen.Options{ASCII: true, Verbose: true}) {
		if c > 127 {
			t.Fatalf("%q beyond ASCII", c)
		}
	}
}

func TestSpan(t *testing.T) {
	for ms, want := range map[float64]string{
		0: "0 ms", 0.4: "0 ms", 41: "41 ms", 999.6: "1.0 s", 3004: "3.0 s", 99949: "99.9 s", 125000: "2 min 5 s",
	} {
		if got := screen.SpanMS(ms); got != want {
			t.Errorf("%g ms: %q, want %q", ms, got, want)
		}
	}
}

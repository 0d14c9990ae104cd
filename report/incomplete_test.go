package report_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose"
	"opensrs-doctor/report/diff"
	"opensrs-doctor/report/render"
	"opensrs-doctor/report/render/page"
	"opensrs-doctor/report/screen"
)

// cutShort are runs that did not come to their end: interrupted before anything failed, behind a failure, behind a
// warning, and by the end of the time.
func cutShort(t *testing.T) map[string]*report.Report {
	t.Helper()
	filtered := filteredEvidence()
	filtered.Interrupted = true
	timeUp := healthyEvidence()
	timeUp.Call, timeUp.Interrupted = nil, true
	timeUp.Steps[5] = evidence.Step{Probe: "call", Status: evidence.Skip, WaitedFor: evidence.WaitTimeout}
	warned := healthyEvidence()
	warned.Interrupted = true
	return map[string]*report.Report{
		"nothing seen":   screens(t)["interrupted"],
		"after failure":  saved(t, filtered, filteredDiagnosis()),
		"after warning":  saved(t, warned, screens(t)["warn"].Diagnoses...),
		"the time is up": saved(t, timeUp),
		"by New":         diagnose.New(timeUp, report.Tool{Name: "opensrs-doctor", Version: "1.2.3"}),
	}
}

// TestIncompleteInEveryFormat: a run that was cut short is in no format a pass, and none loses what it had found.
func TestIncompleteInEveryFormat(t *testing.T) {
	formats := map[string]string{ // what each says of the verdict
		"junit":      `errors="1"(.|\n)*name="verdict" value="incomplete"(.|\n)*<error message="The [^"]+ is not known\." type="incomplete">`,
		"tap":        `\nnot ok [0-9]+ - run\n(.|\n)*\n# verdict: incomplete\n$`,
		"prometheus": `(?m)^opensrs_doctor_verdict\{.*verdict="incomplete"\} 1$`,
		"nagios":     `^OPENSRS UNKNOWN - `,
		"github":     `(?m)^::error title=opensrs-doctor%3A incomplete::The .* is not known\.$`,
		"markdown":   `^## – opensrs-doctor: incomplete\n`,
	}
	for name, r := range cutShort(t) {
		judged(t, r)
		validate(t, name, jsonOf(t, r))
		again, err := report.Read(bytes.NewReader(jsonOf(t, r)))
		if err != nil || again.Verdict != report.VerdictIncomplete || len(again.Diagnoses) != len(r.Diagnoses) {
			t.Fatalf("%s: %v, %v", name, err, again)
		}
		texts := map[string]string{}
		for _, f := range machineFormats {
			texts[f.name] = written(t, again, f.write)
			if want := formats[f.name]; want != "" && !regexp.MustCompile(want).MatchString(texts[f.name]) {
				t.Errorf("%s: not incomplete in\n%s", name, texts[f.name])
			}
		}
		if pass := regexp.MustCompile(`(?m)verdict="(pass|warn|fail)"\} 1$`); pass.MatchString(texts["prometheus"]) {
			t.Errorf("%s:\n%s", name, texts["prometheus"])
		}
		texts["html"] = written(t, again, page.WriteHTML)
		if !strings.Contains(texts["html"], "Verdict: incomplete") {
			t.Errorf("%s: the page has another verdict", name)
		}
		for _, o := range []screen.Options{{}, {Quiet: true}} {
			texts["human"] = screenOf(t, again, o)
			if !strings.Contains(strings.Join(strings.Fields(texts["human"]), " "), again.CutWords()) {
				t.Errorf("%s: a person is not told\n%s", name, texts["human"])
			}
			for line := range strings.Lines(texts["human"]) {
				if o.Quiet && strings.HasPrefix(line, "✓") {
					t.Errorf("%s: a pass\n%s", name, texts["human"])
				}
			}
		}
		for _, d := range r.Diagnoses {
			for format, text := range texts {
				if !strings.Contains(text, d.Cause) {
					t.Errorf("%s: %s loses %s", name, format, d.Cause)
				}
			}
		}
	}
}

// TestIncompleteWords: what cut the run short is said, and the end of the time is no signal.
func TestIncompleteWords(t *testing.T) {
	runs := cutShort(t)
	if words := runs["the time is up"].CutWords(); !strings.Contains(words, "--timeout") || strings.Contains(words, "interrupted") {
		t.Errorf("%q", words)
	}
	if words := runs["nothing seen"].CutWords(); !strings.Contains(words, "interrupted") {
		t.Errorf("%q", words)
	}
	if words := screens(t)["pass"].CutWords(); words != "" {
		t.Errorf("a whole run was cut: %q", words)
	}
}

// TestOldInterruptedReports: releases before the verdict incomplete saved the verdict on the part that was made.
func TestOldInterruptedReports(t *testing.T) {
	for _, verdict := range []string{report.VerdictPass, report.VerdictWarn, report.VerdictFail} {
		old := screens(t)["interrupted"]
		old.Verdict = verdict
		r, err := report.Read(bytes.NewReader(jsonOf(t, old)))
		if err != nil || r.Verdict != report.VerdictIncomplete || !r.Interrupted || render.StateOf(r) != render.NagiosUnknown {
			t.Errorf("%s: %v, %v", verdict, err, r)
		}
	}
}

// TestDiffOfAnIncompleteRun: what the other run found is not gone, it was not looked for.
func TestDiffOfAnIncompleteRun(t *testing.T) {
	d := diff.Compare(screens(t)["pass"], screens(t)["interrupted"])
	var out bytes.Buffer
	if err := diff.WriteDiffText(&out, d, screen.Options{}); err != nil {
		t.Fatal(err)
	}
	if d.Same || !strings.Contains(out.String(), "– incomplete, ") || !strings.Contains(out.String(), "cut short") {
		t.Errorf("%s", out.String())
	}
}

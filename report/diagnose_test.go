package report_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose"
	"opensrs-doctor/report/internal/golden"
	"opensrs-doctor/report/screen"
)

// reportOf is the report of a run, as the command makes it.
func reportOf(e *evidence.Evidence) *report.Report {
	return diagnose.New(e, report.Tool{Name: "opensrs-doctor", Version: "1.0.0"})
}

func causesOf(diagnoses []report.Diagnosis) []string {
	causes := []string{}
	for _, d := range diagnoses {
		causes = append(causes, d.Cause)
	}
	return causes
}

func diagnosisOf(diagnoses []report.Diagnosis, cause string) (report.Diagnosis, bool) {
	for _, d := range diagnoses {
		if d.Cause == cause {
			return d, true
		}
	}
	return report.Diagnosis{}, false
}

func TestHealthy(t *testing.T) {
	r := reportOf(healthy())
	if len(r.Diagnoses) > 0 || r.Verdict != report.VerdictPass {
		t.Fatalf("a healthy run has %s and %v", r.Verdict, causesOf(r.Diagnoses))
	}
}

// examples are causes whose saved reports are in testdata whole, for tests of other rooms and for readers: a run that
// fails, and one that passes.
var examples = []string{"call.auth-failed", "client.dns-differs"}

// Every cause is found in the run that it is about. Its saved report is by the schema, its diagnoses and its screen, made
// of that report alone, are as testdata has them.
func TestCauses(t *testing.T) {
	for _, f := range fixtures() {
		t.Run(f.name, func(t *testing.T) {
			cause, _, further := strings.Cut(f.name, "/")
			r := reportOf(f.evidence())
			d, found := diagnosisOf(r.Diagnoses, cause)
			if !found || d.Severity == report.Fail && r.Diagnoses[0].Cause != cause {
				t.Fatalf("the causes are %v", causesOf(r.Diagnoses))
			}
			if d.Severity != f.severity || d.Confidence != f.confidence {
				t.Errorf("%s is %s, %s; want %s, %s", cause, d.Severity, d.Confidence, f.severity, f.confidence)
			}
			document := jsonOf(t, r)
			validate(t, f.name, document)
			again, err := report.Read(bytes.NewReader(document))
			if err != nil {
				t.Fatal(err)
			}
			text := screenOf(t, again, screen.Options{})
			if text != screenOf(t, r, screen.Options{}) {
				t.Error("read again, the report looks different")
			}
			if further {
				t.Logf("\n%s", text)
				return
			}
			var diagnoses bytes.Buffer
			if err := report.WriteDocument(&diagnoses, again.Diagnoses); err != nil {
				t.Fatal(err)
			}
			golden.Check(t, "diagnoses/"+cause+".json", diagnoses.String())
			golden.Check(t, cause+".txt", text)
			if slices.Contains(examples, cause) {
				golden.Check(t, cause+".json", string(document))
			}
		})
	}
}

// Every row has a run that shows it, and testdata holds nothing of anything else.
func TestEveryCauseHasASavedReport(t *testing.T) {
	var shown []string
	for _, f := range fixtures() {
		shown = append(shown, f.name)
	}
	for _, c := range diagnose.Causes() {
		if !slices.Contains(shown, c.ID) {
			t.Errorf("no fixture shows %s", c.ID)
		}
	}
	for pattern, known := range map[string][]string{"testdata/*.json": examples, "testdata/diagnoses/*.json": shown} {
		kept, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range kept {
			if !slices.Contains(known, strings.TrimSuffix(filepath.Base(path), ".json")) {
				t.Errorf("%s belongs to no cause", path)
			}
		}
	}
}

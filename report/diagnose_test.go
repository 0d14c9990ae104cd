package report_test

import (
	"bytes"
	"os"
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

// Every cause is found in the run that it is about, and its saved report reads as testdata says: in JSON, and
// rendered from that JSON alone.
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
			golden.Check(t, cause+".json", string(document))
			golden.Check(t, cause+".txt", text)
		})
	}
}

// Every row has a run that shows it, and testdata holds no report of anything else.
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
	saved, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range saved {
		cause := strings.TrimSuffix(filepath.Base(path), ".json")
		if !slices.Contains(shown, cause) {
			t.Errorf("%s belongs to no cause", path)
		}
		if _, err := os.Stat(strings.TrimSuffix(path, ".json") + ".txt"); err != nil {
			t.Errorf("%s has no text beside it", path)
		}
	}
}

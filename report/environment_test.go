package report_test

import (
	"bytes"
	"strings"
	"testing"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose"
	"opensrs-doctor/report/diff"
)

// TestAdviceKnowsTheEnvironment: every sentence that names an environment or its control panel names the run's. The
// sandbox has neither, and what it shows is advice for a real account.
func TestAdviceKnowsTheEnvironment(t *testing.T) {
	for _, cause := range diagnose.Causes() {
		if cause.ID == "call.wrong-environment" { // it names both
			continue
		}
		for environment, not := range map[string][]string{
			service.OpenSRS.Live.Name: {"test environment", "sandbox environment"},
			service.OpenSRS.Test.Name: {"live environment", "sandbox environment"},
			evidence.EnvSandbox:       {"live environment", "test environment", "sandbox environment"},
		} {
			e := fixtureOf(t, cause.ID)
			e.Target.Environment, e.Target.Sandbox = environment, environment == evidence.EnvSandbox
			for _, d := range diagnose.Diagnose(e) {
				text := strings.Join(append([]string{d.Summary, d.Explanation}, d.Fixes...), "\n")
				for _, wrong := range not {
					if strings.Contains(text, wrong) {
						t.Errorf("%s in %s: %s", cause.ID, environment, text)
					}
				}
			}
		}
	}
}

// TestSandboxIsItsOwnEnvironment: also of a report that a release saved when the sandbox still counted as live.
func TestSandboxIsItsOwnEnvironment(t *testing.T) {
	old := screens(t)["sandbox"]
	old.Target.Environment = service.OpenSRS.Live.Name
	r, err := report.Read(bytes.NewReader(jsonOf(t, old)))
	if err != nil {
		t.Fatal(err)
	}
	validate(t, "sandbox", jsonOf(t, r))
	for _, f := range machineFormats {
		if text := written(t, r, f.write); strings.Contains(text, `"live"`) || f.name != "nagios" && !strings.Contains(text, "sandbox") {
			t.Errorf("%s:\n%s", f.name, text)
		}
	}
	if d := diff.Compare(r, screens(t)["pass"]); d.Old.Target != "sandbox, rr-n1-tor.opensrs.net:55443" || len(d.Changes) == 0 ||
		d.Changes[0] != (diff.Change{Field: "target.environment", Old: "sandbox", New: "live"}) {
		t.Errorf("%+v", d)
	}
}

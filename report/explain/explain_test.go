package explain

import (
	"encoding/json"
	"strings"
	"testing"

	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/internal/golden"
	"opensrs-doctor/report/screen"
)

func sampleCauses() []diagnose.Cause {
	return []diagnose.Cause{
		{
			ID: "dns.slow-resolver", Probe: "dns", Severity: report.Warn, Texts: prose.Texts{
				Summary: "{resolver} is slow or does not answer: {slow}",
				Fixes:   []string{"Repair {resolver}."},
			},
		},
		{
			ID: "port.filtered", Probe: "port", Severity: report.Fail, Hides: []string{"call.timeout", "tls.timeout"}, Texts: prose.Texts{
				Summary: "A firewall drops outgoing TCP port {port}",
				Fixes: []string{"Ask whoever runs {last_hop} to allow TCP from this host to {address} port {port}." + prose.General +
					"Ask whoever runs the last router that answers to allow TCP from this host to {address} port {port}.",
					"Run opensrs-doctor again from this host."},
				Docs: []string{"https://domains.opensrs.guide/docs/troubleshooting"},
				Means: "Packets to port {port} leave this host and nothing comes back. A firewall between this host and " +
					"the service throws them away.\n\nMany networks let port 443 out and no other.",
				Recognised: "The last router answers for port {port} and nobody behind it does, while port 443 walks farther.",
			},
		},
		{
			ID: "port.refused", Probe: "port", Severity: report.Fail, Passes: true, Texts: prose.Texts{
				Summary: "The host refuses TCP port {port}, and it is the host itself that does so and no firewall on the way",
			},
		},
	}
}

func TestExplain(t *testing.T) {
	for name, o := range map[string]screen.Options{"explain-port.txt": {}, "explain-port-ascii.txt": {ASCII: true, Width: 60}} {
		var out strings.Builder
		if err := explainCause(&out, sampleCauses()[1], o); err != nil {
			t.Fatal(err)
		}
		golden.Check(t, name, out.String())
	}
	var out strings.Builder
	if err := listCauses(&out, sampleCauses(), "The end.", screen.Options{}); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "explain-list.txt", out.String())
	for _, line := range strings.Split(out.String(), "\n") {
		if screen.WidthOf(line) > 80 {
			t.Errorf("%d columns: %q", screen.WidthOf(line), line)
		}
	}
}

// Every group of the list has one heading, also where the catalogue comes back to it.
func TestListHasEachGroupOnce(t *testing.T) {
	var out strings.Builder
	if err := ExplainList(&out, screen.Options{}); err != nil {
		t.Fatal(err)
	}
	headings := map[string]int{}
	for line := range strings.Lines(out.String()) {
		if line = strings.TrimSuffix(line, "\n"); line != "" && !strings.Contains(line, " ") {
			headings[line]++
		}
	}
	if len(headings) < 10 {
		t.Errorf("the headings: %v", headings)
	}
	for heading, times := range headings {
		if times != 1 {
			t.Errorf("%s is a heading %d times", heading, times)
		}
	}
}

func TestExplainJSON(t *testing.T) {
	var out strings.Builder
	if err := listPages(&out, sampleCauses()); err != nil {
		t.Fatal(err)
	}
	var pages []Page
	if err := json.Unmarshal([]byte(out.String()), &pages); err != nil {
		t.Fatal(err)
	}
	if len(pages) != 3 || pages[1].Cause != "port.filtered" || !pages[2].PassesByTime || pages[2].Fixes == nil {
		t.Errorf("%+v", pages)
	}
	if strings.Contains(out.String(), "{last_hop}") {
		t.Error("a placeholder is left")
	}
}

//go:build linux

package lab

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// deepFacts are what a ticket's port facts have more than a check's.
type deepFacts struct {
	RoundTrips *struct {
		Sent, Answered, Lost, Failed int
		MinMS                        float64 `json:"min_ms"`
	} `json:"round_trips"`
	Path *struct {
		Port, Compare []struct{ Answer, From string }
	} `json:"path"`
}

// ticket runs the command in a world and gives the port facts of its report.
func ticket(t *testing.T, w *World) (Result, deepFacts) {
	t.Helper()
	need(t)
	if buildError != nil {
		t.Fatal(buildError)
	}
	path := filepath.Join(t.TempDir(), "ticket.zip")
	w.Command, w.Flags = "ticket", append(w.Flags, "--output", path)
	w.Start()
	result := w.Diagnose(binary)
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	judgeSecrets(t, w, string(result.Stdout)+string(result.Stderr))
	var facts deepFacts
	for _, probe := range result.Report.Probes {
		if probe.Name == "port" {
			if err := json.Unmarshal(probe.Facts, &facts); err != nil {
				t.Fatal(err)
			}
		}
	}
	return result, facts
}

// TestTicketHealthy: also where all is well the way is walked, hop by hop, and the round trips are measured; the
// service sees one handshake and one call, as ever.
func TestTicketHealthy(t *testing.T) {
	t.Parallel()
	need(t)
	w := NewWorld(t)
	result, facts := ticket(t, w)
	if result.Exit != 0 || result.Report.Verdict != "pass" {
		t.Errorf("exit status %d, verdict %s", result.Exit, result.Report.Verdict)
	}
	if requests := w.API.Requests.Load(); requests != 1 { // the runtimes shake hands, and ask nothing
		t.Errorf("%d calls, want one", requests)
	}
	if trips := facts.RoundTrips; trips == nil || trips.Sent != 10 || trips.Answered != 10 || trips.MinMS <= 0 {
		t.Errorf("round trips %+v", trips)
	}
	var report struct {
		Host struct {
			Route struct{ To, Interface, Gateway string }
		}
	}
	if err := json.Unmarshal(result.Stdout, &report); err != nil {
		t.Fatal(err)
	}
	if route := report.Host.Route; route.To != HostIP || route.Gateway != GatewayIP || route.Interface == "" {
		t.Errorf("route %+v", route)
	}
	if facts.Path == nil || len(facts.Path.Port) != 4 || facts.Path.Port[0].From != GatewayIP ||
		facts.Path.Port[3].Answer != "connected" || len(facts.Path.Compare) != 4 {
		t.Errorf("path %+v", facts.Path)
	}
}

// TestTicketFiltered: where the port is silent, the cause is the check's, and every round trip is lost.
func TestTicketFiltered(t *testing.T) {
	t.Parallel()
	need(t)
	w := NewWorld(t)
	w.ISP.Filter("forward", "tcp dport 55443 drop")
	result, facts := ticket(t, w)
	if causes := grave(result.Report); len(causes) == 0 || causes[0] != "port.filtered" {
		t.Errorf("found %q", causes)
	}
	if trips := facts.RoundTrips; trips == nil || trips.Sent != 10 || trips.Lost != 10 {
		t.Errorf("round trips %+v", trips)
	}
	if facts.Path == nil || facts.Path.Port[1].From != ISPIP {
		t.Errorf("path %+v", facts.Path)
	}
}

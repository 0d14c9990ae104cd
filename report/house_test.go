package report_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// order is the house from the ground up: what stands in one line imports only what stands in lines above it.
var order = [][]string{
	{"probes/lazy"},
	{"probes/foreign", "probes/wording", "probes/typo", "probes/service", "probes/netaddr", "probes/smallfile", "probes/internal/authority", "report/internal/golden"},
	{"probes/iprules"},
	{"probes/opensrs"},
	{"probes/xmltext"},
	{"probes/mistakes"},
	{"probes/inspect"},
	{"probes/evidence", "probes/observed"},
	{"probes/classify", "probes/trust", "probes/traceroute"},
	{"report/screen"},
	{"report"},
	{"report/reading", "report/diagnose/prose"},
	{"report/diagnose/steps", "report/diagnose/condition"},
	{"report/diagnose/tls", "report/diagnose/dns", "report/diagnose/client"},
	{"report/diagnose/host", "report/diagnose/port", "report/diagnose/call"},
	{"report/diagnose"},
	{"report/render", "report/explain", "report/anonymize", "report/accessrules", "report/deploy"},
	{"report/render/page", "report/clients", "report/diff", "report/signature", "report/fleet"},
	{"report/ticket"},
	{"probes/thishost", "probes/runtimes"},
	{"probes", "probes/sandbox", "probes/foreign/dressed", "cmd/opensrs-doctor/process", "cmd/opensrs-doctor/outfile", "cmd/opensrs-doctor/clientsettings",
		"cmd/opensrs-doctor/child"},
	{"cmd/opensrs-doctor/console", "cmd/opensrs-doctor/build"},
	{"cmd/opensrs-doctor/infile"},
	{"cmd/opensrs-doctor/config"},
	{"cmd/opensrs-doctor/help", "cmd/opensrs-doctor/runner"},
	{"probes/lab", "probes/lab/systems", "probes/lab/kernel"},
	{"cmd/opensrs-doctor"},
}

// TestNothingImportsUpward: nor to the side, and no room is left out.
func TestNothingImportsUpward(t *testing.T) {
	const module = "opensrs-doctor/"
	floor := map[string]int{}
	for i, rooms := range order {
		for _, room := range rooms {
			floor[module+room] = i + 1
		}
	}
	for _, line := range strings.Split(golist(t, "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "./..."), "\n") {
		room, imports, _ := strings.Cut(line, " ")
		if floor[room] == 0 {
			t.Errorf("%s has no floor: put it into order", room)
		}
		for _, imported := range strings.Fields(imports) {
			if strings.HasPrefix(imported, module) && floor[imported] >= floor[room] {
				t.Errorf("%s imports %s", room, imported)
			}
		}
	}
}

// TestReportReachesNoSocket: whatever a report is made of, no room of report could open a connection or start a program.
func TestReportReachesNoSocket(t *testing.T) {
	all := strings.Fields(golist(t, "-deps", "./report/..."))
	for _, none := range []string{"net", "net/http", "crypto/tls", "os/exec", "opensrs-doctor/probes"} {
		if slices.Contains(all, none) {
			t.Errorf("report reaches %s: %s", none, golist(t, "-f", "{{.ImportPath}} imports {{join .Imports \", \"}}", "./report/..."))
		}
	}
}

func golist(t *testing.T, args ...string) string {
	t.Helper()
	command := exec.Command("go", append([]string{"list"}, args...)...)
	command.Dir = ".."
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

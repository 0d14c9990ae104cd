//go:build linux

package kernel

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// where a kernel's package is unpacked.
const where = "OPENSRS_DOCTOR_KERNEL"

// worlds are those whose judgement rests on what the kernel counts: what this host drops or refuses on its way out, or of
// the answers; what it does send; and a healthy host.
var worlds = map[string]string{
	"healthy": "plain",
	"host.local-firewall": "drops drops-behind-routing drops-beside-others-that-it-forwards rejects-with-icmp resets " +
		"redirects-to-itself drops-what-is-long resets-what-is-sent-later lets-new-connections-out-and-nothing-after",
	"host.reply-dropped":       "input-denies-everything",
	"host.reverse-path-filter": "answer-by-the-other-cable",
	"port.filtered":            "gateway-drop gateway-passes-web-only",
	"tls.timeout":              "silence",
}

// pattern is what -test.run takes for the worlds, and how many they are.
func pattern() (run string, n int) {
	var names []string
	for _, of := range worlds {
		names = append(names, strings.Fields(of)...)
	}
	causes := slices.Collect(maps.Keys(worlds))
	return fmt.Sprintf("^TestLab$/^(%s)$/^(%s)$", strings.Join(causes, "|"), strings.Join(names, "|")), len(names)
}

// TestOlderKernel: the lab's worlds of this host's own firewall, by a kernel that does not count what it hands to an
// interface.
func TestOlderKernel(t *testing.T) {
	base := os.Getenv(where)
	if base == "" {
		if os.Getenv("OPENSRS_DOCTOR_LAB") == "require" {
			t.Fatal(where + " names no folder in which a kernel's package is unpacked")
		}
		t.Skip(where + " names no folder in which a kernel's package is unpacked")
	}
	m, err := newMachine(base, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"build", "-o", filepath.Join(m.out, "opensrs-doctor"), "opensrs-doctor/cmd/opensrs-doctor"},
		{"test", "-c", "-o", filepath.Join(m.out, "lab"), "opensrs-doctor/probes/lab"},
	} {
		if _, err := output("go", args...); err != nil {
			t.Fatal(err)
		}
	}
	lab, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	run, n := pattern()
	printed, err := m.run(t.Context(), order{Dir: lab,
		Command: []string{"/out/lab", "-test.run", run, "-test.parallel=2", "-test.timeout=20m"},
		Environ: []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "OPENSRS_LAB_BINARY=/out/opensrs-doctor",
			"OPENSRS_DOCTOR_LAB=require"}})
	if err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	if counted := fmt.Sprintf("lab: %d faults ran, %[1]d as expected", n); !strings.Contains(printed, counted) {
		t.Errorf("want %q\n%s", counted, printed)
	}
	fmt.Printf("kernel: %d faults ran on Linux %s\n", n, m.version)
}

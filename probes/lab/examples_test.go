//go:build linux

package lab

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"opensrs-doctor/report/explain"
)

// examplesEnv makes the recorded runs of explain --example anew: OPENSRS_DOCTOR_LAB_EXAMPLES=update.
const examplesEnv = "OPENSRS_DOCTOR_LAB_EXAMPLES"

// examples are the screens of this run, one a cause: that of the first world in the table which shows it.
var examples = struct {
	sync.Mutex
	screens map[string]string
	first   map[string]string
}{screens: map[string]string{}, first: map[string]string{}}

// example keeps the screen of a fault where it is its cause's first one.
func (f Fault) example(t *testing.T, w *World, result Result) {
	if f.Cause == "" || f.Or != nil || examples.first[f.Cause] != f.path() || t.Failed() {
		return
	}
	file := filepath.Join(t.TempDir(), "report.json")
	if err := os.WriteFile(file, result.Stdout, 0o600); err != nil {
		t.Fatal(err)
	}
	screen, err := exec.Command(binary, "render", "--no-exit-status", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(screen), w.dir, "/srv/client")
	examples.Lock()
	defer examples.Unlock()
	examples.screens[f.Cause] = text
}

// digits are what differs from run to run.
var digits = regexp.MustCompile(`[0-9]+`)

// title is the line of a screen that names the cause, with the one before it where that is one sentence with it.
func title(screen string) string {
	for _, part := range strings.Split(screen, "\n\n") {
		if strings.HasPrefix(part, "✗") || strings.HasPrefix(part, "!") || strings.HasPrefix(part, "i ") {
			first, _, _ := strings.Cut(part, "\n")
			return digits.ReplaceAllString(first, "N")
		}
	}
	return ""
}

// checkExamples compares this run's screens with the recorded ones, or records them.
func checkExamples(t *testing.T) {
	recorded, err := explain.Examples()
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv(examplesEnv) != "update" {
		for cause, screen := range examples.screens {
			if now, then := title(screen), title(recorded[cause]); now != then {
				t.Errorf("explain --example %s shows %q, and it is %q now: %s=update records the runs anew", cause, then, now, examplesEnv)
			}
		}
		return
	}
	for cause, screen := range examples.screens {
		recorded[cause] = screen
	}
	packed, err := explain.PackExamples(recorded)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("../../report/explain/examples.gz", packed, 0o644); err != nil {
		t.Fatal(err)
	}
}

package explain

import (
	"strings"
	"testing"

	"opensrs-doctor/report/diagnose"
)

// TestEveryCauseHasAnExample: a screen of 80 columns that names the cause, and no path of the machine that made it.
func TestEveryCauseHasAnExample(t *testing.T) {
	all, err := Examples()
	if err != nil {
		t.Fatal(err)
	}
	for _, cause := range diagnose.Causes() {
		screen := all[cause.ID]
		if !strings.Contains(screen, cause.ID) {
			t.Errorf("%s: its example does not name it: %q", cause.ID, screen)
		}
		if strings.Contains(screen, "TestLab") || strings.Contains(screen, "\x1b") {
			t.Errorf("%s: %s", cause.ID, screen)
		}
		delete(all, cause.ID)
	}
	if len(all) > 0 {
		t.Errorf("examples of no cause: %d", len(all))
	}
	if len(packed) > mostExamples {
		t.Errorf("%d bytes", len(packed))
	}
}

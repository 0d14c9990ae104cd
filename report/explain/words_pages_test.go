package explain

import (
	"strings"
	"testing"

	"opensrs-doctor/report/diagnose"
)

// TestPagesSayWhatHolds: a page says nothing that another page, or the service's own sheet, contradicts, and nothing
// that only a translator would write.
func TestPagesSayWhatHolds(t *testing.T) {
	for id, want := range map[string]string{
		"config.api-key-malformed": "config.key-line-end",
		"call.rate-limited":        "consent",
		"port.wrong-port":          "55000 and 51000 speak older protocols",
	} {
		cause, _ := diagnose.Lookup(id)
		if text := strings.Join(append(cause.Explanation, cause.Means, cause.Recognised), " "); !strings.Contains(text, want) {
			t.Errorf("%s does not say %q", id, want)
		}
	}
	for _, cause := range diagnose.Causes() {
		page := strings.Join(append(append(cause.Explanation, cause.Fixes...), cause.Summary, cause.Means, cause.Recognised), " ")
		for _, phrase := range []string{"taken off in silence", "all the same", "a way out", "nobody was asked", "nobody outside", "was to be asked",
			"lives shorter", "an information", "stands in the list twice", "behind the door", "cable and the way", "nowhere else"} {
			if strings.Contains(page, phrase) {
				t.Errorf("%s: %q", cause.ID, phrase)
			}
		}
	}
}

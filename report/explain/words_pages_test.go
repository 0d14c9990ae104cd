package explain

import (
	"strings"
	"testing"

	"opensrs-doctor/report/diagnose"
)

// TestPagesSayWhatHolds: a page says nothing that another page, or the service's own sheet, contradicts.
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
}

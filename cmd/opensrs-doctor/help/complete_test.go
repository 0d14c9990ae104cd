package help

import (
	"strings"
	"testing"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/sandbox"
	"opensrs-doctor/report/explain"
)

// TestCompletionIsWhole: what is offered has its description, and a fault, a probe or a format that comes later too.
func TestCompletionIsWhole(t *testing.T) {
	t.Parallel()
	described := func(what string, words []string, want int) {
		t.Helper()
		if len(words) != want {
			t.Errorf("%s: %d words, want %d", what, len(words), want)
		}
		for _, word := range words {
			if _, text, found := strings.Cut(word, "\t"); !found || text == "" || strings.ContainsAny(text, "\t\n{}") {
				t.Errorf("%s: %q", what, word)
			}
		}
	}
	described("faults", causesWith(sandbox.Faults()), len(sandbox.Faults()))
	described("causes", causesWith(explain.IDs()), len(explain.IDs()))
	described("probes", probeWords(), len(evidence.Names))
	formats, _ := completeFormat(nil, nil, "")
	described("formats", formats, len(config.Formats))
}

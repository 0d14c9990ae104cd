package report_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/report"
	"opensrs-doctor/report/anonymize"
	"opensrs-doctor/report/screen"
)

// offered are the formats that the command takes, by its own list.
func offered(t *testing.T) (names []string) {
	t.Helper()
	source, err := os.ReadFile("../cmd/opensrs-doctor/config/keys.go")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(source), "var Formats = []string{")
	list, _, _ = strings.Cut(list, "}\n")
	for _, found := range regexp.MustCompile(`"([a-z]+)"`).FindAllStringSubmatch(list, -1) {
		names = append(names, found[1])
	}
	return names
}

// TestEveryCauseInEveryFormat: the run of every cause, as it is, anonymized and cut short, is valid in every format that
// the command offers, in the eyes of readers here and elsewhere. TestEveryCauseHasASavedReport looks that no cause is
// without a run.
func TestEveryCauseInEveryFormat(t *testing.T) {
	t.Parallel()
	judges := []string{"human", "json", "html"}
	for _, f := range machineFormats {
		judges = append(judges, f.name)
	}
	if names := offered(t); len(names) < 9 || !slices.Equal(slices.Sorted(slices.Values(names)), slices.Sorted(slices.Values(judges))) {
		t.Fatalf("the command offers %v, and judged are %v", names, judges)
	}
	directory := t.TempDir()
	for i, f := range fixtures() {
		cut := f.evidence()
		cut.Interrupted = true
		for name, r := range map[string]*report.Report{f.name: reportOf(f.evidence()), f.name + ", anonymized": anonymize.Anonymize(reportOf(f.evidence())),
			f.name + ", cut short": reportOf(cut)} {
			judged(t, r)
			validate(t, name, jsonOf(t, r))
			wellFormed(t, name, htmlOf(t, r))
			for line := range strings.Lines(screenOf(t, r, screen.Options{})) {
				if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), foreign.Harmful) {
					t.Errorf("%s: the screen holds %q", name, line)
				}
			}
			if name == f.name {
				save(t, r, filepath.Join(directory, fmt.Sprint(i)))
			}
		}
	}
	readElsewhere(t, directory)
}

package report_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/report"
)

// FuzzSavedReport: a saved report, whoever wrote it, through every writer. What is written goes with what was read, and
// holds nothing that a terminal would obey.
func FuzzSavedReport(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.json")
	if err != nil || len(paths) == 0 {
		f.Fatal("no saved report", err)
	}
	for _, path := range paths {
		document, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(document)
	}
	document, err := os.ReadFile("testdata/tls.unknown-ca.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range poisons {
		f.Add(blownUp(f, document, 3, func(int) string { return text[:min(len(text), 200)] }, 64<<10))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		if len(document) > 256<<10 {
			return
		}
		r, err := report.Read(bytes.NewReader(document))
		if err != nil {
			if len(err.Error()) > 1<<10 || strings.ContainsFunc(err.Error(), unicode.IsControl) {
				t.Errorf("an error of %d bytes: %.300q", len(err.Error()), err)
			}
			return
		}
		for name, write := range everyWriter {
			var out bytes.Buffer
			if err := write(&out, r); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if most := 20*len(document) + 512<<10; out.Len() > most {
				t.Errorf("%s: %d bytes of %d", name, out.Len(), len(document))
			}
			if name == "verbose" || name == "ticket" { // colours; a chain's PEM
				continue
			}
			for _, c := range out.String() {
				if c != '\n' && c != '\t' && foreign.Harmful(c) {
					t.Errorf("%s holds %U", name, c)
					break
				}
			}
		}
		var first, second bytes.Buffer
		if err := report.WriteJSON(&first, r); err != nil {
			t.Fatal(err)
		}
		again, err := report.Read(bytes.NewReader(first.Bytes()))
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if err := report.WriteJSON(&second, again); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("written again it differs, %v", err)
		}
	})
}

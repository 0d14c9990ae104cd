package report_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode"

	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/report"
)

// FuzzSavedReport: a saved report, whoever wrote it, through every writer. What is written goes with what was read, and
// holds nothing that a terminal would obey.
func FuzzSavedReport(f *testing.F) {
	documents := savedDocuments(f)
	for _, document := range documents {
		f.Add(document)
	}
	for _, text := range poisons {
		f.Add(blownUp(f, documents["tls.unknown-ca"], 3, func(int) string { return text[:min(len(text), 200)] }, 64<<10))
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

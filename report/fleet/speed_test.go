package fleet

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
)

// BenchmarkReport is what one report of a fleet costs until its facts are kept.
func BenchmarkReport(b *testing.B) {
	text, err := os.ReadFile("../testdata/call.auth-failed.json")
	if err != nil {
		b.Fatal(err)
	}
	var line bytes.Buffer
	if err := json.Compact(&line, text); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(line.Len()))
	b.ReportAllocs()
	for b.Loop() {
		m := NewMerger()
		m.Add(Document{File: "reports.jsonl", Line: 1, Text: line.Bytes()})
		if len(m.hosts) != 1 {
			b.Fatal("no host was kept")
		}
	}
}

package report

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// sameAsDecoder: what is decoded quickly is what the decoder makes of it. It reports whether it was.
func sameAsDecoder(t *testing.T, document []byte) bool {
	t.Helper()
	quick, whole := new(Report), new(Report)
	if !decodeQuickly(document, quick) {
		return false
	}
	if err := json.Unmarshal(document, whole); err != nil {
		t.Fatalf("decoded quickly: %v\n%s", err, document)
	}
	if len(quick.Probes) == 0 && len(whole.Probes) == 0 {
		quick.Probes, whole.Probes = nil, nil
	}
	if !reflect.DeepEqual(quick, whole) {
		t.Fatalf("decoded quickly it is another report:\n%s", document)
	}
	return true
}

// TestQuickDecoding: every saved report, also broken in thousands of ways.
func TestQuickDecoding(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	random := rand.New(rand.NewPCG(3, 5))
	pieces := []string{"null", "\"", "{", "}", "[", "]", ",", ":", "\\", "\\u12", "1e9", "-", "01", "NAME", "\"name\": null,", "\"name\": \"x\",",
		"\"Probes\": [],", "\"probes\": [],", "\"duration_ms\": \"x\",", "\x00", "\xff", "\\ud800", " ", "true"}
	quick := 0
	for _, file := range files {
		document, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(document, []byte(Schema)) {
			continue
		}
		if !sameAsDecoder(t, document) {
			t.Errorf("%s was not decoded quickly", file)
		}
		var line bytes.Buffer
		if json.Compact(&line, document) != nil || !sameAsDecoder(t, line.Bytes()) {
			t.Errorf("%s on one line was not decoded quickly", file)
		}
		for range 60 {
			broken, at := bytes.Clone(line.Bytes()), random.IntN(line.Len())
			piece := pieces[random.IntN(len(pieces))]
			switch random.IntN(3) {
			case 0:
				broken = append(broken[:at:at], broken[at+1:]...)
			case 1:
				broken = append(append(broken[:at:at], piece...), line.Bytes()[at:]...)
			default:
				broken = append(append(broken[:at:at], piece...), line.Bytes()[min(at+len(piece), line.Len()):]...)
			}
			if sameAsDecoder(t, broken) {
				quick++
			}
		}
	}
	if quick == 0 {
		t.Error("no report was still one: the test tells nothing")
	}
}

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

// whole walks over a value as the decoder reads it.
func whole(value json.RawMessage) any {
	switch {
	case len(value) > 0 && value[0] == '{':
		object := map[string]any{}
		for name, member := range Members(value) {
			object[name] = whole(member)
		}
		return object
	case len(value) > 0 && value[0] == '[':
		list := []any{}
		for element := range Elements(value) {
			list = append(list, whole(element))
		}
		return list
	}
	if text, ok := Text(value); ok {
		return text
	}
	var other any
	_ = json.Unmarshal(value, &other)
	return other
}

// TestWalk: a walk over every saved document sees what the decoder does; over one that is broken in thousands of ways it
// ends.
func TestWalk(t *testing.T) {
	t.Parallel()
	var files []string
	for _, pattern := range []string{"testdata/*.json", "testdata/*/*.json"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatal(found, err)
		}
		files = append(files, found...)
	}
	random := rand.New(rand.NewPCG(3, 5))
	pieces := []string{"null", "\"", "{", "}", "[", "]", ",", ":", "\\", "\\u12", "1e9", "NAME", "\x00", "\xff", "\\ud800", " ", "true"}
	for _, file := range files {
		document, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var line bytes.Buffer
		if err := json.Compact(&line, document); err != nil {
			t.Fatal(file, err)
		}
		for _, form := range [][]byte{bytes.TrimSpace(document), line.Bytes()} {
			var decoded any
			if err := json.Unmarshal(form, &decoded); err != nil {
				t.Fatal(file, err)
			}
			if walked := whole(form); !reflect.DeepEqual(walked, decoded) {
				t.Errorf("%s: a walk sees\n%v\nand the decoder\n%v", file, walked, decoded)
			}
		}
		for range 60 {
			at, piece := random.IntN(line.Len()), pieces[random.IntN(len(pieces))]
			broken := append(append(bytes.Clone(line.Bytes()[:at]), piece...), line.Bytes()[min(at+random.IntN(3), line.Len()):]...)
			whole(broken)
		}
	}
}

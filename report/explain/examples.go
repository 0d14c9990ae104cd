package explain

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// packed are the screens of recorded runs, one a cause: "== ID" in a line, then the screen. The lab makes them anew.
//
//go:embed examples.gz
var packed []byte

// mostExamples is how many bytes the packed screens have at most.
const mostExamples = 300 << 10

// mark begins the screen of a cause.
const mark = "== "

// Examples are the screens of recorded runs by their cause.
func Examples() (map[string]string, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(unzipped)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, part := range strings.Split("\n"+string(text), "\n"+mark)[1:] {
		id, screen, _ := strings.Cut(part, "\n")
		all[id] = screen
	}
	return all, nil
}

// PackExamples is Examples the other way round: the same screens give the same bytes.
func PackExamples(all map[string]string) ([]byte, error) {
	var out bytes.Buffer
	zipped, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(zipped, "%s%s\n%s\n", mark, id, strings.Trim(all[id], "\n"))
	}
	if err := zipped.Close(); err != nil {
		return nil, err
	}
	if out.Len() > mostExamples {
		return nil, fmt.Errorf("the examples have %d bytes, more than %d", out.Len(), mostExamples)
	}
	return out.Bytes(), nil
}

// WriteExample writes the screen of a recorded run with a cause.
func WriteExample(w io.Writer, id string) error {
	if _, err := find(id); err != nil {
		return err
	}
	all, err := Examples()
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, all[id]+"\n")
	return err
}

package accessrules

import (
	"encoding/json"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"

	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/report"
)

// MaxRejected is how many of the lines that ask for no address a plan names; the rest is counted.
const MaxRejected = 1000

// Rejected are the lines of a plan's input that ask for no address that a rule could allow.
type Rejected struct {
	lines []iprules.AddressLine // the first MaxRejected
	n     int
}

// Add keeps one line.
func (r *Rejected) Add(line iprules.AddressLine) {
	if r.n++; r.n <= MaxRejected {
		r.lines = append(r.lines, line)
	}
}

// Len is how many lines were added.
func (r *Rejected) Len() int { return r.n }

// All are the lines that are named, in their order, each as the JSON object {"line": from 1, "text": what may be
// repeated of it, "error": …}. An object holds until the next one.
func (r *Rejected) All() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var object []byte
		for _, line := range r.lines {
			object = strconv.AppendInt(append(object[:0], `{"line":`...), int64(line.Number), 10)
			object = appendJSON(append(object, `,"text":`...), line.Shown())
			object = appendJSON(append(object, `,"error":`...), line.Why)
			if !yield(append(object, '}')) {
				return
			}
		}
	}
}

// appendJSON appends a text as JSON. Most texts need no other escape than that of quotes.
func appendJSON(to []byte, text string) []byte {
	start, valid := len(to), utf8.ValidString(text)
	to = append(to, '"')
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ' || c == 0x7f || !valid, c == '#' && strings.HasPrefix(text[i:], "##"):
			encoded, _ := json.Marshal(text)
			return append(to[:start], report.EscapeHarmful(encoded)...)
		case c == '"' || c == '\\':
			to = append(to, '\\', c)
		default:
			to = append(to, c)
		}
	}
	return append(to, '"')
}

package report

import (
	"encoding/json"
	"iter"
	"strconv"

	"opensrs-doctor/probes/iprules"
)

// Rejected are the lines of a plan's input that ask for no address that a rule could allow. There may be a million
// of them: each is kept as the JSON object that it becomes, {"line": from 1, "text": what may be repeated of it,
// "error": …}, in blocks that are never copied.
type Rejected struct {
	blocks [][]byte
	ends   int    // of the objects, a newline stands behind each
	line   []byte // for the next object
}

// rejectedBlock is the size of a block, in bytes; an object is much smaller.
const rejectedBlock = 256 << 10

// Add keeps one line.
func (r *Rejected) Add(line iprules.AddressLine) {
	r.line = append(r.line[:0], `{"line":`...)
	r.line = strconv.AppendInt(r.line, int64(line.Number), 10)
	r.line = append(r.line, `,"text":`...)
	r.line = appendJSON(r.line, line.Shown())
	r.line = append(r.line, `,"error":`...)
	r.line = appendJSON(r.line, line.Why)
	r.line = append(r.line, "}\n"...)
	last := len(r.blocks) - 1
	if last < 0 || len(r.blocks[last])+len(r.line) > cap(r.blocks[last]) {
		r.blocks = append(r.blocks, make([]byte, 0, max(rejectedBlock, len(r.line))))
		last++
	}
	r.blocks[last] = append(r.blocks[last], r.line...)
	r.ends++
}

// Len is how many lines were added.
func (r *Rejected) Len() int { return r.ends }

// All are the objects in their order.
func (r *Rejected) All() iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		n := 0
		for _, block := range r.blocks {
			for start, at := 0, 0; at < len(block); at++ {
				if block[at] != '\n' { // none stands within an object
					continue
				}
				if !yield(n, block[start:at]) {
					return
				}
				n, start = n+1, at+1
			}
		}
	}
}

// appendJSON appends a text as JSON. Most texts need no escape.
func appendJSON(to []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			encoded, _ := json.Marshal(text)
			return append(to, encoded...)
		}
	}
	to = append(to, '"')
	to = append(to, text...)
	return append(to, '"')
}

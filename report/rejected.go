package report

import (
	"encoding/binary"
	"encoding/json"
	"iter"
	"strconv"
	"unicode/utf8"

	"opensrs-doctor/probes/iprules"
)

// Rejected are the lines of a plan's input that ask for no address that a rule could allow. There may be a million
// of them, so that only what differs is kept of each, in blocks that are never copied: its number, its text, and
// which of the few reasons it has.
type Rejected struct {
	blocks [][]byte
	n      int
	whys   []string
	known  map[string]uint64 // place in whys
	entry  []byte            // the next one: number, place in whys, length of the text, text
}

// rejectedBlock is the size of a block, in bytes; an entry is much smaller.
const rejectedBlock = 256 << 10

// Add keeps one line.
func (r *Rejected) Add(line iprules.AddressLine) {
	why, found := r.known[line.Why]
	if !found {
		if r.known == nil {
			r.known = map[string]uint64{}
		}
		why = uint64(len(r.whys))
		r.known[line.Why], r.whys = why, append(r.whys, line.Why)
	}
	text := line.Shown()
	r.entry = binary.AppendUvarint(r.entry[:0], uint64(line.Number))
	r.entry = binary.AppendUvarint(r.entry, why)
	r.entry = binary.AppendUvarint(r.entry, uint64(len(text)))
	r.entry = append(r.entry, text...)
	last := len(r.blocks) - 1
	if last < 0 || len(r.blocks[last])+len(r.entry) > cap(r.blocks[last]) {
		r.blocks = append(r.blocks, make([]byte, 0, max(rejectedBlock, len(r.entry))))
		last++
	}
	r.blocks[last] = append(r.blocks[last], r.entry...)
	r.n++
}

// Len is how many lines were added.
func (r *Rejected) Len() int { return r.n }

// All are the lines in their order, each as the JSON object {"line": from 1, "text": what may be repeated of it,
// "error": …}. An object holds until the next one.
func (r *Rejected) All() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var object []byte
		for _, block := range r.blocks {
			for len(block) > 0 {
				var field [3]uint64 // number, reason, length of the text
				for i := range field {
					value, size := binary.Uvarint(block)
					field[i], block = value, block[size:]
				}
				object = strconv.AppendUint(append(object[:0], `{"line":`...), field[0], 10)
				object = appendJSON(append(object, `,"text":`...), string(block[:field[2]]))
				object = appendJSON(append(object, `,"error":`...), r.whys[field[1]])
				block = block[field[2]:]
				if !yield(append(object, '}')) {
					return
				}
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
		case c < ' ' || c == 0x7f || !valid:
			encoded, _ := json.Marshal(text)
			return append(to[:start], encoded...)
		case c == '"' || c == '\\':
			to = append(to, '\\', c)
		default:
			to = append(to, c)
		}
	}
	return append(to, '"')
}

package report

import (
	"encoding/json"
	"iter"
	"strings"
)

// Most of a report is facts, which stay as they were written until somebody asks for one. What follows walks over them
// without a copy. It may rely on the decoder, which took them for JSON before: of anything else it gives a part, or
// nothing.

// Members gives the names and values of a JSON object that was read before, in their order, and nothing of what is none.
func Members(object json.RawMessage) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		w := walker{document: object}
		for w.opens('{'); w.here() == '"'; w.take(',') {
			name, ok := Text(w.value())
			if !ok || !w.take(':') || !yield(name, w.value()) {
				return
			}
		}
	}
}

// Elements gives the elements of a JSON list that was read before, and nothing of what is none.
func Elements(list json.RawMessage) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		w := walker{document: list}
		for opened := w.opens('['); opened && w.here() != ']' && w.here() != 0; w.take(',') {
			if value := w.value(); len(value) == 0 || !yield(value) {
				return
			}
		}
	}
}

// Last is the last element of a JSON list that was read before; nil where there is none.
func Last(list json.RawMessage) (last json.RawMessage) {
	for last = range Elements(list) {
	}
	return last
}

// Text is the text that a JSON value is, if it is one.
func Text(value []byte) (text string, ok bool) {
	if len(value) < 2 || value[0] != '"' {
		return "", false
	}
	inner := value[1 : len(value)-1]
	for _, c := range inner {
		if c == '\\' || c >= 0x80 {
			return text, json.Unmarshal(value, &text) == nil
		}
	}
	return string(inner), true
}

// walker is a place in a document that is JSON.
type walker struct {
	document []byte
	at       int
}

// here is the next byte that is not a blank; 0 at the end.
func (w *walker) here() byte {
	for ; w.at < len(w.document); w.at++ {
		if c := w.document[w.at]; c > ' ' {
			return c
		}
	}
	return 0
}

// take steps over a byte where it is the next one.
func (w *walker) take(c byte) bool {
	if w.here() != c {
		return false
	}
	w.at++
	return true
}

// opens steps into a list or an object; where there is none, the walk is at its end.
func (w *walker) opens(bracket byte) bool {
	if !w.take(bracket) {
		w.at = len(w.document)
		return false
	}
	return true
}

// value steps over a value and gives it, as it is written.
func (w *walker) value() json.RawMessage {
	w.here()
	from, depth := w.at, 0
	for ; w.at < len(w.document); w.at++ {
		switch c := w.document[w.at]; c {
		case '"':
			w.text()
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if next := w.at + 1; depth < 0 || depth == 0 && (next >= len(w.document) || strings.IndexByte(" \t\r\n,:]}", w.document[next]) >= 0) {
			w.at = min(next, len(w.document))
			return w.document[from:w.at:w.at]
		}
	}
	return nil
}

// text goes to the closing quote of the text that begins here.
func (w *walker) text() {
	for w.at++; w.at < len(w.document) && w.document[w.at] != '"'; w.at++ {
		if w.document[w.at] == '\\' {
			w.at++
		}
	}
}

package report

import (
	"bytes"
	"encoding/json"
	"iter"
	"strconv"

	"opensrs-doctor/probes/evidence"
)

// Most of a report is facts, which stay as they are until somebody asks for one. So a report is read quickly: one walk
// finds the probes, and only the rest goes through the decoder. The walk knows the reports that this tool writes; of
// any other it makes nothing, and the decoder gets the whole document.

// decodeQuickly decodes a document as json.Unmarshal does, or reports false. The facts are parts of the document.
func decodeQuickly(document []byte, r *Report) bool {
	from, to := 0, 0 // the list of probes
	var rows []Probe
	end := walkObject(document, blanks(document, 0), func(name []byte, at int) int {
		if string(name) != "probes" {
			return valueEnd(document, at, 1)
		}
		if to > 0 {
			return -1
		}
		from, to = at, walkList(document, at, func(at int) int {
			row := Probe{}
			at = row.decodeQuickly(document, at)
			rows = append(rows, row)
			return at
		})
		return to
	})
	if to <= 0 || end < 0 || blanks(document, end) != len(document) {
		return false
	}
	rest := make([]byte, 0, len(document)-(to-from)+2)
	rest = append(append(append(rest, document[:from]...), "[]"...), document[to:]...)
	if json.Unmarshal(rest, r) != nil {
		return false
	}
	r.Probes = rows
	return true
}

// decodeQuickly reads the probe that begins at a place, and gives its end; -1: not one as this tool writes it.
func (p *Probe) decodeQuickly(document []byte, at int) int {
	var status string
	texts := map[string]*string{"name": &p.Name, "status": &status, "summary": &p.Summary, "waited_for": &p.WaitedFor}
	seen := map[string]bool{}
	at = walkObject(document, at, func(name []byte, at int) int {
		end := valueEnd(document, at, 3)
		if end < 0 || seen[string(name)] {
			return -1
		}
		seen[string(name)] = true
		value := document[at:end:end]
		switch text := texts[string(name)]; {
		case text != nil:
			var ok bool
			if *text, ok = Text(value); !ok {
				return -1
			}
		case string(name) == "duration_ms":
			number, err := strconv.ParseFloat(string(value), 64)
			if err != nil || value[0] != '-' && (value[0] < '0' || value[0] > '9') {
				return -1
			}
			p.DurationMS = number
		case string(name) == "facts":
			p.Facts = json.RawMessage(value)
		}
		return end
	})
	p.Status = evidence.Status(status)
	return at
}

// Members gives the names and values of a JSON object that was read before, in their order, and nothing of what is none.
func Members(object json.RawMessage) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		at := blanks(object, 0)
		if at == len(object) || object[at] != '{' {
			return
		}
		for at = blanks(object, at+1); at < len(object) && object[at] == '"'; {
			nameEnd := textEnd(object, at)
			if nameEnd < 0 {
				return
			}
			name, ok := Text(object[at:nameEnd])
			at = blanks(object, nameEnd)
			if !ok || at == len(object) || object[at] != ':' {
				return
			}
			at = blanks(object, at+1)
			end := valueEnd(object, at, 1)
			if end < 0 || !yield(name, object[at:end:end]) {
				return
			}
			if at = blanks(object, end); at < len(object) && object[at] == ',' {
				at = blanks(object, at+1)
			}
		}
	}
}

// Elements gives the elements of a JSON list that was read before, and nothing of what is none.
func Elements(list json.RawMessage) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		walkList(list, blanks(list, 0), func(at int) int {
			end := valueEnd(list, at, 1)
			if end < 0 || !yield(list[at:end:end]) {
				return -1
			}
			return end
		})
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

// walkObject calls member with each name and the place of its value, which it gives the end of. The object begins at a
// place; its end is returned. -1: this is no object, or one whose names are not as this tool writes them: the decoder
// takes a name in capitals for the same.
func walkObject(document []byte, at int, member func(name []byte, at int) int) int {
	if at >= len(document) || document[at] != '{' {
		return -1
	}
	at = blanks(document, at+1)
	if at < len(document) && document[at] == '}' {
		return at + 1
	}
	for at < len(document) && document[at] == '"' {
		end := textEnd(document, at)
		if end < 0 {
			return -1
		}
		name := document[at+1 : end-1]
		for _, c := range name {
			if (c < 'a' || c > 'z') && c != '_' && (c < '0' || c > '9') {
				return -1
			}
		}
		if at = blanks(document, end); at == len(document) || document[at] != ':' {
			return -1
		}
		if at = member(name, blanks(document, at+1)); at < 0 {
			return -1
		}
		if at = blanks(document, at); at == len(document) {
			return -1
		}
		if document[at] == '}' {
			return at + 1
		}
		if document[at] != ',' {
			return -1
		}
		at = blanks(document, at+1)
	}
	return -1
}

// walkList calls element with the place of each, which it gives the end of. The end of the list is returned; -1: none.
func walkList(document []byte, at int, element func(at int) int) int {
	if at >= len(document) || document[at] != '[' {
		return -1
	}
	at = blanks(document, at+1)
	if at < len(document) && document[at] == ']' {
		return at + 1
	}
	for at < len(document) {
		if at = element(at); at < 0 {
			return -1
		}
		if at = blanks(document, at); at == len(document) {
			return -1
		}
		if document[at] == ']' {
			return at + 1
		}
		if document[at] != ',' {
			return -1
		}
		at = blanks(document, at+1)
	}
	return -1
}

func blanks(document []byte, at int) int {
	for at < len(document) && (document[at] == ' ' || document[at] == '\n' || document[at] == '\r' || document[at] == '\t') {
		at++
	}
	return at
}

// valueEnd is where the value ends that begins at a place; -1: it is not JSON, or deeper than MaxDepth.
func valueEnd(document []byte, at, depth int) int {
	if at >= len(document) || depth > MaxDepth {
		return -1
	}
	switch c := document[at]; {
	case c == '"':
		return textEnd(document, at)
	case c == '[':
		return walkList(document, at, func(at int) int { return valueEnd(document, at, depth+1) })
	case c == '{':
		return objectEnd(document, at, depth)
	case c == '-' || c >= '0' && c <= '9':
		return numberEnd(document, at)
	}
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(document[at:], []byte(word)) {
			return at + len(word)
		}
	}
	return -1
}

// objectEnd is where an object ends, whatever its names are.
func objectEnd(document []byte, at, depth int) int {
	at = blanks(document, at+1)
	if at < len(document) && document[at] == '}' {
		return at + 1
	}
	for at < len(document) && document[at] == '"' {
		if at = textEnd(document, at); at < 0 {
			return -1
		}
		if at = blanks(document, at); at == len(document) || document[at] != ':' {
			return -1
		}
		if at = valueEnd(document, blanks(document, at+1), depth+1); at < 0 {
			return -1
		}
		if at = blanks(document, at); at == len(document) {
			return -1
		}
		if document[at] == '}' {
			return at + 1
		}
		if document[at] != ',' {
			return -1
		}
		at = blanks(document, at+1)
	}
	return -1
}

// textEnd is behind the closing quote of the text that begins at a place.
func textEnd(document []byte, at int) int {
	for at++; at < len(document); at++ {
		switch c := document[at]; {
		case c == '"':
			return at + 1
		case c < ' ':
			return -1
		case c == '\\':
			if at++; at == len(document) {
				return -1
			}
			switch document[at] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if at+4 >= len(document) {
					return -1
				}
				if _, err := strconv.ParseUint(string(document[at+1:at+5]), 16, 16); err != nil {
					return -1
				}
				at += 4
			default:
				return -1
			}
		}
	}
	return -1
}

func numberEnd(document []byte, at int) int {
	digits := func() bool {
		from := at
		for at < len(document) && document[at] >= '0' && document[at] <= '9' {
			at++
		}
		return at > from
	}
	if document[at] == '-' {
		at++
	}
	if at < len(document) && document[at] == '0' {
		at++
	} else if !digits() {
		return -1
	}
	if at < len(document) && document[at] == '.' {
		if at++; !digits() {
			return -1
		}
	}
	if at < len(document) && (document[at] == 'e' || document[at] == 'E') {
		if at++; at < len(document) && (document[at] == '+' || document[at] == '-') {
			at++
		}
		if !digits() {
			return -1
		}
	}
	return at
}

// Package xmltext reads XML as a client wrote it, byte by byte: what its encoding is, and where it stops being
// well-formed and why. What the document means to the service is read in package opensrs.
package xmltext

import (
	"bytes"
	"encoding/binary"
	"iter"
	"unicode/utf16"
	"unicode/utf8"
)

// Space is what XML takes for white space.
const Space = " \t\r\n"

// Mark is the byte-order mark in UTF-8.
var Mark = []byte("\xEF\xBB\xBF")

const markRune = '\uFEFF'

// UTF16 are the characters of a document in UTF-16, its mark apart; nil where it is not in UTF-16, which is known by its
// mark, or by the zero that stands before or behind the first character.
func UTF16(document []byte) iter.Seq[rune] {
	if len(document) < 4 || len(document)%2 != 0 {
		return nil
	}
	var order binary.ByteOrder
	switch start := string(document[:2]); {
	case start == "\xFF\xFE", start[1] == 0 && start[0] != 0:
		order = binary.LittleEndian
	case start == "\xFE\xFF", start[0] == 0 && start[1] != 0:
		order = binary.BigEndian
	default:
		return nil
	}
	if order.Uint16(document) == markRune {
		document = document[2:]
	}
	return func(yield func(rune) bool) {
		for i := 0; i < len(document); i += 2 {
			r := rune(order.Uint16(document[i:]))
			if utf16.IsSurrogate(r) && i+4 <= len(document) {
				r = utf16.DecodeRune(r, rune(order.Uint16(document[i+2:])))
				i += 2
			}
			if !yield(r) {
				return
			}
		}
	}
}

// IsMarkup reports whether a text begins with a tag, a mark and white space apart, and is not in UTF-16.
func IsMarkup(text []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(text, Mark), Space), []byte("<")) && UTF16(text) == nil
}

// ASCII reports whether a text has no byte beyond ASCII.
func ASCII(text []byte) bool {
	for _, c := range text {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// CutAt is where a byte comes first, or the length.
func CutAt(text []byte, b byte) int {
	if at := bytes.IndexByte(text, b); at >= 0 {
		return at
	}
	return len(text)
}

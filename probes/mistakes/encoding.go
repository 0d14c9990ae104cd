package mistakes

import (
	"encoding/binary"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/xmltext"
)

// A body that was signed in another encoding than it was sent in.

type byteOrder = binary.AppendByteOrder

var (
	littleEndian byteOrder = binary.LittleEndian
	bigEndian    byteOrder = binary.BigEndian
)

func inUTF16(order byteOrder, marked bool) rewrite {
	return func(body []byte) pieces {
		if len(body) == 0 && !marked {
			return nil
		}
		text := eachRune(body, func(to []byte, r rune) []byte {
			if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
				return order.AppendUint16(order.AppendUint16(to, uint16(high)), uint16(low))
			}
			return order.AppendUint16(to, uint16(r))
		})
		if !marked {
			return text
		}
		return func(emit func([]byte)) {
			emit(order.AppendUint16(nil, '\uFEFF')) // the byte-order mark
			text(emit)
		}
	}
}

// fromUTF16 is the other way round: UTF-16 was sent.
func fromUTF16(body []byte) pieces {
	runes := xmltext.UTF16(body)
	if runes == nil {
		return nil
	}
	return func(emit func([]byte)) {
		buffer := buffers.Get().(*[bufferSize + maxReplacement]byte)[:0]
		defer buffers.Put((*[bufferSize + maxReplacement]byte)(buffer[:cap(buffer)]))
		for r := range runes {
			if buffer = utf8.AppendRune(buffer, r); len(buffer) >= bufferSize {
				emit(buffer)
				buffer = buffer[:0]
			}
		}
		emit(buffer)
	}
}

// What becomes of a character that Latin-1 does not have.
type substitute func(to []byte, r rune) []byte

func questionMark(to []byte, _ rune) []byte { return append(to, '?') }

func drop(to []byte, _ rune) []byte { return to }

func reference(to []byte, r rune) []byte {
	return append(strconv.AppendInt(append(to, "&#"...), int64(r), 10), ';')
}

func windows1252(to []byte, r rune) []byte {
	if at, has := inWindows1252.Get()[r]; has {
		return append(to, at)
	}
	return append(to, '?')
}

// inWindows1252 are the characters that Windows has where Latin-1 has control characters (the table of the
// WHATWG Encoding Standard).
var inWindows1252 = lazy.Value[map[rune]byte]{Make: func() map[rune]byte {
	return map[rune]byte{
		'€': 0x80, '‚': 0x82, 'ƒ': 0x83, '„': 0x84, '…': 0x85, '†': 0x86, '‡': 0x87, 'ˆ': 0x88, '‰': 0x89, 'Š': 0x8A,
		'‹': 0x8B, 'Œ': 0x8C, 'Ž': 0x8E, '‘': 0x91, '’': 0x92, '“': 0x93, '”': 0x94, '•': 0x95, '–': 0x96, '—': 0x97,
		'˜': 0x98, '™': 0x99, 'š': 0x9A, '›': 0x9B, 'œ': 0x9C, 'ž': 0x9E, 'Ÿ': 0x9F,
	}
}}

// inLatin1 is for bodies that were sent in UTF-8 and have more than ASCII in them.
func inLatin1(other substitute) rewrite {
	return func(body []byte) pieces {
		if xmltext.ASCII(body) || !utf8.Valid(body) {
			return nil
		}
		return eachRune(body, func(to []byte, r rune) []byte {
			if r <= 0xFF {
				return append(to, byte(r))
			}
			return other(to, r)
		})
	}
}

// inASCIIWithReferences is what XML libraries write that are not told an encoding.
func inASCIIWithReferences(body []byte) pieces {
	if xmltext.ASCII(body) || !utf8.Valid(body) {
		return nil
	}
	return eachRune(body, func(to []byte, r rune) []byte {
		if r < utf8.RuneSelf {
			return append(to, byte(r))
		}
		return reference(to, r)
	})
}

// fromLatin1 takes every byte for a Latin-1 character and signs the UTF-8 of it: right bytes taken for
// Latin-1 are UTF-8 twice then, and where Latin-1 was sent, UTF-8 was signed.
func fromLatin1(body []byte) pieces {
	if xmltext.ASCII(body) {
		return nil
	}
	t := identity()
	for c := utf8.RuneSelf; c < len(t); c++ {
		t[c] = string(rune(c))
	}
	return t.rewrite(body)
}

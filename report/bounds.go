package report

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"opensrs-doctor/report/screen"
)

// Bounds of a saved report. The largest of a real run has some 200 kB, 3,000 values, lists of a few dozen, and is six
// deep; a certificate is its longest text.
const (
	MaxBytes = 8 << 20 // of the document

	MaxList   = 10_000   // elements of a list, members of an object
	MaxText   = 64 << 10 // bytes of a text once it is read, and of a number or a name
	MaxDepth  = 100      // lists and objects one inside another
	MaxValues = 200_000  // of every kind, in the whole document: each costs memory beside its own bytes
)

// checkBounds reports the first place where a document goes beyond the bounds, as a path: probes[3].facts.chain. It
// allocates next to nothing, so that it can come before everything that does. What is not JSON is not its business:
// it stops there, and leaves the error to the parser.
func checkBounds(document []byte) error {
	b := bounder{document: document}
	for b.blank(); b.at < len(document) && b.err == nil && b.value(); b.blank() {
	}
	return b.err
}

// bounder is a walk over a document.
type bounder struct {
	document []byte
	at       int
	values   int
	within   []level
	err      error
}

// level is a list or an object that the walk is in.
type level struct {
	object bool
	name   []byte // of the member that it is at, as it is written
	count  int    // elements before the one that it is at
}

func (b *bounder) blank() {
	for b.at < len(b.document) && strings.IndexByte(" \t\r\n", b.document[b.at]) >= 0 {
		b.at++
	}
}

// take steps over a byte where it is the next one, and over the blanks after it.
func (b *bounder) take(c byte) bool {
	if b.at >= len(b.document) || b.document[b.at] != c {
		return false
	}
	b.at++
	b.blank()
	return true
}

// value steps over one value; false: a bound is reached, or this is not JSON.
func (b *bounder) value() bool {
	if b.values++; b.values > MaxValues {
		return b.beyond("the report has more than %s values", thousands(MaxValues))
	}
	if b.at >= len(b.document) {
		return false
	}
	switch b.document[b.at] {
	case '{', '[':
		return b.nest(b.document[b.at] == '{')
	case '"':
		_, ok := b.text("a text of more than %d KiB", MaxText>>10)
		return ok
	}
	from := b.at
	for b.at < len(b.document) && strings.IndexByte(" \t\r\n,:]}[{\"", b.document[b.at]) < 0 {
		b.at++
	}
	if b.at-from > MaxText {
		return b.beyond("a number or word of more than %d KiB", MaxText>>10)
	}
	return b.at > from
}

// nest steps over a list or an object.
func (b *bounder) nest(object bool) bool {
	if len(b.within) == MaxDepth {
		return b.beyond("more than %d lists and objects one inside another", MaxDepth)
	}
	b.within = append(b.within, level{object: object})
	here := len(b.within) - 1
	end := byte(']')
	if object {
		end = '}'
	}
	b.at++
	for b.blank(); !b.take(end); {
		if b.within[here].count == MaxList {
			b.within = b.within[:here]
			if object {
				return b.beyond("an object of more than %s members", thousands(MaxList))
			}
			return b.beyond("a list of more than %s elements", thousands(MaxList))
		}
		if object {
			name, ok := b.text("a name of more than %d KiB", MaxText>>10)
			if b.within[here].name = name; !ok {
				return false
			}
			if b.blank(); !b.take(':') {
				return false
			}
		}
		if !b.value() {
			return false
		}
		b.within[here].count++
		if b.blank(); !b.take(',') && (b.at >= len(b.document) || b.document[b.at] != end) {
			return false
		}
	}
	b.within = b.within[:here]
	return true
}

// text steps over a text, and gives what is between its quotes. An escape counts as the character that it is for.
func (b *bounder) text(tooLong string, limit int) (inner []byte, ok bool) {
	if b.at >= len(b.document) || b.document[b.at] != '"' {
		return nil, false
	}
	b.at++
	from, size := b.at, 0
	for b.at < len(b.document) && b.document[b.at] != '"' {
		step, bytes := 1, 1
		if b.document[b.at] == '\\' {
			step = 2
			if rest := b.document[b.at:]; len(rest) >= 6 && rest[1] == 'u' {
				step, bytes = 6, 2 // each half of a surrogate pair
				if unit, err := strconv.ParseUint(string(rest[2:6]), 16, 16); err == nil && utf8.ValidRune(rune(unit)) {
					bytes = utf8.RuneLen(rune(unit))
				}
			}
		}
		b.at += step
		if size += bytes; size > MaxText {
			return nil, b.beyond(tooLong, limit)
		}
	}
	if b.at >= len(b.document) {
		return nil, false
	}
	b.at++
	return b.document[from : b.at-1], true
}

// beyond keeps the error, with the place; it gives false.
func (b *bounder) beyond(format string, limit any) bool {
	place := b.place()
	if place != "" {
		place += ": "
	}
	b.err = fmt.Errorf(place+"%s", fmt.Sprintf(format, limit))
	return false
}

// place is where the walk is, as a person finds it; "" for the document itself. Of a deep one it is the beginning.
func (b *bounder) place() string {
	var path strings.Builder
	for i, in := range b.within {
		switch {
		case i == 8:
			return path.String() + "…"
		case !in.object:
			fmt.Fprintf(&path, "[%d]", in.count)
		case in.name != nil:
			if i > 0 {
				path.WriteByte('.')
			}
			path.WriteString(screen.Clip(screen.Clean(string(in.name[:min(len(in.name), 200)])), 40))
		}
	}
	return path.String()
}

func thousands(n int) string { return fmt.Sprintf("%d,%03d", n/1000, n%1000) }

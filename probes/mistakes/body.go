package mistakes

import (
	"bytes"
	"html"
	"net/url"
	"sync"
	"unicode/utf8"

	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/xmltext"
)

// What clients do to the body between sending and signing it.

// rewrite gives the bytes that were signed, made of those that were sent. They come in pieces, so that the
// rewritten copy of a body of 100 MB is never there as a whole; nil where nothing would change.
type rewrite func(body []byte) pieces

// pieces calls emit with one piece after the other. A piece is only good until emit returns.
type pieces func(emit func([]byte))

// whole is a body as it is.
func whole(parts ...[]byte) pieces {
	return func(emit func([]byte)) {
		for _, part := range parts {
			emit(part)
		}
	}
}

func appended(end string) rewrite {
	return func(body []byte) pieces { return whole(body, []byte(end)) }
}

func withoutEnd(end string) rewrite {
	return func(body []byte) pieces {
		if rest, has := bytes.CutSuffix(body, []byte(end)); has {
			return whole(rest)
		}
		return nil
	}
}

const spaces = " \t\r\n\v\f"

func withoutSpaceAtEnd(body []byte) pieces {
	rest := bytes.TrimRight(body, spaces)
	if !bytes.ContainsAny(body[len(rest):], "\r\n") {
		return nil
	}
	return whole(rest)
}

func withoutSpaceAround(body []byte) pieces {
	rest := bytes.TrimRight(body, spaces)
	if !bytes.ContainsAny(body[len(rest):], "\r\n") {
		return nil
	}
	return whole(bytes.TrimLeft(rest, spaces))
}

// lineEndsCRLF makes every line end CRLF, and leaves those alone that are.
func lineEndsCRLF(body []byte) pieces {
	if bytes.Count(body, []byte("\n")) == bytes.Count(body, []byte("\r\n")) {
		return nil
	}
	return func(emit func([]byte)) {
		for rest := body; len(rest) > 0; {
			at := bytes.IndexByte(rest, '\n')
			switch {
			case at < 0:
				emit(rest)
				return
			case at > 0 && rest[at-1] == '\r':
				emit(rest[:at+1])
			default:
				emit(rest[:at])
				emit([]byte("\r\n"))
			}
			rest = rest[at+1:]
		}
	}
}

// lineEndsLF makes every CRLF, and every CR that stands alone, a LF.
func lineEndsLF(body []byte) pieces {
	if !bytes.Contains(body, []byte("\r")) {
		return nil
	}
	return func(emit func([]byte)) {
		for rest := body; len(rest) > 0; {
			at := bytes.IndexByte(rest, '\r')
			if at < 0 {
				emit(rest)
				return
			}
			emit(rest[:at])
			emit([]byte("\n"))
			if rest = rest[at+1:]; len(rest) > 0 && rest[0] == '\n' {
				rest = rest[1:]
			}
		}
	}
}

func withMark(body []byte) pieces {
	if bytes.HasPrefix(body, xmltext.Mark) {
		return nil
	}
	return whole(xmltext.Mark, body)
}

func withoutMark(body []byte) pieces {
	if rest, has := bytes.CutPrefix(body, xmltext.Mark); has {
		return whole(rest)
	}
	return nil
}

// What goes with the declaration.
type declarationEnd int

const (
	lineToo     declarationEnd = iota // the line end behind it
	lineStays                         // nothing
	allSpaceToo                       // all white space behind it
	doctypeToo                        // the document type too, and the white space around it
)

var (
	declarationAtStart = lazy.Pattern{Text: `^(?:\xEF\xBB\xBF)?[ \t\r\n]*<\?xml\s[^>]*\?>`}
	documentType       = lazy.Pattern{Text: `^<!DOCTYPE\s[^>\[]*>`}
)

func withoutDeclaration(end declarationEnd) rewrite {
	return func(body []byte) pieces {
		found := declarationAtStart.Regexp().FindIndex(body[:min(len(body), 2048)])
		if found == nil {
			return nil
		}
		rest := body[found[1]:]
		switch end {
		case lineToo:
			if after, has := bytes.CutPrefix(rest, []byte("\r\n")); has {
				rest = after
			} else {
				rest = bytes.TrimPrefix(rest, []byte("\n"))
			}
		case allSpaceToo:
			rest = bytes.TrimLeft(rest, spaces)
		case doctypeToo:
			rest = bytes.TrimLeft(rest, spaces)
			found := documentType.Regexp().FindIndex(rest[:min(len(rest), 2048)])
			if found == nil {
				return nil
			}
			rest = bytes.TrimLeft(rest[found[1]:], spaces)
		}
		return whole(rest)
	}
}

// fromHTML takes HTML references back: the text was signed, and then escaped and sent. A body with a tag in
// it was not escaped as a whole.
func fromHTML(body []byte) pieces {
	if bytes.IndexByte(body, '<') >= 0 || !bytes.Contains(body, []byte("&lt;")) && !bytes.Contains(body, []byte("&#")) {
		return nil
	}
	return whole([]byte(html.UnescapeString(string(body))))
}

// fromPercent takes URL encoding back, as fromHTML does.
func fromPercent(plus bool) rewrite {
	return func(body []byte) pieces {
		if bytes.IndexByte(body, '<') >= 0 || bytes.IndexByte(body, '%') < 0 {
			return nil
		}
		decode := url.PathUnescape
		if plus {
			decode = url.QueryUnescape
		}
		text, err := decode(string(body))
		if err != nil {
			return nil
		}
		return whole([]byte(text))
	}
}

// byteTable is a rewriting that knows for each byte what it becomes; "" with gone set is nothing.
type byteTable [256]string

// table makes a byteTable from pairs of a byte and its text; the other bytes stay.
func table(pairs ...string) *byteTable {
	t := identity()
	for i := 0; i < len(pairs); i += 2 {
		t[pairs[i][0]] = pairs[i+1]
	}
	return t
}

func identity() *byteTable {
	t := &byteTable{}
	for c := range t {
		t[c] = string([]byte{byte(c)})
	}
	return t
}

const (
	upperDigits = "0123456789ABCDEF"
	lowerDigits = "0123456789abcdef"
)

// percent is URL encoding that leaves letters, digits and the bytes of safe as they are.
func percent(safe, space, digits string) *byteTable {
	t := identity()
	for c := range t {
		b := byte(c)
		letter := 'a' <= b|0x20 && b|0x20 <= 'z' || '0' <= b && b <= '9'
		if !letter && bytes.IndexByte([]byte(safe), b) < 0 {
			t[c] = string([]byte{'%', digits[b>>4], digits[b&15]})
		}
	}
	t[' '] = space
	return t
}

// on tells what the table does to bodies of these bytes: tables with the same effect have the same text, and
// one that changes nothing has "".
func (t *byteTable) on(present *[256]bool) string {
	var effect []byte
	for c, is := range present {
		if is && t[c] != string([]byte{byte(c)}) {
			effect = append(append(append(effect, byte(c)), t[c]...), 0)
		}
	}
	return string(effect)
}

func (t *byteTable) rewrite(body []byte) pieces {
	return func(emit func([]byte)) {
		var stays [256]bool
		for c := range t {
			stays[c] = t[c] == string([]byte{byte(c)})
		}
		buffer := buffers.Get().(*[bufferSize + maxReplacement]byte)[:0]
		defer buffers.Put((*[bufferSize + maxReplacement]byte)(buffer[:cap(buffer)]))
		for i := 0; i < len(body); {
			from := i
			for most := min(len(body), from+bufferSize-len(buffer)); i < most && stays[body[i]]; {
				i++
			}
			buffer = append(buffer, body[from:i]...)
			if i < len(body) && !stays[body[i]] {
				buffer = append(buffer, t[body[i]]...)
				i++
			}
			if len(buffer) >= bufferSize {
				emit(buffer)
				buffer = buffer[:0]
			}
		}
		emit(buffer)
	}
}

const (
	bufferSize     = 16 << 10 // bytes of one piece
	maxReplacement = 16       // bytes that one character becomes at most
)

// buffers are used again by the next rewriting: there are thousands, most of them of small bodies.
var buffers = sync.Pool{New: func() any { return new([bufferSize + maxReplacement]byte) }}

// bytesIn are the bytes that occur in a body.
func bytesIn(body []byte) *[256]bool {
	present := &[256]bool{}
	for _, c := range body {
		present[c] = true
	}
	return present
}

// eachRune rewrites a text rune by rune. Where it is not UTF-8 each byte counts as the Latin-1 character.
func eachRune(body []byte, add func(to []byte, r rune) []byte) pieces {
	return func(emit func([]byte)) {
		isUTF8 := utf8.Valid(body)
		buffer := buffers.Get().(*[bufferSize + maxReplacement]byte)[:0]
		defer buffers.Put((*[bufferSize + maxReplacement]byte)(buffer[:cap(buffer)]))
		for i := 0; i < len(body); {
			r, size := rune(body[i]), 1
			if isUTF8 {
				r, size = utf8.DecodeRune(body[i:])
			}
			i += size
			if buffer = add(buffer, r); len(buffer) >= bufferSize {
				emit(buffer)
				buffer = buffer[:0]
			}
		}
		emit(buffer)
	}
}

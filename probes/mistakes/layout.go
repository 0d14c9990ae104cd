package mistakes

import (
	"bytes"
	"strings"

	"opensrs-doctor/probes/xmltext"
)

// A body whose white space between tags was changed after signing: printed in a pretty form for a log and sent so, or
// signed so and sent without. Only the white space is different, so each way to lay XML out that libraries have can be
// made from what was sent, and the signature says which one it was.

// layout is a way to put white space between tags.
type layout struct {
	lines  bool   // each tag begins a line, but for the end of an element that holds nothing or only text
	indent string // where lines: of one level
	own    bool   // where lines: text gets a line of its own too
	glued  bool   // where not lines: the declaration and the document type have no line of their own either
	end    string // behind the last tag
}

// layouts are the forms of BodyReindented.
func layouts() []form {
	var forms []form
	add := func(name string, l layout) {
		for _, end := range []string{"", "\n"} {
			l.end = end
			forms = append(forms, form{name: name, body: laidOut(l)})
		}
	}
	add("minified", layout{glued: true})
	add("minified", layout{})
	for _, indent := range []string{"  ", "    ", "\t", " ", ""} {
		add("indented", layout{lines: true, indent: indent})
	}
	for _, indent := range []string{"  ", "    "} {
		add("indented", layout{lines: true, indent: indent, own: true})
	}
	return append(forms,
		form{name: "joined", body: lineEndsBack("\n")},
		form{name: "joined", body: lineEndsBack("")},
		form{name: "unindented", body: linesTrimmed("\n")},
		form{name: "minified", body: linesTrimmed("")},
		form{name: "minified", table: table("\n", "", "\r", "")},
		form{name: "minified", body: spaceCollapsed},
		form{name: elsewhere}) // see signedElsewhere
}

func laidOut(l layout) rewrite {
	return func(body []byte) pieces {
		if !xmltext.IsMarkup(body) {
			return nil
		}
		return otherLayout(body, func(emit func([]byte)) {
			p := printer{layout: l, rest: bytes.TrimPrefix(body, xmltext.Mark), emit: emit}
			if len(p.rest) < len(body) {
				emit(xmltext.Mark)
			}
			p.print()
		})
	}
}

// linesTrimmed cuts white space off both ends of each line, and joins them.
func linesTrimmed(between string) rewrite {
	return func(body []byte) pieces {
		if !xmltext.IsMarkup(body) {
			return nil
		}
		return otherLayout(body, func(emit func([]byte)) {
			for rest, first := body, true; len(rest) > 0; first = false {
				var line []byte
				line, rest, _ = bytes.Cut(rest, []byte("\n"))
				if !first {
					emit([]byte(between))
				}
				emit(bytes.Trim(line, spaces))
			}
		})
	}
}

// lineEndsBack puts line ends into a body that has none: before white space between tags, above the first tag, and
// before the end of the outermost element. curl -d @FILE takes them out, and leaves the indents.
func lineEndsBack(end string) rewrite {
	return func(body []byte) pieces {
		if !xmltext.IsMarkup(body) || bytes.IndexByte(body, '\n') >= 0 {
			return nil
		}
		return otherLayout(body, func(emit func([]byte)) {
			p := printer{rest: body}
			for before, depth := tokenText, 0; ; {
				from := p.rest
				kind, token := p.next()
				if kind == tokenNone {
					emit(p.rest)
					emit([]byte(end))
					return
				}
				blank := from[:len(from)-len(p.rest)-len(token)]
				if len(blank) > 0 || before == tokenProlog || kind == tokenEnd && depth == 1 {
					emit([]byte("\n"))
				}
				emit(blank)
				emit(token)
				switch kind {
				case tokenStart:
					depth++
				case tokenEnd:
					depth--
				}
				before = kind
			}
		})
	}
}

// spaceCollapsed makes every run of white space one space.
func spaceCollapsed(body []byte) pieces {
	if !xmltext.IsMarkup(body) {
		return nil
	}
	return otherLayout(body, func(emit func([]byte)) {
		for rest := bytes.Trim(body, spaces); len(rest) > 0; {
			at := bytes.IndexAny(rest, spaces)
			if at < 0 {
				emit(rest)
				return
			}
			emit(rest[:at])
			emit([]byte(" "))
			rest = bytes.TrimLeft(rest[at:], spaces)
		}
	})
}

// otherLayout gives nil where white space is different at the ends of lines, or of the body, alone: those mistakes have
// names of their own.
func otherLayout(body []byte, written pieces) pieces {
	rest, other := bytes.Trim(body, spaces), false
	written(func(piece []byte) {
		for len(piece) > 0 && !other {
			switch {
			case len(rest) > 0 && rest[0] == piece[0]:
				same := 1
				for most := min(len(rest), len(piece)); same < most && rest[same] == piece[same]; {
					same++
				}
				rest, piece = rest[same:], piece[same:]
			case len(rest) > 0 && rest[0] == '\r':
				rest = rest[1:]
			case piece[0] == '\r', len(rest) == 0 && strings.IndexByte(spaces, piece[0]) >= 0:
				piece = piece[1:]
			default:
				other = true
			}
		}
	})
	if !other && len(rest) == 0 {
		return nil
	}
	return written
}

const (
	tokenNone   token = iota // the end, or something that has no end
	tokenText                // with something in it; also CDATA
	tokenStart               // <a>
	tokenEnd                 // </a>
	tokenWhole               // <a/>, and a comment
	tokenProlog              // a declaration, an instruction, a document type
)

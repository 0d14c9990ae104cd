package opensrs

import (
	"bytes"
	"strings"
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
		form{name: "minified", body: spaceCollapsed})
}

// laysOut reports whether a body is XML that can be laid out.
func laysOut(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(body, mark), xmlSpace), []byte("<")) && fromUTF16(body) == nil
}

func laidOut(l layout) rewrite {
	return func(body []byte) pieces {
		if !laysOut(body) {
			return nil
		}
		return otherLayout(body, func(emit func([]byte)) {
			p := printer{layout: l, rest: bytes.TrimPrefix(body, mark), emit: emit}
			if len(p.rest) < len(body) {
				emit(mark)
			}
			p.print()
		})
	}
}

// linesTrimmed cuts white space off both ends of each line, and joins them.
func linesTrimmed(between string) rewrite {
	return func(body []byte) pieces {
		if !laysOut(body) {
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
		if !laysOut(body) || bytes.IndexByte(body, '\n') >= 0 {
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
	if !laysOut(body) {
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

// printer lays a document out, token by token.
type printer struct {
	layout
	rest   []byte
	emit   func([]byte)
	depth  int
	spaces []byte // a line end, and the deepest indent
	begun  bool   // something was written
	text   bool   // it was text: white space behind it would be a part of that
}

func (p *printer) print() {
	for {
		kind, token := p.next()
		switch kind {
		case tokenNone:
			p.emit(p.rest) // what is not markup stays as it is
			p.emit([]byte(p.end))
			return
		case tokenText:
			if p.emit(token); len(bytes.TrimLeft(token, xmlSpace)) > 0 {
				p.text = true
			}
		case tokenEnd:
			p.depth = max(0, p.depth-1)
			p.line()
			p.emit(token)
		case tokenStart:
			p.line()
			p.emit(token)
			if !p.short() {
				p.depth++
			}
		default:
			p.line()
			if kind == tokenProlog && !p.lines {
				token = bytes.ReplaceAll(token, []byte("\n"), nil) // Python's minidom has one in a document type
			}
			p.emit(token)
			if kind == tokenProlog && p.depth == 0 && !p.lines && !p.glued {
				p.emit([]byte("\n"))
			}
		}
	}
}

// short writes the rest of an element that holds nothing, or text alone.
func (p *printer) short() bool {
	from := p.rest
	kind, token := p.next()
	if kind == tokenEnd {
		p.emit(token)
		return true
	}
	next, end := p.next()
	if kind != tokenText || next != tokenEnd {
		p.rest = from
		return false
	}
	before := token[:len(token)-len(bytes.TrimLeft(token, xmlSpace))]
	if p.own || bytes.IndexByte(before, '\n') >= 0 && token[len(token)-1] <= ' ' { // it has a line of its own
		token = bytes.Trim(token, xmlSpace)
	}
	if p.own {
		p.depth++
		p.line()
		p.depth--
	}
	p.emit(token)
	if p.own {
		p.line()
	}
	p.emit(end)
	return true
}

// line begins a line, where the layout has lines.
func (p *printer) line() {
	if p.lines && p.begun && !p.text {
		if p.spaces == nil {
			p.spaces = []byte("\n" + strings.Repeat(p.indent, MaxDepth))
		}
		p.emit(p.spaces[:1+len(p.indent)*min(p.depth, MaxDepth)])
	}
	p.begun, p.text = true, false
}

type token int

const (
	tokenNone   token = iota // the end, or something that has no end
	tokenText                // with something in it; also CDATA
	tokenStart               // <a>
	tokenEnd                 // </a>
	tokenWhole               // <a/>, and a comment
	tokenProlog              // a declaration, an instruction, a document type
)

// next takes a token off the rest, white space between tags aside.
func (p *printer) next() (token, []byte) {
	blank := len(p.rest) - len(bytes.TrimLeft(p.rest, xmlSpace))
	if blank == len(p.rest) {
		p.rest = nil
		return tokenNone, nil
	}
	kind, length := tokenText, 0
	switch rest := p.rest[blank:]; {
	case rest[0] != '<':
		length = blank + cutAt(rest, '<')
		blank = 0
	case bytes.HasPrefix(rest, []byte("<![CDATA[")):
		length = endOf(rest, "]]>")
	case bytes.HasPrefix(rest, []byte("<!--")):
		kind, length = tokenWhole, endOf(rest, "-->")
	case bytes.HasPrefix(rest, []byte("<?")):
		kind, length = tokenProlog, endOf(rest, "?>")
	case bytes.HasPrefix(rest, []byte("<!")):
		kind, length = tokenProlog, tagEnd(rest)
	case bytes.HasPrefix(rest, []byte("</")):
		kind, length = tokenEnd, tagEnd(rest)
	default:
		kind, length = tokenStart, tagEnd(rest)
		if length > 1 && rest[length-2] == '/' {
			kind = tokenWhole
		}
	}
	if length == 0 {
		return tokenNone, nil
	}
	taken := p.rest[blank : blank+length]
	p.rest = p.rest[blank+length:]
	return kind, taken
}

// endOf is the length up to and with an end, 0 where there is none.
func endOf(text []byte, end string) int {
	at := bytes.Index(text, []byte(end))
	if at < 0 {
		return 0
	}
	return at + len(end)
}

// tagEnd is the length of a tag, whose quoted values may hold a >; 0 where it has no end.
func tagEnd(tag []byte) int {
	quote, inner := byte(0), 0
	for i, c := range tag {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '[':
			inner++
		case c == ']':
			inner--
		case c == '>' && inner <= 0:
			return i + 1
		}
	}
	return 0
}

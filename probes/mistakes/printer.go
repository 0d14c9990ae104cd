package mistakes

import (
	"bytes"
	"strings"

	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/xmltext"
)

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
			if p.emit(token); len(bytes.TrimLeft(token, xmltext.Space)) > 0 {
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
	before := token[:len(token)-len(bytes.TrimLeft(token, xmltext.Space))]
	if p.own || bytes.IndexByte(before, '\n') >= 0 && token[len(token)-1] <= ' ' { // it has a line of its own
		token = bytes.Trim(token, xmltext.Space)
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
			p.spaces = []byte("\n" + strings.Repeat(p.indent, opensrs.MaxDepth))
		}
		p.emit(p.spaces[:1+len(p.indent)*min(p.depth, opensrs.MaxDepth)])
	}
	p.begun, p.text = true, false
}

type token int

// next takes a token off the rest, white space between tags aside.
func (p *printer) next() (token, []byte) {
	blank := len(p.rest) - len(bytes.TrimLeft(p.rest, xmltext.Space))
	if blank == len(p.rest) {
		p.rest = nil
		return tokenNone, nil
	}
	kind, length := tokenText, 0
	switch rest := p.rest[blank:]; {
	case rest[0] != '<':
		length = blank + xmltext.CutAt(rest, '<')
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

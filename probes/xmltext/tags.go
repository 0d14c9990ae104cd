package xmltext

import (
	"bytes"
	"strings"

	"opensrs-doctor/probes/lazy"
)

// The parts of a document that begin with a <: what the scanner of Check does with each.

// instruction reads <?xml ...?> and other instructions.
func (s *scanner) instruction(rest []byte) {
	at := s.at
	name := rest[2 : 2+nameLength(rest[2:])]
	end := s.skipTo("?>", 2)
	switch {
	case end == 0 && strings.EqualFold(string(name), "xml"):
		s.stop(Declaration, at, "")
	case end == 0:
	case len(name) == 0 || !bytes.ContainsAny(rest[2+len(name):3+len(name)], Space+"?"):
		s.stop(Other, at, "")
	case strings.EqualFold(string(name), "xml") && s.root != "" && len(s.open) == 0:
		s.stop(SecondRoot, at, "")
	case strings.EqualFold(string(name), "xml") && at > 0:
		s.stop(DeclaredLate, at, "")
	case strings.EqualFold(string(name), "xml") && !wholeDeclaration.Regexp().Match(rest[:end]):
		s.stop(Declaration, at, "")
	}
}

var wholeDeclaration = lazy.Pattern{Text: `^<\?xml\s+version\s*=\s*(?:"1\.[0-9]+"|'1\.[0-9]+')` +
	`(?:\s+encoding\s*=\s*(?:"[A-Za-z][A-Za-z0-9._-]*"|'[A-Za-z][A-Za-z0-9._-]*'))?` +
	`(?:\s+standalone\s*=\s*(?:"(?:yes|no)"|'(?:yes|no)'))?\s*\?>$`}

// documentType skips <!DOCTYPE ...>, with what it declares between [ and ].
func (s *scanner) documentType(rest []byte) {
	s.doctype = true
	inside, quote, head := false, byte(0), 0
	for i := len("<!DOCTYPE"); i < len(rest); i++ {
		switch c := rest[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case bytes.HasPrefix(rest[i:], []byte("<!--")):
			i += 4 + max(0, bytes.Index(rest[i+4:], []byte("-->")))
		case c == '"' || c == '\'':
			quote = c
		case c == '[':
			inside, head = true, i
		case c == ']':
			inside = false
		case c == '>' && !inside:
			if head == 0 {
				head = i
			}
			if s.allowed(rest[:i], s.at) && !documentTypeHead.Regexp().Match(rest[:head]) {
				s.stop(Other, s.at, "")
			}
			s.entities = bytes.Contains(rest[:i], []byte("<!ENTITY"))
			s.at += i + 1
			return
		}
	}
	s.stop(Other, s.at, "")
}

var documentTypeHead = lazy.Pattern{Text: `^<!DOCTYPE\s+[A-Za-z_:][A-Za-z0-9_.:-]*` +
	`(?:\s+(?:SYSTEM|PUBLIC\s+(?:"[^"]*"|'[^']*'))\s+(?:"[^"]*"|'[^']*'))?\s*$`}

func (s *scanner) endTag(rest []byte) {
	at := s.at
	n := nameLength(rest[2:])
	name := string(rest[2 : 2+n])
	behind := bytes.TrimLeft(rest[2+n:], Space)
	switch {
	case len(behind) == 0:
		s.stop(Cut, len(s.text), "")
	case n == 0 || behind[0] != '>':
		s.stop(Other, at, "")
	case len(s.open) == 0:
		s.stop(StrayEnd, at, name)
	case s.open[len(s.open)-1].name != name:
		s.stop(WrongEnd, at, name)
	default:
		s.open = s.open[:len(s.open)-1]
		s.at += len(rest) - len(behind) + 1
	}
}

func (s *scanner) startTag(rest []byte) {
	n := nameLength(rest[1:])
	switch {
	case len(rest) == 1+n:
		s.stop(Cut, len(s.text), "")
		return
	case n == 0:
		s.stop(LessThan, s.at, "")
		return
	case s.root != "" && len(s.open) == 0:
		s.stop(SecondRoot, s.at, "")
		return
	case s.root == "":
		s.root = string(rest[1 : 1+n])
	}
	s.open = append(s.open, openElement{string(rest[1 : 1+n]), s.at})
	s.at += 1 + n
	seen := map[string]bool{}
	for s.fault.Kind == "" {
		rest := s.text[s.at:]
		behind := bytes.TrimLeft(rest, Space)
		spaced := len(behind) < len(rest)
		s.at += len(rest) - len(behind)
		switch {
		case len(behind) == 0 || bytes.Equal(behind, []byte("/")):
			s.stop(Cut, len(s.text), "")
		case behind[0] == '>':
			s.at++
			return
		case bytes.HasPrefix(behind, []byte("/>")):
			s.at += 2
			s.open = s.open[:len(s.open)-1]
			return
		case behind[0] == '<':
			s.stop(Attribute, s.at, "")
		case !spaced:
			s.stop(Attribute, s.at, string(behind[:nameLength(behind)]))
		default:
			s.attribute(behind, seen)
		}
	}
}

// attribute reads name="value".
func (s *scanner) attribute(rest []byte, seen map[string]bool) {
	n := nameLength(rest)
	name := string(rest[:n])
	equals := bytes.TrimLeft(rest[n:], Space)
	if n == 0 || len(equals) == 0 || equals[0] != '=' {
		s.stop(Attribute, s.at, name)
		return
	}
	value := bytes.TrimLeft(equals[1:], Space)
	if len(value) == 0 || value[0] != '"' && value[0] != '\'' {
		s.stop(Attribute, s.at, name)
		return
	}
	from := s.at + len(rest) - len(value) + 1
	end := bytes.IndexByte(value[1:], value[0])
	less := bytes.IndexByte(value[1:], '<')
	switch {
	case less >= 0 && (end < 0 || less < end):
		// A quotation mark that is missing takes the next tag into the value.
		s.stop(Attribute, s.at, name)
	case end < 0:
		s.stop(Cut, len(s.text), "")
	case seen[name]:
		s.stop(Twice, s.at, name)
	default:
		seen[name] = true
		if s.references(value[1:1+end], from); s.fault.Kind == "" {
			s.at = from + end + 1
		}
	}
}

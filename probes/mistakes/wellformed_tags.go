package mistakes

import (
	"bytes"
	"strings"

	"opensrs-doctor/probes/pattern"
)

// The parts of a document that begin with a <: what the scanner of CheckXML does with each.

// instruction reads <?xml ...?> and other instructions.
func (s *xmlScanner) instruction(rest []byte) {
	at := s.at
	name := rest[2 : 2+nameLength(rest[2:])]
	end := s.skipTo("?>", 2)
	switch {
	case end == 0 && strings.EqualFold(string(name), "xml"):
		s.stop(XMLDeclaration, at, "")
	case end == 0:
	case len(name) == 0 || !bytes.ContainsAny(rest[2+len(name):3+len(name)], xmlSpace+"?"):
		s.stop(XMLOther, at, "")
	case strings.EqualFold(string(name), "xml") && s.root != "" && len(s.open) == 0:
		s.stop(XMLSecondRoot, at, "")
	case strings.EqualFold(string(name), "xml") && at > 0:
		s.stop(XMLDeclaredLate, at, "")
	case strings.EqualFold(string(name), "xml") && !wholeDeclaration().Match(rest[:end]):
		s.stop(XMLDeclaration, at, "")
	}
}

var wholeDeclaration = pattern.Of(`^<\?xml\s+version\s*=\s*(?:"1\.[0-9]+"|'1\.[0-9]+')` +
	`(?:\s+encoding\s*=\s*(?:"[A-Za-z][A-Za-z0-9._-]*"|'[A-Za-z][A-Za-z0-9._-]*'))?` +
	`(?:\s+standalone\s*=\s*(?:"(?:yes|no)"|'(?:yes|no)'))?\s*\?>$`)

// documentType skips <!DOCTYPE ...>, with what it declares between [ and ].
func (s *xmlScanner) documentType(rest []byte) {
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
			if s.allowed(rest[:i], s.at) && !documentTypeHead().Match(rest[:head]) {
				s.stop(XMLOther, s.at, "")
			}
			s.entities = bytes.Contains(rest[:i], []byte("<!ENTITY"))
			s.at += i + 1
			return
		}
	}
	s.stop(XMLOther, s.at, "")
}

var documentTypeHead = pattern.Of(`^<!DOCTYPE\s+[A-Za-z_:][A-Za-z0-9_.:-]*` +
	`(?:\s+(?:SYSTEM|PUBLIC\s+(?:"[^"]*"|'[^']*'))\s+(?:"[^"]*"|'[^']*'))?\s*$`)

func (s *xmlScanner) endTag(rest []byte) {
	at := s.at
	n := nameLength(rest[2:])
	name := string(rest[2 : 2+n])
	behind := bytes.TrimLeft(rest[2+n:], xmlSpace)
	switch {
	case len(behind) == 0:
		s.stop(XMLCut, len(s.text), "")
	case n == 0 || behind[0] != '>':
		s.stop(XMLOther, at, "")
	case len(s.open) == 0:
		s.stop(XMLStrayEnd, at, name)
	case s.open[len(s.open)-1].name != name:
		s.stop(XMLWrongEnd, at, name)
	default:
		s.open = s.open[:len(s.open)-1]
		s.at += len(rest) - len(behind) + 1
	}
}

func (s *xmlScanner) startTag(rest []byte) {
	n := nameLength(rest[1:])
	switch {
	case len(rest) == 1+n:
		s.stop(XMLCut, len(s.text), "")
		return
	case n == 0:
		s.stop(XMLLessThan, s.at, "")
		return
	case s.root != "" && len(s.open) == 0:
		s.stop(XMLSecondRoot, s.at, "")
		return
	case s.root == "":
		s.root = string(rest[1 : 1+n])
	}
	s.open = append(s.open, openElement{string(rest[1 : 1+n]), s.at})
	s.at += 1 + n
	seen := map[string]bool{}
	for s.fault.Kind == "" {
		rest := s.text[s.at:]
		behind := bytes.TrimLeft(rest, xmlSpace)
		spaced := len(behind) < len(rest)
		s.at += len(rest) - len(behind)
		switch {
		case len(behind) == 0 || bytes.Equal(behind, []byte("/")):
			s.stop(XMLCut, len(s.text), "")
		case behind[0] == '>':
			s.at++
			return
		case bytes.HasPrefix(behind, []byte("/>")):
			s.at += 2
			s.open = s.open[:len(s.open)-1]
			return
		case behind[0] == '<':
			s.stop(XMLAttribute, s.at, "")
		case !spaced:
			s.stop(XMLAttribute, s.at, string(behind[:nameLength(behind)]))
		default:
			s.attribute(behind, seen)
		}
	}
}

// attribute reads name="value".
func (s *xmlScanner) attribute(rest []byte, seen map[string]bool) {
	n := nameLength(rest)
	name := string(rest[:n])
	equals := bytes.TrimLeft(rest[n:], xmlSpace)
	if n == 0 || len(equals) == 0 || equals[0] != '=' {
		s.stop(XMLAttribute, s.at, name)
		return
	}
	value := bytes.TrimLeft(equals[1:], xmlSpace)
	if len(value) == 0 || value[0] != '"' && value[0] != '\'' {
		s.stop(XMLAttribute, s.at, name)
		return
	}
	from := s.at + len(rest) - len(value) + 1
	end := bytes.IndexByte(value[1:], value[0])
	less := bytes.IndexByte(value[1:], '<')
	switch {
	case less >= 0 && (end < 0 || less < end):
		// A quotation mark that is missing takes the next tag into the value.
		s.stop(XMLAttribute, s.at, name)
	case end < 0:
		s.stop(XMLCut, len(s.text), "")
	case seen[name]:
		s.stop(XMLTwice, s.at, name)
	default:
		seen[name] = true
		if s.references(value[1:1+end], from); s.fault.Kind == "" {
			s.at = from + end + 1
		}
	}
}

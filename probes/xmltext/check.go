package xmltext

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/opensrs"
)

// Fault is the first place at which a text stops being well-formed XML, and why. Source: XML 1.0, 5th edition.
type Fault struct {
	Kind   Kind
	Line   int    // from 1
	Tag    string // the element that it is about; "" where there is none, or it may not be repeated
	Opened int    // the line in which Tag was opened, 0 where that does not matter
	Met    string // what is there: the name of another tag, of an entity or an attribute, a character as U+0001
}

// Kind is a way to be not well-formed; "" is well-formed.
type Kind string

// The kinds.
const (
	Empty        Kind = "empty"           // nothing, or white space alone
	Cut          Kind = "cut"             // it ends while Tag is open, or within a tag or comment
	WrongEnd     Kind = "wrong-end"       // Tag is closed by </Met>
	StrayEnd     Kind = "stray-end"       // </Met> closes nothing
	Ampersand    Kind = "ampersand"       // an & that begins no reference
	Entity       Kind = "entity"          // &Met; is none of XML's five
	LessThan     Kind = "less-than"       // a < that begins no tag
	Attribute    Kind = "attribute"       // Met, of Tag, is not name="value"
	Twice        Kind = "attribute-twice" // Tag has the attribute Met twice
	Character    Kind = "character"       // Met is a character that XML does not allow
	TextBefore   Kind = "text-before"     // before the first tag
	TextAfter    Kind = "text-after"      // behind the end of Tag, the outermost element
	SecondRoot   Kind = "second-document" // another element, or document, behind the end of Tag
	Declaration  Kind = "declaration"     // <?xml ...?> is not spelled as it has to be
	DeclaredLate Kind = "declared-late"   // <?xml ...?> is not at the very start
	Encoding     Kind = "encoding"        // a byte is not of the encoding Met, declared or the default
	Other        Kind = "other"           // -- in a comment, ]]> in a text, a misplaced DOCTYPE
)

// Check looks for the first place at which a document is not well-formed; Kind is "" where there is none. It
// reads no external DTD, so a reference to an entity that only such a DTD could declare counts as unknown.
func Check(document []byte) Fault {
	if runes := UTF16(document); runes != nil {
		document = nil
		for r := range runes {
			document = utf8.AppendRune(document, r)
		}
	} else if fault := checkEncoding(document); fault.Kind != "" {
		return fault
	}
	document = bytes.TrimPrefix(document, Mark)
	if len(bytes.TrimLeft(document, Space)) == 0 {
		return Fault{Kind: Empty, Line: 1}
	}
	s := &scanner{text: document}
	for s.fault.Kind == "" && s.at < len(s.text) {
		s.next()
	}
	if s.fault.Kind == "" && (len(s.open) > 0 || s.root == "") {
		s.stop(Cut, len(s.text), "")
	}
	return s.fault
}

// checkEncoding finds the first byte that is not of the document's encoding, where that can be known: in UTF-8,
// which is the default, and in ASCII.
func checkEncoding(document []byte) Fault {
	label, at := opensrs.DeclaredEncoding(document), -1
	switch label {
	case "", "utf-8", "utf8":
		label = "UTF-8"
		for i := 0; i < len(document) && at < 0; {
			r, size := utf8.DecodeRune(document[i:])
			if r == utf8.RuneError && size == 1 {
				at = i
			}
			i += size
		}
	case "us-ascii", "ascii":
		label = "ASCII"
		at = bytes.IndexFunc(document, func(r rune) bool { return r >= utf8.RuneSelf })
	case "utf-16", "utf-16le", "utf-16be", "ucs-2", "iso-10646-ucs-2", "utf-32":
		label, at = strings.ToUpper(label), 0
	}
	if at < 0 {
		return Fault{}
	}
	return Fault{Kind: Encoding, Line: lineOf(document, at), Met: label}
}

func lineOf(text []byte, at int) int { return 1 + bytes.Count(text[:at], []byte("\n")) }

// scanner reads a document once, from its start to its end or its first fault.
type scanner struct {
	text     []byte
	at       int
	open     []openElement
	root     string // the outermost element, once it was met
	entities bool   // the document declares its own
	doctype  bool
	fault    Fault
}

type openElement struct {
	name string
	at   int
}

// stop notes the fault. Of names only those are kept that may be repeated.
func (s *scanner) stop(kind Kind, at int, met string) {
	fault := Fault{Kind: kind, Line: lineOf(s.text, at), Met: plainName(met)}
	switch {
	case len(s.open) > 0:
		last := s.open[len(s.open)-1]
		fault.Tag, fault.Opened = plainName(last.name), lineOf(s.text, last.at)
	case s.root != "":
		fault.Tag = plainName(s.root)
	}
	s.fault = fault
}

// plainName is a name that may be repeated: short, and no run that could be a part of a key.
func plainName(name string) string {
	if !xmlName.Regexp().MatchString(name) || opensrs.KeyRun(name) {
		return ""
	}
	return name
}

var xmlName = lazy.Pattern{Text: `^(?:[A-Za-z_][A-Za-z0-9_.:-]{0,39}|U\+[0-9A-F]{4,6})$`}

// next reads the text up to the next tag, or one tag, comment, instruction or CDATA section.
func (s *scanner) next() {
	rest := s.text[s.at:]
	if rest[0] != '<' {
		s.characters(rest[:CutAt(rest, '<')])
		return
	}
	switch {
	case bytes.HasPrefix(rest, []byte("<?")):
		s.instruction(rest)
	case bytes.HasPrefix(rest, []byte("<!--")):
		if end := s.skipTo("-->", 4); end > 0 && bytes.Contains(rest[4:end-3], []byte("--")) {
			s.stop(Other, s.at-end+4+bytes.Index(rest[4:], []byte("--")), "")
		}
	case bytes.HasPrefix(rest, []byte("<![CDATA[")) && len(s.open) > 0:
		from := s.at + 9
		if end := s.skipTo("]]>", 9); end > 0 {
			s.allowed(s.text[from:s.at-3], from)
		}
	case bytes.HasPrefix(rest, []byte("<!DOCTYPE")) && s.root == "" && !s.doctype:
		s.documentType(rest)
	case bytes.HasPrefix([]byte("<!DOCTYPE"), rest), bytes.HasPrefix([]byte("<![CDATA["), rest):
		s.stop(Cut, len(s.text), "")
	case bytes.HasPrefix(rest, []byte("<!")):
		s.stop(Other, s.at, "")
	case bytes.HasPrefix(rest, []byte("</")):
		s.endTag(rest)
	default:
		s.startTag(rest)
	}
}

// skipTo goes behind the next end, and gives how far that was; 0 where it never comes.
func (s *scanner) skipTo(end string, from int) int {
	rest := s.text[s.at:]
	at := bytes.Index(rest[min(from, len(rest)):], []byte(end))
	if at < 0 {
		s.stop(Cut, len(s.text), "")
		return 0
	}
	s.at += from + at + len(end)
	return from + at + len(end)
}

// characters judges text between tags.
func (s *scanner) characters(text []byte) {
	from := s.at
	s.at += len(text)
	if len(s.open) == 0 {
		if outside := bytes.TrimLeft(text, Space); len(outside) > 0 {
			kind := TextBefore
			if s.root != "" {
				kind = TextAfter
			}
			if at := from + len(text) - len(outside); s.allowed(outside[:1], at) {
				s.stop(kind, at, "")
			}
		}
		return
	}
	if at := bytes.Index(text, []byte("]]>")); at >= 0 {
		s.stop(Other, from+at, "")
		return
	}
	s.references(text, from)
}

// allowed stops at the first character that XML does not allow.
func (s *scanner) allowed(text []byte, from int) bool {
	for i, c := range text {
		if c < ' ' && strings.IndexByte(Space, c) < 0 {
			s.stop(Character, from+i, fmt.Sprintf("U+%04X", c))
			return false
		}
	}
	for _, none := range []string{"\uFFFE", "\uFFFF"} {
		if at := bytes.Index(text, []byte(none)); at >= 0 && utf8.Valid(s.text) {
			s.stop(Character, from+at, fmt.Sprintf("U+%04X", []rune(none)[0]))
			return false
		}
	}
	return true
}

// references judges the characters of a text or value, and the references in it.
func (s *scanner) references(text []byte, from int) {
	if !s.allowed(text, from) {
		return
	}
	for i := 0; ; {
		at := bytes.IndexByte(text[i:], '&')
		if at < 0 {
			return
		}
		i += at + 1
		name, _, ended := bytes.Cut(text[i:min(len(text), i+64)], []byte(";"))
		switch {
		case !ended:
			s.stop(Ampersand, from+i, "")
			return
		case len(name) > 0 && name[0] == '#':
			if !characterReference(string(name[1:])) {
				s.stop(Ampersand, from+i, "")
				return
			}
		case nameLength(name) != len(name) || len(name) == 0:
			s.stop(Ampersand, from+i, "")
			return
		case !s.entities && !predefined.Get()[string(name)]:
			s.stop(Entity, from+i, string(name))
			return
		}
	}
}

var predefined = lazy.Value[map[string]bool]{Make: func() map[string]bool {
	return map[string]bool{"amp": true, "lt": true, "gt": true, "quot": true, "apos": true}
}}

// characterReference reports whether the digits name a character that XML allows.
func characterReference(digits string) bool {
	base := 10
	if hex, is := strings.CutPrefix(digits, "x"); is {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	return err == nil && (n == 9 || n == 10 || n == 13 || n >= 0x20 && n < 0xD800 || n > 0xDFFF && n < 0xFFFE ||
		n >= 0x10000 && n <= 0x10FFFF)
}

// nameLength is how many of the bytes are a name.
func nameLength(text []byte) int {
	for i, c := range text {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' || c == ':' || c >= utf8.RuneSelf
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '-' && c != '.') {
			return i
		}
	}
	return len(text)
}

package opensrs

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/lazy"
)

// ErrNotEnvelope says that the bytes are no OPS envelope at all: HTML, other XML, text.
var ErrNotEnvelope = errors.New("not an OPS envelope")

// ErrEntities says that the document declares entities, which no real one does. It comes inside a
// *MalformedError; nothing was expanded or fetched.
var ErrEntities = errors.New(whyEntities)

// MalformedError says that the bytes begin as an OPS envelope may, and break their promise.
type MalformedError struct {
	Why foreign.Text // our own words: never text of the document
	Err error        // ErrEntities, or nil
}

func (e *MalformedError) Error() string { return "malformed OPS envelope: " + e.Why.String() }

// Unwrap gives ErrEntities where that is the reason.
func (e *MalformedError) Unwrap() error { return e.Err }

func malformed(why foreign.Text) error { return &MalformedError{Why: why} }

// The reasons why an envelope is malformed.
const (
	whyEmpty    = "it is empty"
	whyCut      = "it is cut short"
	whyDeep     = "elements are nested too deeply"
	whyBig      = "it is over the size limit"
	whySyntax   = "it is not well-formed XML"
	whyEncoding = "it declares an encoding that is not read here"
	whyNoData   = "it carries no data block"
	whyEntities = "it declares XML entities"
)

// Decode reads the tree of an OPS envelope. It is liberal with white space, attributes, comments, CDATA
// and what follows the envelope, and takes ISO-8859-1 besides UTF-8. Errors are ErrNotEnvelope and
// *MalformedError.
func Decode(document []byte) (Value, error) {
	if len(document) > MaxReply {
		return Value{}, malformed(foreign.Ours(whyBig))
	}
	document = bytes.TrimPrefix(document, []byte("\xEF\xBB\xBF"))
	document = bytes.TrimLeft(document, " \t\r\n\x00")
	if len(document) == 0 {
		return Value{}, malformed(foreign.Ours(whyEmpty))
	}
	if document[0] != '<' {
		return Value{}, ErrNotEnvelope
	}
	text, ok := toUTF8(document)
	if !ok {
		return Value{}, malformed(foreign.Ours(whyEncoding))
	}
	return newDecoder(text).envelope()
}

// maxDeclaration is how far into a document its declaration is looked for, in bytes.
const maxDeclaration = 512

var declaration = lazy.Pattern{Text: `^<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']`}

// toUTF8 turns the document into UTF-8 by its declaration. One that claims UTF-8 and isn't is taken as
// Latin-1, which every byte string is: a code must not get lost over an accent in a text.
func toUTF8(document []byte) ([]byte, bool) {
	label := "utf-8"
	if match := declaration.Regexp().FindSubmatch(document[:min(len(document), maxDeclaration)]); match != nil {
		label = strings.ToLower(string(match[1]))
	}
	switch label {
	case "utf-8", "utf8", "us-ascii", "ascii":
		if utf8.Valid(document) {
			return document, true
		}
	case "iso-8859-1", "latin1", "latin-1", "iso-8859-15", "windows-1252", "cp1252":
	default:
		return nil, false
	}
	text := make([]byte, 0, len(document)+len(document)/8)
	for _, b := range document {
		text = utf8.AppendRune(text, rune(b))
	}
	return text, true
}

// DeclaredEncoding is the encoding that a document declares, in small letters; "" where it declares none.
func DeclaredEncoding(document []byte) string {
	document = bytes.TrimLeft(bytes.TrimPrefix(document, []byte("\xEF\xBB\xBF")), " \t\r\n")
	match := declaration.Regexp().FindSubmatch(document[:min(len(document), maxDeclaration)])
	if match == nil {
		return ""
	}
	return strings.ToLower(string(match[1]))
}

// Parts are the names of the elements right inside the outermost one, as far as the document can be read.
func Parts(document []byte) (names []string) {
	text, _ := toUTF8(bytes.TrimPrefix(document, []byte("\xEF\xBB\xBF")))
	for d := newDecoder(text); ; {
		token, err := d.next()
		if err != nil {
			return names
		}
		if start, is := token.(xml.StartElement); is && d.depth == 2 {
			names = append(names, start.Name.Local)
		}
	}
}

// decoder walks the document token by token: at no moment more than the path to the current element is
// open, and that path is bounded.
type decoder struct {
	xml   *xml.Decoder
	depth int
	root  bool // the envelope's own element was met
}

// newDecoder reads a document that is in UTF-8 already, whatever it declares.
func newDecoder(text []byte) *decoder {
	d := &decoder{xml: xml.NewDecoder(bytes.NewReader(text))}
	d.xml.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil }
	return d
}

// next gives the next start, end or characters.
func (d *decoder) next() (xml.Token, error) {
	for {
		token, err := d.xml.Token()
		if err != nil {
			return nil, d.fault(err)
		}
		switch token := token.(type) {
		case xml.Directive:
			if bytes.Contains(bytes.ToUpper(token), []byte("<!ENTITY")) {
				return nil, &MalformedError{Why: foreign.Ours(whyEntities), Err: ErrEntities}
			}
		case xml.StartElement:
			if d.depth++; d.depth > MaxDepth {
				return nil, malformed(foreign.Ours(whyDeep))
			}
			return token, nil
		case xml.EndElement:
			d.depth--
			return token, nil
		case xml.CharData:
			return token, nil
		}
	}
}

// fault words an error of the XML decoder without its text, which may quote the document.
func (d *decoder) fault(err error) error {
	var syntax *xml.SyntaxError
	cut := err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.As(err, &syntax) && strings.Contains(syntax.Msg, "unexpected EOF")
	switch {
	case cut:
		return malformed(foreign.Ours(whyCut))
	case !d.root:
		return ErrNotEnvelope
	}
	return malformed(foreign.Ours(whySyntax))
}

func (d *decoder) envelope() (Value, error) {
	for {
		token, err := d.next()
		if err != nil {
			return Value{}, err
		}
		if start, ok := token.(xml.StartElement); ok {
			if start.Name.Local != "OPS_envelope" {
				return Value{}, ErrNotEnvelope
			}
			d.root = true
			break
		}
	}
	value, found, err := d.find("body", "data_block", "dt_assoc")
	if err == nil && !found {
		err = malformed(foreign.Ours(whyNoData))
	}
	return value, err
}

// find reads the rest of the open element and gives the tree at the end of the path below it. All is
// read to the end, so that a document that breaks off after its data is still noticed.
func (d *decoder) find(path ...string) (Value, bool, error) {
	var (
		value Value
		found bool
	)
	for {
		token, err := d.next()
		if err != nil {
			return Value{}, false, err
		}
		switch token := token.(type) {
		case xml.EndElement:
			return value, found, nil
		case xml.StartElement:
			switch {
			case found || token.Name.Local != path[0]:
				err = d.skip()
			case len(path) == 1:
				value, err = d.items(Assoc)
				found = true
			default:
				value, found, err = d.find(path[1:]...)
			}
			if err != nil {
				return Value{}, false, err
			}
		}
	}
}

// skip reads to the end of the open element.
func (d *decoder) skip() error {
	for open := d.depth; d.depth >= open; {
		if _, err := d.next(); err != nil {
			return err
		}
	}
	return nil
}

// items reads the open dt_assoc or dt_array to its end.
func (d *decoder) items(shape Shape) (Value, error) {
	value := Value{Shape: shape}
	for {
		token, err := d.next()
		if err != nil {
			return Value{}, err
		}
		switch token := token.(type) {
		case xml.EndElement:
			return value, nil
		case xml.StartElement:
			if token.Name.Local != "item" {
				if err := d.skip(); err != nil {
					return Value{}, err
				}
				continue
			}
			inner, err := d.content()
			if err != nil {
				return Value{}, err
			}
			value.Items = append(value.Items, Item{keyOf(token), inner})
		}
	}
}

func keyOf(item xml.StartElement) string {
	for _, attribute := range item.Attr {
		if attribute.Name.Local == "key" {
			return attribute.Value
		}
	}
	return ""
}

// content reads an item, or a dt_scalar, to its end: a tree where it holds one, else its characters.
func (d *decoder) content() (Value, error) {
	var (
		text  strings.Builder
		value *Value
	)
	for {
		token, err := d.next()
		if err != nil {
			return Value{}, err
		}
		switch token := token.(type) {
		case xml.EndElement:
			if value != nil {
				return *value, nil
			}
			return TextOf(text.String()), nil
		case xml.CharData:
			text.Write(token)
		case xml.StartElement:
			var inner Value
			switch token.Name.Local {
			case "dt_assoc":
				inner, err = d.items(Assoc)
			case "dt_array":
				inner, err = d.items(Array)
			case "dt_scalar":
				inner, err = d.content()
			default:
				err = d.skip()
				if err == nil {
					continue
				}
			}
			if err != nil {
				return Value{}, err
			}
			value = &inner
		}
	}
}

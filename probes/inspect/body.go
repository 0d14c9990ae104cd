package inspect

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/mistakes"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/xmltext"
)

// The mistakes that can be seen on a body without a key.
const (
	BodyNotXML        = "body-not-xml"
	BodyNotWellFormed = "body-not-well-formed"
	BodyEncoding      = "body-encoding"    // declared, and another one used
	NoEnvelope        = "no-envelope"      // XML, and no OPS envelope
	BadEnvelope       = "bad-envelope"     // it begins as an envelope, and cannot be read as one
	EnvelopeOrder     = "envelope-order"   // the header comes behind the body
	ProtocolMissing   = "protocol-missing" // or it is not XCP
	CommandMissing    = "command-missing"  // the item action, or the item object
)

var ofBody = []string{BodyNotXML, BodyNotWellFormed, BodyEncoding, mistakes.BodyFormEncoded, mistakes.BodyJSON, NoEnvelope, BadEnvelope,
	EnvelopeOrder, ProtocolMissing, CommandMissing}

// FindingIDs are the IDs of all that is found on a request or its body.
func FindingIDs() []string {
	return append([]string{ContentLengthWrong, ContentLengthMissing, ChunkedBody, WrongContentType, HeaderMissing,
		HeaderName, WrongMethod, WrongPath}, ofBody...)
}

// OfBody reports whether a finding is about the body, and not about the request around it. A signature can be right
// for any body.
func (f Finding) OfBody() bool { return slices.Contains(ofBody, f.ID) }

// What a body is instead of XML: Found of BodyNotXML, BodyFormEncoded and BodyJSON.
const (
	AsText      = "text"       // anything else
	AsEscaped   = "escaped"    // &lt;?xml: the document as a whole went through an HTML escape
	AsBase64    = "base64"     // of XML
	AsGzip      = "gzip"       // compressed
	AsRequest   = "request"    // an HTTP request, headers and all
	AsBytes     = "bytes"      // no text
	AsPHP       = "php"        // "Array", what PHP makes of one as a text
	AsPython    = "python"     // b'<?xml...', what Python's str() makes of bytes
	AsRuby      = "ruby"       // #<Object:0x...>, what inspect makes of an object
	AsNode      = "node"       // "[object Object]"
	AsPerl      = "perl"       // "HASH(0x...)"
	AsField     = "field"      // xml=%3C...
	AsRawField  = "raw-field"  // xml=<?xml...: a field whose value was not encoded either
	AsFields    = "fields"     // user=bob&action=...
	AsEncoded   = "encoded"    // %3C%3Fxml: no field, and URL-encoded as a whole
	AsMultipart = "multipart"  // multipart/form-data
	AsObject    = "object"     // JSON: {...} or [...]
	AsString    = "string"     // JSON: "<?xml..."
	AsXMLInJSON = "xml-inside" // JSON: an object that holds XML as a text
)

// Body finds what is wrong with a body besides its signature, whether the command exists aside: where it is no
// envelope, the first thing that shows it. What the verdict on its signature, or the findings about its request,
// explain is left out; both may be zero. Bodies over MaxReply bytes are not looked at.
func Body(body []byte, verdict mistakes.Verdict, request []Finding) []Finding {
	return withoutSymptoms(inspectBody(body), verdict, request)
}

func inspectBody(body []byte) []Finding {
	if len(body) > opensrs.MaxReply {
		return nil
	}
	for _, look := range []func([]byte) (Finding, bool){inForm, inJSON, notXML} {
		if finding, found := look(body); found {
			return []Finding{finding}
		}
	}
	switch fault := xmltext.Check(body); fault.Kind {
	case "":
		return inspectEnvelope(body)
	case xmltext.Encoding:
		return []Finding{{ID: BodyEncoding, XML: fault}}
	default:
		return []Finding{{ID: BodyNotWellFormed, XML: fault}}
	}
}

var allFields = lazy.Pattern{Text: `^[A-Za-z0-9_.%\[\]+-]{1,64}=[^<>\s&]*(?:&[A-Za-z0-9_.%\[\]+-]{1,64}=[^<>\s&]*)*\s*$`}

// inForm finds fields of a form, which web pages send.
func inForm(body []byte) (Finding, bool) {
	as := ""
	switch field := mistakes.FormField(body); {
	case mistakes.IsMultipart(body):
		as = AsMultipart
	case hasPrefixFold(body, "%3C"):
		as = AsEncoded
	case field == nil:
	case hasPrefixFold(body[len(field):], "%3C"):
		as = AsField
	case bytes.HasPrefix(bytes.TrimLeft(body[len(field):], xmltext.Space), []byte("<")):
		as = AsRawField
	case allFields.Regexp().Match(body):
		as = AsFields
	}
	return Finding{ID: mistakes.BodyFormEncoded, Found: as}, as != ""
}

func hasPrefixFold(text []byte, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(string(text[:len(prefix)]), prefix)
}

// inJSON finds JSON, also where it breaks off.
func inJSON(body []byte) (Finding, bool) {
	text := bytes.TrimSpace(bytes.TrimPrefix(body, xmltext.Mark))
	if len(text) == 0 || bytes.IndexByte([]byte(`{["`), text[0]) < 0 {
		return Finding{}, false
	}
	second := bytes.TrimLeft(text[1:], xmltext.Space)
	like := len(second) > 0 && (text[0] == '{' && second[0] == '"' || text[0] == '[' && second[0] == '{' ||
		text[0] == '"' && (second[0] == '<' || hasPrefixFold(second, `\u003c`)))
	if !like && !json.Valid(text) {
		return Finding{}, false
	}
	as := AsObject
	if text[0] == '"' {
		as = AsString
	} else if mistakes.XMLInJSON(text) != nil {
		as = AsXMLInJSON
	}
	return Finding{ID: mistakes.BodyJSON, Found: as}, true
}

// shapes are what else bodies turn out to be. Each is known by its start.
var shapes = lazy.Value[[]struct {
	as    string
	start func() matcher
}]{Make: func() []struct {
	as    string
	start func() matcher
} {
	return []struct {
		as    string
		start func() matcher
	}{
		{AsGzip, anyOf("\x1f\x8b")},
		{AsEscaped, anyOf("&lt;")},
		{AsEscaped, anyOf("&#60;")},
		{AsBase64, anyOf("PD94bWwg")}, // "<?xml "
		{AsBase64, anyOf("PE9QU19l")}, // "<OPS_e"
		{AsPHP, expression(`^Array\s*$`)},
		{AsPHP, expression(`^Array\s*\(\s*\[`)},
		{AsPython, expression(`^b['"]<`)},
		{AsPython, expression(`^<[A-Za-z_.]+ .{0,80}at 0x[0-9a-f]+>\s*$`)},
		{AsRuby, expression(`^#<[A-Z][A-Za-z:]*[: >]`)},
		{AsNode, expression(`^\[object [A-Z][A-Za-z]*\]\s*$`)},
		{AsPerl, expression(`^(?:[A-Za-z:]+=)?(?:HASH|ARRAY|SCALAR)\(0x[0-9a-f]+\)\s*$`)},
	}
}}

// matcher is the part of a regular expression that is needed here.
type matcher interface{ Match([]byte) bool }

type prefixes []string

func (p prefixes) Match(text []byte) bool {
	return slices.ContainsFunc(p, func(one string) bool { return bytes.HasPrefix(text, []byte(one)) })
}

func anyOf(starts ...string) func() matcher { return func() matcher { return prefixes(starts) } }

func expression(text string) func() matcher {
	compiled := &lazy.Pattern{Text: text}
	return func() matcher { return compiled.Regexp() }
}

// notXML finds what begins otherwise than XML does, and what only looks like a tag.
func notXML(body []byte) (Finding, bool) {
	text := bytes.TrimLeft(bytes.TrimPrefix(body, xmltext.Mark), xmltext.Space)
	as := ""
	for _, shape := range shapes.Get() {
		if shape.start().Match(text) {
			as = shape.as
			break
		}
	}
	switch {
	case as != "" || len(text) == 0 || xmltext.UTF16(body) != nil:
	case findRequestLine(text) == 0:
		as = AsRequest
	case text[0] != '<' && (!utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0):
		as = AsBytes
	case bytes.IndexByte(text, '<') < 0:
		as = AsText
	}
	return Finding{ID: BodyNotXML, Found: as}, as != ""
}

// inspectEnvelope finds what well-formed XML lacks as a command.
func inspectEnvelope(body []byte) []Finding {
	tree, err := opensrs.Decode(body)
	var malformed *opensrs.MalformedError
	switch {
	case errors.As(err, &malformed):
		return []Finding{{ID: BadEnvelope, Why: malformed.Why.String()}}
	case err != nil:
		return []Finding{{ID: NoEnvelope}}
	}
	var findings []Finding
	if label := opensrs.DeclaredEncoding(body); strings.HasPrefix(label, "iso-8859") || strings.HasPrefix(label, "latin") ||
		strings.HasPrefix(label, "windows-125") {
		if text := bytes.TrimPrefix(body, xmltext.Mark); !xmltext.ASCII(text) && utf8.Valid(text) {
			findings = append(findings, Finding{ID: BodyEncoding, Found: plainWord(label)})
		}
	}
	// The DTD has the header first; the order of items is free (domains.opensrs.guide/docs/protocol-message-structure).
	if parts := opensrs.Parts(body); slices.Index(parts, "header") > slices.Index(parts, "body") {
		findings = append(findings, Finding{ID: EnvelopeOrder})
	}
	if protocol := strings.TrimSpace(tree.TextAt("protocol")); !strings.EqualFold(protocol, "XCP") {
		findings = append(findings, Finding{ID: ProtocolMissing, Found: plainWord(protocol)})
	}
	for _, name := range []string{"action", "object"} {
		if strings.TrimSpace(tree.TextAt(name)) == "" {
			findings = append(findings, Finding{ID: CommandMissing, Found: name})
		}
	}
	return findings
}

// withoutSymptoms drops what a mistake of the signature, or of the request, explains: a body that was escaped after
// signing is not XML for that reason, and one that Content-Length cuts off has no end.
func withoutSymptoms(body []Finding, verdict mistakes.Verdict, request []Finding) []Finding {
	made := func(ids ...string) bool {
		return slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(verdict.Mistakes, id) })
	}
	return slices.DeleteFunc(body, func(f Finding) bool {
		switch {
		case f.XML.Kind == xmltext.Cut || f.XML.Kind == xmltext.Empty:
			return slices.ContainsFunc(request, func(r Finding) bool {
				return r.ID == ContentLengthWrong || r.ID == ContentLengthMissing || r.ID == ChunkedBody || r.ID == WrongMethod
			})
		case f.Found == AsEscaped:
			return made(mistakes.BodyHTMLEscaped)
		case f.Found == AsEncoded:
			return made(mistakes.BodyURLEncoded)
		case f.ID == BodyEncoding:
			return made(mistakes.BodyLatin1, mistakes.BodyUTF16)
		case f.XML.Kind == xmltext.Character && f.XML.Met == "U+0000":
			return made(mistakes.BodyTrailingNUL)
		}
		return false
	})
}

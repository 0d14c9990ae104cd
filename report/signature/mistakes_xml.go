package signature

import (
	"fmt"
	"strings"

	"opensrs-doctor/probes/inspect"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/mistakes"
	"opensrs-doctor/probes/xmltext"
	"opensrs-doctor/report/screen"
)

// withLibrary is the remedy for bodies that are glued together from strings.
const withLibrary = "Make the XML with a library, which escapes values, closes what it opens and declares the encoding that it writes."

// How each language gets hold of such a library, and what to do where the XML is written by hand.
const (
	libraryPHP    = "use DOMDocument or XMLWriter; in a string, htmlspecialchars($value, ENT_XML1, 'UTF-8') around each value."
	libraryPython = "use xml.etree.ElementTree; in a string, xml.sax.saxutils.escape(value) around each value."
	libraryRuby   = "use Nokogiri, Builder or REXML; in a string, CGI.escapeHTML(value) around each value."
	libraryNode   = "use xmlbuilder2 or fast-xml-parser; in a template literal, escape & as &amp; and then < as &lt; in each value."
	libraryPerl   = "use XML::LibXML or XML::Writer; in a string, s/&/&amp;/g and then s/</&lt;/g on each value."
)

// xmlMistakes are those of bodies that are not the XML of a call. They show without a key.
var xmlMistakes = lazy.Value[[]mistake]{Make: func() []mistake {
	return []mistake{
		{
			id:      inspect.BodyNotWellFormed,
			summary: "the body is not well-formed XML",
			means:   "A parser gives up at the first fault.",
			fix:     withLibrary,
			php:     libraryPHP, python: libraryPython, ruby: libraryRuby, node: libraryNode, perl: libraryPerl,
		},
		{
			id:      inspect.BodyNotXML,
			summary: "the body is not XML",
			means:   "The service reads XML only.",
			fix:     "Send the XML itself as the body: the text that begins with <?xml.",
			php:     "give CURLOPT_POSTFIELDS what saveXML() returns.",
			python:  "give data= what ElementTree.tostring(root, encoding='utf-8') returns, as bytes; str() of bytes or of an element is something else.",
			ruby:    "set request.body to doc.to_xml or doc.to_s; inspect, and #{} around another object, give something else.",
			node:    "pass the text that the builder returns to request.end(xml); an object becomes [object Object].",
			perl:    "set content to $doc->toString; a reference in a string becomes HASH(0x...).",
		},
		{
			id:      inspect.BodyEncoding,
			summary: "the body is not in the encoding that it declares",
			means:   "A parser reads the bytes in the encoding that is declared, and in UTF-8 where none is.",
			fix:     "Write the body in UTF-8, and declare that: <?xml version=\"1.0\" encoding=\"UTF-8\"?>.",
			php:     "values from a Latin-1 database or form need mb_convert_encoding($value, 'UTF-8', 'ISO-8859-1') before they go in.",
			python:  "encode the whole text once, with .encode('utf-8'), and let the declaration say the same.",
			ruby:    "value.encode('UTF-8', 'ISO-8859-1') before it goes in; force_encoding only changes the label.",
			node:    "Buffer.from(xml, 'latin1') and 'binary' write Latin-1; use 'utf8'.",
			perl:    "encode('UTF-8', $xml) once, before signing; a string that was never encoded goes out as Latin-1.",
		},
		{
			id:      mistakes.BodyFormEncoded,
			summary: "the body is a form, and not the XML itself",
			means:   "The body is a form as web pages send it. The service wants the XML itself as the body, without a field around it and without URL encoding.",
			forms: map[string]string{
				"inside-field":   "The signature is that of the XML inside the field.",
				"inside-percent": "The signature is that of the XML inside the field.",
				"inside-raw":     "The signature is that of the XML inside the field.",
				"inside-part":    "The signature is that of the XML inside the field.",
			},
			fix:    "Send the XML itself as the body, with Content-Type: text/xml.",
			php:    "CURLOPT_POSTFIELDS with an array sends multipart, http_build_query() a form; give it the string $xml.",
			python: "data={'xml': xml} sends a form, and files= multipart; write requests.post(url, data=xml.encode('utf-8'), headers=...).",
			ruby:   "set_form_data and Net::HTTP.post_form send a form; write request.body = xml.",
			node:   "URLSearchParams, FormData and querystring send a form; write request.end(xml), or fetch(url, {body: xml, ...}).",
			perl:   "$agent->post($url, {xml => $xml}) sends a form; write $agent->post($url, Content => $xml, Content_Type => 'text/xml').",
		},
		{
			id:      mistakes.BodyJSON,
			summary: "the body is JSON, and not XML",
			means:   "The body is JSON. The service reads XML only.",
			forms: map[string]string{
				"inside": "The signature is that of the XML inside it.",
			},
			fix:    "Send the XML itself as the body, with Content-Type: text/xml.",
			php:    "leave out json_encode(), and give CURLOPT_POSTFIELDS the string $xml; Guzzle's option is 'body', not 'json'.",
			python: "requests.post(url, json=...) sends JSON; write data=xml.encode('utf-8').",
			ruby:   "leave out to_json; HTTParty and Faraday turn a hash into JSON, so give them the string as body.",
			node:   "leave out JSON.stringify(); axios turns an object into JSON, so give it the string.",
			perl:   "leave out encode_json; set the request's content to $xml.",
		},
		{
			id:      inspect.NoEnvelope,
			summary: "the body is XML, and not an OPS envelope",
			means:   "The outermost element of a call is OPS_envelope, and here it is another one.",
			fix:     "Write the envelope: OPS_envelope, in it header and body, in body data_block, in that dt_assoc with the items.",
		},
		{
			id:      inspect.BadEnvelope,
			summary: "the body cannot be read as an OPS envelope",
			means:   "The outermost element is OPS_envelope, and the call in it cannot be read.",
			fix:     "Write the envelope: OPS_envelope, in it header and body, in body data_block, in that dt_assoc with the items.",
		},
		{
			id:      inspect.EnvelopeOrder,
			summary: "the envelope has its header after its body",
			means:   "The element header comes after the element body. The service's DTD has header first, and an integrator saw it answer 500 \"Unrecognized protocol\" to another order.",
			fix:     "Put <header><version>0.9</version></header> before <body>. The order of the items inside dt_assoc is free.",
		},
		{
			id:      inspect.ProtocolMissing,
			summary: "the item protocol, which has to be XCP, is missing",
			means:   "The first dt_assoc has no item with the key protocol and the value XCP. An integrator saw the service answer 500 \"Unrecognized protocol\" to that.",
			fix:     "Put <item key=\"protocol\">XCP</item> next to the items action and object.",
		},
		{
			id:      inspect.CommandMissing,
			summary: "the body does not say which command it is",
			means:   "A command is named by two items next to protocol: action and object.",
			fix:     "Put both items in, for instance <item key=\"action\">GET_BALANCE</item> and <item key=\"object\">BALANCE</item>.",
		},
	}
}}

// asWords say what a body is instead of XML.
var asWords = lazy.Value[map[string]string]{Make: func() map[string]string {
	return map[string]string{
		inspect.AsText:      "It is text without a single tag.",
		inspect.AsEscaped:   "It is XML that was escaped as a whole: it begins with &lt; instead of <.",
		inspect.AsBase64:    "It is base64 of XML.",
		inspect.AsGzip:      "It is compressed with gzip.",
		inspect.AsRequest:   "It is an HTTP request, with headers of its own: head and body were sent as a body.",
		inspect.AsBytes:     "It is not text: a picture, a compressed file or the like.",
		inspect.AsPHP:       "It is what PHP makes of an array that is printed.",
		inspect.AsPython:    "It is what Python's str() makes of bytes, or of an object.",
		inspect.AsRuby:      "It is what Ruby's inspect makes of an object.",
		inspect.AsNode:      "It is what JavaScript makes of an object in a string.",
		inspect.AsPerl:      "It is what Perl makes of a reference in a string.",
		inspect.AsField:     "Here a field holds the XML, URL-encoded.",
		inspect.AsRawField:  "Here a field holds the XML: there is a name and = before it.",
		inspect.AsFields:    "Here there are fields, and no XML at all.",
		inspect.AsEncoded:   "Here the XML is URL-encoded as a whole: it begins with %3C instead of <.",
		inspect.AsMultipart: "Here it is multipart/form-data, as for the upload of a file.",
		inspect.AsObject:    "There is no XML in it.",
		inspect.AsString:    "It is the XML in quotation marks, as a JSON string.",
		inspect.AsXMLInJSON: "One of its values is the XML.",
	}
}}

// bodyDetail is what is wrong with this very body.
func bodyDetail(f inspect.Finding) string {
	found := screen.Clean(f.Found)
	switch f.ID {
	case inspect.BodyNotWellFormed:
		return faultWords(f.XML)
	case inspect.BodyEncoding:
		if f.XML.Kind != "" {
			return faultWords(f.XML)
		}
		return fmt.Sprintf("It declares %s, and its letters beyond ASCII are UTF-8.", found)
	case inspect.BadEnvelope:
		return sentence(screen.Clean(f.Why)) + "."
	case inspect.ProtocolMissing:
		if found != "" {
			return "Here it is " + found + "."
		}
	case inspect.CommandMissing:
		return fmt.Sprintf("The item %s is missing or empty.", found)
	}
	return asWords.Get()[f.Found]
}

// faultWords say where XML is not well-formed, and why.
func faultWords(f xmltext.Fault) string {
	tag, end, in, met := "an element", "its end tag", "", screen.Clean(f.Met)
	if f.Tag != "" {
		tag, end, in = "<"+screen.Clean(f.Tag)+">", "</"+screen.Clean(f.Tag)+">", ", in <"+screen.Clean(f.Tag)+">"
	}
	opened := tag
	if f.Opened > 0 && f.Opened != f.Line {
		opened = fmt.Sprintf("%s, opened on line %d,", tag, f.Opened)
	}
	other := "</" + met + ">"
	if met == "" {
		other = "the end tag of another element"
	}
	line := fmt.Sprintf("Line %d: ", f.Line)
	inside := fmt.Sprintf("Line %d%s: ", f.Line, in)
	switch f.Kind {
	case xmltext.Empty:
		return "There is nothing in it."
	case xmltext.Cut:
		if f.Tag == "" && f.Opened == 0 {
			return fmt.Sprintf("It breaks off on line %d.", f.Line)
		}
		return fmt.Sprintf("It ends on line %d, and %s is not closed.", f.Line, opened)
	case xmltext.WrongEnd:
		return line + opened + " is closed by " + other + "."
	case xmltext.StrayEnd:
		return line + other + " closes nothing: there is one end tag too many, or a start tag is missing."
	case xmltext.Ampersand:
		return inside + "an & that is not escaped; in XML it is &amp;."
	case xmltext.Entity:
		return inside + "&" + met + "; is not known in XML, which has &amp; &lt; &gt; &quot; and &apos; only; write the letter itself, in UTF-8."
	case xmltext.LessThan:
		return inside + "a < that is not escaped; in XML it is &lt;."
	case xmltext.Attribute:
		if met == "" {
			return line + "the start tag " + tag + " is not finished, or an attribute in it is not written as name=\"value\"."
		}
		return line + "the attribute " + met + " of " + tag + " is not written as name=\"value\": look for a missing quotation mark or space, and for a < in the value."
	case xmltext.Twice:
		return line + tag + " has the attribute " + met + " twice."
	case xmltext.Character:
		return inside + "the character " + met + ", which XML does not allow."
	case xmltext.TextBefore:
		return line + "there is text before the first tag."
	case xmltext.TextAfter:
		return line + "there is text after " + end + ", where the document ends."
	case xmltext.SecondRoot:
		return line + "another document begins after " + end + "; a body is one document."
	case xmltext.Declaration:
		return line + "the declaration is not written as <?xml version=\"1.0\" encoding=\"UTF-8\"?>."
	case xmltext.DeclaredLate:
		return line + "<?xml ...?> has to be the very first thing: not even an empty line may come before it."
	case xmltext.Encoding:
		if strings.HasPrefix(met, "UTF-16") || strings.HasPrefix(met, "UTF-32") {
			return "It declares " + met + ", and it is in an encoding that begins with one byte a character."
		}
		return line + "a byte here is not " + met + "."
	}
	return inside + "something that XML does not allow at this place."
}

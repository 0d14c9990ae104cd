package inspect

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strings"
	"testing"

	"opensrs-doctor/probes/mistakes"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/xmltext"
)

func TestBody(t *testing.T) {
	edit := func(old, now string) string {
		if !strings.Contains(commandBody, old) {
			t.Fatalf("there is no %q in the body", old)
		}
		return strings.Replace(commandBody, old, now, 1)
	}
	var zipped bytes.Buffer
	packer := gzip.NewWriter(&zipped)
	packer.Write([]byte(commandBody))
	packer.Close()
	quoted, _ := json.Marshal(commandBody)
	inJSON := string(quoted)
	header := " <header><version>0.9</version></header>\n"
	for _, test := range []struct {
		name, body string
		want       []Finding
	}{
		{"right", commandBody, nil},
		{"the tool's own", string(opensrs.GetBalanceBody()), nil},
		{"small letters, as the service's toolkit sends them", edit("LOOKUP", "lookup"), nil},
		{"another order of items", strings.Replace(edit("  <item key=\"protocol\">XCP</item>\n", ""),
			" </dt_assoc></data", "  <item key=\"protocol\">XCP</item>\n </dt_assoc></data", 1), nil},
		{"no header", edit(header, ""), nil},
		{"no DOCTYPE", edit("<!DOCTYPE OPS_envelope SYSTEM \"ops.dtd\">\n", ""), nil},

		{"a field", "xml=" + url.QueryEscape(commandBody), []Finding{{ID: mistakes.BodyFormEncoded, Found: AsField}}},
		{"a field, not encoded", "xml=" + commandBody, []Finding{{ID: mistakes.BodyFormEncoded, Found: AsRawField}}},
		{"fields", "username=bob&action=LOOKUP&domain=example.com", []Finding{{ID: mistakes.BodyFormEncoded, Found: AsFields}}},
		{"encoded as a whole", url.PathEscape(commandBody), []Finding{{ID: mistakes.BodyFormEncoded, Found: AsEncoded}}},
		{"multipart", "--b\r\nContent-Disposition: form-data; name=\"xml\"\r\n\r\n" + commandBody + "\r\n--b--\r\n", []Finding{{ID: mistakes.BodyFormEncoded, Found: AsMultipart}}},
		{"an object", `{"protocol": "XCP", "action": "LOOKUP"}`, []Finding{{ID: mistakes.BodyJSON, Found: AsObject}}},
		{"an object that breaks off", `{"protocol": "XCP", "act`, []Finding{{ID: mistakes.BodyJSON, Found: AsObject}}},
		{"a list", `[{"action": "LOOKUP"}]`, []Finding{{ID: mistakes.BodyJSON, Found: AsObject}}},
		{"a string", inJSON, []Finding{{ID: mistakes.BodyJSON, Found: AsString}}},
		{"XML in an object", `{"xml": ` + inJSON + "}", []Finding{{ID: mistakes.BodyJSON, Found: AsXMLInJSON}}},
		{"text", "hello", []Finding{{ID: BodyNotXML, Found: AsText}}},
		{"escaped", html.EscapeString(commandBody), []Finding{{ID: BodyNotXML, Found: AsEscaped}}},
		{"base64", base64.StdEncoding.EncodeToString([]byte(commandBody)), []Finding{{ID: BodyNotXML, Found: AsBase64}}},
		{"gzip", zipped.String(), []Finding{{ID: BodyNotXML, Found: AsGzip}}},
		{"bytes", "\xff\xd8\xff\xe0 <", []Finding{{ID: BodyNotXML, Found: AsBytes}}},
		{"a request", "POST / HTTP/1.1\r\nHost: a\r\n\r\n" + commandBody, []Finding{{ID: BodyNotXML, Found: AsRequest}}},
		{"PHP's array", "Array", []Finding{{ID: BodyNotXML, Found: AsPHP}}},
		{"PHP's print_r", "Array\n(\n    [protocol] => XCP\n)\n", []Finding{{ID: BodyNotXML, Found: AsPHP}}},
		{"Python's bytes", "b'" + commandBody + "'", []Finding{{ID: BodyNotXML, Found: AsPython}}},
		{"Python's element", "<Element 'OPS_envelope' at 0x7f0123456789>", []Finding{{ID: BodyNotXML, Found: AsPython}}},
		{"Ruby's object", "#<Nokogiri::XML::Document:0x1234 name=\"document\">", []Finding{{ID: BodyNotXML, Found: AsRuby}}},
		{"Node's object", "[object Object]", []Finding{{ID: BodyNotXML, Found: AsNode}}},
		{"Perl's hash", "HASH(0x55d0c8a7b2a0)", []Finding{{ID: BodyNotXML, Found: AsPerl}}},
		{"Perl's document", "XML::LibXML::Document=SCALAR(0x55d0c8a7b2a0)", []Finding{{ID: BodyNotXML, Found: AsPerl}}},
		{"not well-formed", edit("LOOKUP</item>", "LOOKUP"),
			[]Finding{{ID: BodyNotWellFormed, XML: xmltext.Fault{Kind: xmltext.WrongEnd, Line: 12, Tag: "item", Opened: 7, Met: "dt_assoc"}}}},
		{"empty", "", []Finding{{ID: BodyNotWellFormed, XML: xmltext.Fault{Kind: xmltext.Empty, Line: 1}}}},
		{"Latin-1 that declares UTF-8", strings.ReplaceAll(commandBody, "ä", "\xe4"),
			[]Finding{{ID: BodyEncoding, XML: xmltext.Fault{Kind: xmltext.Encoding, Line: 10, Met: "UTF-8"}}}},
		{"UTF-8 that declares Latin-1", edit("UTF-8", "ISO-8859-1"), []Finding{{ID: BodyEncoding, Found: "iso-8859-1"}}},
		{"HTML", "<!DOCTYPE html><html></html>", []Finding{{ID: NoEnvelope}}},
		{"other XML", "<methodCall/>", []Finding{{ID: NoEnvelope}}},
		{"an encoding that is not read here", edit("UTF-8", "EUC-JP"), []Finding{{ID: BadEnvelope, Why: "it declares an encoding that is not read here"}}},
		{"parts next to each other", "<OPS_envelope><header/><version/>0.9<body/><data_block/><dt_assoc><item key='action'>A</item>" +
			"</dt_assoc></OPS_envelope>", []Finding{{ID: BadEnvelope, Why: "it carries no data block"}}},
		{"header behind", strings.Replace(edit(header, ""), "</body>\n", "</body>\n"+header, 1), []Finding{{ID: EnvelopeOrder}}},
		{"no protocol", edit("  <item key=\"protocol\">XCP</item>\n", ""), []Finding{{ID: ProtocolMissing}}},
		{"another protocol", edit("XCP", "TPP"), []Finding{{ID: ProtocolMissing, Found: "TPP"}}},
		{"a protocol that may be a key", edit("XCP", clientKey[:24]), []Finding{{ID: ProtocolMissing}}},
		{"no action", edit("  <item key=\"action\">LOOKUP</item>\n", ""), []Finding{{ID: CommandMissing, Found: "action"}}},
		{"empty", edit("LOOKUP", " "), []Finding{{ID: CommandMissing, Found: "action"}}},
		{"no object", edit("object", "subject"), []Finding{{ID: CommandMissing, Found: "object"}}},
		{"nothing but attributes", "<OPS_envelope><body><data_block><dt_assoc/></data_block></body></OPS_envelope>",
			[]Finding{{ID: ProtocolMissing}, {ID: CommandMissing, Found: "action"}, {ID: CommandMissing, Found: "object"}}},
	} {
		if got := Body([]byte(test.body), mistakes.Verdict{}, nil); !slices.Equal(got, test.want) {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
	}
	if got := Body(bytes.Repeat([]byte("x"), opensrs.MaxReply+1), mistakes.Verdict{}, nil); got != nil {
		t.Errorf("a body that is too large: %+v", got)
	}
}

// TestSymptomsLeftOut: what another mistake explains is not told twice.
func TestSymptomsLeftOut(t *testing.T) {
	request := func(body string, length int, signature string) string {
		return fmt.Sprintf("POST / HTTP/1.1\r\nContent-Type: text/xml\r\nX-Username: bob\r\nX-Signature: %s\r\nContent-Length: %d\r\n\r\n%s",
			signature, length, body)
	}
	signature := right(commandBody, clientKey)
	cut := commandBody[:len(commandBody)-20]
	for name, test := range map[string]struct{ raw, want string }{
		"right":                     {request(commandBody, len(commandBody), signature), ""},
		"escaped":                   {request(html.EscapeString(commandBody), len(html.EscapeString(commandBody)), signature), mistakes.BodyHTMLEscaped},
		"URL-encoded":               {request(url.QueryEscape(commandBody), len(url.QueryEscape(commandBody)), signature), mistakes.BodyURLEncoded},
		"a NUL behind":              {request(commandBody+"\x00", len(commandBody)+1, signature), mistakes.BodyTrailingNUL},
		"Latin-1":                   {request(strings.ReplaceAll(commandBody, "ä", "\xe4"), len(commandBody)-1, signature), mistakes.BodyLatin1},
		"cut off":                   {request(cut, len(commandBody), right(cut, clientKey)), ContentLengthWrong},
		"escaped, signed so":        {request(html.EscapeString(commandBody), len(html.EscapeString(commandBody)), right(html.EscapeString(commandBody), clientKey)), BodyNotXML},
		"not well-formed":           {request(cut, len(cut), right(cut, clientKey)), BodyNotWellFormed},
		"a field":                   {request("xml="+url.QueryEscape(commandBody), 4+len(url.QueryEscape(commandBody)), signature), mistakes.BodyFormEncoded + " " + mistakes.BodyFormEncoded},
		"a field, and another sign": {request("a=b&c=d", 7, signature), mistakes.WrongKey + " " + mistakes.BodyFormEncoded},
	} {
		if got := strings.Join(found(t, test.raw), " "); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func FuzzBody(f *testing.F) {
	f.Add([]byte(commandBody))
	f.Add([]byte("xml=%3Ca%3E"))
	f.Add([]byte("\xff\xfe<\x00a\x00/\x00>\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, finding := range Body(body, mistakes.Verdict{}, nil) {
			if !finding.OfBody() {
				t.Errorf("%+v", finding)
			}
		}
	})
}

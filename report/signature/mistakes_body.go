package signature

import (
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/mistakes"
)

// oneBody is the remedy for all of these: where one value is signed and sent, none of them can happen.
const oneBody = "Make the body once, as bytes, and sign and send that same value. "

// bodyMistakes are those of clients that signed other bytes than they sent.
var bodyMistakes = lazy.Value[[]mistake]{Make: func() []mistake {
	return []mistake{
		{
			id:      mistakes.BodyTrailingNewline,
			summary: "signed with a line end after the body that was not sent",
			means:   "The client signed the body with a line end after it, and sent it without.",
			forms: map[string]string{
				"crlf": "The line end is CRLF, as Windows writes it.",
			},
			fix:    oneBody + "Cut the line end off before signing, or send it too.",
			php:    "trim() comes after md5(), or \"\\n\" is appended for signing only; keep what was signed in one variable and send that.",
			python: "strip() comes after the signing, or print() and writelines() fed the hash; encode and strip once, ahead of both.",
			ruby:   "a <<~XML text ends with a line end, and chomp or strip is called for sending only; call it once, ahead of both.",
			node:   "a template literal ends with a line end, and trim() is called for sending only; call it once, ahead of both.",
			perl:   "a <<XML text ends with a line end, and chomp comes after md5_hex; call it first.",
		},
		{
			id:      mistakes.BodyTrailingNUL,
			summary: "a NUL byte after the body was signed or sent, not both",
			means:   "The client signed the body with a NUL byte after it, and sent it without.",
			forms: map[string]string{
				"sent": "Or rather the other way round: here the NUL was sent, and not signed.",
			},
			fix:    oneBody + "Keep the byte that ends a C string, or fills a buffer, out of both.",
			php:    "pack('Z*', $xml) and C extensions append a NUL; use $xml itself.",
			python: "ctypes.create_string_buffer and struct.pack append NULs; use the bytes themselves.",
			ruby:   "pack('Z*') appends a NUL; use the string itself.",
			node:   "Buffer.alloc() that is larger than the text leaves NULs after it; use Buffer.from(xml).",
			perl:   "pack('Z*', $xml) appends a NUL; use $xml itself.",
		},
		{
			id:      mistakes.BodyMissingTrailingNewline,
			summary: "signed without the line end that was sent after the body",
			means: "The client signed the body without the line end that it sent after it. If it sent none, the line end was " +
				"added where the body was saved, as editors do.",
			forms: map[string]string{
				"right-trimmed": "All white space at its end was cut off before signing, and sent anyway.",
				"trimmed":       "All white space at both ends was cut off before signing, and sent anyway.",
			},
			fix:    oneBody + "Cut the line end off before both, or leave it in both.",
			php:    "md5(trim($xml) . $key) signs other bytes than curl sends, and saveXML() ends with a line end; trim once, into the variable that is sent.",
			python: "strip() is called for signing only, or print() sends; strip once, ahead of both.",
			ruby:   "chomp or strip is called for signing only, or puts sends; call it once, ahead of both.",
			node:   "trim() is called for signing only; call it once, ahead of both.",
			perl:   "chomp works on a copy, or say and print \"$xml\\n\" send; chomp the variable that is sent.",
		},
		{
			id:      mistakes.BodyCRLF,
			summary: "signed with CRLF line ends, sent with LF",
			means:   "The client signed the body with CRLF line ends, and sent it with LF.",
			forms: map[string]string{
				"doubled": "Every LF got a CR, also those that had one.",
			},
			fix:    oneBody + "Do not change line ends between signing and sending.",
			php:    "PHP_EOL, or a source file that was saved with CRLF, puts CRLF into the text; normalise once, with str_replace(\"\\r\\n\", \"\\n\", $xml).",
			python: "a file written in text mode on Windows gets CRLF; open it with 'wb', or with newline='\\n'.",
			ruby:   "a file written with 'w' on Windows gets CRLF; use 'wb'.",
			node:   "os.EOL is CRLF on Windows; join lines with '\\n'.",
			perl:   "the :crlf layer of Windows writes CRLF; binmode the handle.",
		},
		{
			id:      mistakes.BodyLF,
			summary: "signed with LF line ends, sent with CRLF",
			means:   "The client signed the body with LF line ends, and sent it with CRLF.",
			fix:     oneBody + "Do not change line ends between signing and sending.",
			php:     "texts from web forms have CRLF, and an XML parser turns it into LF; normalise once, with str_replace(\"\\r\\n\", \"\\n\", $xml).",
			python:  "open(path) turns CRLF into LF when it reads text, open(path, 'rb') does not; read once, with 'rb'.",
			ruby:    "File.read turns CRLF into LF on Windows, File.binread does not; read once, with File.binread.",
			node:    "replace(/\\r\\n/g, '\\n') is called for signing only; call it once, ahead of both.",
			perl:    "the :crlf layer turns CRLF into LF when it reads; binmode the handle.",
		},
		{
			id:      mistakes.BodyBOM,
			summary: "signed with a byte-order mark that was not sent",
			means:   "The client signed the body with a UTF-8 byte-order mark (EF BB BF) before it, and sent it without.",
			forms: map[string]string{
				"sent": "Or rather the other way round: here the mark was sent, and not signed.",
			},
			fix:    oneBody + "Save templates as UTF-8 without a byte-order mark.",
			php:    "file_get_contents() keeps the mark of a file; cut it off first, or save the file without.",
			python: "the encoding utf-8-sig writes a mark, and utf-8 keeps one when it reads; encode with utf-8, read with utf-8-sig.",
			ruby:   "File.read keeps the mark of a file; read it with 'r:bom|utf-8'.",
			node:   "readFileSync(path, 'utf8') keeps the mark of a file as \\uFEFF; cut it off first.",
			perl:   "the mark of a file stays in the text that is read; cut it off first, or save the file without.",
		},
		{
			id:      mistakes.BodyWithoutDeclaration,
			summary: "signed without the XML declaration that was sent",
			means:   "The client signed the body without its first line, <?xml ...?>, and sent it with that.",
			forms: map[string]string{
				"doctype-too": "The line <!DOCTYPE ...> was not signed either.",
			},
			fix:    oneBody + "Make the whole document a text first, with its declaration, and go on with that text alone.",
			php:    "saveXML($doc->documentElement) has no declaration and saveXML() has one; call the latter once, for both.",
			python: "ElementTree's tostring() writes no declaration unless it is told xml_declaration=True; call it once, for both.",
			ruby:   "doc.root.to_s and to_xml with NO_DECLARATION have none, and doc.to_s has one; call the latter once, for both.",
			node:   "XML builders write the declaration only at the end or only without headless; take the finished text, for both.",
			perl:   "$doc->documentElement->toString has no declaration and $doc->toString has one; call the latter once, for both.",
		},
		{
			id:      mistakes.BodyUTF16,
			summary: "signed in UTF-16, sent in UTF-8",
			means:   "The client signed the body in UTF-16, two bytes a character, and sent it in UTF-8.",
			forms: map[string]string{
				"sent": "Or rather the other way round: here UTF-16 was sent, and UTF-8 signed.",
			},
			fix:    oneBody + "Encode the text as UTF-8 before it is signed.",
			php:    "leave out mb_convert_encoding() and iconv() to UTF-16 before md5().",
			python: "encode('utf-16') and 'utf-16-le' are for other purposes; write body = text.encode('utf-8') once.",
			ruby:   "leave out encode('UTF-16LE'): a digest takes the bytes that the string has.",
			node:   "'utf16le' and 'ucs2' do this in update() and Buffer.from(); use 'utf8'.",
			perl:   "encode('UTF-16LE', ...) does this; use encode('UTF-8', ...) once, for both.",
		},
		{
			id:      mistakes.BodyLatin1,
			summary: "signed in another character set than it was sent in",
			means:   "The body has letters beyond ASCII. The client signed them as Latin-1, and sent them as UTF-8.",
			forms: map[string]string{
				"windows-1252":     "More exactly: as windows-1252, the Latin-1 of Windows.",
				"ascii-references": "More exactly: as character references such as &#233;, which XML libraries write that are told no encoding.",
				"taken-for-latin1": "More exactly: the bytes that were sent were taken for Latin-1, and encoded as UTF-8 (again) before signing.",
			},
			fix:    oneBody + "Encode the text as UTF-8 before it is signed.",
			php:    "leave out utf8_decode() and utf8_encode(), and mb_convert_encoding() on one of the two ways; md5() takes the bytes as they are.",
			python: "encode('latin-1') for the hash, or str data that an HTTP library encodes itself; write body = text.encode('utf-8') once.",
			ruby:   "leave out encode('ISO-8859-1') and force_encoding on one of the two ways; encode('UTF-8') once.",
			node:   "update(xml, 'latin1') and 'binary' do this; use Buffer.from(xml, 'utf8') for both.",
			perl:   "md5_hex of a decoded string takes its letters as Latin-1; write my $body = encode('UTF-8', $xml) once, for both.",
		},
		{
			id:      mistakes.BodyHTMLEscaped,
			summary: "signed with HTML escapes that were not sent",
			means:   "The client signed the body with < and & turned into &lt; and &amp;, and sent it without.",
			forms: map[string]string{
				"minimal":    "The quotation marks are not escaped, or there are none: as PHP's htmlspecialchars with ENT_NOQUOTES, or Python's html.escape with quote=False.",
				"php-compat": "The double quotation marks are escaped and the single ones are not, or there are none: as PHP's htmlspecialchars did before 8.1.",
				"python":     "The quotation marks look as Python's html.escape makes them.",
				"php-quotes": "The quotation marks look as PHP's htmlspecialchars with ENT_QUOTES makes them, its default since PHP 8.1.",
				"ruby":       "The quotation marks look as Ruby's CGI.escapeHTML, or lodash's escape, makes them.",
				"xml":        "The quotation marks look as XML's own &quot; and &apos;.",
				"go":         "The quotation marks look as Go's html.EscapeString makes them.",
				"go-xml":     "The quotation marks and line ends look as Go's xml.EscapeText makes them.",
				"sent":       "Or rather the other way round: here the escapes were sent, and the text without them signed.",
			},
			fix:    oneBody + "Escape the values that go into the document, not the document.",
			php:    "htmlspecialchars() and htmlentities() around the whole $xml do this, often to show it in a log; use another variable there.",
			python: "html.escape() and a template with autoescape do this; mark the XML as safe, or render it without.",
			ruby:   "CGI.escapeHTML, h and <%= in a Rails view do this; use raw or html_safe for the XML.",
			node:   "<%= in EJS and {{ }} in Handlebars do this; use <%- and {{{ }}} for the XML.",
			perl:   "encode_entities of HTML::Entities and CGI's escapeHTML do this; sign the text from before.",
		},
		{
			id:      mistakes.BodyURLEncoded,
			summary: "signed with URL encoding that was not sent",
			means:   "The client signed the body with URL encoding (%3C for <), and sent it without.",
			forms: map[string]string{
				"dotnet":    "The small letters in it look as .NET's HttpUtility.UrlEncode makes them.",
				"sent":      "Or rather the other way round: here URL encoding was sent, and the text without it signed.",
				"sent-plus": "Or rather the other way round: here URL encoding was sent, and the text without it signed.",
			},
			fix:    oneBody + "The body is the XML itself, no form field: nothing in it is URL-encoded.",
			php:    "urlencode(), rawurlencode() and http_build_query() do this; give curl the string itself as CURLOPT_POSTFIELDS.",
			python: "urllib.parse.quote() and urlencode() do this, requests too where data is a dict; give it the bytes.",
			ruby:   "CGI.escape, URI.encode_www_form and set_form_data do this; set request.body to the string itself.",
			node:   "encodeURIComponent(), querystring and URLSearchParams do this; write the string itself.",
			perl:   "uri_escape does this, and LWP's post() with a list of fields; set the request's content to the string itself.",
		},
		{
			id:      mistakes.BodyReindented,
			summary: "signed in another layout of the XML than was sent",
			means:   "The client signed the XML in one layout, and sent it in another: the content is the same, and the signature is made of the bytes.",
			forms: map[string]string{
				"minified":   "It was signed without the line ends and indents that were sent.",
				"indented":   "It was signed with each tag on a line of its own.",
				"unindented": "It was signed without the indents that were sent.",
				"rewritten":  "An XML library read it and wrote it again in between: the declaration, the document type or the form of empty elements is different too.",
				"joined":     "It was signed with its line ends, and sent without: curl -d @FILE takes them out, and --data-binary @FILE does not.",
			},
			fix:    oneBody + "Indent or minify before signing, or not at all; for a log, use another variable.",
			php:    "a second saveXML() after formatOutput = true, and preg_replace('/>\\s+</', '><', $xml), give other bytes; sign and send one text.",
			python: "toprettyxml(), ElementTree.indent() and lxml's pretty_print give other bytes; sign and send one text.",
			ruby:   "REXML's write(out, 2) and Nokogiri's to_xml indent, to_s may not; sign and send one text.",
			node:   "an XML formatter, and replace(/>\\s+</g, '><'), give other bytes; sign and send one text.",
			perl:   "toString(1) indents and toString(0) does not; sign and send one text.",
		},
	}
}}

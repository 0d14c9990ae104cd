package mistakes

import (
	"net/url"

	"opensrs-doctor/probes/lazy"
)

// The mistakes that clients make with the signature. The words about them are elsewhere; these names are what
// JSON, the sandbox's log and people's scripts know them by, so they stay.
const (
	UppercaseHex     = "uppercase-hex"
	Base64Digest     = "base64-digest"
	SignatureFormat  = "signature-format"
	SingleMD5        = "single-md5"
	TripleMD5        = "triple-md5"
	MissingSecondKey = "missing-second-key"
	KeyFirst         = "key-first"
	RawDigest        = "raw-digest"
	HMACMD5          = "hmac-md5"
	SHA1             = "sha1"
	SHA256           = "sha256"
	UsernameInHash   = "username-in-hash"

	BodyTrailingNewline        = "body-trailing-newline"
	BodyTrailingNUL            = "body-trailing-nul"
	BodyMissingTrailingNewline = "body-missing-trailing-newline"
	BodyCRLF                   = "body-crlf"
	BodyLF                     = "body-lf"
	BodyBOM                    = "body-bom"
	BodyWithoutDeclaration     = "body-without-declaration"
	BodyUTF16                  = "body-utf16"
	BodyLatin1                 = "body-latin1"
	BodyHTMLEscaped            = "body-html-escaped"
	BodyURLEncoded             = "body-url-encoded"
	BodyReindented             = "body-reindented"
	BodyFormEncoded            = "body-form-encoded" // this and the next can be seen without a signature too
	BodyJSON                   = "body-json"

	KeyTrailingNewline = "key-trailing-newline"
	KeyQuoted          = "key-quoted"
	KeyInSpaces        = "key-spaces"
	KeyUppercase       = "key-uppercase"
	KeyLowercase       = "key-lowercase"
	KeyHexDecoded      = "key-hex-decoded"
	KeyIsEmpty         = "key-empty"

	WrongKey = "wrong-key" // nothing known explains the signature

	// What is said of a signature that is not a digest, so that no key could have made it.
	SignatureCut       = "signature-cut"       // the beginning, or the end, of the right one
	SignatureMalformed = "signature-malformed" // not 32 hex digits
)

// mistake is one row of the table: a way to get the signature wrong, with the forms that it takes.
type mistake struct {
	id    string
	forms []form
}

// form is one way of making a mistake. Of its functions those are set that it changes something with; each
// says false where it changes nothing, because what changes nothing is not a mistake.
type form struct {
	name   string // tells it from the row's other forms: "crlf", "php"
	body   rewrite
	table  *byteTable // a rewriting of the body byte by byte
	key    func(key []byte) ([]byte, bool)
	scheme func(s scheme) (scheme, bool)
	read   func(signature string) (string, bool) // undoes a way of writing the digest
}

// mistakes is the table that the search is made from: to know one more mistake is to add a row. Its order is
// that in which mistakes are named. Of forms with one effect on a body or key the earlier one counts.
// It is made when it is first needed, because most commands never need it.
var mistakes = lazy.Value[[]mistake]{Make: func() []mistake {
	return []mistake{
		{UppercaseHex, []form{
			{read: readUppercase},
			{name: "both-rounds", scheme: spellBetween(upperHex)},
		}},
		{Base64Digest, []form{
			{read: readBase64},
			{name: "both-rounds", scheme: spellBetween(inBase64)},
		}},
		{SignatureFormat, []form{
			{read: readDecorated},
			{name: "leading-zeros", read: readZerosLost},
			{name: longer}, // see unexplained
		}},

		{SingleMD5, []form{{scheme: rounds(1)}}},
		{TripleMD5, []form{{scheme: rounds(3)}}},
		{MissingSecondKey, []form{
			{scheme: keyed(noKey, 1, 2)},
			{name: "second-of-three", scheme: keyed(noKey, 1)},
			{name: "last-of-three", scheme: keyed(noKey, 2)},
		}},
		{KeyFirst, []form{
			{scheme: keyed(keyBefore, 0, 1, 2)},
			{name: "first-round", scheme: keyed(keyBefore, 0)},
			{name: "later-rounds", scheme: keyed(keyBefore, 1, 2)},
		}},
		{RawDigest, []form{
			{scheme: spellBetween(rawBytes)},
			{name: "second-of-three", scheme: spellOneOf(rawBytes, 0)},
			{name: "last-of-three", scheme: spellOneOf(rawBytes, 1)},
		}},
		{HMACMD5, []form{{scheme: asHMAC(hmacOfBody)}, {name: "swapped", scheme: asHMAC(hmacOfKey)}}},
		{SHA1, []form{{scheme: hashedWith(withSHA1)}}},
		{SHA256, []form{{scheme: hashedWith(withSHA256)}}},
		{UsernameInHash, []form{
			{scheme: withUsername(nameNextToBody)},
			{name: "before-key", scheme: withUsername(nameBeforeKey)},
		}},

		{BodyTrailingNewline, []form{
			{name: "lf", body: appended("\n")},
			{name: "crlf", body: appended("\r\n")},
		}},
		{BodyTrailingNUL, []form{
			{body: appended("\x00")},
			{name: "sent", body: withoutEnd("\x00")},
		}},
		{BodyMissingTrailingNewline, []form{
			{name: "lf", body: withoutEnd("\n")},
			{name: "crlf", body: withoutEnd("\r\n")},
			{name: "right-trimmed", body: withoutSpaceAtEnd},
			{name: "trimmed", body: withoutSpaceAround},
		}},
		{BodyCRLF, []form{{body: lineEndsCRLF}, {name: "doubled", table: table("\n", "\r\n")}}},
		{BodyLF, []form{{body: lineEndsLF}, {name: "no-cr", table: table("\r", "")}}},
		{BodyBOM, []form{{body: withMark}, {name: "sent", body: withoutMark}}},
		{BodyWithoutDeclaration, []form{
			{body: withoutDeclaration(lineToo)},
			{name: "line-kept", body: withoutDeclaration(lineStays)},
			{name: "all-space", body: withoutDeclaration(allSpaceToo)},
			{name: "doctype-too", body: withoutDeclaration(doctypeToo)},
		}},
		{BodyUTF16, []form{
			{body: inUTF16(littleEndian, false)},
			{name: "marked", body: inUTF16(littleEndian, true)},
			{name: "big-endian", body: inUTF16(bigEndian, false)},
			{name: "big-endian-marked", body: inUTF16(bigEndian, true)},
			{name: "sent", body: fromUTF16},
		}},
		{BodyLatin1, []form{
			{body: inLatin1(questionMark)},
			{name: "windows-1252", body: inLatin1(windows1252)},
			{name: "dropped", body: inLatin1(drop)},
			{name: "references", body: inLatin1(reference)},
			{name: "ascii-references", body: inASCIIWithReferences},
			{name: "taken-for-latin1", body: fromLatin1},
		}},
		{BodyHTMLEscaped, []form{
			{name: "minimal", table: table("&", "&amp;", "<", "&lt;", ">", "&gt;")},
			{name: "php-compat", table: table("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")},
			{name: "python", table: table("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;")},
			{name: "php-quotes", table: table("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#039;")},
			{name: "ruby", table: table("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")},
			{name: "xml", table: table("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;")},
			{name: "go", table: table("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")},
			{name: "go-xml", table: table("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;",
				"\n", "&#xA;", "\r", "&#xD;", "\t", "&#x9;")},
			{name: "without-gt", table: table("&", "&amp;", "<", "&lt;")},
			{name: "sent", body: fromHTML},
		}},
		{BodyURLEncoded, []form{ // what each leaves as it is, besides letters and digits
			{name: "php-urlencode", table: percent("-_.", "+", upperDigits)},
			{name: "php-rawurlencode", table: percent("-_.~", "%20", upperDigits)}, // ERB's url_encode, URI::Escape
			{name: "python-quote", table: percent("-_.~/", "%20", upperDigits)},
			{name: "python-quote-plus", table: percent("-_.~", "+", upperDigits)}, // CGI.escape, Go's QueryEscape
			{name: "encode-uri-component", table: percent("-_.~!*'()", "%20", upperDigits)},
			{name: "form", table: percent("-_.*", "+", upperDigits)}, // URLSearchParams, encode_www_form_component
			{name: "encode-uri", table: percent("-_.~!*'();/?:@&=+$,#", "%20", upperDigits)},
			{name: "dotnet", table: percent("-_.!*()", "+", lowerDigits)},
			{name: "old-rawurlencode", table: percent("-_.", "%20", upperDigits)},
			{name: "old-quote", table: percent("-_./", "%20", upperDigits)},
			{name: "quote-plus-slash", table: percent("-_.~/", "+", upperDigits)},
			{name: "sent", body: fromPercent(false)},
			{name: "sent-plus", body: fromPercent(true)},
		}},
		{BodyFormEncoded, []form{ // the signature is that of the XML inside
			{name: "inside-field", body: fromField(url.QueryUnescape)},
			{name: "inside-percent", body: fromField(url.PathUnescape)},
			{name: "inside-raw", body: fromField(nil)},
			{name: "inside-part", body: fromPart},
		}},
		{BodyJSON, []form{{name: "inside", body: fromJSON}}},
		{BodyReindented, layouts()},

		{KeyTrailingNewline, []form{
			{name: "lf", key: wrapped("", "\n")},
			{name: "crlf", key: wrapped("", "\r\n")},
			{name: "cr", key: wrapped("", "\r")},
		}},
		{KeyQuoted, []form{{name: "double", key: wrapped(`"`, `"`)}, {name: "single", key: wrapped("'", "'")}}},
		{KeyInSpaces, []form{
			{name: "before", key: wrapped(" ", "")},
			{name: "after", key: wrapped("", " ")},
			{name: "both", key: wrapped(" ", " ")},
		}},
		{KeyUppercase, []form{{key: keyUpper}}},
		{KeyLowercase, []form{{key: keyLower}}},
		{KeyHexDecoded, []form{{key: keyFromHex}}},
		{KeyIsEmpty, []form{{key: keyNone}}},
	}
}}

// place is where a mistake is in the table, for sorting. What is not in it comes last.
func place(id string) int {
	for i, row := range mistakes.Get() {
		if row.id == id {
			return i
		}
	}
	return len(mistakes.Get())
}

// Mistakes are the IDs of all mistakes that are known here, WrongKey and the other two that are no rows behind them.
func Mistakes() []string {
	var ids []string
	for _, row := range mistakes.Get() {
		ids = append(ids, row.id)
	}
	return append(ids, WrongKey, SignatureCut, SignatureMalformed)
}

// longer is the form of SignatureFormat in which more hex digits are next to the right ones.
const longer = "longer"

// FormsOf are the names of the forms that a mistake takes, "" being the usual one.
func FormsOf(id string) []string {
	if id == SignatureCut {
		return []string{"", "start"}
	}
	var names []string
	for _, row := range mistakes.Get() {
		for _, form := range row.forms {
			if row.id == id {
				names = append(names, form.name)
			}
		}
	}
	return names
}

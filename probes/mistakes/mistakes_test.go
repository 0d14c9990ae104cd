package mistakes

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

// Clients that make mistakes, written as such clients are, without a line of the search. The tests sign with
// them, alone and two together, and ask the search what went wrong.

const (
	clientKey  = "5c7e0d91b2a4f6385c7e0d91b2a4f638" + "AB5c7e0d91b2a4f6385c7e0d91b2a4f638"
	clientName = "bob"
)

// commandBody is a command over several lines, with a line for each item.
var commandBody = func() string {
	text, err := os.ReadFile("../xmltext/testdata/command.xml")
	if err != nil {
		panic(err)
	}
	return string(text)
}()

func m(text string) string { return fmt.Sprintf("%x", md5.Sum([]byte(text))) }

func raw(text string) string { sum := md5.Sum([]byte(text)); return string(sum[:]) }

func s1(text string) string { return fmt.Sprintf("%x", sha1.Sum([]byte(text))) }

func s256(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }

func upper(text string) string { return strings.ToUpper(text) }

// based turns a hex digest into base64 of its bytes.
func based(digest string) string {
	bytes, err := hex.DecodeString(digest)
	if err != nil {
		bytes = []byte(digest)
	}
	return base64.StdEncoding.EncodeToString(bytes)
}

func right(b, k string) string { return m(m(b+k) + k) }

// changed is a mistake with a text: of the body, or of the key.
type changed struct {
	id, form string
	change   func(string) string
}

func replaced(pairs ...string) func(string) string { return strings.NewReplacer(pairs...).Replace }

func wideOf(text string, big bool) string {
	characters := []rune(text)
	if !utf8.ValidString(text) { // Latin-1, then
		characters = nil
		for _, c := range []byte(text) {
			characters = append(characters, rune(c))
		}
	}
	var out strings.Builder
	for _, unit := range utf16.Encode(characters) {
		if big {
			out.WriteByte(byte(unit >> 8))
		}
		out.WriteByte(byte(unit))
		if !big {
			out.WriteByte(byte(unit >> 8))
		}
	}
	return out.String()
}

func latin1Of(text, other string) string {
	if !utf8.ValidString(text) {
		return text
	}
	var out []byte
	for _, r := range text {
		if r > 255 {
			out = append(out, other...)
		} else {
			out = append(out, byte(r))
		}
	}
	return string(out)
}

// queryKeeping is URL encoding with some characters left or taken back.
func queryKeeping(keep string, plus bool) func(string) string {
	return func(text string) string {
		out := url.QueryEscape(text)
		if !plus {
			out = strings.ReplaceAll(out, "+", "%20")
		}
		for _, c := range keep {
			out = strings.ReplaceAll(out, fmt.Sprintf("%%%02X", c), string(c))
		}
		return out
	}
}

var bodyClients = []changed{
	{BodyTrailingNewline, "lf", func(b string) string { return b + "\n" }},
	{BodyTrailingNewline, "crlf", func(b string) string { return b + "\r\n" }},
	{BodyTrailingNUL, "", func(b string) string { return b + "\x00" }},
	{BodyMissingTrailingNewline, "", func(b string) string {
		if strings.HasSuffix(b, "\r\n") {
			return strings.TrimSuffix(b, "\r\n")
		}
		return strings.TrimSuffix(b, "\n")
	}},
	{BodyCRLF, "", func(b string) string {
		return strings.ReplaceAll(strings.ReplaceAll(b, "\r\n", "\n"), "\n", "\r\n")
	}},
	{BodyLF, "", func(b string) string { return strings.ReplaceAll(b, "\r\n", "\n") }},
	{BodyBOM, "", func(b string) string { return "\uFEFF" + b }},
	{BodyWithoutDeclaration, "", func(b string) string {
		if !strings.HasPrefix(b, "<?xml") {
			return b
		}
		_, rest, _ := strings.Cut(b, "\n")
		return rest
	}},
	{BodyWithoutDeclaration, "line-kept", func(b string) string {
		if !strings.HasPrefix(b, "<?xml") {
			return b
		}
		_, rest, _ := strings.Cut(b, "?>")
		return rest
	}},
	{BodyUTF16, "", func(b string) string { return wideOf(b, false) }},
	{BodyUTF16, "marked", func(b string) string { return "\xFF\xFE" + wideOf(b, false) }},
	{BodyUTF16, "big-endian", func(b string) string { return wideOf(b, true) }},
	{BodyUTF16, "big-endian-marked", func(b string) string { return "\xFE\xFF" + wideOf(b, true) }},
	{BodyLatin1, "", func(b string) string { return latin1Of(b, "?") }},
	{BodyLatin1, "dropped", func(b string) string { return latin1Of(b, "") }},
	{BodyLatin1, "windows-1252", func(b string) string { // of the test's one €
		return strings.ReplaceAll(latin1Of(strings.ReplaceAll(b, "€", "\u0080"), "?"), "\u0080", "\x80")
	}},
	{BodyHTMLEscaped, "python", replaced("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;")},
	{BodyHTMLEscaped, "php-quotes", replaced("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#039;")},
	{BodyHTMLEscaped, "php-compat", replaced("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")},
	{BodyHTMLEscaped, "minimal", replaced("&", "&amp;", "<", "&lt;", ">", "&gt;")},
	{BodyHTMLEscaped, "ruby", replaced("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")},
	{BodyHTMLEscaped, "xml", replaced("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;")},
	{BodyHTMLEscaped, "go", html.EscapeString},
	{BodyHTMLEscaped, "without-gt", replaced("&", "&amp;", "<", "&lt;")},
	{BodyURLEncoded, "php-rawurlencode", queryKeeping("", false)},
	{BodyURLEncoded, "php-urlencode", func(b string) string { return strings.ReplaceAll(url.QueryEscape(b), "~", "%7E") }},
	{BodyURLEncoded, "python-quote", queryKeeping("/", false)},
	{BodyURLEncoded, "python-quote-plus", queryKeeping("", true)},
	{BodyURLEncoded, "quote-plus-slash", queryKeeping("/", true)},
	{BodyURLEncoded, "encode-uri-component", queryKeeping("!*'()", false)},
	{BodyURLEncoded, "encode-uri", queryKeeping("!*'();/?:@&=+$,#", false)},
}

// letterwise leaves bytes beyond ASCII alone, as most languages do with strings of bytes.
func letterwise(change func(string) string) func(string) string {
	return func(text string) string {
		out := ""
		for i := range len(text) {
			if text[i] < utf8.RuneSelf {
				out += change(text[i : i+1])
			} else {
				out += text[i : i+1]
			}
		}
		return out
	}
}

var keyClients = []changed{
	{KeyTrailingNewline, "lf", func(k string) string { return k + "\n" }},
	{KeyTrailingNewline, "crlf", func(k string) string { return k + "\r\n" }},
	{KeyQuoted, "double", func(k string) string { return `"` + k + `"` }},
	{KeyQuoted, "single", func(k string) string { return "'" + k + "'" }},
	{KeyInSpaces, "before", func(k string) string { return " " + k }},
	{KeyInSpaces, "after", func(k string) string { return k + " " }},
	{KeyInSpaces, "both", func(k string) string { return " " + k + " " }},
	{KeyUppercase, "", letterwise(strings.ToUpper)},
	{KeyLowercase, "", letterwise(strings.ToLower)},
	{KeyHexDecoded, "", func(k string) string {
		if bytes, err := hex.DecodeString(k); err == nil {
			return string(bytes)
		}
		return k
	}},
	{KeyIsEmpty, "", func(string) string { return "" }},
}

// formula is a way to sign, with the mistakes in it.
type formula struct {
	ids  string
	sign func(b, k string) string
}

func hmacWith(b, k string) string {
	h := hmac.New(md5.New, []byte(k))
	h.Write([]byte(b))
	return hex.EncodeToString(h.Sum(nil))
}

var formulas = []formula{
	{SingleMD5, func(b, k string) string { return m(b + k) }},
	{TripleMD5, func(b, k string) string { return m(m(m(b+k)+k) + k) }},
	{MissingSecondKey, func(b, k string) string { return m(m(b + k)) }},
	{KeyFirst, func(b, k string) string { return m(k + m(k+b)) }},
	{RawDigest, func(b, k string) string { return m(raw(b+k) + k) }},
	{HMACMD5, hmacWith},
	{SHA1, func(b, k string) string { return s1(s1(b+k) + k) }},
	{SHA256, func(b, k string) string { return s256(s256(b+k) + k) }},
	{UsernameInHash, func(b, k string) string { return m(m(clientName+b+k) + k) }},
}

// formulaPairs are those that can be told from each other and from the single ones.
var formulaPairs = []formula{
	{"single-md5 key-first", func(b, k string) string { return m(k + b) }},
	{"single-md5 sha1", func(b, k string) string { return s1(b + k) }},
	{"single-md5 sha256", func(b, k string) string { return s256(b + k) }},
	{"single-md5 username-in-hash", func(b, k string) string { return m(clientName + b + k) }},
	{"triple-md5 missing-second-key", func(b, k string) string { return m(m(m(b + k))) }},
	{"triple-md5 missing-second-key", func(b, k string) string { return m(m(m(b+k)) + k) }},
	{"triple-md5 missing-second-key", func(b, k string) string { return m(m(m(b+k) + k)) }},
	{"triple-md5 key-first", func(b, k string) string { return m(k + m(k+m(k+b))) }},
	{"triple-md5 raw-digest", func(b, k string) string { return m(raw(raw(b+k)+k) + k) }},
	{"triple-md5 raw-digest", func(b, k string) string { return m(m(raw(b+k)+k) + k) }},
	{"triple-md5 raw-digest", func(b, k string) string { return m(raw(m(b+k)+k) + k) }},
	{"triple-md5 sha1", func(b, k string) string { return s1(s1(s1(b+k)+k) + k) }},
	{"triple-md5 sha256", func(b, k string) string { return s256(s256(s256(b+k)+k) + k) }},
	{"triple-md5 username-in-hash", func(b, k string) string { return m(m(m(clientName+b+k)+k) + k) }},
	{"missing-second-key key-first", func(b, k string) string { return m(m(k + b)) }},
	{"missing-second-key raw-digest", func(b, k string) string { return m(raw(b + k)) }},
	{"missing-second-key sha1", func(b, k string) string { return s1(s1(b + k)) }},
	{"missing-second-key sha256", func(b, k string) string { return s256(s256(b + k)) }},
	{"missing-second-key username-in-hash", func(b, k string) string { return m(m(clientName + b + k)) }},
	{"key-first raw-digest", func(b, k string) string { return m(k + raw(k+b)) }},
	{"key-first sha1", func(b, k string) string { return s1(k + s1(k+b)) }},
	{"key-first sha256", func(b, k string) string { return s256(k + s256(k+b)) }},
	{"key-first username-in-hash", func(b, k string) string { return m(k + m(k+clientName+b)) }},
	{"key-first username-in-hash", func(b, k string) string { return m(k + m(clientName+k+b)) }},
	{"raw-digest sha1", func(b, k string) string {
		sum := sha1.Sum([]byte(b + k))
		return s1(string(sum[:]) + k)
	}},
	{"raw-digest sha256", func(b, k string) string {
		sum := sha256.Sum256([]byte(b + k))
		return s256(string(sum[:]) + k)
	}},
	{"raw-digest username-in-hash", func(b, k string) string { return m(raw(clientName+b+k) + k) }},
	{"hmac-md5 sha1", func(b, k string) string {
		h := hmac.New(sha1.New, []byte(k))
		h.Write([]byte(b))
		return hex.EncodeToString(h.Sum(nil))
	}},
	{"hmac-md5 sha256", func(b, k string) string {
		h := hmac.New(sha256.New, []byte(k))
		h.Write([]byte(b))
		return hex.EncodeToString(h.Sum(nil))
	}},
	{"hmac-md5 username-in-hash", func(b, k string) string { return hmacWith(clientName+b, k) }},
	{"sha1 sha256", func(b, k string) string { return s256(s1(b+k) + k) }},
	{"sha1 sha256", func(b, k string) string { return s1(s256(b+k) + k) }},
	{"sha1 username-in-hash", func(b, k string) string { return s1(s1(clientName+b+k) + k) }},
	{"sha256 username-in-hash", func(b, k string) string { return s256(s256(clientName+b+k) + k) }},
}

// writers are ways to write a right hex digest.
var writers = []changed{
	{UppercaseHex, "", upper},
	{Base64Digest, "", based},
	{Base64Digest, "of hex", func(d string) string { return base64.StdEncoding.EncodeToString([]byte(d)) }},
	{Base64Digest, "unpadded", func(d string) string { return strings.TrimRight(based(d), "=") }},
	{SignatureFormat, "0x", func(d string) string { return "0x" + d }},
	{SignatureFormat, "quoted", func(d string) string { return `"` + d + `"` }},
	{SignatureFormat, "spaced", func(d string) string { return d[:8] + " " + d[8:16] + " " + d[16:] }},
	{SignatureFormat, "md5sum", func(d string) string { return d + "  -" }},
	{SignatureFormat, "openssl", func(d string) string { return "MD5(stdin)= " + d }},
}

// bodies of the tests: every mistake changes at least one of them.
var sentBodies = []string{
	"<?xml version='1.0' encoding=\"UTF-8\"?>\n<a b='c d/~e'>é€ &amp; (f)</a>\n",
	"<?xml version=\"1.0\"?>\r\n<a>\r\nx*y ü</a>",
}

func explain(t *testing.T, body, key, signature string) []string {
	t.Helper()
	verdict := ExplainSignature(Attempt{[]byte(body), []byte(key), clientName, signature})
	if verdict.Match != (len(verdict.Mistakes) == 0) || len(verdict.Forms) != len(verdict.Mistakes) || verdict.NoPairs {
		t.Fatalf("a verdict that contradicts itself: %+v", verdict)
	}
	return verdict.Mistakes
}

func inTableOrder(ids ...string) []string {
	slices.SortFunc(ids, func(a, b string) int { return place(a) - place(b) })
	return slices.Compact(ids)
}

func TestRightSignature(t *testing.T) {
	for _, body := range append(sentBodies, "", "x", "\x00\xff") {
		for _, around := range []string{"%s", " %s", "%s\n", "\t%s\r\n"} {
			if got := explain(t, body, clientKey, fmt.Sprintf(around, right(body, clientKey))); got != nil {
				t.Errorf("%q: %v", body, got)
			}
		}
	}
}

// TestSingleMistakes: each mistake in each form is named, alone.
func TestSingleMistakes(t *testing.T) {
	named := map[string]bool{WrongKey: true}
	try := func(id, form, body, signature string) {
		t.Helper()
		if got := explain(t, body, clientKey, signature); !slices.Equal(got, []string{id}) {
			t.Errorf("%s %s with %q: %v", id, form, body, got)
		}
		named[id] = true
	}
	for _, body := range sentBodies {
		for _, client := range bodyClients {
			if signed := client.change(body); signed != body {
				try(client.id, client.form, body, right(signed, clientKey))
			}
		}
		for _, client := range keyClients {
			try(client.id, client.form, body, right(body, client.change(clientKey)))
		}
		for _, formula := range formulas {
			try(formula.ids, "", body, formula.sign(body, clientKey))
		}
		for _, writer := range writers {
			try(writer.id, writer.form, body, writer.change(right(body, clientKey)))
		}
		k := clientKey
		try(UppercaseHex, "both rounds", body, upper(m(upper(m(body+k))+k)))
		try(UppercaseHex, "first round", body, m(upper(m(body+k))+k))
		try(Base64Digest, "both rounds", body, based(m(based(m(body+k))+k)))
		try(KeyFirst, "first round", body, m(m(k+body)+k))
		try(KeyFirst, "second round", body, m(k+m(body+k)))
		try(HMACMD5, "swapped", body, hmacWith(k, body))
		try(KeyTrailingNewline, "cr", body, right(body, k+"\r"))
	}
	try(BodyReindented, "", commandBody, right(minified(commandBody), clientKey))
	inside := "xml=" + url.QueryEscape(sentBodies[0])
	try(BodyFormEncoded, "", inside, right(sentBodies[0], clientKey))
	try(BodyJSON, "", fmt.Sprintf(`{"xml":%q}`, sentBodies[0]), right(sentBodies[0], clientKey))
	for _, row := range mistakes.Get() {
		if !named[row.id] {
			t.Errorf("no test makes the mistake %s", row.id)
		}
	}
}

// TestOtherWayRound: where the client sent what others only sign.
func TestOtherWayRound(t *testing.T) {
	text := "<?xml version=\"1.0\"?>\n<a b='c'>é &amp;</a>"
	for _, test := range []struct{ id, sent string }{
		{BodyTrailingNUL, text + "\x00"},
		{BodyBOM, "\uFEFF" + text},
		{BodyUTF16, wideOf(text, false)},
		{BodyUTF16, wideOf("\uFEFF"+text, false)},
		{BodyUTF16, wideOf(text, true)},
		{BodyUTF16, wideOf("\uFEFF"+text, true)},
		{BodyLatin1, latin1Of(text, "?")},
		{BodyHTMLEscaped, html.EscapeString(text)},
		{BodyURLEncoded, url.QueryEscape(text)},
		{BodyURLEncoded, url.PathEscape(text)},
	} {
		if got := explain(t, test.sent, clientKey, right(text, clientKey)); !slices.Equal(got, []string{test.id}) {
			t.Errorf("%s, sent %q: %v", test.id, test.sent, got)
		}
	}
	// UTF-8 that was taken for Latin-1 and encoded once more.
	if got := explain(t, "é", clientKey, right("Ã©", clientKey)); !slices.Equal(got, []string{BodyLatin1}) {
		t.Errorf("encoded twice: %v", got)
	}
}

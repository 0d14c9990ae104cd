package inspect

import (
	"mime"
	"net/url"
	"strconv"
	"strings"

	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/typo"
	"opensrs-doctor/probes/xmltext"
)

// The mistakes that can be seen on a request without a key.
const (
	ContentLengthWrong   = "content-length-wrong"
	ContentLengthMissing = "content-length-missing"
	ChunkedBody          = "chunked-body"
	WrongContentType     = "content-type"
	HeaderMissing        = "header-missing"
	HeaderName           = "header-name"
	WrongMethod          = "method"
	WrongPath            = "path"
)

// Header is one header line of a request.
type Header struct {
	Name, Value string
	Line        int // in the capture, from 1; 0 where there is none
}

// Head is a request without its body.
type Head struct {
	Method  string
	Target  string // "/", or a whole URL as proxies get it
	Headers []Header
}

// Finding is one mistake of a request, with what is needed to put it into words.
type Finding struct {
	ID     string
	Header string // the header that it is about, "" where it is about none
	Found  string // what is there, "" where nothing is or it may not be repeated; of a body, what it is instead
	Said   int64  // ContentLengthWrong: the bytes that the header announces, -1 where it is not a number
	Came   int64  // ContentLengthWrong: the bytes that are there

	XML xmltext.Fault // BodyNotWellFormed and BodyEncoding: what, and in which line
	Why string        // BadEnvelope: in our own words
}

// Withhold takes out of findings what of the request holds the key, or a signature made with it, in any dressing: the
// signature of a command that has no arguments is always the same, and can be sent again.
func Withhold(findings []Finding, key, body []byte) {
	if len(findings) == 0 {
		return
	}
	scrub := &foreign.Scrubber{}
	scrub.Add(string(key))
	scrub.Add(opensrs.Sign(opensrs.GetBalanceBody(), key))
	scrub.Add(opensrs.Sign(body, key))
	for i := range findings {
		f := &findings[i]
		for _, word := range []*string{&f.Header, &f.Found, &f.XML.Tag, &f.XML.Met} {
			if scrub.Holds([]byte(*word)) {
				*word = ""
			}
		}
	}
}

// Get gives the value of the first header with that name, in any case of letters; false where there is none.
func (h Head) Get(name string) (string, bool) {
	for _, header := range h.Headers {
		if strings.EqualFold(header.Name, name) {
			return header.Value, true
		}
	}
	return "", false
}

// Username is the value of X-Username, or of the header that seems to be meant for it; "" where there is none.
func (h Head) Username() string { value, _, _ := h.meant(opensrs.HeaderUsername); return value }

// Signature is the value of X-Signature, or of the header that seems to be meant for it; "" where there is none.
func (h Head) Signature() string {
	value, _, _ := h.meant(opensrs.HeaderSignature)
	return value
}

// meant gives a header's value, and the wrong name that it has, "" where the name is right.
func (h Head) meant(name string) (value, misnamed string, found bool) {
	if value, _ := h.Get(name); value != "" {
		return value, "", true
	}
	for _, header := range h.Headers {
		if header.Value != "" && !strings.EqualFold(header.Name, name) && looksLike(header.Name, name) {
			return header.Value, header.Name, true
		}
	}
	return "", "", false
}

// lookalikes are what names that are meant for a header contain, besides slips of two letters.
var lookalikes = lazy.Value[map[string][]string]{Make: func() map[string][]string {
	return map[string][]string{
		opensrs.HeaderUsername:  {"user", "login", "usr"},
		opensrs.HeaderSignature: {"sign", "sig"},
	}
}}

// looksLike reports whether somebody who wrote name could have meant the header.
func looksLike(name, header string) bool {
	letters := func(text string) string {
		return strings.TrimPrefix(strings.Map(func(r rune) rune {
			if 'a' <= r && r <= 'z' {
				return r
			}
			return -1
		}, strings.ToLower(text)), "x")
	}
	bare := letters(name)
	if strings.Contains(bare, "useragent") || len(name) > 40 {
		return false
	}
	for _, part := range lookalikes.Get()[header] {
		if strings.Contains(bare, part) {
			return true
		}
	}
	return typo.Distance(bare, letters(header)) <= 2
}

// Chunked reports whether the body comes in chunks.
func (h Head) Chunked() bool {
	value, _ := h.Get("Transfer-Encoding")
	return strings.Contains(strings.ToLower(value), "chunked")
}

// Length is what Content-Length announces. found is false where the header is missing; -1 where it holds no
// number, or where two differ.
func (h Head) Length() (length int64, found bool) {
	for _, header := range h.Headers {
		if !strings.EqualFold(header.Name, "Content-Length") {
			continue
		}
		n, err := strconv.ParseInt(header.Value, 10, 64)
		if err != nil || n < 0 || header.Value[0] == '+' || found && n != length {
			return -1, true
		}
		length, found = n, true
	}
	return length, found
}

// Request finds what is wrong with a request besides its signature. came is the number of bytes of its
// body, -1 where it is not known.
func Request(h Head, came int64) []Finding {
	var findings []Finding
	length, announced := h.Length()
	switch {
	case h.Chunked():
	case !announced && (came != 0 || h.Method == "POST"):
		findings = append(findings, Finding{ID: ContentLengthMissing, Header: "Content-Length"})
	case announced && (length < 0 || came >= 0 && length != came):
		findings = append(findings, Finding{ID: ContentLengthWrong, Header: "Content-Length", Said: length, Came: came})
	}
	if h.Chunked() {
		findings = append(findings, Finding{ID: ChunkedBody, Header: "Transfer-Encoding"})
	}
	if value, _ := h.Get("Content-Type"); !isContentType(value) {
		findings = append(findings, Finding{ID: WrongContentType, Header: "Content-Type", Found: plainWord(value)})
	}
	var missing, misnamed []Finding
	for _, name := range []string{opensrs.HeaderUsername, opensrs.HeaderSignature} {
		switch _, wrong, found := h.meant(name); {
		case !found:
			missing = append(missing, Finding{ID: HeaderMissing, Header: name})
		case wrong != "":
			misnamed = append(misnamed, Finding{ID: HeaderName, Header: name, Found: plainWord(wrong)})
		}
	}
	findings = append(append(findings, missing...), misnamed...)
	if h.Method != "POST" {
		findings = append(findings, Finding{ID: WrongMethod, Found: plainWord(h.Method)})
	}
	if !rightPath(h.Target) {
		findings = append(findings, Finding{ID: WrongPath, Found: plainWord(h.Target)})
	}
	return findings
}

func isContentType(value string) bool {
	kind, _, err := mime.ParseMediaType(value)
	if err != nil && err != mime.ErrInvalidMediaParameter {
		return false
	}
	return kind == opensrs.ContentType
}

// rightPath takes / and, as a proxy is asked, a whole URL with that path or none.
func rightPath(target string) bool {
	if !strings.Contains(target, "://") {
		return target == "/"
	}
	address, err := url.Parse(target)
	return err == nil && (address.Path == "/" || address.Path == "") && address.RawQuery == "" && !address.ForceQuery
}

// plain is what may be repeated of a request: short, and no run that could be a part of a key.
var plain = lazy.Pattern{Text: `^[A-Za-z0-9 _./;=+-]{1,40}$`}

func plainWord(text string) string {
	if !plain.Regexp().MatchString(text) || opensrs.KeyRun(text) {
		return ""
	}
	return text
}

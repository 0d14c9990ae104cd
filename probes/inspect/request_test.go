package inspect

import (
	"bytes"
	"crypto/md5"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"opensrs-doctor/probes/mistakes"
	"opensrs-doctor/probes/opensrs"
)

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

func right(body, key string) string { return opensrs.Sign([]byte(body), []byte(key)) }

func md5Of(text string) string { return fmt.Sprintf("%x", md5.Sum([]byte(text))) }

const requestBody = "<?xml version=\"1.0\"?>\n<OPS_envelope>\n<body><data_block><dt_assoc>\n<item key='protocol'>XCP</item>\n" +
	"<item key='action'>A</item><item key='object'>B</item></dt_assoc></data_block></body>\n</OPS_envelope>\n"

// captured writes a request with the right signature; edits change its text, pair by pair.
func captured(edits ...string) string {
	text := fmt.Sprintf("POST / HTTP/1.1\r\nHost: api.example\r\nContent-Type: text/xml\r\nX-Username: %s\r\n"+
		"X-Signature: %s\r\nContent-Length: %d\r\n\r\n%s", clientName, right(requestBody, clientKey), len(requestBody), requestBody)
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(text, edits[i]) {
			panic("there is no " + edits[i] + " in the request")
		}
		text = strings.Replace(text, edits[i], edits[i+1], 1)
	}
	return text
}

// found gives all mistakes of a captured request, those of its signature first.
func found(t *testing.T, raw string) []string {
	t.Helper()
	request, err := Parse([]byte(raw))
	if err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
	verdict, findings, _ := request.Explain([]byte(clientKey), "")
	ids := slices.Clone(verdict.Mistakes)
	for _, finding := range findings {
		ids = append(ids, finding.ID)
	}
	return ids
}

func TestRequests(t *testing.T) {
	length := fmt.Sprint("Content-Length: ", len(requestBody))
	lengthIs := func(n int) []string { return []string{length, fmt.Sprint("Content-Length: ", n)} }
	chunked := func(body string) string {
		half := len(body) / 2
		return fmt.Sprintf("%x\r\n%s\r\n%X;name=value\r\n%s\r\n0\r\nTrailer: x\r\n\r\n", half, body[:half], len(body)-half, body[half:])
	}
	signature := "X-Signature: " + right(requestBody, clientKey)
	crlfBody := strings.ReplaceAll(requestBody, "\n", "\r\n")
	umlauts := strings.Replace(requestBody, "<OPS", "<!--äöü--><OPS", 1)
	for _, test := range []struct {
		name, raw, want string
	}{
		{"right", captured(), ""},
		{"HTTP/1.0", captured("HTTP/1.1", "HTTP/1.0"), ""},
		{"charset", captured("text/xml", "Text/XML; charset=\"utf-8\""), ""},
		{"any case", captured("X-Username", "x-username", "X-Signature", "X-SIGNATURE"), ""},
		{"absolute-form", captured("POST / ", "POST https://api.example:55443/ "), ""},
		{"absolute-form without a path", captured("POST / ", "POST https://api.example:55443 "), ""},
		{"LF in the head", strings.ReplaceAll(captured(), "\r\n", "\n"), ""},
		{"a line end that an editor appended", captured() + "\n", ""},
		{"a CRLF that an editor appended", captured() + "\r\n", ""},
		{"the reply follows", captured() + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""},
		{"another request follows", captured() + "\r\n" + captured("POST", "GET"), ""},
		{"CONNECT came before", "CONNECT api.example:55443 HTTP/1.1\r\nHost: api.example:55443\r\n\r\n" + captured(), ""},
		{"every CR got lost", strings.ReplaceAll(captured(requestBody, crlfBody, length, fmt.Sprint("Content-Length: ", len(crlfBody)),
			signature, "X-Signature: "+right(crlfBody, clientKey)), "\r\n", "\n"), ""},
		{"a dot for every CR", strings.ReplaceAll(captured(requestBody, crlfBody, length, fmt.Sprint("Content-Length: ", len(crlfBody)),
			signature, "X-Signature: "+right(crlfBody, clientKey)), "\r\n", ".\n"), ""},
		{"a line about it and packet headers before", "12:00:00.123 IP a > b: Flags [P.], length 300: HTTP: POST / HTTP/1.1\n" +
			"E..4..@.@.....:P" + captured(), ""},

		{"too short a length", captured(lengthIs(len(requestBody) - 1)...), ContentLengthWrong},
		{"much too short a length", captured(lengthIs(5)...), ContentLengthWrong},
		{"length 0", captured(lengthIs(0)...), ContentLengthWrong},
		{"too long a length", captured(lengthIs(len(requestBody) + 1)...), ContentLengthWrong},
		{"characters counted", captured(requestBody, umlauts, length, fmt.Sprint("Content-Length: ", len([]rune(umlauts))),
			signature, "X-Signature: "+right(umlauts, clientKey)), ContentLengthWrong},
		{"no number", captured(length, "Content-Length: many"), ContentLengthWrong},
		{"negative", captured(length, "Content-Length: -5"), ContentLengthWrong},
		{"signed", captured(length, strings.Replace(length, ": ", ": +", 1)), ContentLengthWrong},
		{"too large a number", captured(length, "Content-Length: 99999999999999999999999"), ContentLengthWrong},
		{"two lengths", captured(length, length+"\r\nContent-Length: 7"), ContentLengthWrong},
		{"the same length twice", captured(length, length+"\r\n"+length), ""},
		{"missing", captured(length+"\r\n", ""), ContentLengthMissing},
		{"chunked", captured(length, "Transfer-Encoding: chunked", requestBody, chunked(requestBody)), ChunkedBody},
		{"chunked, put together by a proxy", captured(length, "Transfer-Encoding: chunked"), ChunkedBody},
		{"chunked and a length", captured(length, length+"\r\nTransfer-Encoding: Chunked", requestBody, chunked(requestBody)), ChunkedBody},
		{"content type", captured("text/xml", "application/xml"), WrongContentType},
		{"form", captured("text/xml", "application/x-www-form-urlencoded"), WrongContentType},
		{"two content types in one", captured("text/xml", "text/xml, text/html"), WrongContentType},
		{"no content type", captured("Content-Type: text/xml\r\n", ""), WrongContentType},
		{"no username", captured("X-Username: bob\r\n", ""), HeaderMissing},
		{"empty username", captured("X-Username: bob", "X-Username:"), HeaderMissing},
		{"no signature", captured(signature+"\r\n", ""), HeaderMissing},
		{"the user agent is no username", captured("X-Username: bob", "User-Agent: bob"), HeaderMissing},
		{"X-User", captured("X-Username", "X-User"), HeaderName},
		{"Username", captured("X-Username", "Username"), HeaderName},
		{"X_USERNAME", captured("X-Username", "X_USERNAME"), HeaderName},
		{"X-Usrename", captured("X-Username", "X-Usrename"), HeaderName},
		{"X-User-Name", captured("X-Username", "X-User-Name"), HeaderName},
		{"a space before the colon", captured("X-Username:", "X-Username :"), HeaderName},
		{"X-Sig", captured("X-Signature", "X-Sig"), HeaderName},
		{"X-Singature", captured("X-Signature", "X-Singature"), HeaderName},
		{"x_signature", captured("X-Signature", "x_signature"), HeaderName},
		{"Signature", captured("X-Signature", "Signature"), HeaderName},
		{"PUT", captured("POST", "PUT"), WrongMethod},
		{"small letters", captured("POST", "post"), WrongMethod},
		{"GET without a body", captured("POST", "GET", length+"\r\n", "", requestBody, "", signature, "X-Signature: "+right("", clientKey)), WrongMethod},
		{"a path", captured("POST / ", "POST /api "), WrongPath},
		{"a query", captured("POST / ", "POST /?a=b "), WrongPath},
		{"absolute-form with a path", captured("POST / ", "POST https://api.example:55443/api "), WrongPath},

		{"key", captured(signature, "X-Signature: "+right(requestBody, clientKey+"\n")), mistakes.KeyTrailingNewline},
		{"username in the hash", captured(signature, "X-Signature: "+md5Of(md5Of(clientName+requestBody+clientKey)+clientKey)), mistakes.UsernameInHash},
		{"the client appended a line end after signing", captured(signature, "X-Signature: "+right(requestBody[:len(requestBody)-1], clientKey)),
			mistakes.BodyMissingTrailingNewline},
		{"signature and headers", captured(signature, "X-Signature: "+strings.ToUpper(right(requestBody, clientKey)),
			"X-Username", "Username", "text/xml", "text/plain", "POST", "PATCH"), "uppercase-hex content-type header-name method"},
		{"wrong key", captured(signature, "X-Signature: "+right(requestBody, "another")), mistakes.WrongKey},
	} {
		if got := strings.Join(found(t, test.raw), " "); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
		if test.want == WrongMethod {
			continue // behind other bytes on its line only the usual methods are known
		}
		// Every request also arrives as a text with what tcpdump prints before it.
		before := "12:00:00.000001 IP 127.0.0.1.1 > 127.0.0.1.2: Flags [S], length 0\nE..<.....\n"
		if got := strings.Join(found(t, before+"E..4..@....."+test.raw), " "); got != test.want && !strings.Contains(test.want, ContentLengthWrong) {
			t.Errorf("%s, with packet headers: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestTcpdump reads what tcpdump -A printed of real connections: head and body in packets of their own, with
// the replies in between; the second one sends CRLF, of which tcpdump prints only the LF.
func TestTcpdump(t *testing.T) {
	for _, name := range []string{"lf", "crlf"} {
		text, err := os.ReadFile("testdata/tcpdump-" + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		request, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		key := []byte(strings.Repeat("5c7e0d91b2a4f638", 7))
		verdict, findings, checked := request.Explain(key, "")
		findings = slices.DeleteFunc(findings, Finding.OfBody) // this client left two items out
		if !verdict.Match || len(findings) > 0 || !checked || !request.AsText || request.Username() != "bob" {
			t.Errorf("%s: %+v %+v %+v", name, verdict, findings, request)
		}
		body := bytes.Count(request.Bodies[0].Body, []byte("\r\n"))
		if lines := bytes.Count(request.Bodies[0].Body, []byte("\n")); lines == 0 || body != 0 && body != lines {
			t.Errorf("%s: %d line ends, %d of them CRLF", name, lines, body)
		}
	}
}

func TestCapturesRefused(t *testing.T) {
	head, _, _ := strings.Cut(captured(), "\r\n\r\n")
	for _, test := range []struct {
		name, raw, why string
		line           int
	}{
		{"empty", " \n", "it is empty", 0},
		{"text", "hello", "no HTTP request is in it", 0},
		{"binary", string([]byte{0, 1, 2, 0xff, 0xfe, '\n', 0}), "no HTTP request is in it", 0},
		{"pcap", "\xd4\xc3\xb2\xa1\x02\x00", "a packet capture in binary", 0},
		{"pcapng", "\x0a\x0d\x0d\x0a\x00", "a packet capture in binary", 0},
		{"TLS", "\x16\x03\x01\x02\x00\x01", "encrypted TLS", 0},
		{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2", 0},
		{"a reply", "HTTP/1.1 200 OK\r\n\r\n", "a reply", 0},
		{"a body", requestBody, "a body without its request", 0},
		{"tcpdump -x", "20:15:16.965896 IP 127.0.0.1.45558 > 127.0.0.1.28080: Flags [P.], length 3\n\t0x0000:  4500 003c 7220\n", "a hex dump", 0},
		{"curl -v", "* Connected\n> POST / HTTP/1.1\r\n> Host: a\r\n", "what curl prints", 0},
		{"curl --trace-ascii", "== Info: Connected\n=> Send header, 9 bytes (0x9)\n0000: POST / HTTP/1.1\n0011: Host: a\n001a: \n=> Send data, 1 bytes (0x1)\n0000: x\n", "what curl prints", 0},
		{"only a line", "POST / HTTP/1.1", "no HTTP request is in it", 0},
		{"no version", "POST /\r\nHost: a\r\n\r\n", "no HTTP request is in it", 0},
		{"no empty line", head + "\r\n", "it ends within the headers", 0},
		{"cut in a header", head[:len(head)-3], "it ends within the headers", 0},
		{"no body", head + "\r\n\r\n", "a body of", 0},
		{"folded", captured("Host: api.example", "Host: api.example\r\n more"), "goes on in a second line", 3},
		{"no header", captured("Host: api.example", "nonsense"), "no HTTP request is in it", 0},
		{"no header later", captured("Content-Type: text/xml", "nonsense"), "it is not a header", 3},
		{"no empty line before the body", captured("\r\n\r\n", "\r\n"), "it is not a header", 7},
		{"two usernames", captured("X-Username: bob", "X-Username: bob\r\nx-username: alice"), "is already on line 4", 5},
		{"two signatures", captured("X-Signature: ", "X-Signature: a\r\nX-Signature: "), "is already on line 5", 6},
		{"a cut chunk", captured("Content-Length: "+fmt.Sprint(len(requestBody)), "Transfer-Encoding: chunked", requestBody, "FF\r\nabc"),
			"chunk 1 of the body is to have 255 bytes, and 3 are there", 0},
		{"a broken chunk", captured("Content-Length: "+fmt.Sprint(len(requestBody)), "Transfer-Encoding: chunked", requestBody, "3\r\nabc\r\nxyz\r\n"),
			"chunk 2 of the body has no size", 0},
		{"many headers", captured("Host: a", strings.Repeat("A: b\r\n", 300)+"Host: a"), "over 200 headers", 0},
		{"a large header", captured("Host: a", "Cookie: "+strings.Repeat("x", 70<<10)+"\r\nHost: a"), "over 200 headers or 64 KiB", 0},
	} {
		_, err := Parse([]byte(test.raw))
		var capture *Error
		if !errors.As(err, &capture) || !strings.Contains(capture.Why, test.why) || capture.Line != test.line {
			t.Errorf("%s: %v, want %q in line %d", test.name, err, test.why, test.line)
		}
	}
	if got := found(t, captured("X-Username: bob", "X-Username: bob\r\nX-Username: bob")); len(got) > 0 {
		t.Errorf("the same username twice: %v", got)
	}
}

// TestFindings: what is told of a request, and that nothing is told that may be a secret.
func TestFindings(t *testing.T) {
	head := Head{Method: "GET", Target: "/x", Headers: []Header{
		{Name: "Content-Length", Value: "7"}, {Name: "Content-Type", Value: "text/plain"}, {Name: "X-User", Value: "bob"}}}
	want := []Finding{
		{ID: ContentLengthWrong, Header: "Content-Length", Said: 7, Came: 5},
		{ID: WrongContentType, Header: "Content-Type", Found: "text/plain"},
		{ID: HeaderMissing, Header: "X-Signature"},
		{ID: HeaderName, Header: "X-Username", Found: "X-User"},
		{ID: WrongMethod, Found: "GET"},
		{ID: WrongPath, Found: "/x"},
	}
	if got := Request(head, 5); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	if got := Request(Head{Method: "POST", Target: "/", Headers: []Header{{Name: "Content-Length", Value: "7"},
		{Name: "Content-Type", Value: "text/xml"}, {Name: "X-Username", Value: "b"}, {Name: "X-Signature", Value: "s"}}}, -1); got != nil {
		t.Errorf("with a body that is not known: %+v", got)
	}
	for _, finding := range Request(Head{Method: clientKey, Target: "/" + clientKey, Headers: []Header{
		{Name: "X-Signature-" + clientKey[:8], Value: "x"}, {Name: "Content-Type", Value: clientKey}}}, 0) {
		if finding.Found != "" {
			t.Errorf("a part of the key is repeated: %+v", finding)
		}
	}
}

// TestCapturesInBoundedTime: captures that are made to keep the reader busy. There is no clock: where the work
// were a square of the size, this would not end before the whole test's time is over.
func TestCapturesInBoundedTime(t *testing.T) {
	const size = 8 << 20
	fill := func(text string) string { return strings.Repeat(text, size/len(text)) }
	for name, raw := range map[string]string{
		"request lines":  fill("POST / HTTP/1.1\n"),
		"versions":       fill(" HTTP/1.1 "),
		"versions, ends": fill("x HTTP/1.1\nx"),
		"summaries":      fill("12:00:00.000001 IP a > b: length 9\n"),
		"one summary":    "12:00:00.000001 IP a > b: " + fill("length 9 "),
		"CONNECT":        fill("CONNECT a:1 HTTP/1.1\r\n\r\n"),
		"chunks":         captured("Content-Length", "Transfer-Encoding: chunked\r\nX", requestBody, fill("1\r\na\r\n")),
		"zeros":          fill("\x00"),
	} {
		if _, err := Parse([]byte(raw)); err == nil && name != "chunks" && name != "CONNECT" {
			t.Errorf("%s: this is no request", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(captured()))
	f.Add([]byte(strings.ReplaceAll(captured(), "\r\n", ".\n")))
	f.Add([]byte("12:00:00.000001 IP a > b: Flags [P.], length 9: HTTP\nE..." + captured()))
	f.Add([]byte(captured("Content-Length", "Transfer-Encoding: chunked\r\nX")))
	f.Fuzz(func(t *testing.T, raw []byte) {
		request, err := Parse(raw)
		var capture *Error
		switch {
		case err != nil && !errors.As(err, &capture):
			t.Errorf("an error of no known type: %v", err)
		case err == nil && len(request.Bodies) == 0:
			t.Error("a request without a reading of its body")
		case err == nil:
			request.Inspect()
			request.Explain([]byte(clientKey), "")
		}
	})
}

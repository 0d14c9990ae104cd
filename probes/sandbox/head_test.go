package sandbox

import (
	"crypto/tls"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"opensrs-doctor/probes/observed"
	"opensrs-doctor/probes/opensrs"
)

// spoken sends bytes over TLS, ends its side, and gives all that comes back.
func spoken(t *testing.T, s *Sandbox, text string) string {
	t.Helper()
	conn, err := tls.Dial("tcp", strings.Trim(strings.TrimPrefix(s.URL, "https:"), "/"), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(longPatience))
	io.WriteString(conn, text)
	conn.CloseWrite()
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatalf("%v after %q", err, answer)
	}
	return string(answer)
}

// TestAmbiguousHeads: a head that two servers could read differently has one reply and the end of the connection,
// whatever comes behind it, and the log says where it is.
func TestAmbiguousHeads(t *testing.T) {
	var log logged
	s := start(t, Config{Log: log.add})
	body := string(opensrs.GetBalanceBody())
	length := fmt.Sprintf("Content-Length: %d", len(body))
	signature := "X-Signature: " + opensrs.Sign([]byte(body), s.Key)
	user := "X-Username: " + s.Username
	good := []string{"POST / HTTP/1.1", "Host: x", "Content-Type: text/xml", user, signature, length}
	with := func(lines ...string) string { return strings.Join(append(good, lines...), "\r\n") + "\r\n\r\n" }
	without := func(line string, more ...string) string {
		return strings.Replace(with(more...), line+"\r\n", "", 1)
	}
	chunked := without(length, "Transfer-Encoding: chunked")
	const status400, status431, status505 = "HTTP/1.1 400 ", "HTTP/1.1 431 ", "HTTP/1.1 505 "
	for _, test := range []struct{ name, head, status, id, says string }{
		{"a blank before the colon of Transfer-Encoding", with("Transfer-Encoding : chunked"), status400, observed.NotHTTP,
			"a blank before the colon of Transfer-Encoding on line 7"},
		{"a tab before the colon", with("Transfer-Encoding\t: chunked"), status400, observed.NotHTTP, "before the colon of Transfer-Encoding"},
		{"a blank before the colon of Content-Length", without(length, length[:14]+" "+length[14:]), status400, observed.NotHTTP,
			"a blank before the colon of Content-Length on line 6"},
		{"a blank before the colon of another one", with("X-Other : y"), status400, observed.NotHTTP, "before the colon of the header on line 7"},
		{"two lengths", with("Content-Length: 0"), status400, observed.AmbiguousHead, "Content-Length is there twice, on lines 6 and 7"},
		{"one length twice", with(length), status400, observed.AmbiguousHead, "Content-Length is there twice"},
		{"two lengths, one in capitals", with("CONTENT-LENGTH: 3"), status400, observed.AmbiguousHead, "Content-Length is there twice"},
		{"a list of lengths", without(length, length+", 5"), status400, observed.AmbiguousHead, "not a number of bytes"},
		{"length and chunks", with("Transfer-Encoding: chunked"), status400, observed.AmbiguousHead, "are both there, on lines 6 and 7"},
		{"length and a coding", with("Transfer-Encoding: identity"), status400, observed.AmbiguousHead, "are both there"},
		{"chunks and length", without(length, "Transfer-Encoding: chunked", length), status400, observed.AmbiguousHead, "are both there"},
		{"two codings", without(length, "Transfer-Encoding: chunked", "Transfer-Encoding: x"), status400, observed.AmbiguousHead,
			"Transfer-Encoding is there twice, on lines 6 and 7"},
		{"a list of codings", without(length, "Transfer-Encoding: gzip, chunked"), status400, observed.AmbiguousHead, "something else than chunked"},
		{"nearly chunked", without(length, "Transfer-Encoding: xchunked"), status400, observed.AmbiguousHead, "something else than chunked"},
		{"quoted", without(length, `Transfer-Encoding: "chunked"`), status400, observed.AmbiguousHead, "something else than chunked"},
		{"chunked and a vertical tab", without(length, "Transfer-Encoding: \vchunked"), status400, observed.NotHTTP, "a control character"},
		{"chunks in HTTP/1.0", strings.Replace(chunked, "1.1", "1.0", 1), status400, observed.AmbiguousHead, "HTTP/1.0 has no Transfer-Encoding"},
		{"a folded line", with("X-Other: a", " b: c"), status400, observed.NotHTTP, "line 8 begins with a blank"},
		{"a folded length", without(length, "Content-Length:", " "+length[16:]), status400, observed.NotHTTP, "line 7 begins with a blank"},
		{"a line of blanks", with(" ", "X-Other: a"), status400, observed.NotHTTP, "line 7 begins with a blank"},
		{"a folded first line", strings.Replace(with(), "Host", "\tHost", 1), status400, observed.NotHTTP, "line 2 begins with a blank"},
		{"a blank before the request line", " " + with(), status400, observed.NotHTTP, "line 1 begins with a blank"},
		{"a tab before the request line", "\r\n\t" + with(), status400, observed.NotHTTP, "line 1 begins with a blank"},
		{"two blanks in the request line", strings.Replace(with(), "POST /", "POST  /", 1), status400, observed.NotHTTP, "line 1 is not"},
		{"a host for a path", strings.Replace(with(), "POST /", "POST api.example", 1), status400, observed.NotHTTP, "line 1 asks for neither a path nor a URL"},
		{"a tab in the request line", strings.Replace(with(), "POST /", "POST\t/", 1), status400, observed.NotHTTP, "line 1 is not"},
		{"no version", strings.Replace(with(), " HTTP/1.1", "", 1), status400, observed.NotHTTP, "line 1 is not"},
		{"another version", strings.Replace(with(), "HTTP/1.1", "HTTP/2.0", 1), status505, observed.NotHTTP, "not HTTP/1.0 or HTTP/1.1"},
		{"no such version", strings.Replace(with(), "HTTP/1.1", "HTTP/1.10", 1), status505, observed.NotHTTP, "not HTTP/1.0 or HTTP/1.1"},
		{"another protocol", strings.Replace(with(), "HTTP/1.1", "ICAP/1.0", 1), status505, observed.NotHTTP, "not HTTP/1.0 or HTTP/1.1"},
		{"LF alone", strings.ReplaceAll(with(), "\r\n", "\n"), status400, observed.NotHTTP, "line 1 ends with LF alone"},
		{"one LF alone", strings.Replace(with(), "x\r\n", "x\n", 1), status400, observed.NotHTTP, "line 2 ends with LF alone"},
		{"LF alone before the body", strings.TrimSuffix(with(), "\r\n") + "\n", status400, observed.NotHTTP, "line 7 ends with LF alone"},
		{"CR inside", with("X-Other: a\rTransfer-Encoding: chunked"), status400, observed.NotHTTP, "line 7 has a CR inside"},
		{"CR CR LF", strings.Replace(with(), "x\r\n", "x\r\r\n", 1), status400, observed.NotHTTP, "line 2 has a CR inside"},
		{"CR CR LF before the body", strings.TrimSuffix(with(), "\r\n") + "\r\r\n", status400, observed.NotHTTP, "line 7 has a CR inside"},
		{"NUL in a value", with("X-Other: a\x00b"), status400, observed.NotHTTP, "line 7 has a control character"},
		{"NUL in a name", with("Transfer\x00-Encoding: chunked"), status400, observed.NotHTTP, "line 7 has a control character"},
		{"NUL in the request line", strings.Replace(with(), "POST /", "POST /\x00", 1), status400, observed.NotHTTP, "line 1 has a control character"},
		{"two signatures", with("X-Signature: " + strings.Repeat("0", 32)), status400, observed.AmbiguousHead, "X-Signature has two values, on lines 5 and 7"},
		{"the wrong signature first", strings.Replace(with(signature), signature, "x-signature: 0", 1), status400, observed.AmbiguousHead,
			"X-Signature has two values"},
		{"two users", with("X-Username: somebody"), status400, observed.AmbiguousHead, "X-Username has two values, on lines 4 and 7"},
		{"two content types", with("Content-Type: text/html"), status400, observed.AmbiguousHead, "Content-Type has two values"},
		{"two hosts", with("Host: x"), status400, observed.AmbiguousHead, "Host is there twice"},
		{"no colon", with("X-Other"), status400, observed.NotHTTP, "line 7 has no colon"},
		{"no name", with(": x"), status400, observed.NotHTTP, "the name of the header on line 7"},
		{"a name with a blank", with("X Other: x"), status400, observed.NotHTTP, "the name of the header on line 7"},
		{"a name beyond ASCII", with("X-Öther: x"), status400, observed.NotHTTP, "the name of the header on line 7"},
		{"a name in brackets", with("[X]: x"), status400, observed.NotHTTP, "the name of the header on line 7"},
		{"a negative length", without(length, "Content-Length: -1"), status400, observed.AmbiguousHead, "not a number of bytes"},
		{"a length with a sign", without(length, "Content-Length: +"+length[16:]), status400, observed.AmbiguousHead, "not a number of bytes"},
		{"a length in hex", without(length, "Content-Length: 0x1b7"), status400, observed.AmbiguousHead, "not a number of bytes"},
		{"a length with a point", without(length, length+".0"), status400, observed.AmbiguousHead, "not a number of bytes"},
		{"a length of two words", without(length, length+" 5"), status400, observed.AmbiguousHead, "not a number of bytes"},
		{"a length in other digits", without(length, "Content-Length: ４３９"), status400, observed.AmbiguousHead, "not a number of bytes"},
		{"no length at all in it", without(length, "Content-Length:"), status400, observed.AmbiguousHead, "not a number of bytes"},
		{"a length that no number holds", without(length, "Content-Length: 99999999999999999999"), status400, observed.AmbiguousHead, "not a number of bytes"},
		{"many headers", with(strings.Split(strings.Repeat("a: b\n", maxHeaders)+"c: d", "\n")...), status431, observed.HeadTooBig, ""},
		{"a large header", with("X-Other: " + strings.Repeat("x", maxHeader)), status431, observed.HeadTooBig, ""},
	} {
		before := len(log.seen)
		answer := spoken(t, s, test.head+body+"GET /ip HTTP/1.1\r\nHost: x\r\n\r\n")
		if strings.Count(answer, "HTTP/1.1 ") != 1 || !strings.HasPrefix(answer, test.status) || !strings.Contains(answer, "\r\nConnection: close\r\n") {
			t.Errorf("%s: %q", test.name, answer)
		}
		seen := log.last()
		if len(log.seen) != before+1 || len(seen.Problems) == 0 || seen.Problems[0].ID != test.id || !strings.Contains(seen.Problems[0].Detail, test.says) {
			t.Errorf("%s: the log has %d entries, the last with %+v", test.name, len(log.seen)-before, seen.Problems)
		}
	}
}

// TestPlainHeads: what is unusual, and can be read in one way only, is read.
func TestPlainHeads(t *testing.T) {
	var log logged
	s := start(t, Config{Log: log.add})
	body := string(opensrs.GetBalanceBody())
	head := fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nX-Username: %s\r\nX-Signature: %s\r\nContent-Length: %d\r\n",
		s.Username, opensrs.Sign([]byte(body), s.Key), len(body))
	for name, sent := range map[string]string{
		"as it is":                   head,
		"empty lines before":         "\r\n\r\n" + head,
		"blanks around values":       strings.ReplaceAll(head, ": ", ": \t  "),
		"no blanks":                  strings.ReplaceAll(head, ": ", ":"),
		"blanks behind":              strings.ReplaceAll(head, "x\r\n", "x \t\r\n"),
		"lower case":                 strings.NewReplacer("Host", "host", "Content", "content", "X-", "x-", "Username", "username").Replace(head),
		"a length with zeros":        strings.Replace(head, "Content-Length: ", "Content-Length: 000", 1),
		"a value beyond ASCII":       head + "X-Other: é \xff\r\n",
		"an empty value":             head + "X-Other:\r\n",
		"a value with colons":        head + "X-Other: a:b: c\r\n",
		"a tab in a value":           head + "X-Other: a\tb\r\n",
		"the user twice":             head + "X-Username: " + s.Username + "\r\n",
		"nearly a coding":            head + "Transfer_Encoding: chunked\r\n",
		"as many headers as may be":  head + strings.Repeat("a: b\r\n", maxHeaders-5),
		"the whole URL":              strings.Replace(head, "POST /", "POST https://x/", 1),
		"asked to wait for its body": head + "Expect: 100-continue\r\n",
	} {
		answer := strings.TrimPrefix(spoken(t, s, sent+"\r\n"+body), "HTTP/1.1 100 Continue\r\n\r\n")
		if !strings.HasPrefix(answer, "HTTP/1.1 200 ") || !strings.Contains(answer, `<item key="response_code">200</item>`) {
			t.Errorf("%s: %q and %+v", name, answer, log.last())
		}
	}
}

// TestEndlessBlanks: what old clients send between requests is passed over, and not for ever.
func TestEndlessBlanks(t *testing.T) {
	var log logged
	s := start(t, Config{Log: log.add})
	answer := spoken(t, s, strings.Repeat("\r\n", 10_000)+"GET /ip HTTP/1.1\r\nHost: x\r\n\r\n")
	if strings.Count(answer, "HTTP/1.1 ") != 1 || !strings.HasPrefix(answer, "HTTP/1.1 431 ") || wrong(log.last()) != observed.HeadTooBig {
		t.Errorf("after ten thousand empty lines: %q, %s", answer, wrong(log.last()))
	}
}

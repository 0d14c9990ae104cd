package sandbox

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"opensrs-doctor/probes/opensrs"
)

// script is a connection on which a client has said all that it says, without TLS.
type script struct {
	net.Conn
	in  *bytes.Reader
	out bytes.Buffer
}

func (s *script) Read(b []byte) (int, error)       { return s.in.Read(b) }
func (s *script) Write(b []byte) (int, error)      { return s.out.Write(b) }
func (s *script) Close() error                     { return nil }
func (s *script) CloseWrite() error                { return nil }
func (s *script) NetConn() net.Conn                { return s }
func (s *script) SetDeadline(time.Time) error      { return nil }
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

// Bounds of what a client can make the sandbox do with that many bytes. They are far above what it takes: an endless
// loop and a copy of everything for every line are what they find.
const (
	fuzzTime   = 20 * time.Second
	fuzzMemory = 64 << 20 // bytes, all that is allocated on the way
)

// readableHead is a head that every server reads in the same way, by another hand than judgeHead's.
var readableHead = regexp.MustCompile(`^[!#-'*+\-.^-z|~A-Z0-9]+ [^\x00-\x20\x7f]+ HTTP/1\.[01]\r\n` +
	`(?:[!#-'*+\-.^-z|~A-Z0-9]+:[^\x00-\x08\x0a-\x1f\x7f]*\r\n){0,200}\r\n`)

// FuzzRequestHead: whatever a client says, it is answered within bounds; what was answered as a request had a head that
// can be read in one way; and behind an answer that ends the connection there is none.
func FuzzRequestHead(f *testing.F) {
	body := string(opensrs.GetBalanceBody())
	const key, user = "0123456789abcdef0123456789abcdef", "sandbox-reseller"
	head := fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nX-Username: %s\r\nX-Signature: %s\r\n", user,
		opensrs.Sign([]byte(body), []byte(key)))
	length := fmt.Sprintf("Content-Length: %d\r\n", len(body))
	for _, seed := range []string{
		head + length + "\r\n" + body,
		head + length + "\r\n" + body + head + length + "Connection: close\r\n\r\n" + body,
		head + length + "\r\n" + body + "\x00\r\nGET /ip HTTP/1.0\r\n\r\n",
		head + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + head + length + "\r\n" + body,
		head + length + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /ip HTTP/1.1\r\nHost: x\r\n\r\n",
		head + "Transfer-Encoding: chunked\r\n\r\n1b7\r\n" + body + "\r\n0\r\n\r\n",
		head + length + length + "\r\n" + body,
		head + "Content-Length: +5\r\n\r\nhello",
		head + "Content-Length: 0x5\r\n\r\nhello",
		head + "Content-Length: 99999999999999999999\r\n\r\n",
		head + "Content-Length: 2\r\n\r\nhello",
		head + "X-Signature: 0\r\n" + length + "\r\n" + body,
		head + "X-Folded: a\r\n b\r\n" + length + "\r\n" + body,
		strings.ReplaceAll(head, "\r\n", "\n") + "\n",
		head + "X-\x00: \x1b[31m\r\n\r\n",
		" " + head + "\r\n", "\r\n\r\n" + head + "\r\n", head,
		"GET /ip HTTP/1.1\r\nHost: x\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /\r\n\r\n", "\x16\x03\x01\x00\x05hello",
		strings.Repeat("\r\n", 100), head + strings.Repeat("a: b\r\n", 30),
		"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n" + length + "\r\n" + body,
	} {
		f.Add([]byte(seed))
	}
	s, err := Start(Config{Username: user, Key: []byte(key)})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	p := newPlan(s, Config{}, "127.0.0.1", 0)
	s.searches.elsewhere <- struct{}{} // the fuzzer is to spend its time on heads, not on signatures
	f.Fuzz(func(t *testing.T, sent []byte) {
		if len(sent) > 1<<17 {
			return
		}
		conn := &script{in: bytes.NewReader(sent)}
		v := &visit{plan: p, conn: conn, tail: &tailConn{Conn: conn}, in: bufio.NewReader(conn), ends: time.Now().Add(lifeTime)}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begun, served := time.Now(), 0
		for nth := 1; v.serve(nth); nth++ {
			served++
		}
		took := time.Since(begun)
		runtime.ReadMemStats(&after)
		if took > fuzzTime || after.TotalAlloc-before.TotalAlloc > fuzzMemory {
			t.Fatalf("%d bytes took %s and %d bytes of memory", len(sent), took, after.TotalAlloc-before.TotalAlloc)
		}
		if served > maxCommands+1 {
			t.Fatalf("%d requests on one connection", served)
		}
		checkAnswers(t, sent, conn.out.Bytes())
	})
}

// checkAnswers reads all that was said back.
func checkAnswers(t *testing.T, sent, said []byte) {
	t.Helper()
	if bytes.Contains(sent, []byte("HEAD ")) {
		return // the answer to that has a length and no body
	}
	answers := bufio.NewReader(bytes.NewReader(said))
	for first := true; ; first = false {
		if _, err := answers.Peek(1); err == io.EOF {
			return
		}
		answer, err := http.ReadResponse(answers, &http.Request{Method: http.MethodPost})
		if err != nil {
			t.Fatalf("no answer: %v in %q", err, said)
		}
		if answer.StatusCode == http.StatusContinue {
			continue
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			t.Fatalf("half an answer: %v in %q", err, said)
		}
		if first && answer.StatusCode == http.StatusOK && !readableHead.Match(bytes.TrimLeft(sent, "\r\n\x00")) {
			t.Fatalf("answered: %q", sent)
		}
		if answer.StatusCode != http.StatusOK && !answer.Close {
			t.Fatalf("%d does not end the connection: %q", answer.StatusCode, said)
		}
		if _, err := answers.Peek(1); answer.Close && err != io.EOF {
			t.Fatalf("something follows the end: %q", said)
		}
	}
}

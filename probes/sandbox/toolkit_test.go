package sandbox

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"opensrs-doctor/probes/opensrs"
)

// toolkit speaks as the service's own PHP toolkit does: HTTP/1.0 over a socket, and a parser of its own that takes
// only the status line of HTTP/1.1, "Name: value" lines and a Content-Length, within 5 s.
type toolkit struct {
	username string
	key      []byte
}

var toolkitStatus = regexp.MustCompile(`^HTTP/1\.1 ([0-9]{0,3}) (.*)\r\n$`)

// request is what it writes to its socket.
func (k toolkit) request(body []byte) string {
	return fmt.Sprintf("POST / HTTP/1.0\r\nContent-Type: text/xml\r\nX-Username: %s\r\nX-Signature: %s\r\nContent-Length: %d\r\n\r\n%s",
		k.username, opensrs.Sign(body, k.key), len(body), body)
}

// toolkitReply is what its parser makes of a reply.
type toolkitReply struct {
	status string
	header map[string]string
	body   []byte
}

func (k toolkit) read(conn net.Conn) (r toolkitReply, err error) {
	in := bufio.NewReader(conn)
	line := func() (string, error) {
		conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		return in.ReadString('\n')
	}
	first, _ := line()
	match := toolkitStatus.FindStringSubmatch(first)
	if match == nil {
		return r, fmt.Errorf("unable to parse the HTTP response code in %q", first)
	}
	r.status, r.header = match[1], map[string]string{}
	for text := first; text != "\r\n"; {
		if text, err = line(); err != nil {
			return r, errors.New("error reading the HTTP header")
		}
		if name, value, is := strings.Cut(text, ": "); is {
			r.header[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSuffix(value, "\r\n")
		}
	}
	length, is := r.header["content-length"]
	if !is || length == "" {
		return r, errors.New("no Content-Length header provided")
	}
	size, err := strconv.Atoi(length)
	if err != nil {
		return r, err
	}
	r.body = make([]byte, size)
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.ReadFull(in, r.body); err != nil {
		return r, errors.New("the read buffer is empty")
	}
	return r, nil
}

// toolkitSays is one exchange of the toolkit with a sandbox.
func toolkitSays(t *testing.T, s *Sandbox, text string) (toolkitReply, error) {
	t.Helper()
	conn, err := tls.Dial("tcp", strings.Trim(strings.TrimPrefix(s.URL, "https:"), "/"), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, text)
	return toolkit{}.read(conn)
}

// TestToolkit: every reply is one that the service's own toolkit takes: HTTP/1.1 NNN and a Content-Length, to whatever
// was asked in whatever version.
func TestToolkit(t *testing.T) {
	var log logged
	s := start(t, Config{Log: log.add})
	k := toolkit{s.Username, s.Key}
	r, err := toolkitSays(t, s, k.request(opensrs.GetBalanceBody()))
	if err != nil || r.status != "200" || !strings.Contains(string(r.body), `<item key="response_code">200</item>`) {
		t.Fatalf("%v, %+v", err, r)
	}
	if got := wrong(log.last()); got != "" || log.last().Code != 200 {
		t.Errorf("the log finds %s", got)
	}
	stranger := toolkit{"stranger", []byte("0123456789abcdef")}
	for _, test := range []struct{ name, request, status string }{
		{"another key", stranger.request(opensrs.GetBalanceBody()), "200"},
		{"no envelope", k.request([]byte("nothing")), "200"},
		{"a big reply", k.request(body("GET", "type", "all_info")), "200"},
		{"kept open", strings.Replace(k.request(opensrs.GetBalanceBody()), "\r\n", "\r\nConnection: keep-alive\r\n", 1), "200"},
		{"HTTP/1.1", strings.Replace(k.request(opensrs.GetBalanceBody()), "1.0\r\n", "1.1\r\nHost: x\r\n", 1), "200"},
		{"HTTP/0.9", "GET /\r\n\r\n", "400"},
		{"no HTTP", "nothing\r\n\r\n", "400"},
		{"no length", "POST / HTTP/1.0\r\n\r\n", "411"},
		{"another method", "GET / HTTP/1.0\r\n\r\n", "405"},
		{"another path", "POST /api HTTP/1.0\r\nContent-Length: 1\r\n\r\nx", "404"},
		{"a big body", "POST / HTTP/1.0\r\nContent-Length: 9999999\r\n\r\n", "413"},
		{"a big head", "POST / HTTP/1.0\r\nX: " + strings.Repeat("x", maxHeader) + "\r\n\r\n", "431"},
		{"its address", "GET /ip HTTP/1.0\r\n\r\n", "200"},
		{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
	} {
		switch r, err := toolkitSays(t, s, test.request); {
		case err != nil:
			t.Errorf("%s: %v", test.name, err)
		case r.status != test.status:
			t.Errorf("%s: status %s", test.name, r.status)
		}
	}
}

// TestToolkitFaults: so are the replies of the faults, and those to plain HTTP.
func TestToolkitFaults(t *testing.T) {
	for fault, status := range map[string]string{
		"call.auth-failed": "200", "call.permission-denied": "200", "call.rate-limited": "200", "unexplained": "200",
		"call.ip-denied": "200", "call.server-error": "502", "service.incident": "503", "call.not-opensrs": "200",
		"call.redirected": "302", "call.malformed-reply": "200", "tls.expired": "200",
	} {
		s := start(t, Config{Fault: fault})
		r, err := toolkitSays(t, s, toolkit{s.Username, s.Key}.request(opensrs.GetBalanceBody()))
		if err != nil && !strings.Contains(err.Error(), "empty") || r.status != status {
			t.Errorf("%s: %v, status %s", fault, err, r.status)
		}
	}
	for _, fault := range []string{"", "tls.not-tls", "dns.captive-portal"} {
		s := start(t, Config{Fault: fault})
		_, port, _ := net.SplitHostPort(strings.Trim(strings.TrimPrefix(s.URL, "https:"), "/"))
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, toolkit{}.request(opensrs.GetBalanceBody()))
		if r, err := (toolkit{}).read(conn); err != nil {
			t.Errorf("%q without TLS: %v %s", fault, err, r.status)
		}
		conn.Close()
	}
}

// TestWhoAmI: GET /ip answers with the address that the caller counts as, without user and signature, whatever the
// API's own answers are, and is not a mistake.
func TestWhoAmI(t *testing.T) {
	for _, fault := range []string{"", "call.timeout", "call.ip-denied", "tls.self-signed"} {
		var log logged
		s := start(t, Config{Fault: fault, Log: log.add})
		r, err := toolkitSays(t, s, "GET /ip HTTP/1.1\r\nHost: x\r\n\r\n")
		if err != nil || r.status != "200" || string(r.body) != CallerAddress+"\n" || r.header["content-type"] != "text/plain" {
			t.Errorf("%s: %v, %+v", fault, err, r)
		}
		if o := log.last(); o.Wrong() || o.Command != "GET /ip" || o.Fault != "" {
			t.Errorf("%s: the log: %+v", fault, o)
		}
		if told := egressOf(t, byAddress(s)); told[0] != strings.TrimSpace(string(r.body)) {
			t.Errorf("%s: an egress source says %s", fault, told[0])
		}
	}
	s := start(t, Config{})
	for _, method := range []string{"GET", "HEAD"} { // as a port witness or an egress source is asked
		request, _ := http.NewRequest(method, "http://"+strings.TrimPrefix(s.URL, "https://")+"ip", nil)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if want := map[string]string{"GET": CallerAddress + "\n"}[method]; response.StatusCode != 200 || string(body) != want {
			t.Errorf("%s without TLS: %s, %q", method, response.Status, body)
		}
	}
	for _, request := range []string{"POST /ip HTTP/1.0\r\nContent-Length: 0\r\n\r\n", "GET /ip?x HTTP/1.0\r\n\r\n"} {
		if r, err := toolkitSays(t, s, request); err != nil || r.status == "200" {
			t.Errorf("%q: %v, %s", request, err, r.status)
		}
	}
}

package probes

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/probes/opensrs"
)

// sentConn keeps what is written to it, each time by itself.
type sentConn struct {
	*heard
	sent []string
}

func (c *sentConn) Write(p []byte) (int, error) {
	c.sent = append(c.sent, string(p))
	return len(p), nil
}

// What goes out is this and nothing more, and each request is written at once: the healthy path has no packet to spare.
func TestRequests(t *testing.T) {
	w := worldOf(t, Options{})
	body := string(opensrs.GetBalanceBody())
	page := &url.URL{Scheme: "http", Host: "seen.example:8080", Path: "/ip", RawQuery: "as=text"}
	through := way{proxy: proxyAt(t, w, "http://joe:opensesame@proxy.example:3128")}
	exchanged := func(request written) func(*sentConn) {
		return func(conn *sentConn) { exchange(t.Context(), conn, request, maxThird) }
	}
	for name, test := range map[string]struct {
		send func(*sentConn)
		want string
	}{
		"the call": {exchanged(w.callRequest(netaddr.HostPort{Host: "api.example", Port: 55443}, "/a%2Fb//c", credentials{"joe", "abc"})),
			"POST /a%2Fb//c HTTP/1.1\nHost: api.example:55443\nUser-Agent: test\nConnection: close\n" +
				fmt.Sprintf("Content-Length: %d\n", len(body)) + "Content-Type: text/xml\nX-Signature: abc\nX-Username: joe\n\n"},
		"a source": {exchanged(w.getRequest(page, way{}, false)),
			"GET /ip?as=text HTTP/1.1\nHost: seen.example:8080\nUser-Agent: test\nConnection: close\nAccept: */*\n\n"},
		"a source that the proxy asks": {exchanged(w.getRequest(page, through, true)),
			"GET http://seen.example:8080/ip?as=text HTTP/1.1\nHost: seen.example:8080\nUser-Agent: test\nConnection: close\n" +
				"Accept: */*\nProxy-Authorization: Basic am9lOm9wZW5zZXNhbWU=\n\n"},
		"CONNECT": {func(conn *sentConn) {
			through.proxy.connectMethod(conn, netaddr.HostPort{Host: "api.example", Port: 55443})
		}, "CONNECT api.example:55443 HTTP/1.1\nHost: api.example:55443\nUser-Agent: test\n" +
			"Proxy-Authorization: Basic am9lOm9wZW5zZXNhbWU=\n\n"},
	} {
		want := strings.ReplaceAll(test.want, "\n", "\r\n")
		if name == "the call" {
			want += body
		}
		conn := &sentConn{heard: hear(nil)}
		if test.send(conn); len(conn.sent) != 1 || conn.sent[0] != want {
			t.Errorf("%s: sent %q\nwant one write of %q", name, conn.sent, want)
		}
	}
	unsendable := &sentConn{heard: hear(nil)}
	if got := exchange(t.Context(), unsendable, w.getRequest(&url.URL{Host: "seen.example", Opaque: "/\r\nX: y"}, way{}, false), maxThird); got.err == nil ||
		len(unsendable.sent) > 0 {
		t.Errorf("a target of two lines: %v, sent %q", got.err, unsendable.sent)
	}
}

package probes

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/netaddr"
)

// What a SOCKS5 proxy answers, and what that is. Each answer is for as many bytes as are asked of it.
func TestTunnelBySOCKS(t *testing.T) {
	denied, auth, upstream := []evidence.Kind{evidence.KindProxyDenied}, []evidence.Kind{evidence.KindProxyAuth}, []evidence.Kind{evidence.KindProxyUpstream}
	broken, hungUp := []evidence.Kind{evidence.KindBadAnswer}, []evidence.Kind{evidence.KindHungUp, evidence.KindReset}
	const (
		hello  = "\x05\x01\x00"
		login  = "\x05\x02\x00\x02"
		joe    = "\x01\x03joe\x0aopensesame"
		named  = "\x05\x01\x00\x03\x0bapi.example\xd8\x93"
		free   = "\x05\x00"
		taken  = "\x05\x02"
		atIPv4 = "\x00\x01\xc0\x00\x02\x01\x00\x50"
	)
	for name, test := range map[string]struct {
		user  string
		peer  string
		talk  []string // what is asked, what is answered, in turn
		code  int
		text  string // "": there is no reply
		kinds []evidence.Kind
	}{
		"yes":                 {"", "api.example", []string{hello, free, named, "\x05\x00" + atIPv4}, 0, "succeeded", nil},
		"yes, by name":        {"", "api.example", []string{hello, free, named, "\x05\x00\x00\x03\x03abc\x00\x50"}, 0, "succeeded", nil},
		"yes, by IPv6":        {"", "api.example", []string{hello, free, named, "\x05\x00\x00\x04" + strings.Repeat("\x00", 18)}, 0, "succeeded", nil},
		"to an address":       {"", "192.0.2.7", []string{hello, free, "\x05\x01\x00\x01\xc0\x00\x02\x07\xd8\x93", "\x05\x00" + atIPv4}, 0, "succeeded", nil},
		"to an IPv6 address":  {"", "2001:db8::7", []string{hello, free, "\x05\x01\x00\x04\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x07\xd8\x93", "\x05\x00" + atIPv4}, 0, "succeeded", nil},
		"with a login":        {"joe:opensesame@", "api.example", []string{login, taken, joe, "\x01\x00", named, "\x05\x00" + atIPv4}, 0, "succeeded", nil},
		"login not asked for": {"joe:opensesame@", "api.example", []string{login, free, named, "\x05\x00" + atIPv4}, 0, "succeeded", nil},
		"wrong login":         {"joe:opensesame@", "api.example", []string{login, taken, joe, "\x01\x01"}, 1, "the proxy refused the login", auth},
		"hung up on login":    {"joe:opensesame@", "api.example", []string{login, taken, joe, ""}, 0xff, "the proxy hung up after the login", auth},
		"login too long":      {"joe:" + strings.Repeat("x", 256) + "@", "api.example", []string{login, taken}, 0xff, "user name or password longer than SOCKS5 allows", auth},
		"login wanted":        {"", "api.example", []string{hello, taken}, 2, "the proxy wants a login", auth},
		"no way to log in":    {"", "api.example", []string{hello, "\x05\xff"}, 0xff, "the proxy wants a login", auth},
		"general failure":     {"", "api.example", []string{hello, free, named, "\x05\x01" + atIPv4}, 1, "general SOCKS server failure", upstream},
		"not allowed":         {"", "api.example", []string{hello, free, named, "\x05\x02" + atIPv4}, 2, "connection not allowed by ruleset", denied},
		"no network":          {"", "api.example", []string{hello, free, named, "\x05\x03" + atIPv4}, 3, "network unreachable", upstream},
		"no host":             {"", "api.example", []string{hello, free, named, "\x05\x04" + atIPv4}, 4, "host unreachable", upstream},
		"refused":             {"", "api.example", []string{hello, free, named, "\x05\x05" + atIPv4}, 5, "connection refused", upstream},
		"TTL":                 {"", "api.example", []string{hello, free, named, "\x05\x06" + atIPv4}, 6, "TTL expired", upstream},
		"no such command":     {"", "api.example", []string{hello, free, named, "\x05\x07" + atIPv4}, 7, "command not supported", denied},
		"no such address":     {"", "api.example", []string{hello, free, named, "\x05\x08" + atIPv4}, 8, "address type not supported", denied},
		"an unknown code":     {"", "api.example", []string{hello, free, named, "\x05\x09" + atIPv4}, 9, "reply 9", upstream},
		"no, and no address":  {"", "api.example", []string{hello, free, named, "\x05\x05\x00\x00\x00"}, 5, "connection refused", upstream},
		"yes, and no address": {"", "api.example", []string{hello, free, named, "\x05\x00\x00\x00\x00"}, 0, "", broken},
		"another version":     {"", "api.example", []string{hello, "\x04\x00"}, 0, "", broken},
		"hung up at once":     {"", "api.example", []string{hello, ""}, 0, "", hungUp},
		"hung up later":       {"", "api.example", []string{hello, free, named, "\x05\x00\x00\x01\xc0"}, 0, "", hungUp},
	} {
		t.Run(name, func(t *testing.T) {
			w := worldOf(t, Options{})
			at := serve(t, func(conn net.Conn) {
				for i := 0; i < len(test.talk); i += 2 {
					asked := make([]byte, len(test.talk[i]))
					if _, err := io.ReadFull(conn, asked); err != nil || !bytes.Equal(asked, []byte(test.talk[i])) {
						t.Errorf("asked %q, %v, want %q", asked, err, test.talk[i])
					}
					io.WriteString(conn, test.talk[i+1])
				}
			})
			conn, err := w.connect(t.Context(), at)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			stream, reply, err := proxyAt(t, w, "socks5://"+test.user+at.String()).tunnel(t.Context(), conn, netaddr.HostPort{Host: test.peer, Port: 55443})
			oneOfKinds(t, err, test.kinds)
			if (stream == nil) != (len(test.kinds) > 0) || (reply == nil) != (test.text == "") {
				t.Fatalf("%v, %+v, %v", stream, reply, err)
			}
			if reply != nil && (reply.Protocol != "socks5" || reply.Code != test.code || reply.Text.String() != test.text) {
				t.Errorf("the reply is %+v, want %d %s", reply, test.code, test.text)
			}
		})
	}
}

// A name may have 253 bytes, and the protocol has room for 255.
func TestSOCKSRequestOfALongName(t *testing.T) {
	request := socksRequest(netaddr.HostPort{Host: strings.Repeat("x", 300), Port: 1})
	if len(request) != 4+1+255+2 || request[4] != 255 {
		t.Errorf("%d bytes, a name of %d", len(request), request[4])
	}
}

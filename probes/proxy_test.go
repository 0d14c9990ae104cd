package probes

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/netaddr"
)

var behindProxy = netaddr.HostPort{Host: "api.example", Port: 55443}

// What a proxy answers to CONNECT, and what that is.
func TestTunnelByConnect(t *testing.T) {
	for name, test := range map[string]struct {
		answer string
		code   int // of the reply; 0: there is none
		text   string
		logins string
		kinds  []evidence.Kind // one of these; none: it works
	}{
		"yes":              {"HTTP/1.1 200 Connection established\r\n\r\nhello", 200, "Connection established", "", nil},
		"yes, by 204":      {"HTTP/1.0 204 No Content\r\n\r\nhello", 204, "No Content", "", nil},
		"no":               {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 403, "Forbidden", "", []evidence.Kind{evidence.KindProxyDenied}},
		"not such a one":   {"HTTP/1.1 501 Not Implemented\r\n\r\n", 501, "Not Implemented", "", []evidence.Kind{evidence.KindProxyDenied}},
		"moved":            {"HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n", 302, "Found", "", []evidence.Kind{evidence.KindProxyDenied}},
		"login wanted":     {"HTTP/1.1 407 Login\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: Basic realm=\"x\"\r\nProxy-Authenticate: Basic\r\n\r\n", 407, "Login", "Negotiate Basic", []evidence.Kind{evidence.KindProxyAuth}},
		"upstream":         {"HTTP/1.1 503 Service Unavailable\r\n\r\n", 503, "Service Unavailable", "", []evidence.Kind{evidence.KindProxyUpstream}},
		"no HTTP":          {"SSH-2.0-OpenSSH_9.2\r\n", 0, "", "", []evidence.Kind{evidence.KindNotHTTP}},
		"hung up":          {"", 0, "", "", []evidence.Kind{evidence.KindHungUp, evidence.KindReset}},
		"half an answer":   {"HTTP/1.1 20", 0, "", "", []evidence.Kind{evidence.KindNotHTTP}},
		"head without end": {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", maxHead), 0, "", "", []evidence.Kind{evidence.KindNotHTTP}},
	} {
		t.Run(name, func(t *testing.T) {
			w := worldOf(t, Options{})
			asked := make(chan *http.Request, 1)
			at := serve(t, func(conn net.Conn) {
				request, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					t.Error(err)
					return
				}
				asked <- request
				io.WriteString(conn, test.answer)
			})
			conn, err := w.connect(t.Context(), at)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			stream, reply, err := proxyAt(t, w, "http://joe:opensesame@"+at.String()).tunnel(t.Context(), conn, behindProxy)
			request := <-asked
			user, password, _ := (&http.Request{Header: http.Header{"Authorization": request.Header["Proxy-Authorization"]}}).BasicAuth()
			if request.Method != "CONNECT" || request.Host != "api.example:55443" || user != "joe" || password != "opensesame" {
				t.Errorf("asked %s %s as %q %q", request.Method, request.Host, user, password)
			}
			oneOfKinds(t, err, test.kinds)
			if (reply == nil) != (test.code == 0) {
				t.Fatalf("the reply is %+v", reply)
			}
			if reply != nil {
				var logins []string
				for _, login := range reply.Logins {
					logins = append(logins, login.String())
				}
				if reply.Protocol != "http" || reply.Code != test.code || reply.Text.String() != test.text || strings.Join(logins, " ") != test.logins {
					t.Errorf("the reply is %+v", reply)
				}
			}
			if len(test.kinds) > 0 {
				return
			}
			if said, err := io.ReadAll(stream); err != nil || string(said) != "hello" {
				t.Errorf("through the tunnel came %q, %v", said, err)
			}
		})
	}
}

func oneOfKinds(t *testing.T, err error, kinds []evidence.Kind) {
	t.Helper()
	got := kindOfError(err)
	for _, kind := range kinds {
		if got == kind {
			return
		}
	}
	if len(kinds) > 0 || got != "" {
		t.Errorf("failed with %q (%v), want one of %v", got, err, kinds)
	}
}

// A proxy that says nothing is waited for until the run ends, and what ended is told, not a timeout.
func TestTunnelInterrupted(t *testing.T) {
	for _, scheme := range []string{"http", "socks5"} {
		w := worldOf(t, Options{})
		ctx, cancel := context.WithCancel(t.Context())
		at := serve(t, func(conn net.Conn) {
			conn.Read(make([]byte, 4096))
			cancel()
			io.Copy(io.Discard, conn)
		})
		conn, err := w.connect(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		_, reply, err := proxyAt(t, w, scheme+"://"+at.String()).tunnel(ctx, conn, behindProxy)
		conn.Close()
		if kindOfError(err) != evidence.KindCanceled || reply != nil {
			t.Errorf("%s: %+v, %v", scheme, reply, err)
		}
	}
}

func TestProxyURLs(t *testing.T) {
	for text, want := range map[string]string{
		"http://u:p@proxy.example:3128": "http://proxy.example:3128",
		"HTTP://proxy.example":          "http://proxy.example:80",
		"https://proxy.example/":        "https://proxy.example:443",
		"socks5://[2001:db8::1]":        "socks5://[2001:db8::1]:1080",
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := safeURL(u); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestChooseProxy(t *testing.T) {
	for _, name := range evidence.ProxyVariables {
		t.Setenv(name, "")
	}
	t.Setenv("HTTPS_PROXY", "http://proxy.example:3128")
	t.Setenv("NO_PROXY", "other.example")
	given := &url.URL{Scheme: "socks5", Host: "given.example:1080"}
	for _, test := range []struct {
		choice ProxyChoice
		host   string
		want   string
		from   string
	}{
		{ProxyChoice{Mode: "env"}, "api.example", "http://proxy.example:3128", "HTTPS_PROXY"},
		{ProxyChoice{Mode: "env"}, "other.example", "", "HTTPS_PROXY"},
		{ProxyChoice{Mode: "none"}, "api.example", "", ""},
		{ProxyChoice{Mode: "url", URL: given, From: "--proxy"}, "other.example", "socks5://given.example:1080", "--proxy"},
	} {
		got, from := chooseProxy(test.choice, &url.URL{Scheme: "https", Host: test.host + ":55443"})
		if (got == nil) != (test.want == "") || got != nil && got.String() != test.want || from != test.from {
			t.Errorf("%s for %s: %v from %s", test.choice.Mode, test.host, got, from)
		}
	}
}

// The login is no one's to read: neither the password nor what it is sent as comes out of a quote.
func TestProxyLoginIsSecret(t *testing.T) {
	for _, text := range []string{"http://joe:opensesame@proxy.example", "http://opensesame@proxy.example"} {
		w := worldOf(t, Options{})
		p := proxyAt(t, w, text)
		request := &http.Request{Header: http.Header{}}
		p.authorize(request)
		sent := strings.TrimPrefix(request.Header.Get("Proxy-Authorization"), "Basic ")
		for _, said := range []string{"no, opensesame", "no, " + sent} {
			if got := p.words()(said, 100).String(); strings.Contains(got, "opensesame") || strings.Contains(got, sent) {
				t.Errorf("%s: quoted %q", text, got)
			}
		}
	}
}

package probes

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/miekg/dns"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/probes/service"
)

// Every target here is what a stranger says. Its memory is bounded by the input, which go test -fuzz keeps under 1 MiB,
// and by what is asserted of the facts: they are a few kilobytes, whatever was said, and no secret is in them.

// heard is a connection whose other side has said everything already, and listens to nothing.
type heard struct{ bytes.Reader }

func hear(said []byte) *heard { h := &heard{}; h.Reset(said); return h }

func (*heard) Write(p []byte) (int, error)      { return len(p), nil }
func (*heard) Close() error                     { return nil }
func (*heard) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*heard) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*heard) SetDeadline(time.Time) error      { return nil }
func (*heard) SetReadDeadline(time.Time) error  { return nil }
func (*heard) SetWriteDeadline(time.Time) error { return nil }

func fuzzWorld() *world {
	w := &world{scrub: &foreign.Scrubber{}, clock: &clockNotes{}, now: time.Now, agent: "agent"}
	w.scrub.Add(exampleKey)
	return w
}

// smallFacts fails where facts are larger than most bytes of JSON, or hold what a terminal would obey.
func smallFacts(t *testing.T, facts any, most int) {
	t.Helper()
	document, err := json.Marshal(facts)
	if err != nil {
		t.Fatal(err)
	}
	if len(document) > most {
		t.Errorf("facts of %d bytes: %.300s", len(document), document)
	}
	var tree any
	if err := json.Unmarshal(document, &tree); err != nil {
		t.Fatal(err)
	}
	var look func(any)
	look = func(value any) {
		switch v := value.(type) {
		case map[string]any:
			for key, inner := range v {
				if key != "pem" {
					look(inner)
				}
			}
		case []any:
			for _, inner := range v {
				look(inner)
			}
		case string:
			if strings.ContainsFunc(v, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) || !utf8.ValidString(v) {
				t.Errorf("not printable: %.300q", v)
			}
			if strings.Contains(strings.ToLower(v), exampleKey[:8]) {
				t.Errorf("a secret: %.300q", v)
			}
		}
	}
	look(tree)
}

// certificateSaying is a certificate in which everything that can be chosen is that text, so many times.
func certificateSaying(t testing.TB, text string, times, extra int) []byte {
	t.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	name := pkix.Name{CommonName: text, Organization: []string{text}, OrganizationalUnit: []string{text}}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: name, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<31, 0),
		IssuingCertificateURL: []string{"http://x.example/" + text}, AuthorityKeyId: bytes.Repeat([]byte{1}, extra)}
	for range times {
		template.DNSNames = append(template.DNSNames, text)
	}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// FuzzCertificate: a peer's certificate described. No text of it is too long for a report to be read again.
func FuzzCertificate(f *testing.F) {
	f.Add(certificateSaying(f, "a.example", 1, 20))
	f.Add(certificateSaying(f, "x\x1b[31m::error::", 100, 20))
	f.Add(certificateSaying(f, strings.Repeat("long", 200), 100, 20))
	f.Add(certificateSaying(f, "a.example", 1, 200<<10))
	roots := newRoots(Options{}, &foreign.Scrubber{})
	f.Fuzz(func(t *testing.T, der []byte) {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return
		}
		shown := roots.DescribeAll([]*x509.Certificate{certificate})[0]
		if kept := len(shown.PEM.String()); kept > 64<<10 || len(der) <= 45<<10 && kept == 0 {
			t.Errorf("of %d bytes a PEM of %d", len(der), kept)
		}
		shown.PEM = foreign.PEM{}
		smallFacts(t, shown, 64<<10)
	})
}

var httpSeeds = []string{
	"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<OPS_envelope>",
	"HTTP/1.1 403 Forbidden\r\nDate: Wed, 04 Mar 2026 03:12:45 GMT\r\nAge: 99\r\n\r\n<title>\x1b[31m\u202eBlocked</title>",
	"HTTP/1.1 302 Found\r\nLocation: https://x.example/\x9b\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n203.0.113.10\n", "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 ",
	"HTTP/1.1 407 \x1b[31mno\r\nProxy-Authenticate: Basic realm=\"x\", NTLM\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n\xff\xfeh\x00i\x00",
}

// FuzzHTTPReply: what the service, a source or a control answers, and what is quoted of it.
func FuzzHTTPReply(f *testing.F) {
	for _, seed := range append(httpSeeds, "HTTP/1.1 200 OK\r\n\r\n"+exampleKey, strings.Repeat("X: y\r\n", 20<<10)) {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		for _, most := range []int64{maxThird, maxReply} {
			w := fuzzWorld()
			got := exchange(t.Context(), hear(said), written{method: http.MethodPost}, most)
			if int64(len(got.body)) > min(most, maxBody) || len(got.raw) > 1024 {
				t.Errorf("%d and %d bytes are kept", len(got.body), len(got.raw))
			}
			facts := &evidence.Call{}
			w.readReply(facts, got)
			smallFacts(t, facts, 8<<10)
			smallFacts(t, w.readSighting(evidence.Sighting{}, string(got.body), w.scrub.Quote), 4<<10)
		}
	})
}

// FuzzConnectReply: what a proxy answers to CONNECT.
func FuzzConnectReply(f *testing.F) {
	for _, seed := range httpSeeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, said []byte) { throughProxySaying(t, "http://u:"+exampleKey+"@127.0.0.1:3128", said) })
}

// FuzzSocksReply: what a SOCKS proxy answers.
func FuzzSocksReply(f *testing.F) {
	for _, seed := range []string{"\x05\x00\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50rest", "\x05\xff", "\x05\x02\x01\x00\x05\xee\x00\x03\xff",
		"\x05\x02\x01\x01", "\x05\x00\x05\x00\x00\x63", "HTTP/1.1 400 Bad Request\r\n\r\n", "\x05\x00\x05\x02\x00\x04"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		throughProxySaying(t, "socks5://u:"+exampleKey+"@127.0.0.1:1080", said)
	})
}

func throughProxySaying(t *testing.T, at string, said []byte) {
	t.Helper()
	w := fuzzWorld()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &proxyServer{url: u, peer: netaddr.HostPort{Host: "127.0.0.1", Port: 1}, scrub: w.scrub}
	conn := hear(said)
	stream, reply, err := proxy.tunnel(context.Background(), conn, netaddr.HostPort{Host: "api.example", Port: service.OpenSRS.Port})
	if (stream == nil) == (err == nil) {
		t.Errorf("a stream %v and the error %v", stream != nil, err)
	}
	smallFacts(t, reply, 4<<10)
	if err != nil {
		smallFacts(t, w.fail(evidence.OpConnect, err), 4<<10)
		if read := len(said) - conn.Len(); read > maxHead {
			t.Errorf("%d bytes were read", read)
		}
	}
}

// FuzzDNSReply: what a name server answers.
func FuzzDNSReply(f *testing.F) {
	question := new(dns.Msg).SetQuestion("api.example.", dns.TypeA)
	for _, text := range []string{"api.example. 60 IN A 192.0.2.1", "api.example. 60 IN AAAA 2001:db8::1", `api.example. 60 IN CNAME \027[31m\226\128\174.example.`,
		`api.example. 60 IN TXT "` + exampleKey + `"`} {
		record, err := dns.NewRR(text)
		if err != nil {
			f.Fatal(err)
		}
		reply := new(dns.Msg).SetReply(question)
		for range 40 {
			reply.Answer = append(reply.Answer, record)
		}
		packed, err := reply.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed)
		f.Add(packed[:len(packed)/2])
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		message := new(dns.Msg)
		if len(said) > dns.MaxMsgSize || message.Unpack(said) != nil {
			return
		}
		answers(message, question)
		reply := replyOf(dns.TypeA, result{msg: message, transport: "udp", scrub: fuzzWorld().scrub})
		if len(reply.Records) > maxRecords {
			t.Errorf("%d records", len(reply.Records))
		}
		smallFacts(t, reply, 64<<10)
		smallFacts(t, rcodeFailure(rcodeName(message.Rcode)), 1<<10)
	})
}

// FuzzStatusPage: what the status page says.
func FuzzStatusPage(f *testing.F) {
	f.Add([]byte(`{"status":{"indicator":"major","description":"x"},"incidents":[{"name":"a","status":"investigating"}]}`))
	f.Add([]byte(`{"status":{"indicator":"\u001b[31m\u202e"},"scheduled_maintenances":[{"name":"` + exampleKey + `","status":"x"},{},null]}`))
	f.Add([]byte(strings.Repeat("[", 20_000)))
	f.Fuzz(func(t *testing.T, said []byte) {
		if len(said) > maxThird {
			return
		}
		page := &evidence.StatusPage{URL: "https://status.example"}
		readSummary(page, said, fuzzWorld().scrub.Quote)
		smallFacts(t, page, 16<<10)
	})
}

// FuzzHosts: a hosts file.
func FuzzHosts(f *testing.F) {
	for _, seed := range []string{"192.0.2.1 api.example\n", "# x\n::1 a api.example. b # c\r\n", "192.0.2.1\tapi.example\x00\n\xff", "fe80::1%eth0 api.example"} {
		f.Add([]byte(seed))
	}
	path := filepath.Join(f.TempDir(), "hosts")
	f.Fuzz(func(t *testing.T, content []byte) {
		if len(content) > 64<<10 {
			return
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		pinned, on := readHosts(path, "api.example")
		if lines := bytes.Count(content, []byte("\n")) + 1; len(pinned) > lines || len(pinned) != len(on) {
			t.Errorf("%d addresses in %d lines, on %v", len(pinned), lines, on)
		}
	})
}

// FuzzSource: an egress source, as a user gives it.
func FuzzSource(f *testing.F) {
	for _, seed := range append(evidence.DefaultSources, "dns://[2001:db8::1]:5353/x?type=AAAA;class=IN", "https://u:"+exampleKey+"@x/", "http://x:99999/", "dns:///x", "%zz") {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		source, err := ParseSource(text)
		if err != nil {
			if strings.Contains(err.Error(), exampleKey[:8]) || len(err.Error()) > 200+4*len(text) {
				t.Errorf("the error repeats the text: %v", err)
			}
			return
		}
		if source.URL.User != nil || source.URI != text {
			t.Errorf("%q became %+v", text, source)
		}
		if source.Kind == "dns" {
			if _, ok := dns.IsDomainName(source.DNS.Name); !ok || source.DNS.Server.Host == "" || source.DNS.Server.Port == 0 {
				t.Errorf("%q asks %+v", text, source.DNS)
			}
		} else if request := string(fuzzWorld().getRequest(source.URL, way{}, false).bytes); strings.Count(request, "\r\n") != 6 || strings.Count(request, "\n") != 6 {
			t.Errorf("%q makes the request %q", text, request)
		}
	})
}

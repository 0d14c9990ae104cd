package probes

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/internal/authority"
)

func TestChosenVersion(t *testing.T) {
	hello := func(version byte) []byte { return []byte{22, 3, version, 0, 74, 2, 0, 0, 70, 3, version, 0xaa} }
	for name, test := range map[string]struct {
		said []byte
		want string
	}{
		"nothing":      {nil, ""},
		"SSLv3":        {hello(0), "SSLv3"},
		"TLS 1.0":      {hello(1), "TLS 1.0"},
		"TLS 1.1":      {hello(2), "TLS 1.1"},
		"TLS 1.2":      {hello(3), ""},
		"cut off":      {hello(1)[:10], ""},
		"an alert":     {[]byte{21, 3, 1, 0, 2, 2, 70, 0, 0, 3, 1}, ""},
		"words":        {[]byte("HTTP/1.1 400 Bad Request"), ""},
		"client hello": {append([]byte{22, 3, 1, 0, 74, 1}, hello(1)[6:]...), ""},
	} {
		if got := chosenVersion(test.said).String(); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// What a handshake ends with, against peers that do each thing for real.
func TestProbeTLS(t *testing.T) {
	public := authority.Root(t, "Public Root")
	leaf := public.Issue(t, "api.example", nil)
	w := worldOf(t, Options{PublicRoots: authority.Chain(public), SystemRoots: authority.Chain(public)})
	w.now = func() time.Time { return authority.Today }
	noName := authority.Shows(leaf)
	noName.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		return nil, errors.New("no such name")
	}
	old := authority.Shows(leaf)
	old.MaxVersion = tls.VersionTLS12
	cut := []evidence.Kind{evidence.KindHungUp, evidence.KindReset}
	for name, test := range map[string]struct {
		at      netip.AddrPort
		host    string
		kinds   []evidence.Kind // none: it works
		version string
		alert   string
		quote   string
	}{
		"good":          {serveTLS(t, authority.Shows(leaf)), "api.example", nil, "TLS 1.3", "", ""},
		"TLS 1.2":       {serveTLS(t, old), "api.example", nil, "TLS 1.2", "", ""},
		"another name":  {serveTLS(t, authority.Shows(leaf)), "other.example", []evidence.Kind{evidence.KindUntrusted}, "TLS 1.3", "", ""},
		"an alert":      {serveTLS(t, noName), "api.example", []evidence.Kind{evidence.KindAlert}, "", "internal error", ""},
		"TLS 1.0":       {serve(t, says("\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01"+strings.Repeat("x", 32)+"\x00\x00\x2f\x00")), "api.example", []evidence.Kind{evidence.KindVersion}, "", "", ""},
		"SSH":           {serve(t, says("SSH-2.0-OpenSSH_9.2\r\n")), "api.example", []evidence.Kind{evidence.KindNotTLS}, "", "", "SSH-2.0-OpenSSH_9.2"},
		"HTTP":          {serve(t, says("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")), "api.example", []evidence.Kind{evidence.KindNotTLS}, "", "", "HTTP/1.1 400 Bad Request Content-Length: 0"},
		"one letter":    {serve(t, says("x")), "api.example", []evidence.Kind{evidence.KindNotTLS}, "", "", "x"},
		"hangs up":      {serve(t, says("")), "api.example", cut, "", "", ""},
		"half a record": {serve(t, says("\x16\x03\x03")), "api.example", cut, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := w.connect(t.Context(), test.at)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			facts, stream := w.probeTLS(t.Context(), &tapConn{Conn: conn}, test.host, way{})
			if (facts.Failure == nil) != (len(test.kinds) == 0) || facts.Failure != nil && !slices.Contains(test.kinds, facts.Failure.Kind) {
				t.Errorf("failed with %v, want one of %v", facts.Failure, test.kinds)
			}
			if facts.Connected != (test.version != "") || (stream != nil) != facts.Connected || facts.Version != test.version ||
				facts.Alert != test.alert || facts.Quote.String() != test.quote {
				t.Errorf("%+v", facts)
			}
			if facts.Connected && len(facts.Chain) != 1 {
				t.Errorf("%d certificates", len(facts.Chain))
			}
		})
	}
}

// What the run's end does to a handshake is not an answer of the peer's.
func TestProbeTLSInterrupted(t *testing.T) {
	w := worldOf(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	at := serve(t, func(conn net.Conn) {
		conn.Read(make([]byte, 4096))
		cancel()
		conn.Read(make([]byte, 4096))
	})
	conn, err := w.connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	facts, stream := w.probeTLS(ctx, &tapConn{Conn: conn}, "api.example", way{})
	conn.Close()
	if stream != nil || facts.Failure == nil || facts.Failure.Kind != evidence.KindCanceled {
		t.Errorf("%+v", facts.Failure)
	}
}

// A tap keeps the first bytes, and hands on all of them.
func TestTap(t *testing.T) {
	said := bytes.Repeat([]byte("0123456789abcdef"), 100)
	tap := &tapConn{Conn: hear(said)}
	tap.more(time.Minute)
	if got := tap.taken(); !bytes.Equal(got, said[:512]) {
		t.Errorf("kept %d bytes: %q", len(got), got)
	}
	reader := &tapReader{from: bytes.NewReader(said)}
	var all bytes.Buffer
	if _, err := all.ReadFrom(reader); err != nil || !bytes.Equal(all.Bytes(), said) || !bytes.Equal(reader.first, said[:1024]) {
		t.Errorf("%d bytes came, %d were kept, %v", all.Len(), len(reader.first), err)
	}
}

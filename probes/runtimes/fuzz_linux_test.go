package runtimes

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"opensrs-doctor/probes/foreign"
)

// FuzzAnswers: whatever a runtime prints gives a few clients of bounded words, and nothing that a terminal obeys.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`warning` + "\n" + `{"look":1,"version":"8.2","library":"OpenSSL 3","stage":"verify","address":"192.0.2.1","tls_version":"TLSv1.3",` +
		`"trust_store":["/etc/ssl"],"settings":{"http_proxy":"http://user:pass@proxy.example:3128"},"proxy":"http://proxy.example:3128"}` + "\n"))
	f.Add([]byte(`{"look":1,"error":"\u001b[31m","errno":-1,"settings":{"":""}}`))
	f.Fuzz(func(t *testing.T, output []byte) {
		r := &run{scrub: &foreign.Scrubber{}}
		clients := r.clients(&looker{name: "php"}, output, foreign.Ours("nothing was printed"))
		if len(clients) == 0 || len(clients) > maxAnswers {
			t.Errorf("%d clients", len(clients))
		}
		for _, client := range clients {
			for _, words := range []foreign.Text{client.Version, client.Library, client.Error, client.Missing, client.TLSVersion, client.Proxy} {
				if shown := words.String(); len([]rune(shown)) > maxWords || foreign.Clean(shown) != shown {
					t.Errorf("%q", shown)
				}
			}
			if len(client.Settings) > maxSettings || len(client.TrustStore) > maxStores {
				t.Errorf("%d settings, %d stores", len(client.Settings), len(client.TrustStore))
			}
		}
		if _, err := json.Marshal(clients); err != nil {
			t.Error(err)
		}
	})
}

// FuzzFastCGI: whatever a responder sends ends, and what is kept of it is bounded.
func FuzzFastCGI(f *testing.F) {
	var good bytes.Buffer
	record(&good, fcgiStderr, []byte("a warning"))
	record(&good, fcgiStdout, []byte("Content-Type: text/plain\r\n\r\n{}"))
	record(&good, fcgiEnd, make([]byte, 8))
	f.Add(good.Bytes())
	f.Add([]byte{1, fcgiStdout, 0, 1, 0xff, 0xff, 0xff, 0})
	f.Add(bytes.Repeat([]byte{1, 9, 0, 1, 0, 0, 0, 0}, 100))
	path := filepath.Join(f.TempDir(), "fpm")
	listener, err := net.Listen("unix", path)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { listener.Close() })
	replies := make(chan []byte)
	go func() {
		for reply := range replies {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Write(reply)
			conn.Close()
		}
	}()
	f.Cleanup(func() { close(replies) })
	f.Fuzz(func(t *testing.T, reply []byte) {
		replies <- reply
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		body, errs, err := fastCGI(ctx, "unix", path, map[string]string{"SCRIPT_FILENAME": "/x"})
		if len(body) > maxOutput || len(errs) > maxOutput {
			t.Errorf("%d bytes, %d bytes of errors, %v", len(body), len(errs), err)
		}
		if ctx.Err() != nil {
			t.Error("it did not end by itself")
		}
	})
}

// FuzzPools: whatever is in a pool's file, only this host is asked, and names are fit to be shown.
func FuzzPools(f *testing.F) {
	f.Add("[global]\npid = /run/x\n[www]\nuser = www-data\nlisten = /run/php/php8.2-fpm.sock\nchroot = /srv\nphp_admin_value[curl.cainfo] = /x\n")
	f.Add("[a]\nlisten = 127.0.0.1:9000 ; here\n[b]\nlisten = [::1]:9001\n[c]\nlisten = 203.0.113.1:9000\n[$pool]\nlisten=$pool\n")
	path := filepath.Join(f.TempDir(), "pool.conf")
	f.Fuzz(func(t *testing.T, content string) {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		pools := readPools(path)
		if len(pools) > maxPools {
			t.Errorf("%d pools", len(pools))
		}
		for _, pool := range pools {
			if shown := pool.Name + pool.User + pool.Chroot; foreign.Clean(shown) != shown {
				t.Errorf("shown is %q", shown)
			}
			network, address, ok := pool.dial()
			if !ok || network == "unix" && strings.HasPrefix(address, "/") {
				continue
			}
			if at, err := netip.ParseAddrPort(address); err != nil || !at.Addr().IsLoopback() {
				t.Errorf("%q is asked at %s %s", pool.listen, network, address)
			}
		}
	})
}

// TestHideLogin: what a proxy's setting has as its login is in no words of the runtime, a token of one word included.
func TestHideLogin(t *testing.T) {
	for _, login := range []string{"user:gl4ss-0nion", "gl4ss-0nion", "user:gl4ss%2D0nion"} {
		output, err := json.Marshal(map[string]any{"look": 1, "stage": "connect", "error": "cannot use http://" + login + "@proxy: gl4ss-0nion",
			"proxy": "http://" + login + "@proxy.example:3128"})
		if err != nil {
			t.Fatal(err)
		}
		r := &run{scrub: &foreign.Scrubber{}}
		shown, err := json.Marshal(r.clients(&looker{name: "php"}, output, foreign.Text{}))
		if err != nil || strings.Contains(string(shown), "0nion") || !strings.Contains(string(shown), "proxy.example") {
			t.Errorf("%s, %v", shown, err)
		}
	}
}

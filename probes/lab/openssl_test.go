//go:build linux

package lab

import (
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// openssl makes OpenSSL's own server the service, with the words of its command line.
func openssl(words ...string) func(*World) {
	return func(w *World) {
		w.API.Closed = true
		key, certificate := filepath.Join(w.dir, "server.key"), filepath.Join(w.dir, "server.pem")
		if out, err := exec.Command("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN="+Host,
			"-keyout", key, "-out", certificate).CombinedOutput(); err != nil {
			w.tb.Fatalf("openssl req: %v\n%s", err, out)
		}
		server := exec.Command("openssl", append([]string{"s_server", "-quiet", "-accept", HostIP + ":55443", "-cert", certificate, "-key", key}, words...)...)
		if err := w.Far.Command(nil, server)(); err != nil {
			w.tb.Fatal(err)
		}
		w.tb.Cleanup(func() {
			_ = server.Process.Kill()
			_ = server.Wait()
		})
		for range 100 {
			if conn, err := w.Far.Dial(w.tb.(*testing.T).Context(), "", HostIP+":55443"); err == nil {
				conn.Close()
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		w.tb.Fatal("openssl s_server does not listen")
	}
}

// opensslFaults are servers that Go's TLS has little or nothing in common with.
var opensslFaults = []Fault{
	{Cause: "tls.version-unsupported", Name: "dhe-only", Confidence: "certain", Says: []string{"DHE", "0x009F"},
		Break: openssl("-tls1_2", "-cipher", "DHE-RSA-AES256-GCM-SHA384")},
	{Cause: "tls.version-unsupported", Name: "dhe-with-cbc-only", Confidence: "certain", Says: []string{"DHE"},
		Break: openssl("-tls1_2", "-cipher", "DHE-RSA-AES128-SHA")},
	{Cause: "tls.version-unsupported", Name: "ccm-only", Confidence: "certain", Says: []string{"CCM"},
		Break: openssl("-tls1_2", "-cipher", "AES128-CCM")},
	{Cause: "tls.version-unsupported", Name: "pre-shared-key-only", Confidence: "certain", Says: []string{"pre-shared key"},
		Break: openssl("-tls1_2", "-cipher", "PSK-AES128-GCM-SHA256", "-psk", "1a2b3c", "-nocert")},
	{Cause: "tls.rejected", Name: "no-encryption-only", Break: openssl("-tls1_2", "-cipher", "NULL-SHA256:@SECLEVEL=0")},
	{Cause: "tls.self-signed", Name: "chacha-only", Or: []string{"tls.unknown-ca"}, Break: openssl("-tls1_2", "-cipher", "ECDHE-RSA-CHACHA20-POLY1305")},
}

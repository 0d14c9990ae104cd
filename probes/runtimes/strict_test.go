//go:build linux

package runtimes

import (
	"crypto/tls"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// A key of 1024 bits: OpenSSL as Debian sets it up, and Java, refuse it by rules of their own, in words that the diagnosis
// knows (report/diagnose has the same list).
func TestShortKey(t *testing.T) {
	dir := t.TempDir()
	ca := filepath.Join(dir, "ca.pem")
	for _, line := range []string{
		`openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj "/CN=Test Root 2" -addext "keyUsage=critical,keyCertSign"`,
		`openssl req -newkey rsa:1024 -nodes -keyout key.pem -out req.pem -subj /CN=server -addext "subjectAltName=IP:127.0.0.1"`,
		`openssl x509 -req -in req.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -copy_extensions copy -out leaf.pem`,
	} {
		command := exec.Command("sh", "-c", line)
		command.Dir = dir
		if words, err := command.CombinedOutput(); err != nil {
			t.Skipf("openssl: %s", words)
		}
	}
	must(t, os.Chmod(dir, 0o755))
	t.Setenv("GODEBUG", "rsa1024min=0")
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "leaf.pem"), filepath.Join(dir, "key.pem"))
	must(t, err)
	p := newPeer(t, func(c *tls.Config) { c.Certificates = []tls.Certificate{pair} })
	found := look(t, p, Options{Env: host("SSL_CERT_FILE="+ca, "PHP_INI_SCAN_DIR=:"+iniDir(t, "curl.cainfo="+ca), "CURL_CA_BUNDLE="+ca)})
	strict := regexp.MustCompile(`(?i)key too small|algorithm constraints|too weak`)
	for _, name := range []string{"php (curl)", "python3", "ruby", "curl"} {
		c, there := found[name]
		if there && (c.Status != "fail" || !strict.MatchString(c.Error.String())) {
			t.Errorf("%s: %s %s: %s", name, c.Status, c.Stage, c.Error)
		}
	}
	for name, c := range found {
		t.Logf("%s: %s %s: %s", name, c.Status, c.Stage, c.Error)
	}
}

//go:build linux

package runtimes

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A key of 1024 bits: OpenSSL as Debian sets it up, and Java, refuse it by rules of their own, in words that the diagnosis
// knows (report/diagnose/client has the same list).
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

// opensslBuilt are the runtimes that Debian builds on OpenSSL.
var opensslBuilt = []string{"php", "python3", "ruby", "perl", "node", "curl"}

// The authority changed, and the server sends a cross certificate by the old one, which has expired. Who has the new one in
// its store passes, whatever else it has; who has the old one only says that it has expired.
func TestExpiredCrossRoot(t *testing.T) {
	dir := t.TempDir()
	for at := dir; at != filepath.Clean(os.TempDir()) && at != "/"; at = filepath.Dir(at) {
		must(t, os.Chmod(at, 0o755))
	}
	p, stores := crossed(t, dir)
	env := func(store string) []string {
		return host("SSL_CERT_FILE="+store, "SSL_CERT_DIR="+dir+"/none", "CURL_CA_BUNDLE="+store, "PHP_INI_SCAN_DIR=:"+iniDir(t, "curl.cainfo="+store+"\nopenssl.cafile="+store))
	}
	names := []string{"php (streams)", "php (curl)", "python3", "ruby", "perl", "curl"}
	passes, fails := map[string]string{}, map[string]string{}
	for _, name := range names {
		passes[name], fails[name] = "pass", "fail verify"
	}
	expect(t, look(t, p, Options{Env: env(stores["both"]), Only: opensslBuilt}), passes)
	found := look(t, p, Options{Env: env(stores["old"]), Only: opensslBuilt})
	expect(t, found, fails)
	for _, name := range names[1:] { // PHP's streams do not say why
		if c, there := found[name]; there && !strings.Contains(c.Error.String(), "certificate has expired") {
			t.Errorf("%s: %s", name, c.Error)
		}
	}
}

// crossed is a server whose authority is certified by an older one too, and the stores "old" and "both".
func crossed(t *testing.T, dir string) (*peer, map[string]string) {
	t.Helper()
	now := time.Now()
	oldKey, newKey, leafKey := newKey(t), newKey(t), newKey(t)
	ca := func(serial int64, name string, until time.Time, id byte) *x509.Certificate {
		return &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, NotBefore: now.AddDate(-9, 0, 0), NotAfter: until,
			IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, SubjectKeyId: []byte{id}}
	}
	old, fresh := ca(1, "Old Root", now.AddDate(-1, 0, 0), 1), ca(2, "New Root", now.AddDate(5, 0, 0), 2)
	sign := func(template, parent *x509.Certificate, of, by *ecdsa.PrivateKey) []byte {
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &of.PublicKey, by)
		must(t, err)
		return der
	}
	oldRoot, newRoot := sign(old, old, oldKey, oldKey), sign(fresh, fresh, newKey, newKey)
	cross := sign(fresh, old, newKey, oldKey)
	leaf := sign(&x509.Certificate{SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "server"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, fresh, leafKey, newKey)
	stores := map[string]string{}
	for name, roots := range map[string][][]byte{"old": {oldRoot}, "both": {oldRoot, newRoot}} {
		var text []byte
		for _, root := range roots {
			text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root})...)
		}
		stores[name] = filepath.Join(dir, name+".pem")
		must(t, os.WriteFile(stores[name], text, 0o644))
	}
	return newPeer(t, func(c *tls.Config) {
		c.Certificates = []tls.Certificate{{Certificate: [][]byte{leaf, cross}, PrivateKey: leafKey}}
	}), stores
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return key
}

// A server without secure renegotiation, as a GnuTLS that is told so: OpenSSL 3 refuses it, in every runtime that is built
// on it, and says so in words that the diagnosis knows.
func TestNoSecureRenegotiation(t *testing.T) {
	program, err := exec.LookPath("gnutls-serv")
	if err != nil {
		t.Skip("needs gnutls-serv of the package gnutls-bin: .ci/run installs it")
	}
	dir := t.TempDir()
	key := newKey(t)
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "server"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	must(t, os.WriteFile(dir+"/cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644))
	must(t, os.WriteFile(dir+"/key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	port := freePort(t)
	server := exec.Command(program, "--http", "--port", strconv.Itoa(int(port)), "--x509certfile", dir+"/cert.pem", "--x509keyfile", dir+"/key.pem",
		"--priority", "NORMAL:-VERS-TLS1.3:%DISABLE_SAFE_RENEGOTIATION")
	must(t, server.Start())
	t.Cleanup(func() { server.Process.Kill(); server.Wait() })
	for range 500 {
		if conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port)))); err == nil {
			conn.Close()
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	found := look(t, nil, Options{Port: port, Env: host(), Only: opensslBuilt})
	for _, name := range []string{"php (streams)", "php (curl)", "python3", "ruby", "perl", "node", "curl"} {
		c, there := found[name]
		if there && (c.Status != "fail" || c.Stage != "tls" || !regexp.MustCompile(`(?i)unsafe.legacy.renegotiation`).MatchString(c.Error.String())) {
			t.Errorf("%s: %s %s: %s", name, c.Status, c.Stage, c.Error)
		}
	}
}

// freePort is a port that nobody listens on.
func freePort(t *testing.T) uint16 {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	return uint16(listener.Addr().(*net.TCPAddr).Port)
}

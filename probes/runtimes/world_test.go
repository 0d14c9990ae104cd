//go:build linux

package runtimes

import (
	"context"
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
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"opensrs-doctor/probes/evidence"
)

// peer is a server on loopback with a private authority. It counts what clients send after the handshake.
type peer struct {
	port uint16
	ca   string // the authority's file
	sent atomic.Int64
}

// newPeer starts one; change alters its TLS settings.
func newPeer(t *testing.T, change func(*tls.Config)) *peer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	now := time.Now()
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test Root"}, NotBefore: now.Add(-time.Hour),
		NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, SubjectKeyId: []byte{1}}
	root, err := x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key)
	must(t, err)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "server"}, NotBefore: now.Add(-time.Hour),
		NotAfter: now.Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, AuthorityKeyId: []byte{1}}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, key)
	must(t, err)
	p := &peer{ca: filepath.Join(t.TempDir(), "ca.pem")}
	must(t, os.WriteFile(p.ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root}), 0o644))
	must(t, os.Chmod(filepath.Dir(p.ca), 0o755))
	must(t, os.Chmod(filepath.Dir(filepath.Dir(p.ca)), 0o755))
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	if change != nil {
		change(config)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	p.port = uint16(listener.Addr().(*net.TCPAddr).Port)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(20 * time.Second))
				stream := tls.Server(conn, config)
				if stream.Handshake() != nil {
					return
				}
				buffer := make([]byte, 512)
				for {
					n, err := stream.Read(buffer)
					p.sent.Add(int64(n))
					if err != nil {
						return
					}
				}
			}()
		}
	}()
	return p
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// rootsDir is a directory that root trusts, where the test runs as root: /tmp is everybody's.
func rootsDir(t *testing.T) string {
	t.Helper()
	if !asRoot() {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp("/run", "opensrs-doctor-test-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	return dir
}

// host is an environment of a host with Debian's programs and nothing set.
func host(more ...string) []string {
	return append([]string{"PATH=/usr/bin:/bin", "HOME=/proc/none", "LANG=C"}, more...)
}

// look asks the runtimes about a peer, and gives the answers by name and library: "php (curl)".
func look(t *testing.T, p *peer, o Options) map[string]evidence.Client {
	t.Helper()
	if o.Host == "" {
		o.Host = "127.0.0.1"
	}
	if o.Port == 0 {
		o.Port = p.port
	}
	if o.Wait == 0 {
		o.Wait = 20 * time.Second // a busy machine is not the subject
		o.JavaWait = 40 * time.Second
	}
	found := map[string]evidence.Client{}
	for _, c := range Look(context.Background(), o) {
		found[shortName(c)] = c
	}
	if p != nil {
		if n := p.sent.Load(); n != 0 {
			t.Errorf("%d bytes were sent after the handshakes", n)
		}
	}
	return found
}

func shortName(c evidence.Client) string {
	name := c.Name
	if strings.HasPrefix(name, "php") {
		name = "php"
		if c.Pool != nil {
			name = "fpm:" + c.Pool.Name
		}
		library, _, _ := strings.Cut(c.Library.String(), ",")
		name += " (" + strings.Fields(library + " ?")[0] + ")"
	}
	if strings.HasPrefix(c.Library.String(), "requests") {
		name += " (requests)"
	}
	if strings.HasPrefix(c.Library.String(), "LWP") {
		name += " (LWP)"
	}
	return name
}

// expect checks status and stage: "pass", "fail verify", "skip".
func expect(t *testing.T, found map[string]evidence.Client, want map[string]string) {
	t.Helper()
	for name, how := range want {
		c, there := found[name]
		if !there {
			if os.Getenv("OPENSRS_DOCTOR_LAB") == "" {
				t.Logf("%s is not on this machine", name)
				continue
			}
			t.Errorf("%s was not found", name)
			continue
		}
		is := string(c.Status)
		if c.Status == evidence.Fail {
			is += " " + string(c.Stage)
		}
		if is != how {
			t.Errorf("%s: %s, want %s: %s", name, is, how, c.Error)
		}
	}
}

func portText(p *peer) string { return strconv.Itoa(int(p.port)) }

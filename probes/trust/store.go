package trust

import (
	"cmp"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/smallfile"
)

// Where package crypto/x509 of Go finds the root certificates of a Linux system: the first file that is there, and the
// directories (root_linux.go).
var (
	storeFiles = []string{
		"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
		"/etc/pki/tls/cacert.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
	}
	storeDirectories = []string{"/etc/ssl/certs", "/etc/pki/tls/certs"}
)

// StorePlace is where this host keeps its root certificates; none where the system keeps them elsewhere than in files.
func (r *Roots) StorePlace() foreign.Text {
	switch named := cmp.Or(os.Getenv("SSL_CERT_FILE"), os.Getenv("SSL_CERT_DIR")); {
	case runtime.GOOS != "linux":
		return foreign.Text{}
	case named != "":
		return r.scrub.Quote(named, 200)
	}
	for _, path := range storeFiles {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return r.scrub.Quote(path, 200)
		}
	}
	return foreign.Text{}
}

// Bounds of a store whose files are somebody else's.
const (
	mostStore     = 8 << 20 // bytes of certificates
	mostStoreTime = time.Second
)

// carefulStore reads the system's store as Go does, from files that may be pipes, devices or endless: package x509 would
// wait for them.
func carefulStore() *x509.CertPool {
	pool, left, deadline := x509.NewCertPool(), int64(mostStore), time.Now().Add(mostStoreTime)
	seen := map[string]bool{}
	add := func(path string) bool {
		content, err := smallfile.Read(path, left)
		if err != nil {
			return false
		}
		left -= int64(len(content))
		for rest := []byte(content); time.Now().Before(deadline); {
			var block *pem.Block
			if block, rest = pem.Decode(rest); block == nil {
				break
			}
			if block.Type != "CERTIFICATE" || len(block.Headers) > 0 || seen[string(block.Bytes)] {
				continue
			}
			seen[string(block.Bytes)] = true
			if certificate, err := x509.ParseCertificate(block.Bytes); err == nil {
				pool.AddCert(certificate)
			}
		}
		return true
	}
	files, directories := storeFiles, storeDirectories
	if named := os.Getenv("SSL_CERT_FILE"); named != "" {
		files = []string{named}
	}
	if named := os.Getenv("SSL_CERT_DIR"); named != "" {
		directories = filepath.SplitList(named)
	}
	for _, file := range files {
		if add(file) {
			break
		}
	}
	if len(seen) > 0 && os.Getenv("SSL_CERT_DIR") == "" {
		return pool // the directories hold the same ones
	}
	for _, directory := range directories {
		at, err := os.Open(directory)
		if err != nil {
			continue
		}
		entries, _ := at.ReadDir(5000)
		at.Close()
		for _, entry := range entries {
			if left > 0 && time.Now().Before(deadline) {
				add(filepath.Join(directory, entry.Name()))
			}
		}
	}
	return pool
}

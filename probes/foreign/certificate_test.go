package foreign

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"
	"time"
)

// TestOrdinaryCertificatesAreKept: no random key, number or signature of a certificate is taken for a secret.
func TestOrdinaryCertificatesAreKept(t *testing.T) {
	issuer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	secret := make([]byte, 16)
	_, _ = rand.Read(secret)
	s := &Scrubber{}
	s.Add(hex.EncodeToString(secret))
	s.Add(strings.Repeat("5c7e0d91b2a4f638", 7))
	for range 1500 {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		number, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: number, Subject: pkix.Name{CommonName: "peer"},
			NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"api.opensrs.test"},
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, &x509.Certificate{Subject: pkix.Name{CommonName: "Root"}}, &key.PublicKey, issuer)
		if err != nil {
			t.Fatal(err)
		}
		if words := objectIdentifiers(der); s.Holds([]byte(words)) {
			t.Fatalf("%x: %s", der, words)
		}
	}
}

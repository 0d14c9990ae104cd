//go:build linux

package lab

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"slices"
	"time"
)

// bearer is a certificate with its key, as an authority or a server holds them.
type bearer struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	issuer      *bearer
}

// issue makes a certificate below an issuer (nil: its own), with whatever change makes wrong in it.
func (issuer *bearer) issue(name string, authority bool, change func(*x509.Certificate)) *bearer {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name, Organization: []string{name}},
		NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: time.Now().AddDate(1, 0, 0),
		BasicConstraintsValid: true, IsCA: authority, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if authority {
		template.KeyUsage |= x509.KeyUsageCertSign
	} else {
		template.DNSNames = []string{Host}
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	if change != nil {
		change(template)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	parent, signer := template, key
	if issuer != nil {
		parent, signer = issuer.certificate, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		panic(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return &bearer{certificate, key, issuer}
}

func (b *bearer) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: b.certificate.Raw})
}

// present lets the API show this server's certificate with what stands above it, the root left out, and puts
// the root into both stores.
func (w *World) present(leaf *bearer) {
	chain := tls.Certificate{PrivateKey: leaf.key}
	last := leaf
	for at := leaf; at.issuer != nil; at = at.issuer {
		chain.Certificate = append(chain.Certificate, at.certificate.Raw)
		last = at.issuer
	}
	w.API.Certificate = &chain
	w.PublicRoots = slices.Concat(w.PublicRoots, last.pem())
	w.SystemStore = slices.Concat(w.SystemStore, last.pem())
}

func oddRoot() *bearer { return (*bearer)(nil).issue("Odd Public Root", true, nil) }

// Certificates that lead to a known root and break a rule on the way: no issuer is missing, and nobody intercepts.
var oddCertificates = []Fault{
	{Name: "odd-chain", Check: oneConnection, Break: func(w *World) {
		w.present(oddRoot().issue("Odd Issuing CA", true, nil).issue(Host, false, nil))
	}},
	{Cause: "unexplained", Name: "certificate-for-clients-only", Break: func(w *World) {
		w.present(oddRoot().issue("Odd Issuing CA", true, nil).issue(Host, false, func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}))
	}},
	{Cause: "unexplained", Name: "issuer-that-is-no-authority", Break: func(w *World) {
		w.present(oddRoot().issue("Odd Issuing CA", false, nil).issue(Host, false, nil))
	}},
	{Cause: "unexplained", Name: "issuer-for-another-domain", Break: func(w *World) {
		w.present(oddRoot().issue("Odd Issuing CA", true, func(c *x509.Certificate) {
			c.PermittedDNSDomains, c.PermittedDNSDomainsCritical = []string{"elsewhere.example"}, true
		}).issue(Host, false, nil))
	}},
	{Cause: "unexplained", Name: "issuer-too-many", Break: func(w *World) {
		root := (*bearer)(nil).issue("Odd Public Root", true, func(c *x509.Certificate) { c.MaxPathLenZero = true })
		w.present(root.issue("Odd Issuing CA", true, nil).issue(Host, false, nil))
	}},
	{Cause: "tls.unknown-ca", Name: "issuer-that-only-has-the-name", Confidence: "likely", Says: []string{"another authority of that name"}, Break: func(w *World) {
		known := oddRoot()
		namesake := oddRoot()
		w.present(known.issue("Odd Issuing CA", true, nil).issue(Host, false, nil))
		leaf := namesake.issue("Odd Issuing CA", true, nil).issue(Host, false, nil)
		w.API.Certificate = &tls.Certificate{PrivateKey: leaf.key, Certificate: [][]byte{leaf.certificate.Raw, leaf.issuer.certificate.Raw}}
	}},
	{Cause: "tls.unknown-ca", Name: "root-that-only-has-the-name", Confidence: "likely", Break: func(w *World) {
		known := oddRoot()
		namesake := oddRoot()
		w.present(known.issue("Odd Issuing CA", true, nil).issue(Host, false, nil))
		leaf := namesake.issue(Host, false, nil)
		w.API.Certificate = &tls.Certificate{PrivateKey: leaf.key, Certificate: [][]byte{leaf.certificate.Raw}}
	}},
	{Name: "old-cross-signed-certificate-that-has-ended", Check: oneConnection, Break: func(w *World) {
		root := oddRoot()
		issuing := root.issue("Odd Issuing CA", true, nil)
		w.present(issuing.issue(Host, false, nil))
		old := (*bearer)(nil).issue("Odd Older Root", true, func(c *x509.Certificate) { c.NotAfter = time.Now().AddDate(0, -1, 0) })
		cross := old.issue("Odd Public Root", true, func(c *x509.Certificate) { c.NotAfter = time.Now().AddDate(0, -1, 0) })
		w.API.Certificate.Certificate = append(w.API.Certificate.Certificate, cross.certificate.Raw)
	}},
	{Name: "small-rsa-key", Check: oneConnection, Break: func(w *World) {
		key, _ := rsa.GenerateKey(rand.Reader, 1024)
		issuing := oddRoot().issue("Odd Issuing CA", true, nil)
		template := issuing.issue(Host, false, nil).certificate
		der, err := x509.CreateCertificate(rand.Reader, template, issuing.certificate, key.Public(), issuing.key)
		if err != nil {
			panic(err)
		}
		w.present(issuing.issue(Host, false, nil))
		w.API.Certificate = &tls.Certificate{PrivateKey: key, Certificate: [][]byte{der, issuing.certificate.Raw}}
	}},
}

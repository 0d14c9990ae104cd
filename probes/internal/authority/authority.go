// Package authority makes certificates for tests.
package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"
)

// Authority signs certificates: a root by itself, or one below another.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// Today is when the tests' certificates are valid, for a year before and after.
var Today = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

// Root is a root of that name. Two of one name have keys of their own.
func Root(t *testing.T, name string) *Authority { return (*Authority)(nil).Below(t, name) }

// Below is an authority that a signs, or that signs itself where a is nil.
func (a *Authority) Below(t *testing.T, name string) *Authority {
	return a.Issue(t, name, func(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign })
}

// Issue signs a certificate for a name, with what change makes of it; change may be nil.
func (a *Authority) Issue(t *testing.T, name string, change func(*x509.Certificate)) *Authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: Today.AddDate(-1, 0, 0), NotAfter: Today.AddDate(1, 0, 0), BasicConstraintsValid: true}
	if change != nil {
		change(template)
	}
	issuer, signer := template, key
	if a != nil {
		issuer, signer = a.certificate, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &Authority{certificate, key}
}

// Chain is the certificates of some authorities, in their order.
func Chain(all ...*Authority) []*x509.Certificate {
	list := []*x509.Certificate{}
	for _, one := range all {
		list = append(list, one.certificate)
	}
	return list
}

// Shows is the setting of a server that presents a chain, the first certificate being its own.
func Shows(chain ...*Authority) *tls.Config {
	shown := tls.Certificate{PrivateKey: chain[0].key}
	for _, one := range chain {
		shown.Certificate = append(shown.Certificate, one.certificate.Raw)
	}
	return &tls.Config{Certificates: []tls.Certificate{shown}}
}

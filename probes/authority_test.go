package probes

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/netip"
	"testing"
	"time"
)

// authority signs certificates: a root by itself, or one below another.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// today is when the tests' certificates are valid, for a year before and after.
var today = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

// rootNamed is a root of that name. Two of one name have keys of their own.
func rootNamed(t *testing.T, name string) *authority { return (*authority)(nil).below(t, name) }

// below is an authority that a signs, or that signs itself where a is nil.
func (a *authority) below(t *testing.T, name string) *authority {
	return a.issue(t, name, func(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign })
}

// issue signs a certificate for a name, with what change makes of it; change may be nil.
func (a *authority) issue(t *testing.T, name string, change func(*x509.Certificate)) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: today.AddDate(-1, 0, 0), NotAfter: today.AddDate(1, 0, 0), BasicConstraintsValid: true}
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
	return &authority{certificate, key}
}

// certificates are those of some authorities, in their order.
func certificates(all ...*authority) []*x509.Certificate {
	list := []*x509.Certificate{}
	for _, one := range all {
		list = append(list, one.certificate)
	}
	return list
}

// shows is the setting of a server that presents a chain, the first certificate being its own.
func shows(chain ...*authority) *tls.Config {
	shown := tls.Certificate{PrivateKey: chain[0].key}
	for _, one := range chain {
		shown.Certificate = append(shown.Certificate, one.certificate.Raw)
	}
	return &tls.Config{Certificates: []tls.Certificate{shown}}
}

// serveTLS is a port that makes handshakes, and says nothing in the connections.
func serveTLS(t *testing.T, config *tls.Config) netip.AddrPort {
	return serve(t, func(conn net.Conn) {
		stream := tls.Server(conn, config)
		if stream.Handshake() == nil {
			stream.Read(make([]byte, 1))
		}
	})
}

package sandbox

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// Template is what a certificate shall say. The zero value of a field means the usual thing.
type Template struct {
	CommonName   string    // of the subject; "": the first of Names
	Organization string    // of the subject; "": none
	Names        []string  // DNS names and addresses
	NotBefore    time.Time // zero: an hour ago; for authorities a year ago
	NotAfter     time.Time // zero: in 90 days; for authorities in 10 years
	RSA          bool      // RSA with 2048 bits instead of ECDSA P-256
	IssuerURL    string    // authority information access: where the issuer's certificate can be had
	Alone        bool      // the peer presents the leaf without its intermediates: an incomplete chain
	WithRoot     bool      // the peer presents the root too, as private authorities' peers often do
}

// Authority issues certificates. It lives in memory only, for sandboxes and tests: its key is never
// written anywhere. Its methods may be used by several goroutines.
type Authority struct {
	Certificate *x509.Certificate

	key    crypto.Signer
	parent *Authority // nil: a root
}

// NewAuthority makes a root authority, valid from a year ago for eleven years.
func NewAuthority(name string) *Authority { return NewRoot(Template{CommonName: name}) }

// NewRoot makes a root authority of a template: its CommonName, Organization, dates and RSA.
func NewRoot(t Template) *Authority { return newAuthority(t, nil) }

// Intermediate makes an authority below a, of a template's CommonName, Organization, dates, RSA and IssuerURL.
func (a *Authority) Intermediate(t Template) *Authority { return newAuthority(t, a) }

// Issue makes a certificate of a template, with the chain that a peer presents: the leaf, the
// intermediates unless Alone, the root if WithRoot.
func (a *Authority) Issue(t Template) tls.Certificate {
	key := newKey(t.RSA)
	leaf := sign(leafOf(t), key, a)
	certificate := tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
	for issuer := a; issuer != nil; issuer = issuer.parent {
		root := issuer.parent == nil
		if root && t.WithRoot || !root && !t.Alone {
			certificate.Certificate = append(certificate.Certificate, issuer.Certificate.Raw)
		}
	}
	return certificate
}

// SelfSigned makes a certificate that is its own issuer, as appliances come with.
func SelfSigned(t Template) tls.Certificate {
	key := newKey(t.RSA)
	leaf := sign(leafOf(t), key, nil)
	return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
}

// PEM is the authority's certificate, as --public-roots and SSL_CERT_FILE take it.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Certificate.Raw})
}

func newAuthority(t Template, parent *Authority) *Authority {
	template := skeleton(t, -365*24*time.Hour, 10*365*24*time.Hour)
	template.IsCA = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature
	key := newKey(t.RSA)
	return &Authority{Certificate: sign(template, key, parent), key: key, parent: parent}
}

func leafOf(t Template) *x509.Certificate {
	template := skeleton(t, -time.Hour, 90*24*time.Hour)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	if t.RSA {
		template.KeyUsage |= x509.KeyUsageKeyEncipherment // for clients with RSA key exchange
	}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, name := range t.Names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	if t.CommonName == "" && len(t.Names) > 0 {
		template.Subject.CommonName = t.Names[0]
	}
	return template
}

// skeleton is what authorities and leaves have in common; from and to are seen from now.
func skeleton(t Template, from, to time.Duration) *x509.Certificate {
	now := time.Now()
	if t.NotBefore.IsZero() {
		t.NotBefore = now.Add(from)
	}
	if t.NotAfter.IsZero() {
		t.NotAfter = now.Add(to)
	}
	serial := must(rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)))
	template := &x509.Certificate{
		SerialNumber:          serial.Add(serial, big.NewInt(1)),
		Subject:               pkix.Name{CommonName: t.CommonName},
		NotBefore:             t.NotBefore,
		NotAfter:              t.NotAfter,
		BasicConstraintsValid: true,
	}
	if t.Organization != "" {
		template.Subject.Organization = []string{t.Organization}
	}
	if t.IssuerURL != "" {
		template.IssuingCertificateURL = []string{t.IssuerURL}
	}
	return template
}

// sign makes the certificate; without an issuer it is its own.
func sign(template *x509.Certificate, key crypto.Signer, issuer *Authority) *x509.Certificate {
	parent, signer := template, key
	if issuer != nil {
		parent, signer = issuer.Certificate, issuer.key
	}
	der := must(x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer))
	return must(x509.ParseCertificate(der))
}

func newKey(useRSA bool) crypto.Signer {
	if useRSA {
		return must(rsa.GenerateKey(rand.Reader, 2048))
	}
	return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
}

// must is for the crypto packages: with keys of their own making they fail on a mistake in this file only.
func must[T any](value T, err error) T {
	if err != nil {
		panic("sandbox: " + err.Error())
	}
	return value
}

package sandbox

import (
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"
)

func TestAuthority(t *testing.T) {
	root := NewAuthority("Root")
	middle := root.Intermediate(Template{CommonName: "Middle", NotAfter: time.Now().Add(-time.Hour)})
	roots := x509.NewCertPool()
	roots.AddCert(root.Certificate)
	tests := []struct {
		name        string
		certificate tls.Certificate
		length      int
		verifies    bool
	}{
		{"leaf", root.Issue(Template{Names: []string{"a.example", "192.0.2.1"}}), 1, true},
		{"leaf and root", root.Issue(Template{Names: []string{"a.example"}, WithRoot: true}), 2, true},
		{"two intermediates", root.Intermediate(Template{CommonName: "1"}).Intermediate(Template{CommonName: "2"}).
			Issue(Template{Names: []string{"a.example"}}), 3, true},
		{"alone", root.Intermediate(Template{CommonName: "1"}).
			Issue(Template{Names: []string{"a.example"}, Alone: true}), 1, false},
		{"below an expired one", middle.Issue(Template{Names: []string{"a.example"}}), 2, false},
		{"self-signed", SelfSigned(Template{Names: []string{"a.example"}}), 1, false},
		{"of another root", NewAuthority("Root").Issue(Template{Names: []string{"a.example"}}), 1, false},
		{"RSA", root.Issue(Template{Names: []string{"a.example"}, RSA: true}), 1, true},
	}
	for _, test := range tests {
		others := x509.NewCertPool()
		for _, der := range test.certificate.Certificate[1:] {
			others.AddCert(must(x509.ParseCertificate(der)))
		}
		_, err := test.certificate.Leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: others,
			DNSName: "a.example"})
		if (err == nil) != test.verifies || len(test.certificate.Certificate) != test.length {
			t.Errorf("%s: %d certificates, %v", test.name, len(test.certificate.Certificate), err)
		}
		if _, isRSA := test.certificate.Leaf.PublicKey.(*rsa.PublicKey); isRSA != (test.name == "RSA") {
			t.Errorf("%s: %T", test.name, test.certificate.Leaf.PublicKey)
		}
	}
	if err := tests[0].certificate.Leaf.VerifyHostname("192.0.2.1"); err != nil {
		t.Error(err)
	}
}

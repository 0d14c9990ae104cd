package trust

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"
)

// The names come from the certificate, not from its name as text: there a comma inside a part is escaped.
func TestNamesWithCommas(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, subject := range []pkix.Name{
		{CommonName: "Go Daddy Secure Certificate Authority - G2", Organization: []string{"GoDaddy.com, Inc."}},
		{CommonName: "Entrust Certification Authority - L1K", Organization: []string{"Entrust, Inc."}},
		{Organization: []string{`Smith + Sons, "Ltd."`}},
		{CommonName: "appliance.local"},
	} {
		template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: subject, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		organization := ""
		if len(subject.Organization) > 0 {
			organization = subject.Organization[0]
		}
		got := describe(certificate, nil)
		if got.SubjectCN.String() != subject.CommonName || got.IssuerCN.String() != subject.CommonName ||
			got.SubjectOrg.String() != organization || got.IssuerOrg.String() != organization {
			t.Errorf("%s: got %q and %q", subject, got.SubjectCN, got.SubjectOrg)
		}
		trust := NewRoots(Given{Public: []*x509.Certificate{}, System: []*x509.Certificate{}}, nil).Judge([]*x509.Certificate{certificate}, "appliance.local", time.Now())
		if trust.IssuerCN.String() != subject.CommonName || trust.IssuerOrg.String() != organization {
			t.Errorf("%s: the chain's issuer is %q, %q", subject, trust.IssuerCN, trust.IssuerOrg)
		}
	}
}

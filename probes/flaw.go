package probes

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// flaw is why a chain of which no issuer is missing leads to no public root all the same, its dates and name
// apart: an issuer that is none, a limit that an issuer has, a purpose that is not a server's, a signature that is
// another's. "" where an issuer is missing or the root is not a public one: there the chain may be sound. below
// reports whether every signature up to a public root holds.
func (r *roots) flaw(chain []*x509.Certificate) (why string, below bool) {
	current := chain[0]
	for range chain {
		public := namedAs(r.publicList, current)
		presented := namedAs(chain[1:], current)
		if signs(public, current) != nil {
			return brokenRule(r.public, chain), true
		}
		if next := signs(presented, current); next != nil {
			if next == current || bytes.Equal(next.RawSubject, next.RawIssuer) {
				return "", false // it ends in a root of its own
			}
			current = next
			continue
		}
		if len(presented)+len(public) == 0 {
			return "", false
		}
		issuer := append(presented, public...)[0]
		return fmt.Sprintf("%s is named as the issuer of %s, and did not sign it as an authority may (%s)",
			plainName(issuer.Subject.String()), plainName(current.Subject.String()),
			printable(current.CheckSignatureFrom(issuer).Error(), 120)), false
	}
	return "", false
}

// namedAs are the certificates with the name of another one's issuer.
func namedAs(list []*x509.Certificate, issued *x509.Certificate) (named []*x509.Certificate) {
	for _, candidate := range list {
		if candidate != issued && bytes.Equal(candidate.RawSubject, issued.RawIssuer) {
			named = append(named, candidate)
		}
	}
	return named
}

// signs is the first of the issuers that signed a certificate and may, or nil.
func signs(issuers []*x509.Certificate, issued *x509.Certificate) *x509.Certificate {
	for _, issuer := range issuers {
		if issued.CheckSignatureFrom(issuer) == nil {
			return issuer
		}
	}
	return nil
}

// brokenRule is what keeps a chain whose signatures hold from being good, in the verifier's words: "" where only the
// dates do.
func brokenRule(pool *x509.CertPool, chain []*x509.Certificate) string {
	others := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		others.AddCert(certificate)
	}
	from, to := commonTime(chain)
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: pool, Intermediates: others, CurrentTime: from.Add(to.Sub(from) / 2)})
	var invalid x509.CertificateInvalidError
	switch {
	case err == nil, errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return ""
	}
	return printable(err.Error(), 200)
}

// commonTime is when all certificates of a chain are valid; where there is no such time, to is before from.
func commonTime(chain []*x509.Certificate) (from, to time.Time) {
	from, to = chain[0].NotBefore, chain[0].NotAfter
	for _, certificate := range chain[1:] {
		if certificate.NotBefore.After(from) {
			from = certificate.NotBefore
		}
		if certificate.NotAfter.Before(to) {
			to = certificate.NotAfter
		}
	}
	return from, to
}

package trust

import (
	"bytes"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
)

// examine says of a chain that leads to none of the roots (the public ones, or those of the host's own authority) why,
// where no issuer is missing; its dates and name are not looked at. Flaw: a rule is broken on the way, by an issuer that
// is none, a limit that an issuer has, a purpose that is not a server's. Namesake: it ends in an issuer with the name of
// a root, or of one that was presented, which did not sign it. BelowPublic: every signature up to a root holds.
func (r *Roots) examine(chain []*x509.Certificate, pool *x509.CertPool, list []*x509.Certificate, trust *evidence.Trust) {
	current := chain[0]
	for range chain {
		public := namedAs(list, current)
		presented := namedAs(chain[1:], current)
		if signs(public, current) != nil {
			trust.Flaw, trust.BelowPublic = r.brokenRule(pool, chain), true
			return
		}
		next := signs(presented, current)
		if next == nil {
			for _, issuer := range presented {
				var mayNot x509.ConstraintViolationError
				if errors.As(current.CheckSignatureFrom(issuer), &mayNot) {
					trust.Flaw = foreign.Oursf("%s is named as the issuer of %s, and may not issue certificates",
						PlainName(issuer.Subject, r.scrub), PlainName(current.Subject, r.scrub))
				}
			}
			if trust.Flaw.Empty() {
				trust.Flaw = r.oldSignature(slices.Concat(public, presented), current)
			}
			trust.Namesake = len(public) > 0 && trust.Flaw.Empty()
			if len(presented) > 0 && trust.Flaw.Empty() { // the one that is shown did not sign: the chain ends here, with another of that name
				trust.Namesake, trust.RootShown = true, false
				trust.Issuer = PlainName(current.Issuer, r.scrub)
				trust.IssuerCN, trust.IssuerOrg = nameParts(current.Issuer, r.scrub)
			}
			return
		}
		if bytes.Equal(next.RawSubject, next.RawIssuer) {
			return // it ends in a root of its own
		}
		current = next
	}
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

// oldSignature says that a certificate is signed in a way which nobody can rely on today (SHA-1), none where it is not:
// whether an issuer of that name signed it is then not known.
func (r *Roots) oldSignature(issuers []*x509.Certificate, issued *x509.Certificate) foreign.Text {
	for _, issuer := range issuers {
		var insecure x509.InsecureAlgorithmError
		if err := issued.CheckSignatureFrom(issuer); errors.As(err, &insecure) || errors.Is(err, x509.ErrUnsupportedAlgorithm) {
			return foreign.Oursf("%s is signed with %s, which is not taken any more or not known",
				PlainName(issued.Subject, r.scrub), r.scrub.Quote(issued.SignatureAlgorithm.String(), 40))
		}
	}
	return foreign.Text{}
}

// brokenRule is what keeps a chain whose signatures hold from being good, in the verifier's words: none where only
// the dates do.
func (r *Roots) brokenRule(pool *x509.CertPool, chain []*x509.Certificate) foreign.Text {
	others := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		others.AddCert(certificate)
	}
	from, to := commonTime(chain)
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: pool, Intermediates: others, CurrentTime: from.Add(to.Sub(from) / 2)})
	var invalid x509.CertificateInvalidError
	switch {
	case err == nil, errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return foreign.Text{}
	}
	return r.scrub.Quote(err.Error(), 200)
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

package trust

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
)

// inspectionProducts are names that products for TLS inspection put into the issuers they make. A list like
// this goes stale: it is only used to say "likely".
var inspectionProducts = []string{
	"Zscaler", "Netskope", "Fortinet", "FortiGate", "Palo Alto Networks", "Sophos", "Cisco Umbrella",
	"Blue Coat", "BlueCoat", "Symantec Web Security", "Skyhigh", "McAfee Web Gateway", "Forcepoint",
	"Websense", "Check Point", "Barracuda", "WatchGuard", "SonicWall", "Untangle", "iboss", "Cato Networks",
	"Menlo Security", "Smoothwall", "Lightspeed", "ContentKeeper", "Kaspersky", "Avast", "AVG Web", "ESET SSL",
	"Bitdefender", "Kerio", "Securly", "GoGuardian", "Cloudflare for Teams", "Cloudflare Gateway", "mitmproxy",
	"Charles Proxy", "Fiddler", "PortSwigger", "OWASP ZAP", "Proxyman", "NetSpark", "DigiCert Inspection",
	"pfSense", "OPNsense", "Squid",
}

func selfSigned(certificate *x509.Certificate) bool {
	return bytes.Equal(certificate.RawSubject, certificate.RawIssuer) &&
		certificate.CheckSignature(certificate.SignatureAlgorithm, certificate.RawTBSCertificate, certificate.Signature) == nil
}

// hasWords reports whether the words are in the text as words of their own, in either case.
func hasWords(text, words string) bool {
	text, words = strings.ToLower(text), strings.ToLower(words)
	isLetter := func(at int) bool {
		return at >= 0 && at < len(text) && (text[at] >= 'a' && text[at] <= 'z' || text[at] >= '0' && text[at] <= '9')
	}
	for from := 0; ; {
		i := strings.Index(text[from:], words)
		if i < 0 {
			return false
		}
		start := from + i
		if !isLetter(start-1) && !isLetter(start+len(words)) {
			return true
		}
		from = start + 1
	}
}

func inspectionProduct(chain []*x509.Certificate) string {
	for _, certificate := range chain {
		for _, product := range inspectionProducts {
			if hasWords(certificate.Issuer.String(), product) {
				return product
			}
		}
	}
	return ""
}

// Bounds of what is kept of a presented chain.
const (
	maxChain  = 10       // certificates; public chains have two to four
	mostDER   = 45 << 10 // of a certificate that is kept whole, so that its PEM is no longer than a report's text may be
	mostKeyID = 64       // of the key's identifier; 20 is usual
)

// describe is the part of a certificate that people need. Its words come in by the gate of scrub.
func describe(certificate *x509.Certificate, scrub *foreign.Scrubber) evidence.Certificate {
	sum := sha256.Sum256(certificate.Raw)
	shown := evidence.Certificate{
		Subject:    PlainName(certificate.Subject, scrub),
		Issuer:     PlainName(certificate.Issuer, scrub),
		NotBefore:  certificate.NotBefore,
		NotAfter:   certificate.NotAfter,
		SelfSigned: selfSigned(certificate),
		SHA256:     hex.EncodeToString(sum[:]),
	}
	shown.SubjectCN, shown.SubjectOrg = nameParts(certificate.Subject, scrub)
	shown.IssuerCN, shown.IssuerOrg = nameParts(certificate.Issuer, scrub)
	names := slices.Clone(certificate.DNSNames[:min(len(certificate.DNSNames), maxNames)])
	for _, address := range certificate.IPAddresses {
		if len(names) < maxNames {
			names = append(names, address.String())
		}
	}
	shown.Names = scrub.QuoteNames(names, 253)
	if len(certificate.IssuingCertificateURL) > 0 {
		shown.IssuerURL = scrub.Quote(certificate.IssuingCertificateURL[0], 200)
	}
	if len(certificate.AuthorityKeyId) <= mostKeyID {
		shown.AuthorityKeyID = scrub.Quote(hex.EncodeToString(certificate.AuthorityKeyId), 2*mostKeyID)
	}
	return shown
}

// maxNames is how many names of a certificate are kept.
const maxNames = 20

// DescribeAll is a whole chain, each certificate in PEM too, unless it holds a secret.
func (r *Roots) DescribeAll(chain []*x509.Certificate) []evidence.Certificate {
	var all []evidence.Certificate
	for _, certificate := range chain[:min(len(chain), maxChain)] {
		shown := describe(certificate, r.scrub)
		if len(certificate.Raw) <= mostDER {
			shown.PEM = r.scrub.PEM(certificate.Raw)
		}
		all = append(all, shown)
	}
	return all
}

// nameParts are the parts of a distinguished name that people go by; none for one that it does not have.
func nameParts(name pkix.Name, scrub *foreign.Scrubber) (common, organization foreign.Text) {
	if len(name.Organization) > 0 {
		organization = scrub.Quote(name.Organization[0], longName)
	}
	return scrub.Quote(name.CommonName, longName), organization
}

// longName bounds a name, and a part of one, in characters.
const longName = 200

// PlainName is a distinguished name. Secrets are taken out of its values before these are escaped for the whole; where
// they hold one together, nothing of it is shown.
func PlainName(name pkix.Name, scrub *foreign.Scrubber) foreign.Text {
	var values []string
	scrubbed := func(value string) string {
		value = scrub.Scrub(foreign.Clean(value))
		values = append(values, value)
		return value
	}
	for _, list := range []*[]string{&name.Country, &name.Organization, &name.OrganizationalUnit, &name.Locality,
		&name.Province, &name.StreetAddress, &name.PostalCode} {
		*list = slices.Clone(*list)
		for i, value := range *list {
			(*list)[i] = scrubbed(value)
		}
	}
	name.SerialNumber, name.CommonName = scrubbed(name.SerialNumber), scrubbed(name.CommonName)
	name.Names = slices.Clone(name.Names)
	for i, other := range name.Names { // those of other types too
		if value, isText := other.Value.(string); isText {
			name.Names[i].Value = scrubbed(value)
		}
	}
	if scrub.Holds([]byte(strings.Join(values, "\n"))) {
		return foreign.Ours(foreign.Redacted)
	}
	return scrub.Quote(name.String(), longName)
}

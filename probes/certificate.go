package probes

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"strings"
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

// hasWords reports whether the words stand in the text as words of their own, in either case.
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

// describe is the part of a certificate that people need.
func describe(certificate *x509.Certificate, withPEM bool) Certificate {
	sum := sha256.Sum256(certificate.Raw)
	shown := Certificate{
		Subject:    plainName(certificate.Subject.String()),
		Issuer:     plainName(certificate.Issuer.String()),
		NotBefore:  certificate.NotBefore,
		NotAfter:   certificate.NotAfter,
		SelfSigned: selfSigned(certificate),
		SHA256:     hex.EncodeToString(sum[:]),
	}
	shown.SubjectCN, shown.SubjectOrg = nameParts(certificate.Subject)
	shown.IssuerCN, shown.IssuerOrg = nameParts(certificate.Issuer)
	for _, name := range certificate.DNSNames {
		if len(shown.Names) < 20 {
			shown.Names = append(shown.Names, printable(name, 253))
		}
	}
	for _, address := range certificate.IPAddresses {
		if len(shown.Names) < 20 {
			shown.Names = append(shown.Names, address.String())
		}
	}
	if len(certificate.IssuingCertificateURL) > 0 {
		shown.IssuerURL = printable(certificate.IssuingCertificateURL[0], 200)
	}
	if len(certificate.AuthorityKeyId) <= mostKeyID {
		shown.AuthorityKeyID = hex.EncodeToString(certificate.AuthorityKeyId)
	}
	if withPEM && len(certificate.Raw) <= mostDER {
		shown.PEM = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))
	}
	return shown
}

func describeAll(chain []*x509.Certificate) []Certificate {
	var all []Certificate
	for _, certificate := range chain[:min(len(chain), maxChain)] {
		all = append(all, describe(certificate, true))
	}
	return all
}

// nameParts are the parts of a distinguished name that people go by; "" for one that it does not have.
func nameParts(name pkix.Name) (common, organization string) {
	if len(name.Organization) > 0 {
		organization = plainName(name.Organization[0])
	}
	return plainName(name.CommonName), organization
}

// plainName is a name, or a part of one, that can be printed, bounded.
func plainName(name string) string { return printable(name, 200) }

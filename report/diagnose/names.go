package diagnose

import (
	"encoding/hex"
	"strings"

	"opensrs-doctor/probes/evidence"
)

// A certificate's names, as people read them. The parts come from the certificate; reports of older releases have only
// the whole name, and it is taken apart here.

// FullName is the common name, and the organization where that tells more. What has neither stays whole.
func FullName(whole, common, organization string) string {
	common, organization = nameParts(whole, common, organization)
	switch {
	case common == "" && organization == "":
		return whole
	case common == "":
		return organization
	case organization == "" || strings.Contains(common, organization):
		return common
	}
	return common + " (" + organization + ")"
}

// ShortName is the common name, or what there is in its place.
func ShortName(whole, common, organization string) string {
	if common, _ = nameParts(whole, common, organization); common != "" {
		return common
	}
	if name := FullName(whole, common, organization); name != "" {
		return name
	}
	return "an unnamed issuer"
}

// nameParts fills in what is not given from the whole name.
func nameParts(whole, common, organization string) (string, string) {
	for _, part := range SplitName(whole) {
		switch {
		case part.Kind == "CN" && common == "":
			common = part.Value
		case part.Kind == "O" && organization == "":
			organization = part.Value
		}
	}
	return common, organization
}

// subjectOf is whose certificate it is. Many of today have no subject but the names they are good for.
func subjectOf(c evidence.Certificate) string {
	switch {
	case !c.Subject.Empty():
		return FullName(c.Subject.String(), c.SubjectCN.String(), c.SubjectOrg.String())
	case len(c.Names) > 0:
		return c.Names[0].String()
	}
	return "an unnamed server"
}

// issuerOf is who issued a certificate.
func issuerOf(c evidence.Certificate) string {
	return FullName(c.Issuer.String(), c.IssuerCN.String(), c.IssuerOrg.String())
}

// lastIssuer is who stands behind a presented chain.
func lastIssuer(t *evidence.Trust) string {
	return FullName(t.Issuer.String(), t.IssuerCN.String(), t.IssuerOrg.String())
}

// missingIssuer is whose certificate the chain lacks.
func missingIssuer(t *evidence.Trust) string {
	return FullName(t.Missing.String(), t.MissingCN.String(), t.MissingOrg.String())
}

// shortSubject, shortIssuer and shortMissing are for a row, where there is little room.
func shortSubject(c evidence.Certificate) string {
	return ShortName(c.Subject.String(), c.SubjectCN.String(), c.SubjectOrg.String())
}

func shortIssuer(c evidence.Certificate) string {
	if !c.IssuerOrg.Empty() {
		return c.IssuerOrg.String()
	}
	return ShortName(c.Issuer.String(), c.IssuerCN.String(), "")
}

func shortMissing(t *evidence.Trust) string {
	return ShortName(t.Missing.String(), t.MissingCN.String(), t.MissingOrg.String())
}

// namePart is one attribute of a distinguished name.
type namePart struct{ Kind, Value string }

// SplitName takes a distinguished name apart. In the form of RFC 4514 a comma or a plus sign that belongs to a value
// stands behind a backslash, as itself or as two hex digits.
func SplitName(name string) []namePart {
	var parts []namePart
	var value strings.Builder
	kind, isKind := "", true
	end := func() {
		if !isKind {
			parts = append(parts, namePart{kind, value.String()})
		}
		kind, isKind = "", true
		value.Reset()
	}
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c == '\\' && i+1 < len(name):
			if code, err := hex.DecodeString(name[i+1 : min(i+3, len(name))]); err == nil && len(code) == 1 {
				value.WriteByte(code[0])
				i += 2
			} else {
				i++
				value.WriteByte(name[i])
			}
		case c == ',' || c == '+':
			end()
		case c == '=' && isKind:
			kind, isKind = strings.TrimSpace(value.String()), false
			value.Reset()
		default:
			value.WriteByte(c)
		}
	}
	end()
	return parts
}

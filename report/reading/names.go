package reading

import (
	"encoding/hex"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/report/screen"
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

// SubjectOf is whose certificate it is. Many of today have no subject but the names they are good for.
func SubjectOf(c evidence.Certificate) string {
	switch {
	case !c.Subject.Empty():
		return FullName(c.Subject.String(), c.SubjectCN.String(), c.SubjectOrg.String())
	case len(c.Names) > 0:
		return c.Names[0].String()
	}
	return "an unnamed server"
}

// IssuerOf is who issued a certificate.
func IssuerOf(c evidence.Certificate) string {
	return FullName(c.Issuer.String(), c.IssuerCN.String(), c.IssuerOrg.String())
}

// LastIssuer is who stands behind a presented chain.
func LastIssuer(t *evidence.Trust) string {
	return FullName(t.Issuer.String(), t.IssuerCN.String(), t.IssuerOrg.String())
}

// MissingIssuer is whose certificate the chain lacks.
func MissingIssuer(t *evidence.Trust) string {
	return FullName(t.Missing.String(), t.MissingCN.String(), t.MissingOrg.String())
}

// ShortSubject is whose a certificate is, for a row, where there is little room.
func ShortSubject(c evidence.Certificate) string {
	return ShortName(c.Subject.String(), c.SubjectCN.String(), c.SubjectOrg.String())
}

// ShortIssuer is who issued it, as short: the organization where it names one, for that is whom people know.
func ShortIssuer(c evidence.Certificate) string {
	if !c.IssuerOrg.Empty() {
		return c.IssuerOrg.String()
	}
	return ShortName(c.Issuer.String(), c.IssuerCN.String(), "")
}

// ShortMissing is whose certificate the chain lacks, as short.
func ShortMissing(t *evidence.Trust) string {
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

// KindWords say of each kind what was seen. They name no culprit: the causes do.
var KindWords = lazy.Value[map[evidence.Kind]string]{Make: func() map[evidence.Kind]string {
	return map[evidence.Kind]string{
		evidence.KindRefused:       "connection refused",
		evidence.KindReset:         "connection reset",
		evidence.KindHungUp:        "connection closed without an answer",
		evidence.KindTimeout:       "silence, no answer in time",
		evidence.KindProhibited:    "administratively prohibited",
		evidence.KindUnreachable:   "reported as unreachable",
		evidence.KindNoRoute:       "this host has no route there",
		evidence.KindNotPermitted:  "this host does not permit it",
		evidence.KindNoAddress:     "the source address is not on this host",
		evidence.KindNoPort:        "no source port is free on this host",
		evidence.KindInUse:         "another program uses the address and port",
		evidence.KindExhausted:     "this host is out of memory for sockets",
		evidence.KindNoDescriptors: "this host is out of file descriptors",
		evidence.KindNXDomain:      "the name does not exist (NXDOMAIN)",
		evidence.KindServFail:      "the resolver failed (SERVFAIL)",
		evidence.KindDNSRefused:    "the resolver refuses to answer (REFUSED)",
		evidence.KindNoData:        "the name has no address",
		evidence.KindBadAnswer:     "the answer cannot be used",
		evidence.KindNotTLS:        "the peer does not speak TLS",
		evidence.KindAlert:         "the peer ended the handshake with an alert",
		evidence.KindVersion:       "no TLS version in common",
		evidence.KindUntrusted:     "the certificate did not verify",
		evidence.KindProxyDenied:   "the proxy refuses the connection",
		evidence.KindProxyAuth:     "the proxy asks for a login",
		evidence.KindProxyUpstream: "the proxy could not reach the service",
		evidence.KindNotHTTP:       "the reply is not HTTP",
		evidence.KindMalformed:     "the reply is cut short or not well-formed",
		evidence.KindHTTPStatus:    "an HTTP status other than expected",
		evidence.KindRefusedByAPI:  "the API answered, and refused",
		evidence.KindCanceled:      "interrupted",
	}
}}

// FailureWords is what went wrong as people say it: in the original words, unless they are those of a
// library about silence or a closed connection.
func FailureWords(failure *evidence.Failure) string {
	switch {
	case failure == nil:
		return RowFailure(nil)
	case failure.Kind == evidence.KindTimeout:
		return "no answer in time"
	case failure.Kind == evidence.KindNoData && failure.Detail.String() == "NOERROR":
		return "the name exists and has no address (NOERROR)"
	case failure.Kind != evidence.KindHungUp && !failure.Detail.Empty():
		return strings.TrimPrefix(failure.Detail.String(), "tls: ")
	}
	return RowFailure(failure)
}

// RowFailure is a failure in plain words; of an unclassified one, the original words.
func RowFailure(f *evidence.Failure) string {
	switch {
	case f == nil:
		return "failed, and no reason was recorded"
	case KindWords.Get()[f.Kind] != "":
		return KindWords.Get()[f.Kind]
	case !f.Detail.Empty():
		return screen.Clip(screen.Clean(f.Detail.String()), RowWidth)
	}
	return "failed in a way that has no name here"
}

// RowWidth is what a row's sentence should take: 80 columns less the mark, the name and the duration.
const RowWidth = 59

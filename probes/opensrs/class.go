package opensrs

import (
	"strings"

	"opensrs-doctor/probes/lazy"
)

// Class is what a reply means for somebody who can't get through.
type Class string

// The classes. Unknown accuses nobody: the code and the text are then all that is known.
const (
	Accepted         Class = "accepted"
	IPDenied         Class = "ip-denied"         // the address that the service saw is not allowed
	AuthFailed       Class = "auth-failed"       // user, key or signature; an address may hide behind it too
	PermissionDenied Class = "permission-denied" // a sub-user
	RateLimited      Class = "rate-limited"
	ServerError      Class = "server-error"
	Unknown          Class = "unknown"
)

// The service words a refused address as "Access denied: invalid IP address"
// (domains.opensrs.guide/docs/codes). Other wordings of the same refusal are taken too.
var refusedAddress = lazy.Pattern{Text: `\binvalid ip\b|\bip( address)?\b.*\b(not|invalid|denied|unauthori[sz]ed)\b`}

// consent is what a reply says of a registration that waits for a contact.
var consent = lazy.Pattern{Text: `\bconsent|\bgdpr\b|\bpending\b`}

// Meaning is what a code means that is neither success nor of a class of its own; "" for one that no source explains.
// Source: domains.opensrs.guide/docs/codes, and for 500 an integrator's sheet.
func Meaning(code string) string {
	return map[string]string{
		"300": "the order waits for a contact's consent",
		"400": "the command or its data is not what the API expects; the text says why",
		"430": "the service does not know this action or object",
		"437": "the same is under way already: do not send it again",
		"486": "the same was done already: do not send it again",
		"500": "the envelope lacks the item protocol=XCP, or its items are in another order than the service expects",
		"555": "the same was done already: do not send it again",
		"701": "the service does not offer this top-level domain",
	}[code]
}

// ClassOf judges a reply by its code, and by its text where the code alone has several meanings.
// Source: domains.opensrs.guide/docs/codes.
func ClassOf(reply Reply) Class {
	if reply.Success {
		return Accepted
	}
	text := strings.Join(strings.Fields(strings.ToLower(reply.Text)), " ")
	switch reply.Code {
	case "400", "401", "403":
		if refusedAddress.Regexp().MatchString(text) {
			return IPDenied
		}
	}
	switch reply.Code {
	case "401", "410":
		return AuthFailed
	case "415", "435":
		return PermissionDenied
	case "300":
		if consent.Regexp().MatchString(text) {
			return Unknown // an order that waits for a contact's consent is not a limit
		}
		return RateLimited
	case "310", "350":
		return RateLimited
	case "404", "405", "436", "702", "703", "704", "705", "720":
		return ServerError
	case "400":
		if strings.Contains(text, "internal") || strings.Contains(text, "server error") {
			return ServerError
		}
	}
	return Unknown
}

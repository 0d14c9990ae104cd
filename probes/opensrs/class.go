package opensrs

import (
	"regexp"
	"strings"
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
var refusedAddress = regexp.MustCompile(
	`\binvalid ip\b|\bip( address)?\b.*\b(not|invalid|denied|unauthori[sz]ed)\b`)

// ClassOf judges a reply by its code, and by its text where the code alone has several meanings.
// Source: domains.opensrs.guide/docs/codes.
func ClassOf(reply Reply) Class {
	if reply.Success {
		return Accepted
	}
	text := strings.Join(strings.Fields(strings.ToLower(reply.Text)), " ")
	switch reply.Code {
	case "400", "401", "403":
		if refusedAddress.MatchString(text) {
			return IPDenied
		}
	}
	switch reply.Code {
	case "401", "410":
		return AuthFailed
	case "415", "435":
		return PermissionDenied
	case "300", "310", "350":
		return RateLimited
	case "404", "405", "436":
		return ServerError
	case "400":
		if strings.Contains(text, "internal") || strings.Contains(text, "server error") {
			return ServerError
		}
	}
	return Unknown
}

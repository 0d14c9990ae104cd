package reading

import (
	"strconv"

	"opensrs-doctor/probes/lazy"
)

// TooManyRequests is the HTTP status of a limit on the number of requests.
const TooManyRequests = 429

// reasons are the registered words for an HTTP status (RFC 9110, section 15, and the registry of IANA). The ones of
// net/http would bring the network into a room that must not reach it.
var reasons = lazy.Value[map[int]string]{Make: func() map[int]string {
	return map[int]string{
		200: "OK", 201: "Created", 202: "Accepted", 204: "No Content",
		300: "Multiple Choices", 301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified",
		307: "Temporary Redirect", 308: "Permanent Redirect",
		400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
		405: "Method Not Allowed", 406: "Not Acceptable", 407: "Proxy Authentication Required", 408: "Request Timeout",
		409: "Conflict", 410: "Gone", 411: "Length Required", 412: "Precondition Failed", 413: "Request Entity Too Large",
		414: "Request URI Too Long", 415: "Unsupported Media Type", 417: "Expectation Failed", 418: "I'm a teapot",
		421: "Misdirected Request", 422: "Unprocessable Entity", 425: "Too Early", 426: "Upgrade Required",
		428: "Precondition Required", TooManyRequests: "Too Many Requests", 431: "Request Header Fields Too Large",
		451: "Unavailable For Legal Reasons",
		500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
		504: "Gateway Timeout", 505: "HTTP Version Not Supported", 507: "Insufficient Storage", 508: "Loop Detected",
		511: "Network Authentication Required",
	}
}}

// StatusText is an HTTP status with its registered words, "502 Bad Gateway"; the number alone where it has none.
func StatusText(code int) string {
	if words := reasons.Get()[code]; words != "" {
		return strconv.Itoa(code) + " " + words
	}
	return strconv.Itoa(code)
}

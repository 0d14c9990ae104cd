package sandbox

import (
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"regexp"
	"strings"

	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/opensrs"
)

// inspection is what was right and wrong with one request. The words are this file's own, never the
// request's: it may hold a key in any place.
type inspection struct {
	right, wrong []string

	status        int // an HTTP status that the request earned; 0: it is good enough to be read
	allowed       bool
	authenticated bool
	body          []byte
}

func (i *inspection) good(words string)    { i.right = append(i.right, words) }
func (i *inspection) bad(id, words string) { i.wrong = append(i.wrong, id+" ("+words+")") }

// refuse is bad for what the service could not even read.
func (i *inspection) refuse(status int, id, words string) {
	i.bad(id, words)
	if i.status == 0 {
		i.status = status
	}
}

// String is the line for the log.
func (i *inspection) String() string {
	var parts []string
	if len(i.right) > 0 {
		parts = append(parts, "right: "+strings.Join(i.right, ", "))
	}
	if len(i.wrong) > 0 {
		parts = append(parts, "wrong: "+strings.Join(i.wrong, ", "))
	}
	return strings.Join(parts, "; ")
}

// inspect looks at a request in the words of "sign verify --request", reads its body, and judges user,
// signature and address.
func (p *plan) inspect(w http.ResponseWriter, r *http.Request) *inspection {
	i := &inspection{}
	i.shape(r)
	i.readBody(w, r)
	i.credentials(r, p.sandbox.Username, p.sandbox.Key)
	i.address(p.callerOf(r.RemoteAddr).address, p.rules)
	return i
}

func (i *inspection) shape(r *http.Request) {
	if r.Method != http.MethodPost {
		i.refuse(http.StatusMethodNotAllowed, "method", "the call is a POST")
	}
	if r.URL.Path != "/" {
		i.refuse(http.StatusNotFound, "path", "the call goes to /")
	}
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if strings.EqualFold(strings.TrimSpace(kind), opensrs.ContentType) {
		i.good("content type")
	} else {
		i.bad("content-type", "it is text/xml") // told, not refused: the service's own mind is not known
	}
	switch {
	case len(r.TransferEncoding) > 0:
		i.refuse(http.StatusLengthRequired, "chunked-body", "send Content-Length and the body in one piece")
	case r.Header.Get("Content-Length") == "":
		i.refuse(http.StatusLengthRequired, "content-length-missing", "send Content-Length")
	}
}

func (i *inspection) readBody(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, opensrs.MaxReply))
	i.body = body
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &big):
		i.refuse(http.StatusRequestEntityTooLarge, "body", "it is over 1 MiB")
	case err != nil:
		i.refuse(http.StatusBadRequest, "content-length-wrong", "fewer bytes came than it says")
	default:
		i.good(fmt.Sprintf("length, %d bytes", len(body)))
	}
}

func (i *inspection) credentials(r *http.Request, username string, key []byte) {
	given := r.Header.Get(opensrs.HeaderUsername)
	userOK := subtle.ConstantTimeCompare([]byte(given), []byte(username)) == 1
	switch {
	case given == "":
		i.missing(r, opensrs.HeaderUsername, "user")
	case userOK:
		i.good("username")
	default:
		i.bad("username", "it is not the sandbox's user")
	}
	signature := r.Header.Get(opensrs.HeaderSignature)
	wrong := checkSignature(signature, i.body, key)
	switch {
	case signature == "":
		i.missing(r, opensrs.HeaderSignature, "signature")
	case wrong == "":
		i.good("signature")
	default:
		i.bad("signature", wrong)
	}
	i.authenticated = userOK && signature != "" && wrong == ""
}

// checkSignature gives "" for the right signature, else what can be said without giving the right one away.
func checkSignature(signature string, body, key []byte) string {
	right := opensrs.Sign(body, key)
	if subtle.ConstantTimeCompare([]byte(signature), []byte(right)) == 1 {
		return ""
	}
	if _, err := hex.DecodeString(signature); err != nil || len(signature) != len(right) {
		return "it is not 32 hex characters"
	}
	return "it is not that of this body under this key"
}

// plainHeader is a header name that may be repeated in the log: letters and marks, too short for a key.
var plainHeader = regexp.MustCompile(`^[A-Za-z_-]{4,20}$`)

// missing says that a header is not there, or stands there under another name.
func (i *inspection) missing(r *http.Request, name, like string) {
	for other := range r.Header {
		if strings.Contains(strings.ToLower(other), like) && other != http.CanonicalHeaderKey("User-Agent") &&
			other != name && plainHeader.MatchString(other) {
			i.bad("header-name", other+" instead of "+name)
			return
		}
	}
	i.bad("header-missing", name)
}

// address judges the caller. Where the readings of the list disagree it is refused: a client that works
// here shall not depend on a reading that nobody has documented.
func (i *inspection) address(address netip.Addr, rules []iprules.Rule) {
	result := iprules.Evaluate(rules, address)
	switch {
	case result.Verdict == iprules.VerdictUnknown:
		i.good(fmt.Sprintf("address %s, there are no rules", address))
	case result.Verdict == iprules.VerdictAllow && result.Rule != nil:
		i.good(fmt.Sprintf("address %s, allowed by rule %d, %s", address, *result.Rule, rules[*result.Rule-1]))
	case result.Verdict == iprules.VerdictAmbiguous:
		i.bad("address", fmt.Sprintf("the rules can be read both ways for %s", address))
		return
	case result.Rule != nil:
		i.bad("address", fmt.Sprintf("%s is refused by rule %d, %s", address, *result.Rule, rules[*result.Rule-1]))
		return
	default:
		i.bad("address", fmt.Sprintf("no rule allows %s", address))
		return
	}
	i.allowed = true
}

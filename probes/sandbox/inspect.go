package sandbox

import (
	"bufio"
	"bytes"
	"crypto/subtle"
	"io"
	"net/http"
	"net/http/httputil"
	"regexp"
	"strings"

	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/opensrs"
)

// Findings that only the service can have. The others have the IDs of "sign verify", of package opensrs.
const (
	NotHTTP     = "not-http"          // the head is none, or holds a line that is no header
	HeadTooBig  = "head-too-big"      // over 16 KiB
	Unfinished  = "unfinished"        // the head breaks off
	BodyTooBig  = "body-too-big"      // over 1 MiB
	Username    = "username"          // not the sandbox's user
	Address     = "address"           // the rules refuse the caller
	NoEnvelope  = "no-envelope"       // the body is no OPS envelope, or one without an action
	BadEnvelope = "bad-envelope"      // it begins as one and is malformed; Detail says how
	NoDomain    = "no-domain"         // LOOKUP without a domain name
	NoCommand   = "unknown-command"   // a command that the sandbox does not know
	TooMany     = "too-many-commands" // on this connection
)

// Finding is one thing that is wrong with a request.
type Finding struct {
	ID     string
	Name   string // of the header that it is about; "": of none
	As     string // how the header is misspelt, where its name is plain enough to be repeated
	Detail string // in this package's or package opensrs's own words; "": none
}

// inspection is one request under the loupe.
type inspection struct {
	Observation
	request *http.Request // nil: the head cannot be read
	body    []byte        // as far as it came
	status  int           // an HTTP status that the request earned; 0: it is good enough to be read
	last    bool          // where the next request would begin is not known
	allowed bool
	known   bool // user and signature are right
	release func()
}

func (i *inspection) bad(id string) { i.Findings = append(i.Findings, Finding{ID: id}) }

// refuse is bad for what the service could not even read.
func (i *inspection) refuse(status int, finding Finding) {
	i.Findings = append(i.Findings, finding)
	i.last = true
	if i.status == 0 {
		i.status = status
	}
}

// inspect looks at a request: its head, which was read, its body, which is not yet, user, signature and address.
func (v *visit) inspect(head []byte, broken error) *inspection {
	i := &inspection{Observation: v.observation(), release: func() {}}
	i.address(v.plan.rules)
	if !i.parse(head, broken) {
		return i
	}
	i.shape()
	rest := i.readBody(v)
	i.credentials(v, rest)
	return i
}

// parse reads the head.
func (i *inspection) parse(head []byte, broken error) bool {
	switch {
	case broken == errHeadTooBig:
		i.refuse(http.StatusRequestHeaderFieldsTooLarge, Finding{ID: HeadTooBig})
		return false
	case broken != nil:
		i.refuse(http.StatusRequestTimeout, Finding{ID: Unfinished})
		return false
	}
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
	if err != nil {
		i.refuse(http.StatusBadRequest, Finding{ID: NotHTTP})
		return false
	}
	i.request, i.last = request, request.Close
	return true
}

func (i *inspection) shape() {
	r := i.request
	if r.Method != http.MethodPost {
		i.refuse(http.StatusMethodNotAllowed, Finding{ID: "method"})
	}
	if r.URL.Path != "/" {
		i.refuse(http.StatusNotFound, Finding{ID: "path"})
	}
	if r.ProtoAtLeast(1, 1) && r.Host == "" {
		i.refuse(http.StatusBadRequest, Finding{ID: "header-missing", Name: "Host"}) // RFC 9112, 3.2
	}
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), opensrs.ContentType) {
		i.bad("content-type") // told, not refused: the service's own mind is not known
	}
}

// readBody reads the body, and of one without a length what comes. It gives what is known to have come behind it.
func (i *inspection) readBody(v *visit) (rest []byte) {
	r := i.request
	if r.ProtoAtLeast(1, 1) && strings.EqualFold(r.Header.Get("Expect"), "100-continue") {
		io.WriteString(v.conn, "HTTP/1.1 100 Continue\r\n\r\n")
	}
	switch {
	case len(r.TransferEncoding) > 0:
		i.refuse(http.StatusLengthRequired, Finding{ID: "chunked-body"})
		i.body, _ = io.ReadAll(io.LimitReader(httputil.NewChunkedReader(patient{v, quietTime}), maxRest))
	case r.Header.Get("Content-Length") == "":
		i.refuse(http.StatusLengthRequired, Finding{ID: "content-length-missing"})
		i.body = v.readRest()
	case r.ContentLength > opensrs.MaxReply:
		i.refuse(http.StatusRequestEntityTooLarge, Finding{ID: BodyTooBig})
	default:
		i.release = v.plan.sandbox.group.turn(r.ContentLength)
		var err error
		if i.body, err = v.readBody(r.ContentLength); err != nil {
			i.refuse(http.StatusBadRequest, Finding{ID: "content-length-wrong"})
		}
	}
	i.Bytes = len(i.body)
	return nil
}

func (i *inspection) credentials(v *visit, rest []byte) {
	r, s := i.request, v.plan.sandbox
	given := r.Header.Get(opensrs.HeaderUsername)
	userOK := subtle.ConstantTimeCompare([]byte(given), []byte(s.Username)) == 1
	switch {
	case given == "":
		i.missing(opensrs.HeaderUsername, "user")
	case !userOK:
		i.bad(Username)
	}
	signature := r.Header.Get(opensrs.HeaderSignature)
	signed := subtle.ConstantTimeCompare([]byte(signature), []byte(opensrs.Sign(i.body, s.Key))) == 1
	switch {
	case signature == "":
		i.missing(opensrs.HeaderSignature, "signature")
	case !signed:
		i.bad("signature")
	}
	i.known = userOK && signed
}

// plainHeader is a header name that may be repeated in the log: letters and marks, too short for a key.
var plainHeader = regexp.MustCompile(`^[A-Za-z_-]{4,20}$`)

// missing says that a header is not there, or stands there under another name.
func (i *inspection) missing(name, like string) {
	for other := range i.request.Header {
		if strings.Contains(strings.ToLower(other), like) && other != "User-Agent" && other != name {
			finding := Finding{ID: "header-name", Name: name}
			if plainHeader.MatchString(other) {
				finding.As = other
			}
			i.Findings = append(i.Findings, finding)
			return
		}
	}
	i.Findings = append(i.Findings, Finding{ID: "header-missing", Name: name})
}

// address judges the caller. Where the readings of the list disagree it is refused: a client that works
// here shall not depend on a reading that nobody has documented.
func (i *inspection) address(rules []iprules.Rule) {
	result := iprules.Evaluate(rules, i.Caller)
	i.Address.Verdict = result.Verdict
	if result.Rule != nil {
		i.Address.Rule, i.Address.Text = *result.Rule, rules[*result.Rule-1].String()
	}
	i.allowed = result.Verdict == iprules.VerdictAllow || result.Verdict == iprules.VerdictUnknown
	if !i.allowed {
		i.bad(Address)
	}
}

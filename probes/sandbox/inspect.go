package sandbox

import (
	"bufio"
	"bytes"
	"crypto/subtle"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"strings"

	"opensrs-doctor/probes/inspect"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/mistakes"
	"opensrs-doctor/probes/observed"
	"opensrs-doctor/probes/opensrs"
)

// inspection is one request under the loupe.
type inspection struct {
	observed.Observation
	head    inspect.Head
	request *http.Request // nil: the head cannot be read
	body    []byte        // as far as it came
	came    int64         // bytes of it; -1: not known
	status  int           // an HTTP status that the request earned; 0: it is good enough to be read
	last    bool          // where the next request would begin is not known, or there will be none
	whoami  bool          // GET /ip: it asks for its address, and needs neither user nor signature
	allowed bool
	known   bool // user and signature are right
	release func()
}

func (i *inspection) problem(id string) { i.Problems = append(i.Problems, observed.Problem{ID: id}) }

// refuse ends what can be done with a request: the service could not even read it.
func (i *inspection) refuse(status int) {
	i.last = true
	if i.status == 0 {
		i.status = status
	}
}

// inspect looks at a request: its head, which was read, its body, which is not yet, user, signature and address.
func (v *visit) inspect(head []byte, broken error) *inspection {
	i := &inspection{Observation: v.observation(), head: headOf(head), came: -1, release: func() {}}
	parsed := i.parse(head, broken)
	if parsed && i.asksAddress() {
		i.whoami, i.Command = true, observed.WhoAmI
		return i
	}
	i.address(v.plan.rules)
	if v.plan.fault.shakes == mustRefuse {
		i.problem(observed.Unverified)
	}
	if parsed {
		i.readBody(v)
		i.credentials(v)
		i.form()
	}
	if broken == nil { // of a head that breaks off nothing can be said to be missing
		i.Findings = inspect.Request(i.head, i.came)
		i.ofBody()
		inspect.Withhold(i.Findings, v.plan.sandbox.Key, i.body)
	}
	i.Bytes = len(i.body)
	return i
}

// headOf takes a head apart without judging it.
func headOf(head []byte) (h inspect.Head) {
	lines := strings.Split(string(head), "\n")
	if words := strings.Fields(lines[0]); len(words) > 1 {
		h.Method, h.Target = words[0], words[1]
	}
	for _, line := range lines[1:] {
		if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\r"), ":"); ok {
			h.Headers = append(h.Headers, inspect.Header{Name: name, Value: strings.Trim(value, " \t")})
		}
	}
	return h
}

// parse reads the head as a server does.
func (i *inspection) parse(head []byte, broken error) bool {
	switch {
	case errors.Is(broken, errHeadTooBig):
		i.problem(observed.HeadTooBig)
		i.refuse(http.StatusRequestHeaderFieldsTooLarge)
		return false
	case broken != nil:
		i.problem(observed.Unfinished)
		i.refuse(cutShort(broken))
		return false
	}
	if f := judgeHead(head); f != nil {
		i.Problems = append(i.Problems, observed.Problem{ID: f.id, Detail: f.detail})
		i.refuse(f.status)
		return false
	}
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
	if err != nil {
		i.problem(observed.NotHTTP)
		i.refuse(http.StatusBadRequest)
		return false
	}
	i.request, i.last = request, request.Close
	return true
}

// asksAddress reports whether a request asks who it comes from: GET /ip, without a body.
func (i *inspection) asksAddress() bool {
	return (i.request.Method == http.MethodGet || i.request.Method == http.MethodHead) && i.request.URL.Path == "/ip" &&
		i.request.URL.RawQuery == "" && i.request.ContentLength == 0
}

// readBody reads the body, and of one without a length what comes.
func (i *inspection) readBody(v *visit) {
	length, announced := i.head.Length()
	switch {
	case i.head.Chunked():
		i.refuse(http.StatusLengthRequired)
		i.body, _ = io.ReadAll(io.LimitReader(httputil.NewChunkedReader(patient{v, quietTime}), bigBody))
	case !announced:
		if i.request.Method == http.MethodPost {
			i.refuse(http.StatusLengthRequired)
			i.body = v.readRest()
		}
		i.came = int64(len(i.body))
	case length > opensrs.MaxReply:
		i.problem(observed.BodyTooBig)
		i.refuse(http.StatusRequestEntityTooLarge)
	default:
		if i.request.ProtoAtLeast(1, 1) && strings.EqualFold(i.request.Header.Get("Expect"), "100-continue") {
			io.WriteString(v.conn, "HTTP/1.1 100 Continue\r\n\r\n")
		}
		i.release = v.plan.sandbox.group.turn(length, v.from)
		var err error
		if i.body, err = v.readBody(length); err != nil {
			i.refuse(cutShort(err))
		}
		if i.came = int64(len(i.body)); i.came == 0 && length == 0 && i.request.Method == http.MethodPost {
			i.problem(observed.EmptyBody)
		}
	}
}

// cutShort is the status for a request that ends too early: the client was silent, or is done.
func cutShort(err error) int {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return http.StatusRequestTimeout
	}
	return http.StatusBadRequest
}

// credentials judges user and signature.
func (i *inspection) credentials(v *visit) {
	user := i.head.Username()
	s := v.plan.sandbox
	if user != "" && user != s.Username {
		i.problem(observed.Username)
	}
	if signature := i.head.Signature(); signature != "" && len(i.body) > 0 {
		i.signature(v, mistakes.Attempt{Body: i.body, Key: s.Key, Username: user, Signature: signature})
	}
	username, _ := i.head.Get(opensrs.HeaderUsername)
	signature, _ := i.head.Get(opensrs.HeaderSignature)
	i.known = username == s.Username &&
		subtle.ConstantTimeCompare([]byte(signature), []byte(opensrs.Sign(i.body, s.Key))) == 1
}

// signature explains a signature. Where nothing explains it and the envelope has no end, the bytes behind it may: a
// body can be longer than its Content-Length says.
func (i *inspection) signature(v *visit, attempt mistakes.Attempt) {
	verdict, why := v.explain(attempt, false)
	if why != "" {
		i.Problems = append(i.Problems, observed.Problem{ID: observed.SignatureUnexplained, Detail: why})
		return
	}
	i.Signature, i.Shape = &verdict, mistakes.ShapeOf(attempt.Signature)
	if !unexplained(verdict) || i.status != 0 || bytes.HasSuffix(bytes.TrimSpace(i.body), []byte("</OPS_envelope>")) {
		return
	}
	rest := v.readRest()
	if len(rest) == 0 {
		return
	}
	attempt.Body = slices.Concat(i.body, rest)
	whole, why := v.explain(attempt, true)
	if why != "" || unexplained(whole) && len(bytes.Trim(rest, "\r\n")) == 0 {
		return // an empty line behind a body is not part of it
	}
	i.Signature, i.came, i.last = &whole, int64(len(attempt.Body)), true
}

func unexplained(v mistakes.Verdict) bool {
	return slices.Equal(v.Mistakes, []string{mistakes.WrongKey})
}

// form judges method, path and host. A wrong content type is told, not refused: the service's own mind about
// that is not known.
func (i *inspection) form() {
	if i.request.Method != http.MethodPost {
		i.refuse(http.StatusMethodNotAllowed)
	}
	if i.request.URL.Path != "/" || i.request.URL.RawQuery != "" {
		i.refuse(http.StatusNotFound)
	}
	if i.request.ProtoAtLeast(1, 1) && i.request.Host == "" { // RFC 9112, 3.2
		i.problem(observed.HostMissing)
		i.refuse(http.StatusBadRequest)
	}
}

// found reports whether one of these was found.
func (i *inspection) found(ids ...string) bool {
	return slices.ContainsFunc(i.Findings, func(f inspect.Finding) bool { return slices.Contains(ids, f.ID) })
}

// ofBody finds what is wrong with a body that came.
func (i *inspection) ofBody() {
	if len(i.body) == 0 {
		return
	}
	verdict := mistakes.Verdict{}
	if i.Signature != nil {
		verdict = *i.Signature
	}
	i.Findings = append(i.Findings, inspect.Body(i.body, verdict, i.Findings)...)
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
}

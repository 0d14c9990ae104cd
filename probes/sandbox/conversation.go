package sandbox

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"opensrs-doctor/probes/observed"
	"opensrs-doctor/probes/opensrs"
)

// Bounds of one connection to the API. The service's own: a connection lives at most 60 s and 100 commands
// (domains.opensrs.guide/docs/writing-your-own-client).
const (
	lifeTime    = 60 * time.Second
	headTime    = 10 * time.Second // for the handshake, and for a request's head once it has begun
	quietTime   = 5 * time.Second  // between two pieces of a body
	restTime    = 250 * time.Millisecond
	maxHeader   = 16 << 10
	maxBetween  = 64 // bytes that are passed over before a request
	maxCommands = 100
)

// visit is one connection to the API. The sandbox reads requests by itself instead of leaving that to
// net/http's server: what that refuses in silence, a header that is not a header or bytes behind the body, is what
// the author of a client has to hear about.
type visit struct {
	plan *plan
	tail *tailConn
	conn stream
	in   *bufio.Reader
	from caller
	ends time.Time
}

// stream is what a *tls.Conn has.
type stream interface {
	net.Conn
	CloseWrite() error
	NetConn() net.Conn
}

// converse serves one connection: handshake, requests, goodbye.
func (p *plan) converse(conn net.Conn, config *tls.Config) {
	v := &visit{plan: p, tail: &tailConn{Conn: conn}, from: p.callerOf(conn), ends: time.Now().Add(lifeTime)}
	secured := tls.Server(v.tail, config)
	v.conn = secured
	v.in = bufio.NewReader(v.conn)
	defer func() {
		// What a client sends must neither end the sandbox nor, as the value of a panic, get onto its screen.
		if recover() != nil {
			o := v.observation()
			o.Broken = observed.BrokenInside
			p.sandbox.observe(o)
		}
	}()
	v.conn.SetDeadline(v.within(headTime))
	if err := secured.Handshake(); err != nil {
		v.brokeOff(err)
		return
	}
	v.conn.SetDeadline(time.Time{})
	for nth := 1; v.serve(nth); nth++ {
	}
	v.goodbye()
}

// within is a time from now, and never later than the end of the connection's life.
func (v *visit) within(d time.Duration) time.Time {
	if at := time.Now().Add(d); at.Before(v.ends) {
		return at
	}
	return v.ends
}

// brokeOff tells of a connection that came to no request, and answers one without TLS in words.
func (v *visit) brokeOff(err error) {
	if v.plan.sandbox.group.ctx.Err() != nil {
		return // the sandbox itself ends
	}
	o := v.observation()
	var record tls.RecordHeaderError
	if !errors.As(err, &record) || record.Conn == nil {
		o.Broken = brokenBy(err, v.tail.last)
		v.plan.sandbox.observe(o)
		return
	}
	record.Conn.SetDeadline(v.within(headTime))
	r := plainText(http.StatusBadRequest, "This port speaks TLS: the URL begins with https.")
	request := v.plainRequest()
	if request != nil && (&inspection{request: request}).asksAddress() {
		r = plainText(http.StatusOK, o.Caller.String())
		o.Command, o.Status, o.Text = observed.WhoAmI, r.status, http.StatusText(r.status)
	} else {
		o.Broken = brokenBy(err, v.tail.last)
	}
	v.plan.sandbox.observe(o)
	r.close = true
	r.write(record.Conn, request, time.Now().Add(v.plan.ahead))
	linger(v.tail.Conn)
}

// plainRequest is the request without TLS that the connection begins with, where it asks for /ip; nil for anything else.
// Other hosts ask so by which address they leave at this port: they have no reason to know the sandbox's authority.
func (v *visit) plainRequest() *http.Request {
	first := string(v.tail.first)
	if !strings.HasPrefix(first, "GET /ip ") && !strings.HasPrefix(first, "HEAD /ip ") {
		return nil
	}
	from := io.LimitReader(io.MultiReader(strings.NewReader(first), v.tail.Conn), maxHeader)
	request, _ := http.ReadRequest(bufio.NewReader(from))
	return request
}

func (v *visit) observation() observed.Observation {
	o := observed.Observation{Caller: v.from.address, User: v.plan.sandbox.Username}
	if v.plan.fault.shakes != takes {
		o.Refusable = v.plan.fault.id
	}
	return o
}

// serve reads a request and answers it; false ends the connection. What was seen is told before the client has
// its reply: who has one finds its request in the log.
func (v *visit) serve(nth int) (again bool) {
	head, err := v.readHead(nth)
	if len(head) == 0 {
		if nth == 1 {
			v.brokeOff(err)
		}
		return false
	}
	seen := v.inspect(head, err)
	defer seen.release()
	r := v.plan.decide(seen, nth)
	r.close = r.close || seen.last
	if seen.Status, seen.Code, seen.Text = r.status, r.code, r.text; r.code == 0 {
		seen.Text = http.StatusText(r.status)
	}
	v.plan.sandbox.observe(seen.Observation)
	if r.hold {
		v.conn.SetReadDeadline(time.Time{})
		io.Copy(io.Discard, v.in)
	}
	if r.status == 0 {
		v.conn.NetConn().Close() // not a word, not even that of TLS
		return false
	}
	v.conn.SetWriteDeadline(time.Now().Add(headTime))
	err = r.write(v.conn, seen.request, time.Now().Add(v.plan.ahead))
	return err == nil && !r.close
}

// goodbye ends the connection so that the client can read the last reply: to close with unread bytes would be a
// reset, which may overtake it.
func (v *visit) goodbye() {
	v.conn.CloseWrite()
	v.conn.SetReadDeadline(v.within(time.Second))
	io.CopyN(io.Discard, v.conn, opensrs.MaxReply)
}

var errHeadTooBig = errors.New("the head is over the size limit")

// readHead reads from the request line to the empty line. A client that sends nothing at all gives no bytes.
func (v *visit) readHead(nth int) ([]byte, error) {
	v.conn.SetReadDeadline(v.within(lifeTime))
	if nth == 1 {
		v.conn.SetReadDeadline(v.within(headTime))
	}
	// Old clients send an empty line behind a body (RFC 9112, 2.2), those in C the NUL that ends a string.
	between := "\r\n\x00"
	if nth == 1 {
		between = "\r\n"
	}
	for passed := 0; ; passed++ {
		first, err := v.in.Peek(1)
		switch {
		case err != nil:
			return nil, err
		case passed > maxBetween:
			return first, errHeadTooBig
		}
		if strings.IndexByte(between, first[0]) < 0 {
			break
		}
		v.in.Discard(1)
	}
	v.conn.SetReadDeadline(v.within(headTime))
	var head []byte
	for line := 0; ; {
		piece, err := v.in.ReadSlice('\n')
		head, line = append(head, piece...), line+len(piece)
		switch {
		case len(head) > maxHeader:
			return head, errHeadTooBig
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil:
			return head, err
		case len(bytes.TrimRight(head[len(head)-line:], "\r\n")) == 0:
			return head, nil
		default:
			line = 0
		}
	}
}

// readBody reads that many bytes, or fewer where the client ends or falls silent.
func (v *visit) readBody(length int64) ([]byte, error) {
	var body bytes.Buffer
	body.Grow(int(min(length, bigBody)) + bytes.MinRead) // doubling would leave as much behind again
	_, err := io.CopyN(&body, patient{v, quietTime}, length)
	return body.Bytes(), err
}

// readRest reads what comes at once after what was read: the rest of a body that is longer than its header said. The next
// request does not count.
func (v *visit) readRest() []byte {
	v.conn.SetReadDeadline(v.within(restTime))
	if next, _ := v.in.Peek(5); strings.HasPrefix(string(next), "POST ") || strings.HasPrefix(string(next), "GET ") {
		return nil
	}
	var rest bytes.Buffer
	io.CopyN(&rest, patient{v, restTime}, bigBody)
	return rest.Bytes()
}

// patient reads from a visit, and waits that long for each piece.
type patient struct {
	visit *visit
	wait  time.Duration
}

func (p patient) Read(b []byte) (int, error) {
	p.visit.conn.SetReadDeadline(p.visit.within(p.wait))
	return p.visit.in.Read(b)
}

// reply is what goes back.
type reply struct {
	status   int // of HTTP; 0: hangs up without a word
	kind     string
	location string // of a redirect; "": none
	body     []byte
	close    bool
	code     int // of the protocol, for the log; 0: this is not an envelope
	text     string
	hold     bool // waits until the client leaves or the sandbox closes
}

// write sends the reply, with head and body in one piece. Its status line is HTTP/1.1 and it has a Content-Length
// whatever the client spoke: the service's own PHP toolkit speaks HTTP/1.0 and takes nothing else. Its Date is by
// the services' clock.
func (r *reply) write(w io.Writer, request *http.Request, now time.Time) error {
	var out bytes.Buffer
	header := func(name, value string) {
		if value != "" {
			out.WriteString(name + ": " + value + "\r\n")
		}
	}
	out.WriteString("HTTP/1.1 " + decimal(r.status) + " " + http.StatusText(r.status) + "\r\n")
	header("Date", now.UTC().Format(http.TimeFormat))
	header("Location", r.location)
	header("Content-Type", r.kind)
	header("Content-Length", decimal(len(r.body)))
	switch {
	case r.close:
		header("Connection", "close")
	case request != nil && !request.ProtoAtLeast(1, 1):
		header("Connection", "keep-alive")
	}
	out.WriteString("\r\n")
	if request == nil || request.Method != http.MethodHead {
		out.Write(r.body)
	}
	_, err := w.Write(out.Bytes())
	return err
}

func decimal(n int) string { return strconv.Itoa(n) }

// plainText is a reply in words that is not the API's.
func plainText(status int, text string) *reply {
	return &reply{status: status, kind: "text/plain", body: []byte(text + "\n")}
}

// envelope makes the reply of an answer of the protocol.
func envelope(code int, text string, success bool, object string, attributes opensrs.Value, more ...opensrs.Item) *reply {
	return &reply{status: http.StatusOK, kind: opensrs.ContentType, code: code, text: text,
		body: opensrs.EncodeReply(code, text, success, "REPLY", object, attributes, more...)}
}

// refusal is an envelope that says no.
func refusal(code int, text string) *reply { return envelope(code, text, false, "", opensrs.Value{}) }

// page is a reply that is not the API's: what a gateway or a portal says.
func page(status int, body string) *reply {
	return &reply{status: status, kind: "text/html; charset=utf-8", body: []byte(body)}
}

package probes

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"opensrs-doctor/probes/classify"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/netaddr"
)

// Bounds of what is read from any peer. A peer that says more is cut off, and that is a fact.
const (
	maxHead  = 64 << 10          // of a proxy's or server's head
	maxBody  = 1 << 20           // of a reply's body; a real one has a few kilobytes
	maxReply = maxHead + maxBody // of the service's reply
	maxThird = 64 << 10          // of a third party's reply, head and body together
)

// reply is one HTTP exchange, as far as it went.
type reply struct {
	status   *http.Response // nil: no status line that parses came
	body     []byte
	raw      []byte // the first bytes, whatever they are
	complete bool   // the body ended as its framing says
	tooBig   bool
	date     *time.Time
	err      error
}

// written is a request as its bytes. They are sent at once: one record, and one packet where they fit into one.
type written struct {
	method string
	bytes  []byte
	err    error // the request cannot be sent: its host or path holds what no request may
}

// written writes a request out, with all that is sent: the agent in place of Go's own, nothing kept open. A proxy is asked
// for the whole URL.
func (w *world) written(request *http.Request, absolute bool) written {
	request.Header.Set("User-Agent", w.agent)
	write := request.Write
	if absolute {
		write = request.WriteProxy
	}
	var out bytes.Buffer
	err := write(&out)
	return written{request.Method, out.Bytes(), err}
}

// exchange writes a request as it was written out and reads the reply, within the context and of at most so many bytes.
// Informational replies are passed over. Nothing is interpreted, and nothing is unpacked: no coding is asked for.
func exchange(ctx context.Context, conn net.Conn, request written, most int64) reply {
	if request.err != nil {
		return reply{err: request.err}
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(time.Minute)
	}
	conn.SetDeadline(deadline.Add(time.Second)) // the context ends first: a half line read by then is a timeout
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()

	var got reply
	if _, err := conn.Write(request.bytes); err != nil {
		// A server may answer and close before it has read everything: read on.
		got.err = err
	}
	limited := &io.LimitedReader{R: conn, N: most}
	tap := &tapReader{from: limited}
	reader := bufio.NewReader(tap)
	for { // interim replies too are bounded by the reader's limit and the deadline
		response, err := http.ReadResponse(reader, &http.Request{Method: request.method})
		if err != nil {
			if got.err == nil || len(tap.first) > 0 {
				got.err = err
			}
			got.raw = tap.first
			got.tooBig = limited.N <= 0
			break
		}
		got.err = nil
		if response.StatusCode >= 200 || response.StatusCode == http.StatusSwitchingProtocols {
			got.status = response
			break
		}
	}
	if got.status != nil {
		got.readBody(tap, limited)
	}
	if ctx.Err() != nil && got.err != nil {
		got.err = ctx.Err()
	}
	return got
}

func (r *reply) readBody(tap *tapReader, limited *io.LimitedReader) {
	if date, err := http.ParseTime(r.status.Header.Get("Date")); err == nil {
		// A cache keeps the Date of the day it got the page, and says how long ago that was (RFC 9111, 5.1).
		if age, err := strconv.ParseUint(r.status.Header.Get("Age"), 10, 31); err == nil {
			date = date.Add(time.Duration(age) * time.Second)
		}
		r.date = &date
	}
	body, err := io.ReadAll(io.LimitReader(r.status.Body, maxBody+1))
	r.raw = tap.first
	if len(body) > maxBody || limited.N <= 0 {
		r.tooBig = true
		body = body[:min(len(body), maxBody)]
	}
	r.body, r.err, r.complete = body, err, err == nil
	// Without a length the close is the end. A TLS peer that closes without the closing alert, or resets
	// after its last byte, has still said what it said: what came is judged.
	if err != nil && r.status.ContentLength < 0 && len(r.status.TransferEncoding) == 0 && !classify.IsTimeout(err) {
		r.complete, r.err = true, nil
	}
}

// tapReader keeps the first bytes that pass.
type tapReader struct {
	from  io.Reader
	first []byte
}

func (t *tapReader) Read(p []byte) (int, error) {
	n, err := t.from.Read(p)
	if room := 1024 - len(t.first); room > 0 {
		t.first = append(t.first, p[:min(n, room)]...)
	}
	return n, err
}

// fetched is the answer of a third party: a source, a control, the status page.
type fetched struct {
	local  netip.Addr
	trust  *evidence.Trust
	chain  []*x509.Certificate
	status int
	body   []byte

	contentType string
	location    string // of a redirect
	dated       bool   // the certificate fails on dates only: the Date was read for the clock, body is nil
	err         error
}

// fetch does one unsigned GET on the way given. A certificate counts as good if either set of roots vouches
// for it. Where only its dates are wrong, the Date is read and nothing else. Redirects are not followed.
func (w *world) fetch(ctx context.Context, v way, u *url.URL) fetched {
	port, err := netaddr.PortOf(u)
	if err != nil {
		return fetched{err: err}
	}
	peer := netaddr.HostPort{Host: u.Hostname(), Port: port}
	absolute := u.Scheme == "http" && v.proxy != nil && strings.HasPrefix(v.proxy.url.Scheme, "http")
	var conn net.Conn
	if absolute {
		conn, err = w.openProxy(ctx, v.proxy, nil)
	} else {
		conn, err = w.open(ctx, v, peer)
	}
	if err != nil {
		return fetched{err: err}
	}
	defer conn.Close()
	got := fetched{local: localAddress(conn)}
	if u.Scheme == "https" {
		var stream *tls.Conn
		stream, got.trust, got.chain, err = w.secure(ctx, conn, peer.Host, nil)
		if err != nil {
			got.err = err
			return got
		}
		conn = stream
		trusted := got.trust.Known()
		if got.dated = got.trust.DatesOnly; !got.dated && !(trusted && got.trust.NameOK && got.trust.DatesOK) {
			got.err = &evidence.Failure{Op: evidence.OpVerify, Kind: evidence.KindUntrusted, Detail: foreign.Oursf("the certificate did not verify: %s", got.trust.Issuer)}
			return got
		}
	}
	answer := exchange(ctx, conn, w.getRequest(u, v, absolute), maxThird)
	got.err = answer.err
	w.clock.note(peer.String(), answer.date, w.now(), u.Scheme == "https")
	if answer.tooBig {
		got.err = &evidence.Failure{Op: evidence.OpFetch, Kind: evidence.KindBadAnswer, Detail: foreign.Oursf("the reply is larger than %d KiB", maxThird>>10)}
	}
	if answer.status == nil {
		return got
	}
	got.status, got.contentType = answer.status.StatusCode, answer.status.Header.Get("Content-Type")
	got.location = answer.status.Header.Get("Location")
	if !got.dated {
		got.body = answer.body
	}
	switch {
	case got.dated:
		got.err = &evidence.Failure{Op: evidence.OpVerify, Kind: evidence.KindUntrusted, Detail: foreign.Ours("the certificate's dates do not fit this host's clock")}
	case got.status != http.StatusOK && got.err == nil:
		kind := evidence.KindHTTPStatus
		if absolute && got.status == http.StatusProxyAuthRequired {
			kind = evidence.KindProxyAuth
		}
		got.err = &evidence.Failure{Op: evidence.OpFetch, Kind: kind, Detail: foreign.Oursf("HTTP status %d", got.status)}
	}
	return got
}

func (w *world) getRequest(u *url.URL, v way, absolute bool) written {
	request := &http.Request{Method: http.MethodGet, URL: u, Header: http.Header{"Accept": {"*/*"}}, Close: true}
	if absolute {
		v.proxy.authorize(request)
	}
	return w.written(request, absolute)
}

// pageInstead is what was shown in the place of something else that was asked for by plain HTTP; nil where that may be the
// peer's own: an error in words, or a redirect to itself. A page over HTTPS is proven to be the peer's.
func (got fetched) pageInstead(u *url.URL, words classify.Gate) *evidence.Page {
	if u.Scheme != "http" {
		return nil
	}
	page := &evidence.Page{Status: got.status}
	if got.status/100 == 3 {
		to, err := u.Parse(got.location)
		if err != nil || to.Hostname() == "" || strings.EqualFold(to.Hostname(), u.Hostname()) {
			return nil
		}
		to.User = nil
		page.Location = words(to.String(), 200)
		return page
	}
	text := strings.TrimSpace(foreign.Decode(got.body, got.contentType))
	if !strings.HasPrefix(text, "<") || !strings.Contains(strings.ToLower(text[:min(len(text), 4096)]), "<html") && got.status != evidence.StatusLogin {
		return nil
	}
	page.Title = words(quoteOf(text), 100)
	return page
}

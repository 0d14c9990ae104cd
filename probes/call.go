package probes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"

	"opensrs-doctor/probes/opensrs"
)

// credentials are what the call is signed with.
type credentials struct {
	username string
	key      Secret
}

// probeCall makes the one authenticated call, GET_BALANCE, over a connection whose peer has been verified.
// Of the reply it keeps code and text, never the attributes: the balance is nobody's business.
func (w *world) probeCall(ctx context.Context, conn net.Conn, host HostPort, path string, who credentials) *Call {
	body := opensrs.GetBalanceBody()
	signature := opensrs.Sign(body, who.key.Reveal())
	w.scrub.Add(signature)
	facts := &Call{VectorOK: opensrs.CheckVector(), Sent: true}
	start := time.Now()
	got := exchange(ctx, conn, callRequest(host, path, who.username, signature, w.agent, body), http.MethodPost, maxReply)
	facts.TookMS = milliseconds(time.Since(start))
	facts.ReplyBytes = len(got.body)
	facts.Date = got.date
	w.clock.note(host.String(), got.date, w.now(), true)
	facts.Retransmits = retransmits(conn)
	w.readReply(facts, got)
	return facts
}

// callRequest is the request as the guide describes it: a length, no chunks, nothing kept open.
func callRequest(host HostPort, path, username, signature, agent string, body []byte) []byte {
	var request bytes.Buffer
	fmt.Fprintf(&request, "POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nContent-Type: text/xml\r\n"+
		"X-Username: %s\r\nX-Signature: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n",
		path, host, agent, username, signature, len(body))
	request.Write(body)
	return request.Bytes()
}

// readReply turns the exchange into facts.
func (w *world) readReply(facts *Call, got reply) {
	if got.status == nil {
		w.readNoStatus(facts, got)
		return
	}
	facts.HTTPStatus = got.status.StatusCode
	facts.ContentType = printable(w.scrub.Scrub(got.status.Header.Get("Content-Type")), 100)
	if facts.HTTPStatus/100 == 3 {
		facts.Location = printable(w.scrub.Scrub(got.status.Header.Get("Location")), 200)
		facts.Failure = &Failure{Op: "call", Kind: KindHTTPStatus, Detail: "HTTP status " + strconv.Itoa(facts.HTTPStatus)}
		return
	}
	malformed := func(why string) { facts.Failure = &Failure{Op: "call", Kind: KindMalformed, Detail: why} }
	switch {
	case got.tooBig:
		malformed(fmt.Sprintf("over the limit of %d kB", maxBody>>10))
		return
	case isTimeout(got.err) || errors.Is(got.err, context.Canceled):
		facts.Failure = w.fail("call", got.err)
		return
	}
	w.readEnvelope(facts, got.body)
	if !facts.Envelope && !got.complete && (facts.Failure == nil || facts.Failure.Kind != KindHTTPStatus) {
		malformed("cut short: the connection ended before the reply did")
	}
}

// readNoStatus is for replies that have no HTTP status line: none at all, half a one, or other words.
func (w *world) readNoStatus(facts *Call, got reply) {
	said := got.raw
	switch {
	case got.tooBig:
		facts.Failure = &Failure{Op: "call", Kind: KindMalformed, Detail: "a head without end"}
	case len(said) == 0 || isTimeout(got.err) || errors.Is(got.err, context.Canceled):
		facts.Failure = w.fail("call", got.err)
	case bytes.HasPrefix(said, []byte("HTTP/")):
		facts.Failure = &Failure{Op: "call", Kind: KindMalformed, Detail: "the reply's head was cut short or is not well-formed"}
	default:
		facts.ReplyBytes = len(said)
		facts.Quote = firstLine(w.quote(string(said)))
		facts.Failure = &Failure{Op: "call", Kind: KindNotHTTP, Detail: "the reply is no HTTP"}
	}
}

// readEnvelope reads a body: an envelope decides, whatever the HTTP status; else the status does.
func (w *world) readEnvelope(facts *Call, body []byte) {
	answer, err := opensrs.ParseReply(body)
	for _, balance := range answer.Balances {
		if len(balance) > 3 {
			w.scrub.Add(balance)
		}
	}
	var malformed *opensrs.MalformedError
	switch {
	case err == nil:
		facts.Envelope, facts.Success = true, answer.Success
		facts.Code = printable(w.scrub.Scrub(answer.Code), 20)
		facts.Text = printable(w.quote(answer.Text), 300)
		facts.Class = string(opensrs.ClassOf(answer))
		if !answer.Success {
			facts.Failure = &Failure{Op: "call", Kind: KindRefusedByAPI, Detail: strings.TrimSpace(facts.Code + " " + facts.Text)}
		}
		return
	case facts.HTTPStatus >= 500 || facts.HTTPStatus == http.StatusTooManyRequests:
		facts.Quote = w.quote(quoteOf(w.quote(string(body)))) // again: a title is unescaped
		facts.Failure = &Failure{Op: "call", Kind: KindHTTPStatus, Detail: "HTTP status " + strconv.Itoa(facts.HTTPStatus)}
	case errors.As(err, &malformed):
		facts.Failure = &Failure{Op: "call", Kind: KindMalformed, Detail: w.scrub.Scrub(malformed.Why), Err: err}
	default:
		facts.Quote = w.quote(quoteOf(w.quote(string(body)))) // again: a title is unescaped
		facts.Failure = &Failure{Op: "call", Kind: KindBadAnswer, Detail: "the reply is no OPS envelope", Err: err}
	}
}

// balanceFigure is a number that is called a balance, in XML, JSON or words.
var balanceFigure = regexp.MustCompile(
	`(?i)(balance\b[^0-9a-z<]{0,20}(?:<[^>]{0,40}>\s*)*(?:is|of|usd|cad|eur|gbp)?[^0-9a-z]{0,8})[0-9][0-9.,']*`)

// quote makes a reply's words fit to be shown: without secrets, and without the balance, which stands in
// every good reply and may stand in a broken one.
func (w *world) quote(text string) string {
	return balanceFigure.ReplaceAllString(w.scrub.Scrub(text), "${1}"+redacted)
}

// quoteOf is what a person would read of a page first: the title of HTML, else the first line.
func quoteOf(body string) string {
	tokens := html.NewTokenizer(strings.NewReader(body))
	tokens.SetMaxBuf(64 << 10)
	for range 2000 {
		switch tokens.Next() {
		case html.ErrorToken:
			return firstLine(body)
		case html.StartTagToken:
			if name, _ := tokens.TagName(); string(name) == "title" && tokens.Next() == html.TextToken {
				if title := printable(string(tokens.Text()), 100); title != "" {
					return title
				}
			}
		}
	}
	return firstLine(body)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return printable(line, 100)
}

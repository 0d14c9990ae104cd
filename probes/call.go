package probes

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"

	"opensrs-doctor/probes/classify"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/probes/opensrs"
)

// credentials are what the call is signed with.
type credentials struct {
	username  string
	signature string // of opensrs.GetBalanceBody
}

// probeCall makes the one authenticated call, GET_BALANCE, over a connection whose peer has been verified.
// Of the reply it keeps code and text, never the attributes: the balance is nobody's business.
func (w *world) probeCall(ctx context.Context, conn net.Conn, host netaddr.HostPort, path string, who credentials) *evidence.Call {
	facts := &evidence.Call{VectorOK: opensrs.CheckVector(), Sent: true}
	start := time.Now()
	got := exchange(ctx, conn, w.callRequest(host, path, who), maxReply)
	facts.TookMS = evidence.Milliseconds(time.Since(start))
	facts.ReplyBytes = len(got.body)
	facts.Date = got.date
	w.clock.note(host.String(), got.date, w.now(), true)
	facts.Retransmits = retransmits(conn)
	if w.readReply(facts, got); facts.Failure != nil && facts.Failure.Kind == evidence.KindTimeout {
		facts.Unconfirmed = unconfirmed(conn)
	}
	return facts
}

// callRequest is the request as the guide describes it: a length, no chunks, nothing kept open.
func (w *world) callRequest(host netaddr.HostPort, path string, who credentials) written {
	body := opensrs.GetBalanceBody()
	plain, _ := url.PathUnescape(path) // which is a path's own escaped form
	return w.written(&http.Request{
		Method: http.MethodPost,
		URL:    &url.URL{Host: host.String(), Path: plain, RawPath: path},
		Header: http.Header{"Content-Type": {"text/xml"}, "X-Username": {who.username}, "X-Signature": {who.signature}},
		Body:   io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
		Close: true,
	}, false)
}

// readReply turns the exchange into facts.
func (w *world) readReply(facts *evidence.Call, got reply) {
	if got.status == nil {
		w.readNoStatus(facts, got)
		return
	}
	facts.HTTPStatus = got.status.StatusCode
	facts.ContentType = w.quote(got.status.Header.Get("Content-Type"), 100)
	facts.Device = w.device(got.status.Header)
	if facts.Redirects() {
		facts.Location = w.quote(got.status.Header.Get("Location"), 200)
		facts.Failure = &evidence.Failure{Op: evidence.OpCall, Kind: evidence.KindHTTPStatus, Detail: foreign.Oursf("HTTP status %d", facts.HTTPStatus)}
		return
	}
	malformed := func(why foreign.Text) {
		facts.Failure = &evidence.Failure{Op: evidence.OpCall, Kind: evidence.KindMalformed, Detail: why}
	}
	switch {
	case got.tooBig:
		malformed(foreign.Oursf("over the limit of %d kB", maxBody>>10))
		return
	case classify.IsTimeout(got.err) || errors.Is(got.err, context.Canceled):
		facts.Failure = classify.ErrorBy(evidence.OpCall, got.err, w.quote)
		return
	}
	w.readEnvelope(facts, got.body, got.status.Header.Get("Content-Type"))
	if !facts.Envelope && !got.complete && (facts.Failure == nil || facts.Failure.Kind != evidence.KindHTTPStatus) {
		malformed(foreign.Ours("cut short: the connection ended before the reply did"))
	}
}

// proxyProducts are the names by which proxies call themselves in Server and Via. A web server's name is none: nginx and
// Apache may be the service's own.
var proxyProducts = []string{"squid", "zscaler", "bluecoat", "blue coat", "proxysg", "mcafee web gateway", "skyhigh", "forcepoint", "websense",
	"fortigate", "fortinet", "fortiproxy", "sophos", "barracuda", "cisco-wsa", "ironport", "netskope", "iboss", "haproxy", "varnish", "envoy",
	"trafficserver", "privoxy", "tinyproxy", "mitmproxy", "big-ip", "bigip", "f5 networks", "palo alto", "watchguard", "smoothwall", "untangle"}

// device is the header by which a proxy in between names itself; none where no header does.
func (w *world) device(header http.Header) foreign.Text {
	for _, name := range []string{"X-Squid-Error", "X-Bluecoat-Via", "X-Zscaler-Error", "Proxy-Connection", "Proxy-Authenticate"} {
		if value := header.Get(name); value != "" {
			return w.quote(name+": "+value, 120)
		}
	}
	for _, name := range []string{"Via", "Server"} {
		value := header.Get(name)
		lower := strings.ToLower(value)
		for _, product := range proxyProducts {
			if strings.Contains(lower, product) {
				return w.quote(name+": "+value, 120)
			}
		}
		// Via: 1.1 proxy1.example:3128: a host names itself. A pseudonym, such as 1.1 google, does not say whose it is.
		if words := strings.Fields(value); name == "Via" && len(words) > 1 && strings.Contains(words[1], ".") {
			return w.quote(name+": "+value, 120)
		}
	}
	return foreign.Text{}
}

// readNoStatus is for replies that have no HTTP status line: none at all, half a one, or other words.
func (w *world) readNoStatus(facts *evidence.Call, got reply) {
	said := got.raw
	switch {
	case got.tooBig:
		facts.Failure = &evidence.Failure{Op: evidence.OpCall, Kind: evidence.KindMalformed, Detail: foreign.Ours("a head without end")}
	case len(said) == 0 || classify.IsTimeout(got.err) || errors.Is(got.err, context.Canceled):
		facts.Failure = classify.ErrorBy(evidence.OpCall, got.err, w.quote)
	case bytes.HasPrefix(bytes.TrimSpace(said), []byte("HTTP/")):
		facts.Failure = &evidence.Failure{Op: evidence.OpCall, Kind: evidence.KindMalformed, Detail: foreign.Ours("the reply's head was cut short or is not well-formed")}
	default:
		facts.ReplyBytes = len(said)
		facts.Quote = w.quote(firstLine(foreign.Decode(said, "")), 100)
		facts.Failure = &evidence.Failure{Op: evidence.OpCall, Kind: evidence.KindNotHTTP, Detail: foreign.Ours("the reply is no HTTP")}
	}
}

// readEnvelope reads a body: an envelope decides, whatever the HTTP status; else the status does.
func (w *world) readEnvelope(facts *evidence.Call, body []byte, contentType string) {
	answer, err := opensrs.ParseReply(body)
	w.keepAmounts(answer.Balances)
	var malformed *opensrs.MalformedError
	switch {
	case err == nil:
		facts.Envelope, facts.Success = true, answer.Success
		facts.Code, facts.Text = w.code(answer.Code), w.quote(answer.Text, 300)
		facts.Class = string(opensrs.ClassOf(answer))
		if !answer.Success {
			facts.Failure = &evidence.Failure{Op: evidence.OpCall, Kind: evidence.KindRefusedByAPI, Detail: foreign.Join(facts.Code, facts.Text)}
		}
		return
	case facts.HTTPStatus >= 500 || facts.HTTPStatus == http.StatusTooManyRequests:
		facts.Quote = w.quote(quoteOf(foreign.Decode(body, contentType)), 100)
		facts.Failure = &evidence.Failure{Op: evidence.OpCall, Kind: evidence.KindHTTPStatus, Detail: foreign.Oursf("HTTP status %d", facts.HTTPStatus)}
	case errors.As(err, &malformed) && (len(body) > 0 || facts.HTTPStatus == http.StatusOK):
		facts.Failure = &evidence.Failure{Op: evidence.OpCall, Kind: evidence.KindMalformed, Detail: malformed.Why, Err: err}
	default:
		said := foreign.Decode(body, contentType)
		if plain, packed := unpack(body, said); packed != "" {
			said, facts.Packed = w.inside(plain), packed
		}
		facts.Quote = w.quote(quoteOf(said), 100)
		facts.Failure = &evidence.Failure{Op: evidence.OpCall, Kind: evidence.KindBadAnswer, Detail: foreign.Ours("the reply is no OPS envelope"), Err: err}
	}
}

// unpack is what a body says that came in a form that was not asked for, and which; "" for any other body. said is the body
// as text.
func unpack(body []byte, said string) (plain, packed string) {
	if bytes.HasPrefix(body, []byte("\x1f\x8b")) {
		reader, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return "", ""
		}
		inner, err := io.ReadAll(io.LimitReader(reader, maxBody)) // a body that swells stops there
		if len(inner) == 0 && err != nil {
			return "", ""
		}
		return foreign.Decode(inner, ""), evidence.PackedGzip
	}
	if said != "" && bytes.Count(body, []byte{0}) >= len(body)/4 && !strings.Contains(said, "\x00") {
		return said, evidence.PackedUTF16
	}
	return "", ""
}

// inside is what may be quoted of an unpacked reply: of an envelope its code and text.
func (w *world) inside(plain string) string {
	plain = withoutDeclaration(plain) // which says UTF-16, and it is that no more
	answer, err := opensrs.ParseReply([]byte(plain))
	var malformed *opensrs.MalformedError
	switch {
	case errors.As(err, &malformed): // what it holds of an account cannot be told
		return "not well-formed"
	case err != nil:
		return plain
	}
	w.keepAmounts(answer.Balances)
	return answer.Code + " " + answer.Text
}

// keepAmounts remembers what the account holds: it may be in the words of this reply, and of others.
func (w *world) keepAmounts(amounts []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.amounts = append(w.amounts, amounts...)
}

// quote is the gate for the free words of the API's replies, which were sent the signature and know the balance.
func (w *world) quote(said string, limit int) foreign.Text {
	w.mu.Lock()
	amounts := slices.Clone(w.amounts)
	w.mu.Unlock()
	return w.scrub.QuoteReply(said, amounts, limit)
}

// code is a reply's code, which is a short number and no amount.
func (w *world) code(said string) foreign.Text {
	if len(said) <= 5 {
		return w.scrub.Quote(said, 20)
	}
	return w.quote(said, 20)
}

// quoteOf is what a person would read of a page first: the title of HTML, or its first words. Of anything else it is the
// first line: what is left of data without its tags does not tell an amount from another number.
func quoteOf(body string) string {
	tokens := html.NewTokenizer(strings.NewReader(body))
	tokens.SetMaxBuf(64 << 10)
	var words strings.Builder
	page, hidden := false, false
	for range 2000 {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			break
		}
		switch kind {
		case html.TextToken:
			if !hidden && words.Len() < 200 {
				words.Write(tokens.Text())
				words.WriteByte(' ')
			}
		case html.StartTagToken:
			name, _ := tokens.TagName()
			switch string(name) {
			case "title":
				if tokens.Next() == html.TextToken {
					if title := strings.TrimSpace(string(tokens.Text())); title != "" {
						return title
					}
				}
			case "html": // an envelope too has a body
				page = true
			}
			hidden = string(name) == "script" || string(name) == "style"
		case html.EndTagToken: // neither has elements in it
			hidden = false
		}
	}
	if text := strings.Join(strings.Fields(words.String()), " "); page && text != "" {
		return text
	}
	return firstLine(body)
}

// firstLine is the first line of a text, or of the XML in it.
func firstLine(text string) string {
	line, _, _ := strings.Cut(withoutDeclaration(text), "\n")
	return line
}

// withoutDeclaration is a text without white space around it, and without the declaration that XML begins with.
func withoutDeclaration(text string) string {
	text = strings.TrimSpace(text)
	if begin, rest, declared := strings.Cut(text, "?>"); declared && strings.HasPrefix(begin, "<?xml") {
		return strings.TrimSpace(rest)
	}
	return text
}

//go:build linux

package lab

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/sandbox"
)

// API is the service that the client calls. The zero value of each field is the healthy choice.
type API struct {
	Closed      bool             // nothing listens, the kernel answers RST
	Addresses   []string         // where it listens; default 198.51.100.10
	Port        uint16           // default 55443
	Certificate *tls.Certificate // default: one that is right for the endpoint
	TLS         func(*tls.Config)
	Allowed     func(netip.Addr) bool // the account's access rules, as the service has them; nil: everybody

	Raw     func(net.Conn)            // takes the connection before TLS; it closes afterwards
	Wrap    func(net.Conn) net.Conn   // something between the wire and TLS: a middlebox
	Reply   func(net.Conn, *Request)  // takes the verified request; nil: as the real service
	Denied  func(net.Conn)            // what a caller gets whom Allowed refuses; nil: "invalid IP address"
	Key     string                    // that the account has; default: the client's
	Session func(tls.ConnectionState) // looks at every finished handshake

	// What arrived, counted at the far side.
	Connections, Handshakes, Requests atomic.Int32
	Callers                           Seen         // distinct addresses of callers
	Signature                         atomic.Value // string: the last one, which no output may have in it
}

// Request is one call, as the service got it.
type Request struct {
	From   netip.Addr
	Header http.Header
	Body   []byte
	Signed bool // the signature is that of the account's key over these bytes
}

func (w *World) serveAPI() {
	api := w.API
	if api.Closed {
		return
	}
	if api.Certificate == nil {
		api.Certificate = Issue(apiIssuer(), w.Skew, sandbox.Template{Names: w.Names()})
	}
	config := &tls.Config{Certificates: []tls.Certificate{*api.Certificate}}
	if api.TLS != nil {
		api.TLS(config)
	}
	for _, address := range api.Addresses {
		listener := w.Far.Listen(net.JoinHostPort(address, fmt.Sprint(api.Port)))
		go accept(listener, func(conn net.Conn) {
			api.Connections.Add(1)
			w.serveCall(conn, config)
		})
	}
}

func accept(listener net.Listener, handle func(net.Conn)) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			handle(conn)
		}()
	}
}

func (w *World) serveCall(conn net.Conn, config *tls.Config) {
	api := w.API
	_ = conn.SetDeadline(time.Now().Add(time.Minute)) // nobody's connection outlives its test by much
	if api.Raw != nil {
		api.Raw(conn)
		return
	}
	from := remote(conn)
	if api.Wrap != nil {
		conn = api.Wrap(conn)
	}
	secure := tls.Server(conn, config)
	if err := secure.Handshake(); err != nil {
		return
	}
	defer secure.Close()
	api.Handshakes.Add(1)
	if api.Session != nil {
		api.Session(secure.ConnectionState())
	}
	httpRequest, err := http.ReadRequest(bufio.NewReader(secure))
	if err != nil {
		return
	}
	body, err := io.ReadAll(io.LimitReader(httpRequest.Body, opensrs.MaxReply))
	if err != nil {
		return
	}
	api.Requests.Add(1)
	api.Callers.Add(from)
	key := api.Key
	if key == "" {
		key = w.Key
	}
	request := &Request{From: from, Header: httpRequest.Header, Body: body}
	api.Signature.Store(request.Header.Get(opensrs.HeaderSignature))
	request.Signed = opensrs.Sign(body, []byte(key)) == request.Header.Get(opensrs.HeaderSignature)
	switch {
	case api.Allowed != nil && !api.Allowed(from) && api.Denied != nil:
		api.Denied(secure)
	case api.Allowed != nil && !api.Allowed(from):
		Envelope(400, "Access denied: invalid IP address")(secure, request)
	case api.Reply != nil:
		api.Reply(secure, request)
	case !request.Signed:
		Envelope(401, "Authentication Error")(secure, request)
	default:
		Envelope(200, "Command successful")(secure, request)
	}
}

// balance is the account's: no output may have it in it.
const balance = "8549.18"

// Envelope replies as the service does: HTTP 200 whatever the code says.
func Envelope(code int, text string) func(net.Conn, *Request) {
	attributes := map[string]string{}
	if code == 200 {
		attributes = map[string]string{"balance": balance, "hold_balance": "1676.05"}
	}
	body := opensrs.EncodeReply(code, text, code == 200, "REPLY", "BALANCE", opensrs.AssocOf(attributes))
	return HTTP("200 OK", opensrs.ContentType, string(body))
}

// HTTP replies with a status line's text, a content type and a body. More headers follow as they are.
func HTTP(status, contentType, body string, headers ...string) func(net.Conn, *Request) {
	return func(conn net.Conn, _ *Request) {
		var out bytes.Buffer
		fmt.Fprintf(&out, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n",
			status, contentType, len(body))
		for _, header := range headers {
			out.WriteString(header + "\r\n")
		}
		out.WriteString("Connection: close\r\n\r\n" + body)
		_, _ = conn.Write(out.Bytes())
	}
}

// Literal replies with exactly these bytes and closes.
func Literal(text string) func(net.Conn, *Request) {
	return func(conn net.Conn, _ *Request) { _, _ = io.WriteString(conn, text) }
}

// Silence replies nothing until the client gives up.
func Silence(conn net.Conn, _ *Request) { _, _ = io.Copy(io.Discard, conn) }

// HangUp closes in order, without a word.
func HangUp(net.Conn, *Request) {}

// Reset closes with RST.
func Reset(conn net.Conn, _ *Request) { abort(conn) }

// abort makes the kernel answer RST instead of FIN.
func abort(conn net.Conn) {
	for {
		wrapped, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		conn = wrapped.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// RawSilence accepts and says nothing, before TLS.
func RawSilence(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// RawReset resets as soon as the client has said something.
func RawReset(conn net.Conn) {
	_, _ = conn.Read(make([]byte, 1))
	abort(conn)
}

// RawText waits for the client's first bytes, answers text and closes.
func RawText(text string) func(net.Conn) {
	return func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 4096))
		_, _ = io.WriteString(conn, text)
	}
}

// onHello lets verdict look at a ClientHello before the server answers; a verdict that has closed the
// connection ends it without a TLS alert.
func onHello(verdict func(*tls.ClientHelloInfo)) func(*tls.Config) {
	return func(config *tls.Config) {
		config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			verdict(hello)
			return nil, nil
		}
	}
}

// bigHelloHole is a middlebox that swallows ClientHellos over limit bytes, and all that follows them.
type bigHelloHole struct {
	net.Conn
	limit   int
	checked bool
	head    []byte
}

func (b *bigHelloHole) NetConn() net.Conn { return b.Conn }

func (b *bigHelloHole) Read(p []byte) (int, error) {
	if !b.checked {
		b.checked = true
		b.head = make([]byte, 5) // of a TLS record: type, version, length
		if _, err := io.ReadFull(b.Conn, b.head); err != nil {
			return 0, err
		}
		if int(b.head[3])<<8|int(b.head[4]) > b.limit {
			_, _ = io.Copy(io.Discard, b.Conn)
			return 0, errors.New("swallowed")
		}
	}
	if len(b.head) > 0 {
		n := copy(p, b.head)
		b.head = b.head[n:]
		return n, nil
	}
	return b.Conn.Read(p)
}

func remote(conn net.Conn) netip.Addr {
	address, _ := netip.ParseAddrPort(conn.RemoteAddr().String())
	return address.Addr().Unmap()
}

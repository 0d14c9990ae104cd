package sandbox

import (
	"context"
	"log"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// Bounds of one connection. The service's own: a connection lives for 100 commands and at most 60 s
// between them (domains.opensrs.guide/docs/writing-your-own-client).
const (
	headTime    = 10 * time.Second // for the handshake and a request's head
	requestTime = 30 * time.Second // for a whole request
	idleTime    = 60 * time.Second
	maxHeader   = 16 << 10
	maxCommands = 100
)

// serveHTTP serves HTTP/1.0 and 1.1 on a listener, with the services' clock.
func (p *plan) serveHTTP(listener net.Listener, handler http.Handler, chatty bool) {
	g := p.sandbox.group
	server := &http.Server{
		Handler:           p.dated(handler),
		ReadHeaderTimeout: headTime,
		ReadTimeout:       requestTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return g.ctx },
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			return context.WithValue(ctx, commandsKey{}, new(atomic.Int32))
		},
		// A connection counts as work until it is closed. The first count is taken while Serve still runs.
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				g.wait.Add(1)
			case http.StateClosed, http.StateHijacked:
				g.wait.Done()
			}
		},
		ErrorLog: log.New(handshakeLog{p.sandbox, chatty}, "", 0),
	}
	g.own(server)
	g.run(func() { server.Serve(listener) })
}

type commandsKey struct{}

// commands counts a request and gives how many there were on its connection.
func commands(r *http.Request) int32 {
	if count, ok := r.Context().Value(commandsKey{}).(*atomic.Int32); ok {
		return count.Add(1)
	}
	return 1
}

// dated lets the Date header tell the services' time, and keeps Close waiting for the handler.
func (p *plan) dated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.sandbox.group.wait.Add(1)
		defer p.sandbox.group.wait.Done()
		w.Header().Set("Date", time.Now().Add(p.ahead).UTC().Format(http.TimeFormat))
		next.ServeHTTP(w, r)
	})
}

// handshakeLog takes what net/http would print, and passes on the one thing that helps the author of a
// client: why a handshake broke off. All else stays quiet, for it may quote a request.
type handshakeLog struct {
	sandbox *Sandbox
	chatty  bool
}

func (l handshakeLog) Write(line []byte) (int, error) {
	if _, why, ok := strings.Cut(string(line), "TLS handshake error from "); ok && l.chatty {
		if _, why, ok = strings.Cut(why, ": "); ok {
			l.sandbox.note("a client broke off the TLS handshake: " + handshakeWords(strings.TrimSpace(why)))
		}
	}
	return len(line), nil
}

// handshakeWords says what a client's error most likely means.
func handshakeWords(why string) string {
	switch {
	case strings.Contains(why, "unknown certificate authority"), strings.Contains(why, "bad certificate"),
		strings.Contains(why, "unknown certificate"):
		return "it does not trust the certificate; give it the sandbox's CA"
	case strings.Contains(why, "certificate expired"), strings.Contains(why, "expired certificate"):
		return "it finds that the certificate has expired"
	case strings.Contains(why, "does not look like a TLS handshake"):
		return "it speaks no TLS; the URL begins with https"
	case strings.Contains(why, "unsupported versions"), strings.Contains(why, "protocol version"):
		return "there is no TLS version that both speak"
	case strings.HasSuffix(why, "EOF"), strings.Contains(why, "reset by peer"):
		return "it hung up"
	case strings.Contains(why, "timeout"):
		return "it was silent for too long"
	}
	return "another reason"
}

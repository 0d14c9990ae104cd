package sandbox

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// serveHTTP serves what is around the API: sources, controls, status page. They keep the services' clock.
func (p *plan) serveHTTP(listener net.Listener, handler http.Handler) {
	g := p.sandbox.group
	server := &http.Server{
		Handler:           p.dated(handler),
		ReadHeaderTimeout: headTime,
		ReadTimeout:       headTime,
		WriteTimeout:      headTime,
		IdleTimeout:       lifeTime,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return g.ctx },
		// A connection counts as work until it is closed. The first count is taken while Serve still runs.
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				g.wait.Add(1)
			case http.StateClosed, http.StateHijacked:
				g.wait.Done()
			}
		},
		ErrorLog: log.New(io.Discard, "", 0), // it may quote a request
	}
	g.own(server)
	g.run(func() { server.Serve(listener) })
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

//go:build linux

package lab

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"opensrs-doctor/probes/sandbox"
)

// Peer is a web server of the lab: an egress source, a control, the status page.
type Peer struct {
	Address string // ADDRESS:PORT
	Secure  bool   // TLS
	Dead    bool   // its packets vanish
	Closed  bool   // nothing listens

	Certificate *tls.Certificate // default: right for the address
	Answer      http.HandlerFunc // nil: an egress source's
	Skew        *time.Duration   // of its clock; nil: the world's

	Seen Seen // distinct addresses of callers
}

// Seen is a set of addresses that remembers the order.
type Seen struct {
	mu    sync.Mutex
	addrs []netip.Addr
	count int
}

// Add counts a caller.
func (s *Seen) Add(address netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	if !slices.Contains(s.addrs, address) {
		s.addrs = append(s.addrs, address)
	}
}

// Distinct gives the callers, first seen first.
func (s *Seen) Distinct() []netip.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.addrs)
}

// Count is how many there were, repeats included.
func (s *Seen) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// URL is the peer's address as a flag takes it.
func (p *Peer) URL() string {
	if p.Secure {
		return "https://" + p.Address + "/"
	}
	return "http://" + p.Address + "/"
}

func (w *World) servePeer(p *Peer) {
	host, port, _ := net.SplitHostPort(p.Address)
	if p.Dead {
		w.drop(host, port)
		return
	}
	if p.Closed {
		return
	}
	skew := w.Skew
	if p.Skew != nil {
		skew = *p.Skew
	}
	answer := p.Answer
	if answer == nil {
		answer = TellAddress
	}
	server := &http.Server{
		ErrorLog: log.New(io.Discard, "", 0), // clients that hang up are what the lab is for
		Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			p.Seen.Add(caller(r))
			rw.Header().Set("Date", time.Now().Add(skew).UTC().Format(http.TimeFormat))
			answer(rw, r)
		}),
	}
	w.tb.Cleanup(func() { server.Close() })
	listener := w.Far.Listen(p.Address)
	if p.Secure {
		certificate := p.Certificate
		if certificate == nil {
			certificate = Issue(controlIssuer(), skew, sandbox.Template{Names: []string{host}})
		}
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{*certificate}})
	}
	go server.Serve(listener)
}

func caller(r *http.Request) netip.Addr {
	address, _ := netip.ParseAddrPort(r.RemoteAddr)
	return address.Addr().Unmap()
}

// TellAddress answers with the address that the connection really comes from.
func TellAddress(rw http.ResponseWriter, r *http.Request) { fmt.Fprintln(rw, caller(r)) }

// Page answers with a fixed body.
func Page(status int, contentType, body string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", contentType)
		rw.WriteHeader(status)
		_, _ = io.WriteString(rw, body)
	}
}

// The status page, in the form of Statuspage's /api/v2/summary.json.
const (
	statusGood = `{"page":{"name":"OpenSRS"},"status":{"indicator":"none",` +
		`"description":"All Systems Operational"},"components":[],"incidents":[],"scheduled_maintenances":[]}`
	statusIncident = `{"page":{"name":"OpenSRS"},"status":{"indicator":"major",` +
		`"description":"Partial System Outage"},"components":[],"incidents":[{"id":"k1",` +
		`"name":"API not reachable","status":"investigating","impact":"major"}],"scheduled_maintenances":[]}`
)

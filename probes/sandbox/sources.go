package sandbox

import (
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"time"
)

// openSources opens the egress sources: two by HTTP, one by HTTPS, one name server that tells by A and TXT.
func (p *plan) openSources() error {
	s, c := p.sandbox, &p.sandbox.client
	for i, path := range [httpSources]string{"/ip", "/address", "/ip"} {
		listener, err := s.group.listen(net.JoinHostPort(p.inside, "0"))
		if err != nil {
			return err
		}
		at := seenFromHere(listener.Addr())
		if i == 0 {
			p.issuerURL = "http://" + at + "/issuer.cer"
		}
		name, scheme := sourceName(i+1), "http://"
		if i == httpSources-1 {
			scheme = "https://"
			listener = tls.NewListener(listener, tlsConfig(p.peerCertificate(name)))
		}
		s.EgressSources = append(s.EgressSources, scheme+at+path)
		c.EgressSources = append(c.EgressSources, scheme+p.called(name, at)+path)
		p.serveHTTP(listener, p.source(path, i))
	}
	if p.sees[0] != p.sees[1] {
		// Of a pool, two sources that disagree are enough: with a third, two could agree and end the question.
		s.EgressSources, c.EgressSources = s.EgressSources[:2], c.EgressSources[:2]
		return nil
	}
	at, err := p.openNameServer(p.whoami)
	if err != nil {
		return err
	}
	byName := p.called(nsName, at)
	for _, kind := range []string{"A", "TXT"} {
		question := "/" + whoamiName + "?type=" + kind
		s.EgressSources = append(s.EgressSources, "dns://"+at+question)
		c.EgressSources = append(c.EgressSources, "dns://"+byName+question)
	}
	return nil
}

// source tells callers, all of them on this machine, the address that they count as.
func (p *plan) source(path string, index int) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		if p.deaf {
			http.Error(w, "no address to report", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "text/plain")
		w.Write([]byte(p.seenAs(r.RemoteAddr, p.sees[index]) + "\n"))
	})
	mux.HandleFunc("/issuer.cer", func(w http.ResponseWriter, r *http.Request) {
		if p.issuer == nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/pkix-cert")
		w.Write(p.issuer.Certificate.Raw)
	})
	return mux
}

// peerCertificate is for what is around the service and speaks TLS, by that name and on loopback.
func (p *plan) peerCertificate(name string) tls.Certificate {
	t := p.template()
	t.CommonName, t.Names = name, []string{name, p.inside}
	if p.peers != nil {
		return p.peers(p, t)
	}
	return p.ca.Issue(t)
}

// openControls opens two peers that have nothing to do with the service and work.
func (p *plan) openControls() error {
	for i := range 2 {
		listener, err := p.sandbox.group.listen(net.JoinHostPort(p.inside, "0"))
		if err != nil {
			return err
		}
		at := seenFromHere(listener.Addr())
		p.reachable[at] = at
		p.sandbox.Controls = append(p.sandbox.Controls, at)
		p.serveHTTP(tls.NewListener(listener, tlsConfig(p.peerCertificate("control-"+strconv.Itoa(i+1)+".sandbox.test"))),
			http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("a control\n")) }))
	}
	return nil
}

const statusPath = "/api/v2/summary.json"

// openStatus opens the status page, in the form of the Statuspage API.
func (p *plan) openStatus() error {
	listener, err := p.sandbox.group.listen(net.JoinHostPort(p.inside, "0"))
	if err != nil {
		return err
	}
	at := seenFromHere(listener.Addr())
	p.sandbox.StatusURL = "http://" + at + statusPath
	p.sandbox.client.StatusURL = "http://" + p.called(statusName, at) + statusPath
	mux := http.NewServeMux()
	serve := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(p.statusPage())
	}
	mux.HandleFunc(statusPath, serve)
	mux.HandleFunc("/api/v2/status.json", serve)
	p.serveHTTP(listener, mux)
	return nil
}

func (p *plan) statusPage() map[string]any {
	now := time.Now().Add(p.ahead).UTC().Format(time.RFC3339)
	status := map[string]string{"indicator": "none", "description": "All Systems Operational"}
	incidents := []map[string]any{}
	if p.incident {
		status = map[string]string{"indicator": "major", "description": "Partial System Outage"}
		incidents = append(incidents, map[string]any{
			"id": "sandbox1", "name": "The API does not answer", "status": "investigating", "impact": "major",
			"created_at": now, "updated_at": now, "resolved_at": nil, "incident_updates": []any{},
		})
	}
	return map[string]any{
		"page":       map[string]string{"id": "sandbox", "name": "Sandbox", "updated_at": now},
		"status":     status,
		"incidents":  incidents,
		"components": []any{}, "scheduled_maintenances": []any{},
	}
}

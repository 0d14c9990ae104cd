package sandbox

import (
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"time"
)

// openSources opens the egress sources: two by HTTP, one by HTTPS, one name server that tells by A and TXT.
func (p *plan) openSources() error {
	s := p.sandbox
	for i, path := range [httpSources]string{"/ip", "/address", "/ip"} {
		listener, err := s.group.listen(net.JoinHostPort(p.inside, "0"))
		if err != nil {
			return err
		}
		at := seenFromHere(listener.Addr())
		if i == 0 {
			p.issuerURL = "http://" + at + "/issuer.cer"
		}
		uri := "http://" + at + path
		if i == httpSources-1 {
			uri = "https://" + at + path
			listener = tls.NewListener(listener, tlsConfig(p.peerCertificate()))
		}
		p.reachable[at] = at
		s.EgressSources = append(s.EgressSources, uri)
		p.serveHTTP(listener, p.source(path, i))
	}
	if p.sees[0] != p.sees[1] {
		// Of a pool, two sources that disagree are enough: with a third, two could agree and end the question.
		s.EgressSources = s.EgressSources[:2]
		return nil
	}
	at, err := p.openNameServer(p.whoami)
	if err != nil {
		return err
	}
	s.EgressSources = append(s.EgressSources,
		"dns://"+at+"/"+whoamiName+"?type=A", "dns://"+at+"/"+whoamiName+"?type=TXT")
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

// peerCertificate is for everything around the service that speaks TLS.
func (p *plan) peerCertificate() tls.Certificate {
	if p.peers != nil {
		return p.peers(p)
	}
	return p.ca.Issue(p.template())
}

// openControls opens two peers that have nothing to do with the service and work.
func (p *plan) openControls() error {
	for range 2 {
		listener, err := p.sandbox.group.listen(net.JoinHostPort(p.inside, "0"))
		if err != nil {
			return err
		}
		at := seenFromHere(listener.Addr())
		p.reachable[at] = at
		p.sandbox.Controls = append(p.sandbox.Controls, at)
		p.serveHTTP(tls.NewListener(listener, tlsConfig(p.peerCertificate())),
			http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("a control\n")) }))
	}
	return nil
}

// openStatus opens the status page, in the form of the Statuspage API.
func (p *plan) openStatus() error {
	listener, err := p.sandbox.group.listen(net.JoinHostPort(p.inside, "0"))
	if err != nil {
		return err
	}
	at := seenFromHere(listener.Addr())
	p.reachable[at] = at
	p.sandbox.StatusURL = "http://" + at + "/api/v2/summary.json"
	mux := http.NewServeMux()
	serve := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(p.statusPage())
	}
	mux.HandleFunc("/api/v2/summary.json", serve)
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

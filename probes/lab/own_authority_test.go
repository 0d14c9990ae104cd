//go:build linux

package lab

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"opensrs-doctor/probes/sandbox"
)

// Endpoints of one's own, whose authority --ca-file gives: it alone counts for them.
var ownAuthorities = []Fault{
	{Name: "own-authority", Check: oneConnection, Break: ownAuthority},
	{Name: "own-authority-and-an-empty-store", Check: oneConnection, Break: func(w *World) {
		ownAuthority(w)
		w.SystemStore, w.Sources = nil, w.Sources[1:] // the https source is judged by the store
	}},
	{Name: "own-authority-by-address", Check: oneConnection, Break: func(w *World) {
		ownAuthority(w)
		w.EndpointIs = "https://" + HostIP + ":55443/"
	}},
	{Name: "own-authority-with-one-in-between", Check: oneConnection, Break: func(w *World) {
		ownAuthority(w)
		certificate(w, relayRoot().Intermediate(authority("Relay Issuing CA")), sandbox.Template{Names: w.Names()})
	}},
	{Name: "own-self-signed-certificate", Check: oneConnection, Break: func(w *World) {
		chain := sandbox.SelfSigned(sandbox.Template{Names: w.Names()})
		w.API.Certificate, w.CAFile = &chain, pemOf(chain)
	}},
	{Cause: "call.auth-failed", Name: "own-authority", Never: []string{"live is"}, Break: func(w *World) {
		ownAuthority(w)
		outcomes["401"](w)
	}},
	{Cause: "tls.unknown-ca", Name: "another-than-the-own-authority", Confidence: "certain", Check: noRequest,
		Says: []string{"ca.pem does not hold: Acme Corp Private Root", "Relay Root, which did not sign it"}, Break: func(w *World) {
			ownAuthority(w)
			strange(w)
		}},
	{Cause: "tls.unknown-ca", Name: "own-authority-below-one-that-is-not-sent", Confidence: "likely", Check: noRequest,
		Says: []string{"missing: from the file, or from what the server sends", "Relay Issuing CA"}, Break: func(w *World) {
			ownAuthority(w)
			certificate(w, relayRoot().Intermediate(authority("Relay Issuing CA")), sandbox.Template{Names: w.Names()})
			w.API.Certificate.Certificate = w.API.Certificate.Certificate[:1]
		}},
	{Cause: "tls.unknown-ca", Name: "own-authority-made-anew", Check: noRequest, Says: []string{"ca.pem", "with another key"},
		Break: func(w *World) {
			ownAuthority(w)
			w.CAFile = root("Relay Root").PEM()
		}},
	{Cause: "tls.intercepted", Name: "below-the-own-authority", Confidence: "certain", Check: noRequest,
		Says: []string{"Acme Corp Private Root", "Relay Root, which did not sign it"}, Break: func(w *World) {
			ownAuthority(w)
			intercepted(w)
			interceptControls(w)
		}},
	{Cause: "tls.intercepted", Name: "below-the-own-authority-and-allowed", Verdict: "warn", Check: calls(1), Break: func(w *World) {
		ownAuthority(w)
		intercepted(w)
		w.Flags = append(w.Flags, "--allow-intercepted")
	}},
	{Cause: "tls.self-signed", Name: "not-the-one-in-the-file", Says: []string{"ca.pem"}, Never: []string{"--ca-file FILE"},
		Break: func(w *World) {
			ownAuthority(w)
			chain := sandbox.SelfSigned(sandbox.Template{Names: w.Names()})
			w.API.Certificate = &chain
		}},
	{Cause: "tls.expired", Name: "of-the-own-authority", Check: noRequest, Break: func(w *World) {
		ownAuthority(w)
		certificate(w, relayRoot(), lifetime(w, -90*day, -day))
	}},
	{Cause: "tls.expires-soon", Name: "of-the-own-authority", Verdict: "warn", Break: func(w *World) {
		ownAuthority(w)
		certificate(w, relayRoot(), lifetime(w, -90*day, 5*day))
	}},
	{Cause: "tls.name-mismatch", Name: "of-the-own-authority", Says: []string{"other.example"}, Break: func(w *World) {
		ownAuthority(w)
		certificate(w, relayRoot(), sandbox.Template{Names: []string{"other.example"}})
	}},
	{Cause: "tls.intercepted", Name: "or-an-own-authority-in-the-store", Says: []string{"--ca-file FILE, if " + Host}, Break: intercepted},
}

// relayRoot is the authority of who runs the endpoint. No store has it.
var relayRoot = sync.OnceValue(func() *sandbox.Authority { return root("Relay Root") })

func ownAuthority(w *World) {
	certificate(w, relayRoot(), sandbox.Template{Names: w.Names()})
	w.CAFile = relayRoot().PEM()
}

// TestOwnAuthorityIsTheEndpoints: the authority of --ca-file vouches for the endpoint and for no other peer.
func TestOwnAuthorityIsTheEndpoints(t *testing.T) {
	need(t)
	w := NewWorld(t)
	ownAuthority(w)
	for _, peer := range append(w.Controls, w.Sources[0]) {
		peer.Certificate = Issue(relayRoot(), 0, sandbox.Template{Names: []string{addressOf(peer)}})
	}
	w.Start()
	result := w.Diagnose(binary)
	if result.Report.Verdict != "pass" {
		t.Errorf("%s\n%s", result.Stdout, result.Stderr)
	}
	var facts struct {
		Sightings []struct {
			Source  string
			Failure *struct{ Kind string }
		}
	}
	if err := json.Unmarshal(result.Report.Probes[0].Facts, &facts); err != nil {
		t.Fatal(err)
	}
	for _, sighting := range facts.Sightings {
		secure := strings.HasPrefix(sighting.Source, "https")
		if secure != (sighting.Failure != nil && sighting.Failure.Kind == "untrusted") {
			t.Errorf("the endpoint's authority vouched for %s", sighting.Source)
		}
	}
}

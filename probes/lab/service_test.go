//go:build linux

package lab

import (
	"strings"
	"testing"
)

// What the status page adds.
var serviceFaults = []Fault{
	{Cause: "service.incident", Name: "port-refused", Confidence: "likely", Says: []string{"API not reachable"},
		Break: func(w *World) {
			incident(w)
			w.API.Closed = true
		}},
	{Cause: "service.incident", Name: "server-error", Break: func(w *World) {
		incident(w)
		w.API.Reply = HTTP("503 Service Unavailable", "text/html", "<title>Maintenance</title>")
	}},
	{Cause: "port.prohibited", Name: "incident-does-not-explain-our-gateway", Break: func(w *World) {
		incident(w)
		w.Gateway.Filter("forward", "tcp dport 55443 reject with icmp type admin-prohibited")
	}},
	{Cause: "port.refused", Name: "status-page-dead", Break: func(w *World) {
		w.Status.Dead = true
		w.API.Closed = true
	}},
}

func incident(w *World) { w.Status.Answer = Page(200, "application/json", statusIncident) }

func expectNot(t *testing.T, text, unwanted string) {
	t.Helper()
	if strings.Contains(text, unwanted) {
		t.Errorf("the output has %q in it", unwanted)
	}
}

//go:build linux

package lab

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// Long and lossy ways. Distance alone is no fault, and a little loss is no more than a warning; a real fault
// keeps its cause and its place however far away it is.
var slowWorlds = []Fault{
	{Name: "300-ms-away", Check: oneConnection, Break: far},
	{Name: "300-ms-away-https-sources-only", Check: oneConnection, Break: func(w *World) {
		far(w)
		w.Sources = []*Peer{{Address: "192.0.2.11:443", Secure: true}, {Address: "192.0.2.12:443", Secure: true}}
	}},
	{Name: "650-ms-away-by-satellite", Check: oneConnection, Break: func(w *World) {
		w.Delay = 650 * time.Millisecond
	}},
	lossy("loss-3-percent-of-the-first-packets", 17, 20*time.Millisecond),
	lossy("loss-3-percent-of-the-middle", 30, 20*time.Millisecond),
	lossy("loss-3-percent-often", 46, 20*time.Millisecond),
	lossy("loss-3-percent-300-ms-away", 49, 300*time.Millisecond),
	{Cause: "port.filtered", Name: "isp-drop-300-ms-away", Says: []string{ISPIP}, Break: func(w *World) {
		far(w)
		w.ISP.Filter("forward", "tcp dport 55443 drop")
	}},
	{Cause: "port.refused", Name: "service-down-300-ms-away", Confidence: "certain", Break: func(w *World) {
		far(w)
		w.API.Closed = true
	}},
	{Cause: "tls.mtu-blackhole", Name: "big-packets-vanish-300-ms-away", Break: func(w *World) {
		far(w)
		w.ISP.Filter("forward", "tcp sport 55443 meta length > 900 drop")
	}},
}

// far is the other side of the world.
func far(w *World) { w.Delay = 300 * time.Millisecond }

// lossWarnings are what may be said of a way that loses packets now and then.
var lossWarnings = []string{"port.lossy", "port.slow", "dns.slow-resolver"}

// lossy takes a seed that loses a packet among the first 14 of at least one direction, which every run
// has: a run that lost nothing would show nothing.
func lossy(name string, seed uint64, delay time.Duration) Fault {
	return Fault{Name: name, Or: lossWarnings,
		Break: func(w *World) { w.Delay, w.Loss, w.Seed = delay, 0.03, seed },
		Check: func(t *testing.T, w *World, result Result) {
			if w.Lost.Load() == 0 {
				t.Error("no packet was lost: this shows nothing")
			}
			if verdict := result.Report.Verdict; verdict != "pass" && verdict != "warn" {
				t.Errorf("verdict %s where 3 percent of packets get lost", verdict)
			}
			for _, cause := range grave(result.Report) {
				if !slices.Contains(lossWarnings, cause) {
					t.Errorf("found %s, want nothing but %s", cause, strings.Join(lossWarnings, ", "))
				}
			}
		}}
}

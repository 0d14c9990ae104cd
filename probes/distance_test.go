package probes

import (
	"testing"

	"opensrs-doctor/probes/evidence"
)

// TestDistanceOf: a host that spares its ICMP errors is not moved away by that from where its other port connects.
func TestDistanceOf(t *testing.T) {
	hops := func(answers ...string) (all []evidence.Hop) {
		for i, answer := range answers {
			all = append(all, evidence.Hop{TTL: i + 1, Answer: answer})
		}
		return all
	}
	const passed, silent, host, connected = evidence.HopTimeExceeded, evidence.HopSilence, evidence.HopPortUnreachable, evidence.HopConnected
	for name, one := range map[string]struct {
		compare, udp []evidence.Hop
		hops         int
		byHost       bool
	}{
		"both agree":                      {hops(passed, passed, connected), hops(passed, passed, host), 3, true},
		"the host spares its errors":      {hops(silent, silent, connected), hops(passed, passed, silent, silent, host), 3, false},
		"the other port is taken nearer":  {hops(connected), hops(passed, passed, host), 3, true},
		"it is handed on behind the host": {hops(passed, passed, connected), hops(passed, host), 2, true},
		"the other port does not connect": {hops(passed, silent, silent), hops(passed, silent, host), 3, true},
		"no answer but that of the port":  {hops(passed, connected), hops(passed, silent, silent), 2, false},
		"nothing answers":                 {hops(silent, silent), hops(silent, silent), 0, false},
	} {
		if got, byHost := distanceOf(one.compare, one.udp, func(evidence.Hop) bool { return true }); got != one.hops || byHost != one.byHost {
			t.Errorf("%s: %d hops, by the host %t; want %d, %t", name, got, byHost, one.hops, one.byHost)
		}
	}
}

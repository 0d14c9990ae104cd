package traceroute

import (
	"strings"
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
		port         []evidence.Hop
		hops         int
		atLeast      int
		byHost       bool
	}{
		"both agree":                                {hops(passed, passed, connected), hops(passed, passed, host), nil, 3, 0, true},
		"the host spares its errors":                {hops(silent, silent, connected), hops(passed, passed, silent, silent, host), nil, 3, 0, false},
		"the other port is taken nearer":            {hops(connected), hops(passed, passed, host), nil, 3, 0, true},
		"it is handed on behind the host":           {hops(passed, passed, connected), hops(passed, host), nil, 2, 0, true},
		"the other port does not connect":           {hops(passed, silent, silent), hops(passed, silent, host), nil, 3, 2, true},
		"it seems to be far away":                   {hops(passed, passed, silent, silent), hops(passed, passed, silent, silent, silent, host), nil, 6, 3, true},
		"a router is seen by the other":             {hops(passed, passed, passed), hops(passed, silent, silent, host), nil, 4, 0, true},
		"no answer but that of the port":            {hops(passed, connected), hops(passed, silent, silent), nil, 2, 0, false},
		"silent routers, and the other port agrees": {hops(silent, silent, connected), hops(silent, silent, host), nil, 3, 0, true},
		"the other port is refused as far away":     {hops(silent, silent, evidence.HopRefused), hops(silent, silent, host), nil, 3, 0, true},
		"a router is seen by the port":              {hops(silent, silent, silent), hops(passed, silent, host), hops(passed, passed, silent), 3, 0, true},
		"late, and both seem to be far away":        {hops(passed, silent, silent, silent, connected), hops(passed, silent, silent, silent, host), nil, 5, 2, true},
		"late, and the other port alone":            {hops(passed, silent, silent, connected), hops(passed, silent, silent), nil, 4, 2, false},
		"late, and a router is seen":                {hops(passed, silent, connected), hops(passed, passed, host), nil, 3, 0, true},
		"nothing answers":                           {hops(silent, silent), hops(silent, silent), nil, 0, 0, false},
	} {
		got, atLeast, byHost := distanceOf(one.port, one.compare, one.udp, func(evidence.Hop) bool { return true }, strings.HasPrefix(name, "late"))
		if got != one.hops || atLeast != one.atLeast || byHost != one.byHost {
			t.Errorf("%s: %d hops, at least %d, by the host %t; want %d, %d, %t", name, got, atLeast, byHost, one.hops, one.atLeast, one.byHost)
		}
	}
}

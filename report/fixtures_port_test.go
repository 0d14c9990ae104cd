package report_test

import (
	"net/netip"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
)

// walk draws the answers to growing TTLs, one letter a hop: t a router says that the time is exceeded,
// . silence, r refused, + connected, ! prohibited, x not permitted.
func walk(parts ...string) []evidence.Hop {
	var hops []evidence.Hop
	answers := map[rune]string{'t': evidence.HopTimeExceeded, '.': evidence.HopSilence, 'r': evidence.HopRefused,
		'+': evidence.HopConnected, '!': evidence.HopProhibited, 'x': evidence.HopNotPermitted}
	for _, part := range parts {
		for _, letter := range part {
			h := evidence.Hop{TTL: len(hops) + 1, Answer: answers[letter], TookMS: float64(len(hops) + 1)}
			if letter == 't' {
				h.From, h.ICMPType = routers[len(hops)], 11
			}
			hops = append(hops, h)
		}
	}
	return hops
}

// walked gives the port's failure a walk, and the host another port that answers, four hops away.
func walked(e *evidence.Evidence, port, compare string) {
	e.Port.Path = &evidence.Path{Available: true, Port: walk(port), Compare: walk(compare), ComparedTo: 443,
		Distance: len(compare), ByHost: true}
	if last := e.Port.Path.Port[len(port)-1]; last.Answer == evidence.HopRefused {
		e.Port.Path.Answer = &evidence.Hop{TTL: 64, Answer: evidence.HopRefused, TookMS: 4}
	}
	other := evidence.Attempt{Address: netip.AddrPortFrom(e.Port.Attempts[0].Address.Addr(), 443), LocalAddress: localIP,
		Connected: true, TookMS: 17}
	e.Port.OtherPorts = []evidence.Attempt{other}
}

func closedPort(port uint16, kind evidence.Kind, detail string) evidence.Attempt {
	return evidence.Attempt{Address: netip.AddrPortFrom(endpointIP, port), TookMS: 2000, Failure: failure("connect", kind, detail)}
}

// drop is a router on the way that drops the port: the second one is the last that answers for it.
func drop(e *evidence.Evidence) {
	stopAt(e, "port", failure("connect", evidence.KindTimeout, "no answer so far"))
	walked(e, "tt..", "ttt+")
}

// answers lets a machine on the way answer with an ICMP message, to any packet that gets past TTL hops.
func answers(e *evidence.Evidence, answer string, from netip.Addr, code, ttl int) {
	h := evidence.Hop{TTL: 64, Answer: answer, From: from, ICMPType: 3, ICMPCode: code, TookMS: 3}
	e.Port.Path.Answer = &h
	at := h
	at.TTL = ttl
	e.Port.Path.Port = append(walk("ttt")[:ttl-1], at)
}

func refused(e *evidence.Evidence) {
	stopAt(e, "port", failure("connect", evidence.KindRefused, "connection refused"))
	walked(e, "tttr", "ttt+")
}

var portFixtures = []fixture{
	{"port.refused", report.Fail, report.Certain, refused},
	{"port.refused/not-measurable", report.Fail, report.Likely, func(e *evidence.Evidence) {
		refused(e)
		e.Port.Path = &evidence.Path{Why: "the walk is not available on this system"}
		e.Port.OtherPorts[0] = closedPort(443, evidence.KindRefused, "connection refused")
	}},
	{"port.refused/next-door", report.Fail, report.Certain, func(e *evidence.Evidence) {
		refused(e)
		walked(e, "r", "+")
	}},
	{"port.refused/other-port-handed-on", report.Fail, report.Likely, func(e *evidence.Evidence) { // to a machine behind the host
		refused(e)
		walked(e, "ttr", "ttt+")
		e.Port.Path.ByHost = false
	}},
	{"port.refused/other-port-taken-nearer", report.Fail, report.Likely, func(e *evidence.Evidence) {
		refused(e)
		walked(e, "tttr", "t+")
		e.Port.Path.ByHost = false
	}},
	{"port.refused/icmp-of-the-host", report.Fail, report.Likely, func(e *evidence.Evidence) {
		refused(e)
		answers(e, evidence.HopPortUnreachable, endpointIP, 3, 4)
	}},
	{"port.refused/second-address", report.Fail, report.Certain, func(e *evidence.Evidence) {
		refused(e)
		second := ip("198.51.100.11")
		e.Target.Addresses = append(e.Target.Addresses, second)
		silent := closedPort(55443, evidence.KindTimeout, "no answer so far")
		e.Port.Attempts[0].Address = netip.AddrPortFrom(second, 55443)
		e.Port.Attempts = append([]evidence.Attempt{silent}, e.Port.Attempts...)
		e.Port.OtherPorts[0].Address = netip.AddrPortFrom(second, 443)
	}},
	{"port.refused/in-every-round-trip", report.Fail, report.Certain, func(e *evidence.Evidence) {
		refused(e)
		e.Port.RoundTrips = &evidence.RoundTrips{To: e.Port.Attempts[0].Address, Sent: 10, Answered: 10, Refused: 10, MinMS: 4,
			MedianMS: 5, MaxMS: 6}
	}},
	{"port.lossy/taken-by-some-round-trips", report.Fail, report.Likely, func(e *evidence.Evidence) {
		drop(e)
		e.Port.RoundTrips = &evidence.RoundTrips{To: e.Port.Attempts[0].Address, Sent: 10, Answered: 2, Lost: 8, MinMS: 4, MedianMS: 5, MaxMS: 6}
	}},
	{"port.rejected-en-route", report.Fail, report.Certain, func(e *evidence.Evidence) {
		refused(e)
		walked(e, "ttr", "ttt+")
	}},
	{"port.rejected-en-route/distance-by-the-other-port", report.Fail, report.Likely, func(e *evidence.Evidence) {
		refused(e)
		walked(e, "tr", "ttt+")
		e.Port.Path.ByHost = false
	}},
	{"port.rejected-en-route/icmp-now-and-then", report.Fail, report.Certain, func(e *evidence.Evidence) { // routers ration ICMP
		drop(e)
		answers(e, evidence.HopPortUnreachable, routers[1], 3, 3)
	}},
	{"port.rejected-en-route/first-step", report.Fail, report.Likely, func(e *evidence.Evidence) {
		refused(e)
		walked(e, "r", "...+")
	}},
	{"port.rejected-en-route/icmp", report.Fail, report.Certain, func(e *evidence.Evidence) {
		refused(e)
		answers(e, evidence.HopPortUnreachable, routers[1], 3, 3)
	}},
	{"port.rejected-en-route/hop-unknown", report.Fail, report.Certain, func(e *evidence.Evidence) {
		refused(e)
		walked(e, "..r", "...+")
	}},
	{"port.prohibited", report.Fail, report.Certain, func(e *evidence.Evidence) {
		stopAt(e, "port", failure("connect", evidence.KindUnreachable, "no route to host"))
		walked(e, "tt", "ttt+")
		answers(e, evidence.HopProhibited, routers[1], 13, 3)
	}},
	{"port.prohibited/icmp-now-and-then", report.Fail, report.Certain, func(e *evidence.Evidence) {
		drop(e)
		answers(e, evidence.HopProhibited, routers[1], 13, 3)
	}},
	{"port.unreachable", report.Fail, report.Certain, func(e *evidence.Evidence) {
		stopAt(e, "port", failure("connect", evidence.KindUnreachable, "no route to host"))
		walked(e, "tt", "tt")
		answers(e, evidence.HopUnreachable, routers[1], 1, 3)
		e.Port.Path.Compare, e.Port.Path.Distance = e.Port.Path.Port, 0
		e.Port.OtherPorts[0] = closedPort(443, evidence.KindUnreachable, "no route to host")
	}},
	{"port.unreachable/sender-unknown", report.Fail, report.Likely, func(e *evidence.Evidence) {
		stopAt(e, "port", failure("connect", evidence.KindUnreachable, "no route to host"))
		e.Port.Path = &evidence.Path{Why: "the walk is not available on this system"}
	}},
	{"port.filtered", report.Fail, report.Certain, drop},
	{"port.filtered/first-router", report.Fail, report.Certain, func(e *evidence.Evidence) {
		drop(e)
		walked(e, "t...", "ttt+")
	}},
	{"port.filtered/at-the-edge", report.Fail, report.Certain, func(e *evidence.Evidence) {
		drop(e)
		walked(e, "ttt...", "ttt+")
	}},
	{"port.filtered/silent-routers", report.Fail, report.Certain, func(e *evidence.Evidence) {
		drop(e)
		walked(e, "...", "...+")
	}},
	{"port.filtered/no-port-gets-further", report.Fail, report.Likely, func(e *evidence.Evidence) {
		drop(e)
		walked(e, "t...", "t...")
		e.Port.Path.Distance = 0
		e.Port.OtherPorts[0] = closedPort(443, evidence.KindTimeout, "i/o timeout")
	}},
	{"port.filtered/no-walk", report.Fail, report.Certain, func(e *evidence.Evidence) {
		drop(e)
		e.Port.Path = &evidence.Path{Why: "the walk is not available on this system"}
	}},
	{"port.filtered/nobody-asked", report.Fail, report.Likely, func(e *evidence.Evidence) {
		drop(e)
		e.Controls, e.Asked.ControlsGiven = nil, 0
		e.Port.OtherPorts[0] = closedPort(443, evidence.KindTimeout, "i/o timeout")
		e.Port.Path.Compare, e.Port.Path.Distance = walk("tt.."), 0
	}},
	{"port.wrong-port", report.Fail, report.Certain, func(e *evidence.Evidence) {
		e.Target.Port, e.Asked.PortGiven, e.Target.CustomEndpoint = 55000, true, true
		e.Port.Attempts[0].Address = netip.AddrPortFrom(endpointIP, 55000)
		refused(e)
		e.Port.OtherPorts = append(e.Port.OtherPorts, evidence.Attempt{Address: netip.AddrPortFrom(endpointIP, 55443),
			LocalAddress: localIP, Connected: true, TookMS: 18})
	}},
	{"port.lossy", report.Warn, report.Certain, func(e *evidence.Evidence) {
		e.Port.Retransmits, e.Call.Retransmits, e.Port.ConnectMS = pointer(1), pointer(1), 1043
		e.Port.Attempts[0].TookMS = 1043
		step(e, "port").Status, step(e, "port").Took = evidence.Warn, ms(1043)
	}},
	{"port.lossy/first-connection-lost", report.Fail, report.Likely, func(e *evidence.Evidence) {
		drop(e)
		walked(e, "ttt+", "ttt+")
	}},
	{"port.slow/less-time-than-it-takes", report.Fail, report.Likely, func(e *evidence.Evidence) { // a small --timeout
		drop(e)
		walked(e, "ttt+", "ttt+")
		e.Port.Attempts[0].TookMS, e.Port.Path.Port[3].TookMS = 300, 420
	}},
	{"port.slow", report.Warn, report.Certain, func(e *evidence.Evidence) {
		e.Port.ConnectMS, e.Port.Attempts[0].TookMS = 1420, 1420
		step(e, "port").Status, step(e, "port").Took = evidence.Warn, ms(1420)
	}},
}

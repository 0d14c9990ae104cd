package report_test

import (
	"net/netip"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/service"
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

// noTCP is a network that lets names be looked up, and no TCP out.
func noTCP(e *evidence.Evidence) {
	drop(e)
	setRules(e)
	noSource(e, silence)
	e.Egress.Sightings[3].Failure = failure("query", evidence.KindNoData, "no address in the answer")
	e.Egress.Sightings[3].TookMS = 20
	e.Port.Path.Compare, e.Port.OtherPorts[0] = walk("tt.."), closedPort(443, evidence.KindTimeout, "i/o timeout")
	e.StatusPage = &evidence.StatusPage{URL: service.OpenSRS.StatusURL, Failure: silence}
	for i := range e.Controls {
		e.Controls[i] = evidence.Control{Peer: e.Controls[i].Peer, Path: "direct", TookMS: 2500, Failure: failure("connect", evidence.KindTimeout, "i/o timeout")}
	}
}

// deadFirst is a service of whose two addresses the first gives no answer.
func deadFirst(e *evidence.Evidence) {
	dead := netip.MustParseAddrPort("198.51.100.11:55443")
	attempt := evidence.Attempt{Address: dead, TookMS: 1021, Failure: failure("connect", evidence.KindTimeout, "no answer so far")}
	e.Target.Addresses = []netip.Addr{dead.Addr(), endpointIP}
	e.DNS.IPv4, e.DNS.Answers[0].A = e.Target.Addresses, e.Target.Addresses
	e.Port.Attempts = append([]evidence.Attempt{attempt}, e.Port.Attempts...)
	e.Port.ConnectMS = 1021
	e.Port.TriedAgain = []evidence.Attempt{{Address: dead, TookMS: 2000, Failure: failure("connect", evidence.KindTimeout, "i/o timeout")}}
	step(e, "port").Status = evidence.Warn
}

var portFixtures = []fixture{
	{"port.refused", report.Fail, report.Certain, refused},
	{"port.refused/not-measurable", report.Fail, report.Likely, func(e *evidence.Evidence) {
		refused(e)
		e.Port.Path = &evidence.Path{Why: "the walk is not available on this system"}
		e.Port.OtherPorts[0] = closedPort(443, evidence.KindRefused, "connection refused")
	}},
	{"port.refused/next-door", report.Fail, report.Likely, func(e *evidence.Evidence) {
		refused(e)
		walked(e, "r", "+")
	}},
	{"port.refused/next-door-and-the-packets-left", report.Fail, report.Certain, func(e *evidence.Evidence) {
		refused(e)
		walked(e, "r", "+")
		e.ThisHost = counted(func(*evidence.Counts, int) {})
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
	{"port.answered-nearby", report.Fail, report.Likely, func(e *evidence.Evidence) {
		broken(e, evidence.KindReset, "connection reset by peer")
		walked(e, "+", "ttt+")
	}},
	{"port.answered-nearby/on-this-host", report.Fail, report.Likely, func(e *evidence.Evidence) {
		broken(e, evidence.KindTimeout, "i/o timeout")
		walked(e, "+", "ttt+")
		e.ThisHost = &evidence.ThisHost{Ledger: &evidence.Ledger{To: "198.51.100.10:55443", Protocol: evidence.LedgerTCP, N: 20,
			Once: evidence.Counts{Loopback: 60}, Twice: evidence.Counts{Loopback: 120}}}
	}},
	{"port.answered-nearby/second-router", report.Fail, report.Likely, func(e *evidence.Evidence) {
		broken(e, evidence.KindHungUp, "EOF")
		walked(e, "t+", "ttt+")
	}},
	{"port.answered-nearby/passed-on", report.Warn, report.Likely, func(e *evidence.Evidence) {
		walked(e, "t+", "ttt+")
	}},
	{"port.unreachable/gateway-gone", report.Fail, report.Likely, func(e *evidence.Evidence) {
		drop(e)
		e.Port.Path.Port, e.Port.Path.Compare, e.Port.Path.Distance, e.Port.Path.ByHost = walk("..."), walk("..."), 0, false
		e.Port.Path.Answer = &evidence.Hop{TTL: 64, Answer: evidence.HopUnreachable, From: localIP, FromSelf: true, ICMPType: 3, ICMPCode: 1, TookMS: 2024}
		e.Port.OtherPorts[0] = closedPort(443, evidence.KindTimeout, "i/o timeout")
		e.ThisHost = &evidence.ThisHost{Route: &evidence.HostRoute{Kind: evidence.RouteUnicast, Line: "198.51.100.0/24 via 10.20.0.77 dev eth0",
			Table: 254, Prefix: "198.51.100.0/24", Interface: "eth0", Gateway: "10.20.0.77"}}
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
	{"port.filtered/behind-a-router-of-this-network", report.Fail, report.Likely, func(e *evidence.Evidence) {
		drop(e)
		walked(e, "t..", "t+")
	}},
	{"port.filtered/witness-is-silent-too", report.Fail, report.Certain, func(e *evidence.Evidence) {
		drop(e)
		askWitness(e, netip.Addr{})
		e.Witness.Connected, e.Witness.LocalAddress, e.Witness.Failure = false, netip.Addr{}, silence
	}},
	{"port.filtered/witness-answers", report.Fail, report.Certain, func(e *evidence.Evidence) {
		drop(e)
		askWitness(e, egressIP)
	}},
	{"port.all-filtered", report.Fail, report.Likely, noTCP},
	{"port.all-filtered/only-the-host-answers-by-udp", report.Fail, report.Likely, func(e *evidence.Evidence) {
		noTCP(e)
		e.DNS.Answers[0].Resolver, e.DNS.MadeUp.Resolver, e.DNS.Other.Resolver = "10.1.0.1:53", "10.1.0.1:53", "10.1.0.1:53"
		e.Host.Resolvers, e.DNS.Used = []string{"10.1.0.1:53"}, "10.1.0.1:53"
	}},
	{"port.filtered/no-tcp-and-a-web-source-answers", report.Fail, report.Likely, func(e *evidence.Evidence) {
		noTCP(e)
		e.Egress = seenFrom("direct", egressIP)
		step(e, "egress").Status, step(e, "egress").Failure = evidence.Pass, nil
	}},
	{"port.filtered/at-the-edge", report.Fail, report.Likely, func(e *evidence.Evidence) {
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
		e.Controls = nil
		e.Port.OtherPorts[0] = closedPort(443, evidence.KindTimeout, "i/o timeout")
		e.Port.Path.Compare, e.Port.Path.Distance = walk("tt.."), 0
	}},
	{"port.wrong-port", report.Fail, report.Certain, func(e *evidence.Evidence) {
		e.Target.Port, e.Target.CustomEndpoint = 55000, true
		e.Port.Attempts[0].Address = netip.AddrPortFrom(endpointIP, 55000)
		refused(e)
		e.Port.OtherPorts = append(e.Port.OtherPorts, evidence.Attempt{Address: netip.AddrPortFrom(endpointIP, 55443),
			LocalAddress: localIP, Connected: true, TookMS: 18})
	}},
	{"service.partly-down", report.Warn, report.Likely, deadFirst},
	{"service.partly-down/handshake-works-elsewhere", report.Fail, report.Likely, func(e *evidence.Evidence) {
		e.Target.Addresses = append(e.Target.Addresses, ip("198.51.100.11"))
		broken(e, evidence.KindReset, "connection reset by peer")
		e.TLS.Elsewhere = []evidence.Elsewhere{{Address: netip.MustParseAddrPort("198.51.100.11:55443"), Works: true, Proven: true, TookMS: 20}}
	}},
	{"service.partly-down/some-connections", report.Fail, report.Likely, func(e *evidence.Evidence) {
		drop(e)
		walked(e, "ttt+", "ttt+")
		e.Port.Servers = &evidence.Servers{Sent: 12, Took: 6, Silent: 6}
	}},
	{"service.partly-down/some-refused", report.Fail, report.Likely, func(e *evidence.Evidence) {
		refused(e)
		walked(e, "ttt+", "ttt+")
		e.Port.Servers = &evidence.Servers{Sent: 12, Took: 7, Refused: 5}
	}},
	{"port.lossy/some-connections-late", report.Fail, report.Likely, func(e *evidence.Evidence) {
		drop(e)
		walked(e, "ttt+", "ttt+")
		e.Port.Servers = &evidence.Servers{Sent: 12, Took: 6, Late: 3, Silent: 3}
	}},
	{"port.lossy/round-trip-unknown", report.Warn, report.Likely, func(e *evidence.Evidence) {
		e.Port.Retransmits, e.Call.Retransmits, e.Port.ConnectMS = pointer(1), pointer(1), 1043
		step(e, "port").Status = evidence.Warn
	}},
	{"port.slow/far-away", report.Warn, report.Certain, func(e *evidence.Evidence) { // the SYN was sent again, and not lost
		e.Port.Retransmits, e.Call.Retransmits, e.Port.ConnectMS, e.Port.RoundTripMS = pointer(1), pointer(1), 1320, 1301
		e.Port.Attempts[0].TookMS = 1320
		step(e, "port").Status = evidence.Warn
	}},
	{"port.lossy/asks-for-ecn", report.Warn, report.Likely, func(e *evidence.Evidence) {
		e.Port.Retransmits, e.Port.ConnectMS, e.Port.RoundTripMS, e.Port.ECN = pointer(1), 1012, 11, true
		step(e, "port").Status = evidence.Warn
	}},
	{"port.lossy", report.Warn, report.Certain, func(e *evidence.Evidence) {
		e.Port.RoundTripMS = 38
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

package report_test

import (
	"net/netip"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/report"
)

// The sources that every run asks, three by HTTPS and one by DNS.
var (
	webSources = []string{"https://icanhazip.com", "https://checkip.amazonaws.com", "https://api.ipify.org"}
	dnsSource  = "dns://resolver1.opendns.com/myip.opendns.com?type=A"
)

// seenFrom is the egress of a host that all sources see at these addresses, one after the other.
func seenFrom(path evidence.Way, addresses ...netip.Addr) *evidence.Egress {
	g := &evidence.Egress{IPv4: addresses, IPv6: []netip.Addr{}, Asked: 4}
	for i, source := range webSources {
		g.Sightings = append(g.Sightings, evidence.Sighting{Source: source, Path: path, LocalAddress: localIP,
			Address: addresses[i%len(addresses)], TookMS: 38 + float64(i), Trust: goodTrust(publicCA)})
	}
	g.Sightings = append(g.Sightings, evidence.Sighting{Source: dnsSource, Path: "dns", LocalAddress: localIP,
		Address: addresses[0], TookMS: 17})
	g.DNSSeen = []netip.Addr{addresses[0]}
	for _, sighting := range g.Sightings {
		if sighting.Address == addresses[0] {
			g.Agreeing++
		}
	}
	return g
}

// noSource makes every source fail in this way; the rules, if any, have nothing to judge then.
func noSource(e *evidence.Evidence, why *evidence.Failure) {
	e.Egress = &evidence.Egress{Asked: 4, IPv4: []netip.Addr{}, IPv6: []netip.Addr{}, DNSSeen: []netip.Addr{}}
	for i, source := range append(webSources[:3:3], dnsSource) {
		path := evidence.WayDirect
		if i == 3 {
			path = evidence.WayDNS
		}
		e.Egress.Sightings = append(e.Egress.Sightings,
			evidence.Sighting{Source: source, Path: path, TookMS: 3000, Failure: why})
	}
	step(e, "egress").Status, step(e, "egress").Failure = evidence.Fail, why
	if e.Rules != nil {
		setRules(e, e.Rules.Rules...)
	}
}

var otherIP = ip("203.0.113.77") // a second address of the same NAT

func pool(e *evidence.Evidence) {
	e.Egress = seenFrom("direct", egressIP, otherIP)
	step(e, "egress").Status = evidence.Warn
	if e.Rules != nil {
		setRules(e, e.Rules.Rules...)
	}
}

var silence = failure("fetch", evidence.KindTimeout, "no answer before the run ended")

var egressFixtures = []fixture{
	{"egress.unknown", report.Warn, report.Certain, func(e *evidence.Evidence) { noSource(e, silence) }},
	{"egress.unknown/some-were-reached", report.Warn, report.Certain, func(e *evidence.Evidence) {
		noSource(e, silence)
		said := failure("read", evidence.KindBadAnswer, "not an address: <html>")
		e.Egress.Sightings[0].Failure = said // and one is reached at a port of its own, one asked twice
		e.Egress.Sightings[1].Source, e.Egress.Sightings[2].Source = "http://192.0.2.90:8080/ip", "http://192.0.2.90:8080/ip"
		e.Egress.Sightings = append(e.Egress.Sightings, e.Egress.Sightings[2])
	}},
	{"egress.unknown/nobody-asked", report.Info, report.Certain, func(e *evidence.Evidence) {
		setRules(e)
		e.Egress, e.Asked.EgressSources, e.Asked.NoneAsked = nil, 0, "--no-third-parties"
		e.Asked.StatusURL = ""
		skip(e, "egress", "--egress-source")
	}},
	{"egress.unstable", report.Warn, report.Certain, pool},
	{"egress.proxied", report.Info, report.Certain, viaProxy},
	{"egress.proxied/other-verdict", report.Warn, report.Certain, func(e *evidence.Evidence) {
		viaProxy(e)
		setRules(e, "allow 203.0.113.200")
	}},
	{"egress.split-route", report.Warn, report.Certain, func(e *evidence.Evidence) {
		e.Host.LocalAddress, e.Port.Attempts[0].LocalAddress = ip("10.8.0.6"), ip("10.8.0.6")
	}},
	{"egress.split-route/and-that-address-is-allowed", report.Warn, report.Certain, func(e *evidence.Evidence) {
		ownAddresses(e)
		setRules(e, "allow 203.0.113.77")
	}},
	{"egress.no-ipv4", report.Fail, report.Certain, func(e *evidence.Evidence) {
		onlyIPv6(e)
		stopAt(e, "port", failure("connect", evidence.KindNoRoute, "network is unreachable"))
		for i := range e.Controls {
			e.Controls[i] = evidence.Control{Peer: e.Controls[i].Peer, Path: "direct",
				Failure: failure("connect", evidence.KindUnreachable, "network is unreachable")}
		}
	}},
	{"egress.no-ipv4/called-by-ipv6", report.Fail, report.Certain, func(e *evidence.Evidence) {
		onlyIPv6(e)
		e.DNS.IPv6 = []netip.Addr{ip("2001:db8:100::10")}
		refuse(e, "400", "Access denied: invalid IP address", "ip-denied")
	}},
	{"egress.ipv6-possible", report.Info, report.Certain, func(e *evidence.Evidence) {
		e.DNS.IPv6 = []netip.Addr{ip("2001:db8:100::10")}
		e.DNS.Answers[0].AAAA = e.DNS.IPv6
		e.Host.HasIPv6Route = pointer(true)
	}},
}

// onlyIPv6 is a host without an IPv4 way out.
func onlyIPv6(e *evidence.Evidence) {
	e.Host.HasIPv4Route, e.Host.HasIPv6Route = pointer(false), pointer(true)
	e.Host.LocalAddress = ip("2001:db8:1::2")
	setRules(e)
	noSource(e, failure("fetch", evidence.KindTimeout, "no source told an IPv4 address"))
	e.Egress.IPv6 = []netip.Addr{ip("2001:db8:1::2")}
	for i := range 3 {
		e.Egress.Sightings[i].Address, e.Egress.Sightings[i].Failure = ip("2001:db8:1::2"), nil
	}
	e.Egress.Sightings[3].Failure = failure("query", evidence.KindUnreachable, "network is unreachable")
}

// refuse is a call that the API answered with this code.
func refuse(e *evidence.Evidence, code, text, class string) {
	e.Call.Success, e.Call.Code, e.Call.Text, e.Call.Class = false, said(code), said(text), class
	e.Call.Failure = failure("call", evidence.KindRefusedByAPI, code+" "+text)
	stopCall(e)
}

// stopCall is a call that did not succeed; e.Call tells how.
func stopCall(e *evidence.Evidence) {
	step(e, "call").Status, step(e, "call").Failure = evidence.Fail, e.Call.Failure
	followUp(e, "call")
}

func invalidIP(e *evidence.Evidence) {
	refuse(e, "400", "Access denied: invalid IP address", "ip-denied")
}

var rulesFixtures = []fixture{
	{"rules.invalid", report.Fail, report.Certain, func(e *evidence.Evidence) { setRules(e, "allow 203.0.113.0/24") }},
	{"rules.invalid/too-many", report.Fail, report.Certain, func(e *evidence.Evidence) {
		setRules(e, "allow 203.0.113.10", "allow 192.0.2.1", "allow 192.0.2.2", "allow 192.0.2.3", "allow 192.0.2.4",
			"allow 192.0.2.5")
	}},
	{"rules.invalid/host-bits", report.Warn, report.Certain, func(e *evidence.Evidence) { setRules(e, "allow 203.0.113.10/25") }},
	{"rules.not-allowed", report.Fail, report.Certain, func(e *evidence.Evidence) {
		setRules(e, "allow 192.0.2.0/25")
		invalidIP(e)
	}},
	{"rules.not-allowed/another-own-address-is", report.Fail, report.Certain, func(e *evidence.Evidence) {
		setRules(e, "allow 203.0.113.77")
		e.Egress.Own = []netip.Addr{egressIP, otherIP}
		invalidIP(e)
	}},
	{"rules.not-allowed/five", report.Fail, report.Certain, func(e *evidence.Evidence) {
		setRules(e, "allow 192.0.2.1", "allow 192.0.2.2", "allow 192.0.2.64/26", "allow 192.0.2.4", "allow 192.0.2.5")
		invalidIP(e)
	}},
	{"rules.not-allowed/login-refused", report.Fail, report.Likely, func(e *evidence.Evidence) {
		setRules(e, "allow 192.0.2.0/25")
		refuse(e, "401", "Authentication failed", "auth-failed")
	}},
	{"rules.not-allowed/planned", report.Fail, report.Certain, func(e *evidence.Evidence) {
		planned(e, egressIP, otherIP)
		setRules(e, "allow 203.0.113.10")
	}},
	{"rules.not-allowed/planned-ipv6", report.Fail, report.Certain, func(e *evidence.Evidence) {
		planned(e, ip("2001:db8::1"))
		setRules(e, "allow 203.0.113.0/25")
	}},
	{"rules.not-allowed/planned-in-test", report.Fail, report.Likely, func(e *evidence.Evidence) {
		planned(e, egressIP)
		setRules(e, "allow 192.0.2.0/25")
		e.Target.Environment = service.OpenSRS.Test.Name
	}},
	{"rules.never-public", report.Fail, report.Certain, func(e *evidence.Evidence) {
		planned(e, ip("10.0.0.1"))
		setRules(e, "allow 10.0.0.1")
	}},
	{"rules.never-public/no-rule-matches", report.Fail, report.Certain, func(e *evidence.Evidence) {
		planned(e, ip("127.0.0.1"))
		setRules(e, "allow 203.0.113.0/25")
	}},
	{"rules.never-public/every-allow", report.Fail, report.Certain, func(e *evidence.Evidence) {
		setRules(e, "allow 10.0.0.0/25", "allow 100.64.0.7")
		invalidIP(e)
	}},
	{"rules.never-public/every-allow-and-closed", report.Fail, report.Likely, func(e *evidence.Evidence) {
		setRules(e, "allow 192.168.0.7")
		hangUp(e)
	}},
	{"rules.never-public/every-allow-and-no-address-seen", report.Warn, report.Certain, func(e *evidence.Evidence) {
		setRules(e, "allow 192.168.0.7")
		noSource(e, silence)
	}},
	{"rules.never-public/stray", report.Warn, report.Certain, func(e *evidence.Evidence) {
		setRules(e, "allow 203.0.113.0/25", "allow 10.0.0.1")
	}},
	{"rules.never-public/endpoint-unknown", report.Fail, report.Likely, func(e *evidence.Evidence) {
		planned(e, ip("10.0.0.1"))
		setRules(e, "allow 10.0.0.1")
		e.Target.CustomEndpoint, e.Target.Host, e.Target.Addresses = true, "relay.acme.example", nil
	}},
	{"rules.denied", report.Fail, report.Certain, func(e *evidence.Evidence) {
		setRules(e, "deny 203.0.113.10", "allow 203.0.113.0/25")
		invalidIP(e)
	}},
	{"rules.denied/and-not-allowed", report.Fail, report.Likely, func(e *evidence.Evidence) {
		setRules(e, "allow 192.0.2.0/25", "deny 203.0.113.0/25")
		hangUp(e)
	}},
	{"rules.ambiguous", report.Fail, report.Certain, func(e *evidence.Evidence) {
		setRules(e, "allow 203.0.113.10", "deny 203.0.113.0/25")
		invalidIP(e)
	}},
	{"rules.ambiguous/accepted", report.Warn, report.Certain, func(e *evidence.Evidence) {
		setRules(e, "allow 203.0.113.10", "deny 203.0.113.0/25")
	}},
	{"rules.pool-partly-allowed", report.Fail, report.Certain, func(e *evidence.Evidence) {
		setRules(e, "allow 203.0.113.10")
		pool(e)
		invalidIP(e)
	}},
	{"rules.pool-partly-allowed/accepted", report.Fail, report.Certain, func(e *evidence.Evidence) {
		setRules(e, "allow 203.0.113.10")
		pool(e)
	}},
	{"rules.propagating", report.Fail, report.Likely, invalidIP},
	{"rules.propagating/witness-saw-the-same", report.Fail, report.Likely, func(e *evidence.Evidence) {
		invalidIP(e)
		askWitness(e, egressIP)
	}},
	{"rules.other-address", report.Fail, report.Certain, func(e *evidence.Evidence) {
		ownAddresses(e)
		setRules(e, "allow 203.0.113.10")
		invalidIP(e)
	}},
	{"rules.other-address/closed", report.Fail, report.Likely, func(e *evidence.Evidence) {
		ownAddresses(e)
		setRules(e, "allow 203.0.113.10")
		hangUp(e)
	}},
	{"rules.other-address/seen-from-the-calls-address", report.Fail, report.Likely, func(e *evidence.Evidence) {
		e.Host.LocalAddress, e.Port.Attempts[0].LocalAddress = ip("10.1.0.3"), ip("10.1.0.3")
		e.Egress.FromCall = []evidence.Sighting{{Source: webSources[0], Path: "direct", LocalAddress: ip("10.1.0.3"), Address: otherIP, TookMS: 40}}
		e.Egress.Call = e.CallAddress()
		setRules(e, "allow 203.0.113.10")
		invalidIP(e)
	}},
	{"rules.other-address/only-the-local-one-is-known", report.Fail, report.Likely, func(e *evidence.Evidence) {
		e.Host.LocalAddress, e.Port.Attempts[0].LocalAddress = ip("10.8.0.6"), ip("10.8.0.6")
		invalidIP(e)
	}},
	{"rules.other-address/witness", report.Fail, report.Likely, func(e *evidence.Evidence) {
		setRules(e, "allow 203.0.113.10")
		invalidIP(e)
		askWitness(e, otherIP)
	}},
	{"rules.other-address/by-dns", report.Fail, report.Likely, func(e *evidence.Evidence) {
		e.Egress.DNSSeen, e.Egress.Sightings[3].Address = []netip.Addr{otherIP}, otherIP
		setRules(e, "allow 203.0.113.10")
		invalidIP(e)
	}},
	{"rules.stale", report.Warn, report.Likely, func(e *evidence.Evidence) { setRules(e, "allow 192.0.2.0/25") }},
	{"rules.stale/sub-user", report.Warn, report.Likely, func(e *evidence.Evidence) {
		setRules(e, "allow 192.0.2.0/25")
		refuse(e, "435", "Permission denied", "permission-denied")
	}},
}

// ownAddresses is a host with public addresses of its own: the sources were asked from one, and the call left from another.
func ownAddresses(e *evidence.Evidence) {
	for i := range e.Egress.Sightings {
		e.Egress.Sightings[i].LocalAddress = egressIP
	}
	e.Host.LocalAddress, e.Port.Attempts[0].LocalAddress = otherIP, otherIP
	e.Egress.Call = e.CallAddress()
}

// askWitness gives the run a third party that answers on the service's port.
func askWitness(e *evidence.Evidence, saw netip.Addr) {
	e.Asked.Witness = "http://192.0.2.90:55443/"
	e.Witness = &evidence.Witness{URL: e.Asked.Witness, Peer: "192.0.2.90:55443", Connected: true, Address: saw, LocalAddress: localIP, TookMS: 21}
}

// planned is a run with --egress-ip: nobody was asked.
func planned(e *evidence.Evidence, addresses ...netip.Addr) {
	e.Egress = &evidence.Egress{Given: true}
	for _, address := range addresses {
		if address.Is4() {
			e.Egress.IPv4 = append(e.Egress.IPv4, address)
		} else {
			e.Egress.IPv6 = append(e.Egress.IPv6, address)
		}
	}
	if e.Rules != nil {
		setRules(e, e.Rules.Rules...)
	}
}

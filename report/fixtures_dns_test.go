package report_test

import (
	"net/netip"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/report"
)

// answered makes the only resolver answer with a code and no address, and so ends the run at dns.
func answered(e *evidence.Evidence, rcode string, kind evidence.Kind) {
	why := failure("query", kind, rcode)
	e.DNS.IPv4 = []netip.Addr{}
	e.DNS.Answers[0] = evidence.DNSAnswer{Resolver: "192.0.2.53:53", Transport: "udp", Rcode: rcode, TookMS: 13, Failure: why}
	if kind != evidence.KindNXDomain {
		e.DNS.Used = ""
	}
	stopAt(e, "dns", why)
}

// resolvesTo makes DNS lead to another address.
func resolvesTo(e *evidence.Evidence, address string) {
	e.DNS.IPv4, e.DNS.Answers[0].A = []netip.Addr{ip(address)}, []netip.Addr{ip(address)}
	e.Target.Addresses = e.DNS.IPv4
	e.Port.Connected = netip.AddrPortFrom(ip(address), 55443)
	e.Port.Attempts[0].Address = e.Port.Connected
}

// second gives the host another resolver, which answers as the first one does.
func second(e *evidence.Evidence) {
	e.Host.Resolvers = append(e.Host.Resolvers, "192.0.2.54:53")
	answer := e.DNS.Answers[0]
	answer.Resolver = "192.0.2.54:53"
	e.DNS.Answers = append(e.DNS.Answers, answer)
}

// pinned is an entry in the hosts file that DNS does not agree with.
func pinned(e *evidence.Evidence) {
	old := []netip.Addr{ip("198.51.100.99")}
	e.DNS.Used, e.DNS.HostsFile, e.DNS.HostsIPs = "hosts file", "/etc/hosts:7", old
	e.DNS.IPv4, e.Target.Addresses = old, old
	e.Port.Connected = netip.AddrPortFrom(old[0], 55443)
	e.Port.Attempts[0].Address = e.Port.Connected
}

// portal is a network in which every name leads to a login page.
func portal(e *evidence.Evidence) {
	noSource(e, failure("handshake", evidence.KindNotTLS, "tls: first record does not look like a TLS handshake"))
	resolvesTo(e, "192.0.2.200")
	e.TLS = &evidence.TLS{Failure: failure("handshake", evidence.KindNotTLS, "tls: first record does not look like a TLS handshake"),
		Quote: said("HTTP/1.1 302 Found Location: http://portal.example/login Connection: close")}
	stopAt(e, "tls", e.TLS.Failure)
	variants(e, evidence.KindNotTLS, "tls: first record does not look like a TLS handshake")
	e.DNS.MadeUp = &evidence.DNSAnswer{Resolver: "192.0.2.53:53", Transport: "udp", Rcode: "NOERROR", TookMS: 3,
		A: []netip.Addr{ip("192.0.2.200")}}
	e.DNS.Other.A = e.DNS.MadeUp.A
	deaf(e, evidence.KindTimeout, "i/o timeout")
	e.StatusPage = &evidence.StatusPage{URL: service.OpenSRS.StatusURL,
		Failure: failure("handshake", evidence.KindNotTLS, "tls: first record does not look like a TLS handshake")}
	e.Clock = nil
}

var dnsFixtures = []fixture{
	{"dns.udp-blocked", report.Warn, report.Certain, func(e *evidence.Evidence) {
		for i := range e.DNS.Answers {
			e.DNS.Answers[i].Transport, e.DNS.Answers[i].OnlyTCP = "tcp", true
		}
	}},
	{"dns.nxdomain", report.Fail, report.Certain, func(e *evidence.Evidence) { answered(e, "NXDOMAIN", evidence.KindNXDomain) }},
	{"dns.nxdomain/internal-names-only", report.Fail, report.Certain, func(e *evidence.Evidence) {
		second(e)
		answered(e, "NXDOMAIN", evidence.KindNXDomain)
		e.DNS.Answers[1] = evidence.DNSAnswer{Resolver: "192.0.2.54:53", Transport: "udp", Rcode: "NXDOMAIN",
			Failure: e.DNS.Answers[0].Failure}
		e.DNS.Other = e.DNS.MadeUp
		noSource(e, failure("query", evidence.KindNXDomain, "NXDOMAIN"))
	}},
	{"dns.servfail", report.Fail, report.Certain, func(e *evidence.Evidence) { answered(e, "SERVFAIL", evidence.KindServFail) }},
	{"dns.servfail/all-names", report.Fail, report.Certain, func(e *evidence.Evidence) {
		answered(e, "SERVFAIL", evidence.KindServFail)
		e.DNS.Other = &e.DNS.Answers[0]
		noSource(e, failure("query", evidence.KindServFail, "SERVFAIL"))
	}},
	{"dns.refused", report.Fail, report.Certain, func(e *evidence.Evidence) {
		answered(e, "REFUSED", evidence.KindDNSRefused)
		e.DNS.MadeUp, e.DNS.Other = &e.DNS.Answers[0], &e.DNS.Answers[0]
		noSource(e, failure("query", evidence.KindDNSRefused, "REFUSED"))
	}},
	{"dns.refused/the-other-is-dead", report.Fail, report.Likely, func(e *evidence.Evidence) {
		second(e)
		answered(e, "REFUSED", evidence.KindDNSRefused)
		e.DNS.Answers[1] = evidence.DNSAnswer{Resolver: "192.0.2.54:53", TookMS: 3000,
			Failure: failure("query", evidence.KindTimeout, "context deadline exceeded")}
	}},
	{"dns.resolver-unreachable", report.Fail, report.Certain, func(e *evidence.Evidence) {
		second(e)
		why := failure("query", evidence.KindTimeout, "context deadline exceeded")
		noSource(e, failure("resolve", evidence.KindTimeout, "no answer for icanhazip.com"))
		noResolver(e, why)
		e.Clock = nil
	}},
	{"dns.resolver-unreachable/takes-connections", report.Fail, report.Likely, func(e *evidence.Evidence) {
		noSource(e, failure("resolve", evidence.KindTimeout, "no answer for icanhazip.com"))
		noResolver(e, failure("query", evidence.KindTimeout, "context deadline exceeded"))
		e.DNS.Answers[0].Accepts, e.Clock = true, nil
	}},
	{"dns.resolver-unreachable/nothing-to-compare", report.Fail, report.Likely, func(e *evidence.Evidence) {
		why := failure("query", evidence.KindRefused, "connection refused")
		noSource(e, failure("query", evidence.KindRefused, "connection refused"))
		noResolver(e, why)
		e.Controls, e.Clock = nil, nil
	}},
	{"dns.resolver-unreachable/refused", report.Fail, report.Certain, func(e *evidence.Evidence) { refusingResolver(e, "192.0.2.53:53") }},
	{"dns.resolver-unreachable/no-resolv-conf", report.Fail, report.Certain, func(e *evidence.Evidence) {
		refusingResolver(e, "127.0.0.1:53")
		e.Host.ResolversProblem = &evidence.ResolversProblem{Kind: evidence.ResolversMissing}
	}},
	{"dns.servfail/no-resolv-conf", report.Fail, report.Certain, func(e *evidence.Evidence) {
		e.Host.Resolvers, e.DNS.Answers[0].Resolver = []string{"127.0.0.1:53"}, "127.0.0.1:53"
		answered(e, "SERVFAIL", evidence.KindServFail)
		e.DNS.Other = &e.DNS.Answers[0]
		noSource(e, failure("query", evidence.KindServFail, "SERVFAIL"))
		e.Host.ResolversProblem = &evidence.ResolversProblem{Kind: evidence.ResolversEmpty}
	}},
	{"dns.sinkholed", report.Fail, report.Certain, func(e *evidence.Evidence) {
		resolvesTo(e, "0.0.0.0")
		stopAt(e, "port", failure("connect", evidence.KindRefused, "connection refused"))
		walked(e, "r", "r")
		e.Port.OtherPorts[0] = closedPort(443, evidence.KindRefused, "connection refused")
	}},
	{"dns.sinkholed/private", report.Fail, report.Likely, func(e *evidence.Evidence) {
		resolvesTo(e, "10.20.30.40")
		drop(e)
		e.Port.OtherPorts[0] = closedPort(443, evidence.KindTimeout, "i/o timeout")
		e.Port.Path.Port, e.Port.Path.Compare, e.Port.Path.Distance = walk("t", "..."), walk("t", "..."), 0
	}},
	{"dns.captive-portal", report.Fail, report.Certain, portal},
	{"client.dns-differs", report.Info, report.Certain, func(e *evidence.Evidence) { e.DNS.NoLibcDNS = "/etc/nsswitch.conf:7" }},
	{"client.dns-differs/search-list", report.Info, report.Certain, func(e *evidence.Evidence) {
		e.DNS.SearchedName, e.DNS.Searched = e.DNS.Name+".corp.example", []netip.Addr{netip.MustParseAddr("198.51.100.66")}
	}},
	{"dns.blocked-page", report.Fail, report.Likely, func(e *evidence.Evidence) {
		resolvesTo(e, "198.51.100.66")
		e.DNS.Answers = append(e.DNS.Answers, evidence.DNSAnswer{Resolver: "192.0.2.54:53", Transport: "udp", Rcode: "NOERROR", A: []netip.Addr{endpointIP}, TookMS: 9})
		refused(e)
		e.Port.ByDNS = &evidence.Attempt{Address: netip.AddrPortFrom(endpointIP, 55443), Connected: true, TookMS: 20}
	}},
	{"dns.hosts-override", report.Fail, report.Certain, func(e *evidence.Evidence) {
		pinned(e)
		drop(e)
		e.Port.OtherPorts[0] = closedPort(443, evidence.KindTimeout, "i/o timeout")
		e.Port.Path.Port, e.Port.Path.Compare, e.Port.Path.Distance = walk("ttt", "..."), walk("ttt", "..."), 0
	}},
	{"dns.hosts-override/works", report.Warn, report.Certain, pinned},
	{"dns.hosts-override/one right, one not", report.Warn, report.Certain, func(e *evidence.Evidence) {
		e.DNS.Used, e.DNS.HostsFile, e.DNS.HostsLines = "hosts file", "/etc/hosts:7", []int{7, 9}
		e.DNS.HostsIPs = []netip.Addr{endpointIP, ip("198.51.100.99")}
		e.DNS.IPv4, e.Target.Addresses = e.DNS.HostsIPs, e.DNS.HostsIPs
	}},
	{"dns.no-ipv4", report.Fail, report.Certain, func(e *evidence.Evidence) {
		e.DNS.IPv4, e.DNS.IPv6 = []netip.Addr{}, []netip.Addr{ip("2001:db8:100::10")}
		e.DNS.Answers[0].A, e.DNS.Answers[0].AAAA = nil, e.DNS.IPv6
		stopAt(e, "dns", failure("query", evidence.KindNoData, "no IPv4 address"))
	}},
	{"dns.slow-resolver/the-only-one", report.Warn, report.Certain, func(e *evidence.Evidence) {
		e.DNS.Answers[0].TookMS = 4012
		e.DNS.Slow = []string{e.DNS.Used}
		step(e, "dns").Status, step(e, "dns").Took = evidence.Warn, ms(4013)
	}},
	{"dns.slow-resolver/too-late", report.Fail, report.Likely, func(e *evidence.Evidence) {
		e.DNS.Answers[0].TookMS = 6004
		stopAt(e, "dns", failure("query", evidence.KindTimeout, "no answer from 192.0.2.53:53"))
		e.DNS.Used, e.DNS.IPv4, e.DNS.IPv6 = "", []netip.Addr{}, []netip.Addr{}
	}},
	{"dns.slow-resolver", report.Warn, report.Certain, func(e *evidence.Evidence) {
		second(e)
		e.DNS.Answers[0] = evidence.DNSAnswer{Resolver: "192.0.2.53:53", Pending: true}
		e.DNS.Used, e.DNS.Slow = "192.0.2.54:53", []string{"192.0.2.53:53"}
		step(e, "dns").Status, step(e, "dns").Took = evidence.Warn, ms(1012)
	}},
}

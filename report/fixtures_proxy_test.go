package report_test

import (
	"net/netip"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/report"
)

var proxyIP = ip("203.0.113.200") // the public address of the proxy's network

// viaProxy sends the run through a proxy that works, and that the environment names.
func viaProxy(e *evidence.Evidence) {
	at := netip.MustParseAddrPort("10.1.0.80:3128")
	e.Host.Proxy = &evidence.Proxy{URL: "http://proxy.example.com:3128", From: "HTTPS_PROXY", Addrs: []netip.Addr{at.Addr()}}
	e.Target.Addresses = []netip.Addr{}
	direct := e.Egress.Sightings[:3]
	e.Egress = seenFrom("proxy", proxyIP)
	e.Egress.Sightings[3].Address, e.Egress.Agreeing, e.Egress.DNSSeen = egressIP, 3, []netip.Addr{egressIP}
	for i, sighting := range direct {
		e.Egress.Sightings[i].LocalAddress = localIP
		e.Egress.Sightings = append(e.Egress.Sightings, sighting)
	}
	if e.Rules != nil {
		setRules(e, "allow 203.0.113.0/25", "allow 203.0.113.128/25")
	}
	byName := e.DNS.Answers[0]
	e.DNS = &evidence.DNS{Name: "proxy.example.com", OfProxy: true, Used: "192.0.2.53:53", IPv4: []netip.Addr{at.Addr()},
		Answers: []evidence.DNSAnswer{{Resolver: "192.0.2.53:53", Transport: "udp", Rcode: "NOERROR",
			A: []netip.Addr{at.Addr()}, TookMS: 2}}, Endpoint: &byName}
	e.Port.Connected, e.Port.Attempts[0].Address, e.Port.ConnectMS = at, at, 2
	e.Port.ProxyReply = &evidence.ProxyReply{Protocol: "http", Code: 200, Text: said("Connection established")}
	e.Direct = &evidence.Direct{Resolves: true, Attempt: &evidence.Attempt{Address: netip.AddrPortFrom(endpointIP, 55443),
		LocalAddress: localIP, Connected: true, TookMS: 18}}
}

// proxySays is a proxy that answers the request for the endpoint so.
func proxySays(e *evidence.Evidence, reply *evidence.ProxyReply, kind evidence.Kind, detail string) {
	viaProxy(e)
	stopAt(e, "port", failure("connect through the proxy", kind, detail))
	e.Port.ProxyReply = reply
	if reply != nil {
		e.Port.Attempts[0].Connected, e.Port.Attempts[0].Failure = true, nil
		e.Port.Connected, e.Port.ConnectMS = e.Port.Attempts[0].Address, 2
	}
	direct := e.Controls
	for i, control := range direct {
		through := control
		through.Path = "proxy"
		if kind == evidence.KindProxyAuth {
			through = evidence.Control{Peer: control.Peer, Path: "proxy", Failure: failure("connect", kind, detail)}
		}
		e.Controls = append(e.Controls, through)
		e.Controls[i].Path = "direct"
	}
	if kind == evidence.KindProxyAuth {
		noWayThrough(e, failure("connect", kind, detail))
	}
}

// noWayThrough makes the sources fail that are asked through the proxy.
func noWayThrough(e *evidence.Evidence, why *evidence.Failure) {
	for i := range e.Egress.Sightings {
		if sighting := &e.Egress.Sightings[i]; sighting.Path == "proxy" {
			sighting.Address, sighting.Trust, sighting.Failure = netip.Addr{}, nil, why
		}
	}
	e.Egress.IPv4, e.Egress.Agreeing = []netip.Addr{}, 1
	setRules(e, e.Rules.Rules...)
}

func proxyGone(e *evidence.Evidence, kind evidence.Kind, detail string) {
	proxySays(e, nil, kind, detail)
	why := failure("connect to the proxy", kind, detail)
	step(e, "port").Failure = why
	e.Port.Attempts[0].Failure = failure("connect", kind, detail)
	for i, control := range e.Controls {
		if control.Path == "proxy" {
			e.Controls[i] = evidence.Control{Peer: control.Peer, Path: "proxy", Failure: failure("connect", kind, detail)}
		}
	}
	noWayThrough(e, failure("connect", kind, detail))
	e.StatusPage = &evidence.StatusPage{URL: service.OpenSRS.StatusURL, Failure: failure("connect", kind, detail)}
}

func httpReply(code int, text string) *evidence.ProxyReply {
	return &evidence.ProxyReply{Protocol: "http", Code: code, Text: said(text)}
}

// closedDirectly is a network that lets nobody out but the proxy.
func closedDirectly(e *evidence.Evidence) {
	e.Direct.Attempt = &evidence.Attempt{Address: netip.AddrPortFrom(endpointIP, 55443), TookMS: 3000,
		Failure: failure("connect", evidence.KindTimeout, "no answer so far")}
}

var proxyFixtures = []fixture{
	{"proxy.unreachable", report.Fail, report.Certain, func(e *evidence.Evidence) {
		proxyGone(e, evidence.KindRefused, "connection refused")
	}},
	{"proxy.unreachable/silent", report.Fail, report.Certain, func(e *evidence.Evidence) {
		proxyGone(e, evidence.KindTimeout, "no answer so far")
		closedDirectly(e)
	}},
	{"proxy.unreachable/refused-ten-times-more", report.Fail, report.Certain, func(e *evidence.Evidence) { // a ticket's round trips
		proxyGone(e, evidence.KindRefused, "connection refused")
		e.Port.RoundTrips = &evidence.RoundTrips{To: e.Port.Attempts[0].Address, Sent: 10, Answered: 10, Refused: 10, MinMS: 0.1,
			MedianMS: 0.2, MaxMS: 1}
	}},
	{"proxy.unreachable/silent-then-refused", report.Fail, report.Certain, func(e *evidence.Evidence) {
		proxyGone(e, evidence.KindTimeout, "no answer so far")
		e.Port.RoundTrips = &evidence.RoundTrips{To: e.Port.Attempts[0].Address, Sent: 10, Answered: 3, Refused: 3, Lost: 7, MinMS: 0.1,
			MedianMS: 0.2, MaxMS: 1}
	}},
	{"proxy.unreachable/a-web-server-that-takes-connections", report.Fail, report.Likely, func(e *evidence.Evidence) {
		proxyGone(e, evidence.KindNotHTTP, "SSH-2.0-OpenSSH_9.9")
		step(e, "port").Failure.Op = "connect through the proxy"
		e.Port.Connected = e.Port.Attempts[0].Address
		e.Port.Attempts[0] = evidence.Attempt{Address: e.Port.Connected, Connected: true, TookMS: 1}
		e.Port.RoundTrips = &evidence.RoundTrips{To: e.Port.Connected, Sent: 10, Answered: 10, MinMS: 0.1, MedianMS: 0.2, MaxMS: 1}
	}},
	{"proxy.unreachable/no-such-name", report.Fail, report.Certain, func(e *evidence.Evidence) {
		proxyGone(e, evidence.KindNXDomain, "NXDOMAIN")
		answered(e, "NXDOMAIN", evidence.KindNXDomain)
		e.Controls = e.Controls[:4]
	}},
	{"proxy.denied", report.Fail, report.Certain, func(e *evidence.Evidence) {
		proxySays(e, httpReply(403, "Forbidden"), evidence.KindProxyDenied, "403 Forbidden")
		closedDirectly(e)
	}},
	{"proxy.denied/everything", report.Fail, report.Certain, func(e *evidence.Evidence) {
		proxySays(e, httpReply(405, "Method Not Allowed"), evidence.KindProxyDenied, "405 Method Not Allowed")
		refused := failure("connect through the proxy", evidence.KindProxyDenied, "405 Method Not Allowed")
		for i, control := range e.Controls {
			if control.Path == "proxy" {
				e.Controls[i] = evidence.Control{Peer: control.Peer, Path: "proxy", Failure: refused}
			}
		}
		noWayThrough(e, refused)
	}},
	{"proxy.denied/socks", report.Fail, report.Certain, func(e *evidence.Evidence) {
		proxySays(e, &evidence.ProxyReply{Protocol: "socks5", Code: 2, Text: said("connection not allowed by ruleset")},
			evidence.KindProxyDenied, "connection not allowed by ruleset")
		e.Host.Proxy.URL, e.Host.Proxy.From, e.Direct = "socks5://proxy.example.com:1080", "--proxy", nil
	}},
	{"proxy.denied/hangs-up", report.Fail, report.Likely, func(e *evidence.Evidence) {
		proxySays(e, nil, evidence.KindHungUp, "EOF")
	}},
	{"proxy.auth-required", report.Fail, report.Certain, func(e *evidence.Evidence) {
		proxySays(e, httpReply(407, "Proxy Authentication Required"), evidence.KindProxyAuth,
			"407 Proxy Authentication Required")
		closedDirectly(e)
	}},
	{"proxy.auth-required/wrong-login", report.Fail, report.Certain, func(e *evidence.Evidence) {
		proxySays(e, httpReply(407, "Proxy Authentication Required"), evidence.KindProxyAuth,
			"407 Proxy Authentication Required")
		e.Host.Proxy.HasUser = true
	}},
	{"proxy.upstream-failed", report.Fail, report.Certain, func(e *evidence.Evidence) {
		proxySays(e, httpReply(502, "Bad Gateway"), evidence.KindProxyUpstream, "502 Bad Gateway")
		closedDirectly(e)
	}},
	{"proxy.upstream-failed/silent", report.Fail, report.Likely, func(e *evidence.Evidence) {
		proxySays(e, nil, evidence.KindTimeout, "context deadline exceeded")
	}},
	{"proxy.direct-way", report.Info, report.Certain, func(e *evidence.Evidence) {
		viaProxy(e)
		closedDirectly(e)
	}},
}

package report_test

import (
	"fmt"
	"net/netip"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/report"
)

// deaf makes the controls fail in this way.
func deaf(e *evidence.Evidence, kind evidence.Kind, detail string) {
	for i := range e.Controls {
		e.Controls[i] = evidence.Control{Peer: e.Controls[i].Peer, Path: e.Controls[i].Path, TookMS: 2500,
			Failure: failure("connect", kind, detail)}
	}
}

// noResolver makes every resolver silent, and so ends the run at dns.
func noResolver(e *evidence.Evidence, why *evidence.Failure) {
	e.DNS.Used, e.DNS.IPv4 = "", []netip.Addr{}
	for i, resolver := range e.Host.Resolvers {
		e.DNS.Answers[i] = evidence.DNSAnswer{Resolver: resolver, TookMS: 3000, Failure: why}
	}
	stopAt(e, "dns", why)
	e.DNS.MadeUp = &evidence.DNSAnswer{Resolver: "192.0.2.53:53", Failure: why}
	e.DNS.Other = &evidence.DNSAnswer{Resolver: "192.0.2.53:53", Failure: why}
}

// noInternet is a host whose network is away: nothing at all answers.
func noInternet(e *evidence.Evidence) {
	noSource(e, failure("resolve", evidence.KindTimeout, "no answer for icanhazip.com"))
	noResolver(e, failure("query", evidence.KindTimeout, "context deadline exceeded"))
	deaf(e, evidence.KindTimeout, "i/o timeout")
	e.Clock = nil
	e.ThisHost = counted(func(*evidence.Counts, int) {})
}

// fromElsewhere gives packets an address that nothing comes back to.
func fromElsewhere(e *evidence.Evidence, to string) {
	e.ThisHost = counted(func(*evidence.Counts, int) {})
	e.ThisHost.Route = &evidence.HostRoute{Kind: evidence.RouteUnicast, Line: "default via 10.1.0.1 dev eth0 src 172.30.0.5", Table: 254,
		Prefix: "0.0.0.0/0", Interface: "eth0", Gateway: "10.1.0.1", Source: "172.30.0.5", Own: "10.1.0.2"}
	e.ThisHost.Sources = &evidence.Sources{To: to, FromOwn: evidence.SourceTries}
}

// behind sets the local clock two years back: the certificates of today are of the future.
func behind(e *evidence.Evidence) {
	datesOnly(e)
	setClock(e, 2*365*24*time.Hour)
	for i := range e.TLS.Chain {
		e.TLS.Chain[i].NotBefore = e.TLS.Chain[i].NotBefore.AddDate(2, 0, 0)
		e.TLS.Chain[i].NotAfter = e.TLS.Chain[i].NotAfter.AddDate(2, 0, 0)
	}
	e.TLS.Trust.NotYetValid = &e.TLS.Chain[0]
}

// datesOnly is what a wrong clock does: HTTPS fails everywhere, on dates and nothing else.
func datesOnly(e *evidence.Evidence) {
	dates := func(t *evidence.Trust) { t.DatesOK, t.DatesOnly = false, true }
	for i := range 3 {
		sighting := &e.Egress.Sightings[i]
		sighting.Address = netip.Addr{}
		sighting.Failure = failure("verify", evidence.KindUntrusted, "the certificate's dates do not fit this host's clock")
		dates(sighting.Trust)
	}
	e.Egress.IPv4, e.Egress.Agreeing = []netip.Addr{}, 1
	dates(e.TLS.Trust)
	untrusted(e)
	for i := range e.Controls {
		dates(e.Controls[i].TLS)
	}
}

// untrusted ends the run at a certificate that did not verify.
func untrusted(e *evidence.Evidence) {
	e.TLS.CallAllowed = false
	e.TLS.Failure = failure("verify", evidence.KindUntrusted, "the certificate did not verify")
	stopAt(e, "tls", e.TLS.Failure)
}

// loginPage lets the network show a page of its own in the place of a source's.
func loginPage(e *evidence.Evidence, page evidence.Page) {
	noSource(e, failure("fetch", evidence.KindHTTPStatus, fmt.Sprintf("HTTP status %d", page.Status)))
	e.Egress.Sightings[0].Source, e.Egress.Sightings[0].Page = "http://source.example/ip", &page
}

var hostFixtures = []fixture{
	{"host.offline", report.Fail, report.Certain, noInternet},
	{"host.offline/no-route", report.Fail, report.Certain, func(e *evidence.Evidence) {
		away := failure("query", evidence.KindUnreachable, "network is unreachable")
		noSource(e, away)
		noResolver(e, away)
		deaf(e, evidence.KindUnreachable, "network is unreachable")
		e.Host.HasIPv4Route, e.Host.LocalAddress, e.Clock = pointer(false), netip.Addr{}, nil
	}},
	{"host.offline/link-down", report.Fail, report.Certain, func(e *evidence.Evidence) {
		noInternet(e)
		e.Host.HasIPv4Route, e.Host.HasIPv6Route, e.Host.LinksDown = pointer(false), pointer(false), []string{"eth0"}
	}},
	{"host.offline/resolver-next-door", report.Fail, report.Likely, func(e *evidence.Evidence) {
		const near = "10.1.0.53:53" // it answers from what it remembers
		e.Host.Resolvers, e.DNS.Used, e.DNS.Answers[0].Resolver = []string{near}, near, near
		noSource(e, silence)
		drop(e)
		e.Port.Path.Port, e.Port.Path.Compare, e.Port.Path.Distance = walk("t", "."), walk("t", "."), 0
		e.Port.OtherPorts[0] = closedPort(443, evidence.KindTimeout, "i/o timeout")
		for _, later := range []*evidence.DNSAnswer{e.DNS.MadeUp, e.DNS.Other} {
			*later = evidence.DNSAnswer{Resolver: near, Transport: "udp", Rcode: "SERVFAIL", TookMS: 9,
				Failure: failure("query", evidence.KindServFail, "SERVFAIL")}
		}
		deaf(e, evidence.KindTimeout, "i/o timeout")
		e.StatusPage = &evidence.StatusPage{URL: service.OpenSRS.StatusURL, Failure: silence}
		e.Clock = nil
	}},
	{"host.offline/proxy-too", report.Fail, report.Likely, func(e *evidence.Evidence) {
		viaProxy(e)
		noSource(e, silence)
		noResolver(e, failure("query", evidence.KindTimeout, "context deadline exceeded"))
		deaf(e, evidence.KindTimeout, "i/o timeout")
		e.Direct = &evidence.Direct{Failure: failure("query", evidence.KindTimeout, "context deadline exceeded")}
		e.DNS.Endpoint, e.Clock = nil, nil
	}},
	{"host.clock-wrong", report.Fail, report.Certain, behind},
	{"host.clock-wrong/ahead", report.Fail, report.Certain, func(e *evidence.Evidence) {
		datesOnly(e)
		setClock(e, -400*24*time.Hour)
		for i := range e.TLS.Chain {
			e.TLS.Chain[i].NotBefore = e.TLS.Chain[i].NotBefore.AddDate(0, 0, -400)
			e.TLS.Chain[i].NotAfter = e.TLS.Chain[i].NotAfter.AddDate(0, 0, -400)
		}
		e.TLS.Trust.Expired = &e.TLS.Chain[0]
	}},
	{"host.clock-wrong/ten-minutes", report.Warn, report.Certain, func(e *evidence.Evidence) { setClock(e, 10*time.Minute) }},
	{"host.local-firewall", report.Fail, report.Certain, func(e *evidence.Evidence) {
		stopAt(e, "port", failure("connect", evidence.KindUnreachable, "no route to host"))
		walked(e, "!", "ttt+")
		self := evidence.Hop{TTL: 64, Answer: evidence.HopProhibited, From: localIP, FromSelf: true, ICMPType: 3, ICMPCode: 13}
		e.Port.Path.Answer, e.Port.Path.Port[0] = &self, self
		e.Port.Path.Port[0].TTL = 1
	}},
	{"host.local-firewall/resets", report.Fail, report.Likely, func(e *evidence.Evidence) {
		stopAt(e, "port", failure("connect", evidence.KindRefused, "connection refused"))
		walked(e, "r", "ttt+")
	}},
	{"host.local-firewall/drops", report.Fail, report.Likely, func(e *evidence.Evidence) {
		drop(e)
		walked(e, "...", "ttt+")
	}},
	{"host.local-firewall/not-permitted", report.Fail, report.Certain, func(e *evidence.Evidence) {
		stopAt(e, "port", failure("connect", evidence.KindNotPermitted, "operation not permitted"))
		walked(e, "x", "ttt+")
	}},
	{"host.local-firewall/counted", report.Fail, report.Certain, func(e *evidence.Evidence) {
		drop(e)
		walked(e, "...", "ttt+")
		e.ThisHost = counted(func(c *evidence.Counts, n int) { c.OutTransmits = pointer(0) })
	}},
	{"host.local-firewall/counted-without-root", report.Fail, report.Likely, func(e *evidence.Evidence) {
		drop(e)
		walked(e, "...", "ttt+")
		e.ThisHost = counted(func(c *evidence.Counts, n int) { c.OutTransmits = pointer(0) })
		e.ThisHost.Cgroup = &evidence.Cgroup{Path: "/user.slice/session-3.scope", Unit: "session-3.scope", Why: "operation not permitted"}
	}},
	{"host.local-firewall/by-csf", report.Fail, report.Certain, byFirewall(evidence.Firewall{Took: []evidence.FirewallRule{{Family: "ip", Table: "filter",
		Chain: "LOGDROPOUT", Path: []string{"OUTPUT"}, Handle: 2, Verdict: "drop", Tool: "iptables", Text: "-A LOGDROPOUT -j DROP", Manager: "csf", Grew: 60}}})},
	{"host.local-firewall/by-a-policy-of-ufw", report.Fail, report.Certain, byFirewall(evidence.Firewall{Policies: []evidence.FirewallRule{{Family: "ip",
		Table: "filter", Chain: "OUTPUT", Hook: "output", Verdict: "drop", Manager: "ufw"}}})},
	{"host.local-firewall/traced", report.Fail, report.Certain, byFirewall(evidence.Firewall{Traced: true, Took: []evidence.FirewallRule{{Family: "inet",
		Table: "firewalld", Chain: "filter_OUT_policy_webonly", Path: []string{"filter_OUTPUT", "filter_OUTPUT_POLICIES_pre"}, Handle: 186, Verdict: "drop",
		Manager: "firewalld", Grew: 20}}})},
	{"host.local-firewall/rules-without-counters", report.Fail, report.Certain, byFirewall(evidence.Firewall{Uncounted: 2})},
	{"host.local-firewall/rules-not-read-in-a-container", report.Fail, report.Certain, func(e *evidence.Evidence) {
		byFirewall(evidence.Firewall{Why: "this process lacks CAP_NET_ADMIN", Legacy: "iptables-legacy-save: file does not exist"})(e)
		e.ThisHost.Container = true
	}},
	{"host.local-firewall/untraced", report.Fail, report.Certain, byFirewall(evidence.Firewall{Uncounted: 1,
		Untraced: "this kernel cannot promise to remove the table: it is older than Linux 5.12"})},
	{"host.reply-dropped", report.Fail, report.Certain, func(e *evidence.Evidence) {
		drop(e)
		walked(e, "ttt...", "ttt+")
		e.ThisHost = counted(func(c *evidence.Counts, n int) { c.InReceives = n })
	}},
	{"host.reply-dropped/by-a-rule", report.Fail, report.Certain, func(e *evidence.Evidence) {
		drop(e)
		walked(e, "ttt...", "ttt+")
		e.ThisHost = counted(func(c *evidence.Counts, n int) { c.InReceives = n })
		e.ThisHost.Firewall = &evidence.Firewall{Took: []evidence.FirewallRule{{Family: "inet", Table: "site", Chain: "in", Handle: 7, Verdict: "drop",
			Comment: "all the rest", Grew: 60}}}
	}},
	{"host.reply-dropped/below-ip", report.Fail, report.Likely, func(e *evidence.Evidence) {
		drop(e)
		walked(e, "ttt...", "ttt+")
		e.ThisHost = counted(func(c *evidence.Counts, n int) { c.Arrived = n })
		e.ThisHost.Ledger.CameIn = "eth0"
	}},
	{"host.local-firewall/another-address", report.Fail, report.Likely, func(e *evidence.Evidence) {
		drop(e)
		walked(e, "ttt...", "ttt+")
		for i := range 3 {
			e.Port.Path.Port[i].From = endpointIP
		}
	}},
	{"host.local-firewall/sent-elsewhere", report.Fail, report.Certain, func(e *evidence.Evidence) {
		drop(e)
		e.ThisHost = &evidence.ThisHost{Conntrack: &evidence.Conntrack{Count: 7, Max: 65536}, Translation: &evidence.Translation{To: "192.0.2.21:9",
			Rules: []evidence.FirewallRule{{Family: "ip", Table: "nat", Chain: "OUTPUT", Handle: 1, Verdict: "dnat", Tool: "iptables",
				Text: "-A OUTPUT -p tcp -m tcp --dport 55443 -j DNAT --to-destination 192.0.2.21:9"}}}}
	}},
	{"port.refused/own-rule-not-seen", report.Fail, report.Likely, func(e *evidence.Evidence) {
		refused(e)
		walked(e, "...r", "...+")
		e.ThisHost = &evidence.ThisHost{Conntrack: &evidence.Conntrack{Count: 7, Max: 65536}, Translation: &evidence.Translation{Unseen: true,
			Rules: []evidence.FirewallRule{{Family: "ip", Table: "nat", Chain: "out", Handle: 4, Verdict: "dnat"}}}}
	}},
	{"host.local-firewall/names-too", report.Fail, report.Certain, func(e *evidence.Evidence) {
		noInternet(e)
		e.ThisHost = towardsResolver(func(c *evidence.Counts, n int) { c.OutTransmits = pointer(0) })
		e.ThisHost.Ledger.Forbidden = 60
	}},
	{"host.local-firewall/before-linux-6.7", report.Fail, report.Certain, func(e *evidence.Evidence) {
		drop(e)
		walked(e, "...", "ttt+")
		e.ThisHost = counted(func(c *evidence.Counts, n int) { c.OutRequests, c.OutTransmits = 0, nil })
		e.ThisHost.Ledger.Background.OutTransmits = nil
	}},
	{"host.local-firewall/refused-before-linux-6.7", report.Fail, report.Certain, func(e *evidence.Evidence) {
		stopAt(e, "port", failure("connect", evidence.KindRefused, "connection refused"))
		walked(e, "r", "ttt+")
		// The refusals were requests too; they went over the loopback interface, and nothing by another.
		e.ThisHost = counted(func(c *evidence.Counts, n int) { c.OutTransmits, c.Loopback = nil, n })
		e.ThisHost.Ledger.Background.OutTransmits, e.ThisHost.Ledger.WentOut = nil, ""
	}},
	{"host.local-firewall/refused-without-root", report.Fail, report.Certain, func(e *evidence.Evidence) {
		stopAt(e, "port", failure("connect", evidence.KindRefused, "connection refused"))
		walked(e, "r", "ttt+")
		e.ThisHost = counted(func(c *evidence.Counts, n int) { c.OutTransmits, c.Loopback = pointer(n), n; c.OutRequests = 2 * n })
		e.ThisHost.Cgroup = &evidence.Cgroup{Path: "/user.slice/session-3.scope", Unit: "session-3.scope", Why: "operation not permitted"}
	}},
	{"host.local-firewall/beside-what-it-forwards", report.Fail, report.Likely, func(e *evidence.Evidence) {
		drop(e)
		walked(e, "...", "ttt+")
		e.ThisHost = counted(func(c *evidence.Counts, n int) { c.OutTransmits, c.Forwarded = pointer(200), 200 })
	}},
	{"port.rejected-en-route/in-the-service's-name-from-next-door", report.Fail, report.Likely, func(e *evidence.Evidence) {
		stopAt(e, "port", failure("connect", evidence.KindUnreachable, "no route to host"))
		walked(e, "!", "ttt+")
		own := evidence.Hop{TTL: 1, Answer: evidence.HopProhibited, From: endpointIP, ICMPType: 3, ICMPCode: 13}
		e.Port.Path.Answer, e.Port.Path.Port = &own, []evidence.Hop{own}
		e.ThisHost = counted(func(*evidence.Counts, int) {})
	}},
	{"host.offline/in-a-container", report.Fail, report.Likely, func(e *evidence.Evidence) {
		noInternet(e)
		e.ThisHost.Container = true
	}},
	{"host.conntrack-full/names-too", report.Fail, report.Certain, func(e *evidence.Evidence) {
		noInternet(e)
		e.ThisHost = towardsResolver(func(c *evidence.Counts, n int) { c.OutTransmits, c.ConntrackFull = pointer(0), n })
		e.ThisHost.Conntrack = &evidence.Conntrack{Count: 65536, Max: 65536}
	}},
	{"host.conntrack-full/now-and-then", report.Warn, report.Likely, func(e *evidence.Evidence) {
		step(e, "port").Status, e.Port.Retransmits, e.Port.ConnectMS = evidence.Warn, pointer(1), 1020
		e.ThisHost = &evidence.ThisHost{Conntrack: &evidence.Conntrack{Count: 65530, Max: 65536}}
	}},
	{"host.reply-dropped/names-too", report.Fail, report.Certain, func(e *evidence.Evidence) {
		noInternet(e)
		e.ThisHost = counted(func(c *evidence.Counts, n int) { c.InReceives = n })
	}},
	{"host.reverse-path-filter", report.Fail, report.Certain, func(e *evidence.Evidence) {
		drop(e)
		e.ThisHost = counted(func(c *evidence.Counts, n int) { c.InReceives, c.ReversePath = n, n })
		e.ThisHost.Ledger.CameIn = "eth1"
	}},
	{"host.conntrack-full", report.Fail, report.Certain, func(e *evidence.Evidence) {
		drop(e)
		e.ThisHost = counted(func(c *evidence.Counts, n int) { c.OutTransmits, c.ConntrackFull = pointer(0), n })
		e.ThisHost.Conntrack = &evidence.Conntrack{Count: 65536, Max: 65536}
	}},
	{"host.route-denied", report.Fail, report.Certain, func(e *evidence.Evidence) {
		stopAt(e, "port", failure("connect", evidence.KindNotPermitted, "invalid argument"))
		e.ThisHost = &evidence.ThisHost{Route: &evidence.HostRoute{Kind: evidence.RouteBlackhole, Line: "blackhole 198.51.100.0/24",
			Table: 254, Prefix: "198.51.100.0/24"}}
	}},
	{"host.route-denied/rule", report.Fail, report.Certain, func(e *evidence.Evidence) {
		stopAt(e, "port", failure("connect", evidence.KindNotPermitted, "permission denied"))
		e.ThisHost = &evidence.ThisHost{Route: &evidence.HostRoute{Kind: evidence.RouteProhibit, Rule: true,
			Line: "100: from all uidrange 33-33 ipproto tcp dport 55443 prohibit"}}
	}},
	{"host.unit-denied", report.Fail, report.Certain, func(e *evidence.Evidence) {
		drop(e)
		e.ThisHost = counted(func(c *evidence.Counts, n int) { c.OutTransmits = pointer(0) })
		e.ThisHost.Cgroup = &evidence.Cgroup{Path: "/system.slice/backup.service", Unit: "backup.service",
			At: "/system.slice/backup.service", Programs: []string{"egress"}}
		e.ThisHost.Firewall = &evidence.Firewall{} // its rules were read, and none of them drops
	}},
	{"host.unit-denied/or-a-rule", report.Fail, report.Likely, func(e *evidence.Evidence) {
		drop(e)
		e.ThisHost = counted(func(c *evidence.Counts, n int) { c.OutTransmits = pointer(0) })
		e.ThisHost.Cgroup = &evidence.Cgroup{Path: "/system.slice/backup.service", Unit: "backup.service",
			At: "/system.slice/backup.service", Programs: []string{"egress", "ingress"}}
		e.ThisHost.Firewall = &evidence.Firewall{Uncounted: 2}
	}},
	{"host.unit-denied/answers", report.Fail, report.Certain, func(e *evidence.Evidence) {
		drop(e)
		e.ThisHost = counted(func(c *evidence.Counts, n int) { c.InReceives, c.InDelivers = n, n })
		e.ThisHost.Cgroup = &evidence.Cgroup{Path: "/system.slice/backup.service", Unit: "backup.service",
			At: "/system.slice/backup.service", Programs: []string{"ingress"}}
	}},
	{"host.unit-denied/not-permitted", report.Fail, report.Likely, func(e *evidence.Evidence) {
		stopAt(e, "port", failure("connect", evidence.KindNotPermitted, "operation not permitted"))
		e.ThisHost = &evidence.ThisHost{Cgroup: &evidence.Cgroup{Path: "/system.slice/php8.2-fpm.service", Unit: "php8.2-fpm.service",
			Why: "operation not permitted"}}
	}},
	{"host.selinux-denied", report.Fail, report.Likely, func(e *evidence.Evidence) {
		stopAt(e, "port", failure("connect", evidence.KindNotPermitted, "permission denied"))
		e.ThisHost = &evidence.ThisHost{SELinux: true, Route: &evidence.HostRoute{Kind: evidence.RouteUnicast, Line: "default dev eth0",
			Table: 254, Prefix: "0.0.0.0/0", Interface: "eth0"}}
	}},
	{"host.ports-exhausted", report.Fail, report.Certain, func(e *evidence.Evidence) {
		stopAt(e, "port", failure("connect", evidence.KindNoPort, "cannot assign requested address"))
		e.ThisHost = &evidence.ThisHost{Ports: &evidence.LocalPorts{First: 32768, Last: 60999, Used: 28232}}
	}},
	{"host.descriptors-exhausted", report.Fail, report.Certain, func(e *evidence.Evidence) {
		stopAt(e, "port", failure("connect", evidence.KindNoDescriptors, "too many open files"))
	}},
	{"host.dead-tunnel", report.Fail, report.Likely, func(e *evidence.Evidence) {
		drop(e)
		e.Port.OtherPorts[0] = closedPort(443, evidence.KindTimeout, "i/o timeout")
		e.Port.Path.Port, e.Port.Path.Compare, e.Port.Path.Distance = walk("..."), walk("..."), 0
		e.ThisHost = &evidence.ThisHost{Route: &evidence.HostRoute{Kind: evidence.RouteUnicast, Line: "198.51.100.0/24 dev tun0", Table: 254,
			Prefix: "198.51.100.0/24", Interface: "tun0", Tunnel: true, Silent: true, Alive: "eth0"}}
	}},
	{"network.login-required", report.Fail, report.Likely, func(e *evidence.Evidence) {
		drop(e)
		loginPage(e, evidence.Page{Status: 302, Location: said("http://login.example/start")})
	}},
	{"network.login-required/says-so", report.Fail, report.Certain, func(e *evidence.Evidence) {
		drop(e)
		loginPage(e, evidence.Page{Status: evidence.StatusLogin, Title: said("Please pay your bill")})
	}},
	{"host.attached-network", report.Fail, report.Certain, func(e *evidence.Evidence) {
		stopAt(e, "port", failure("connect", evidence.KindUnreachable, "no route to host"))
		e.ThisHost = &evidence.ThisHost{Route: &evidence.HostRoute{Kind: evidence.RouteUnicast, Line: "198.51.100.0/24 dev docker0",
			Table: 254, Prefix: "198.51.100.0/24", Interface: "docker0", Attached: true}}
	}},
	{"host.source-address", report.Fail, report.Certain, func(e *evidence.Evidence) {
		drop(e)
		walked(e, "....", "....")
		fromElsewhere(e, "198.51.100.10:55443")
	}},
	{"host.source-address/for-everything", report.Fail, report.Certain, func(e *evidence.Evidence) {
		noInternet(e)
		fromElsewhere(e, "192.0.2.53:53")
	}},
	{"config.credentials-missing", report.Warn, report.Certain, func(e *evidence.Evidence) {
		e.Target.Username, e.Target.KeyFingerprint = "", nil
		e.Asked.KeyGiven, e.Asked.KeySource, e.Call = false, "", nil
		skip(e, "call", "credentials")
	}},
	{"config.credentials-missing/required", report.Fail, report.Certain, func(e *evidence.Evidence) {
		e.Target.KeyFingerprint, e.Asked.KeyGiven, e.Asked.KeySource, e.Call = nil, false, "", nil
		e.Asked.Require = []string{"call"}
		skip(e, "call", "credentials")
	}},
	{"config.api-key-malformed", report.Fail, report.Certain, func(e *evidence.Evidence) {
		e.Target.KeyFingerprint, e.Asked.KeyProblems, e.Call = nil, []string{"quotes"}, nil
		skip(e, "call", "api-key")
	}},
	{"config.api-key-malformed/placeholder", report.Fail, report.Certain, func(e *evidence.Evidence) {
		e.Target.KeyFingerprint, e.Asked.KeyProblems, e.Call = nil, []string{"spaces", "placeholder"}, nil
		e.Asked.KeySource = "OPENSRS_API_KEY"
		skip(e, "call", "api-key")
	}},
	{"config.api-key-malformed/settings-line", report.Fail, report.Certain, func(e *evidence.Evidence) {
		e.Target.KeyFingerprint, e.Asked.KeyProblems, e.Call = nil, []string{"assignment"}, nil
		skip(e, "call", "api-key")
	}},
	{"config.unexpected-key", report.Fail, report.Certain, func(e *evidence.Evidence) {
		e.Asked.ExpectKey, e.Call = "0badcafe", nil
		skip(e, "call", evidence.WaitExpectedKey)
	}},
	{"config.client-settings", report.Warn, report.Certain, func(e *evidence.Evidence) {
		e.Asked.ClientConfig = "/var/www/openSRS_config.php"
		e.Asked.ClientProblems = []evidence.ClientProblem{{Line: 12, Text: said("CRYPT_TYPE is sslv3, which the service does not speak and PHP has no more; write tls or ssl")}}
	}},
	{"config.key-line-end", report.Info, report.Certain, func(e *evidence.Evidence) {
		e.Asked.KeyAround = []opensrs.Around{opensrs.LineEndAfter}
	}},
	{"config.key-line-end/variable", report.Info, report.Certain, func(e *evidence.Evidence) {
		e.Asked.KeySource, e.Asked.KeyAround = "OPENSRS_API_KEY", []opensrs.Around{opensrs.SpaceBefore, opensrs.SpaceAfter}
	}},
	{"config.required-skipped", report.Fail, report.Certain, func(e *evidence.Evidence) {
		setRules(e)
		e.Asked.Require = []string{"rules"}
	}},
	{"service.incident", report.Fail, report.Likely, func(e *evidence.Evidence) {
		gatewayError(e, 503)
		incident(e)
	}},
	{"service.incident/elsewhere", report.Warn, report.Likely, func(e *evidence.Evidence) {
		drop(e)
		incident(e)
	}},
}

// counted is a host whose kernel counted 20 packets and 40, what happened to them being set.
func counted(set func(c *evidence.Counts, n int)) *evidence.ThisHost {
	of := func(n int) evidence.Counts {
		c := evidence.Counts{OutSegments: n, OutRequests: n, OutTransmits: pointer(n)}
		if n > 0 {
			set(&c, n)
		}
		return c
	}
	return &evidence.ThisHost{
		Route:  &evidence.HostRoute{Kind: evidence.RouteUnicast, Line: "default dev eth0", Table: 254, Prefix: "0.0.0.0/0", Interface: "eth0"},
		Ledger: &evidence.Ledger{To: "198.51.100.10:55443", Protocol: evidence.LedgerTCP, N: 20, Background: of(0), Once: of(20), Twice: of(40), WentOut: "eth0"},
	}
}

// byFirewall is a firewall of this host that drops what goes out, and what was seen of its rules.
func byFirewall(seen evidence.Firewall) func(*evidence.Evidence) {
	return func(e *evidence.Evidence) {
		drop(e)
		walked(e, "...", "ttt+")
		e.ThisHost = counted(func(c *evidence.Counts, n int) { c.OutTransmits = pointer(0) })
		e.ThisHost.Firewall = &seen
	}
}

// towardsResolver is the same with questions to a resolver.
func towardsResolver(set func(c *evidence.Counts, n int)) *evidence.ThisHost {
	host := counted(set)
	host.Ledger.To, host.Ledger.Protocol = "192.0.2.53:53", evidence.LedgerUDP
	return host
}

func incident(e *evidence.Evidence) {
	e.StatusPage.Indicator, e.StatusPage.Description = said("major"), said("Partial System Outage")
	e.StatusPage.Incidents = saidAll("API connections fail")
}

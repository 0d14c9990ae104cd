package diagnose

import (
	"slices"

	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/call"
	"opensrs-doctor/report/diagnose/client"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/dns"
	"opensrs-doctor/report/diagnose/host"
	"opensrs-doctor/report/diagnose/port"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/diagnose/tls"
)

// rows are the causes in the order of the path: this host, its DNS, its public address and rules, the port, TLS, the
// call. A row says when a cause is there and what it hides; its words are in prose/causes/ID.txt.
//
// Hides names what the row explains: seen together, only this row is shown. A name that ends in a dot stands for all
// rows that begin with it.
//
// Adding a cause: its row here, its condition in the room of the place that it judges (host, port, tls, dns, call or
// client), its words in prose/causes/ID.txt, and a run that shows it (a saved report in report's fixtures, and a fault in
// the lab). The expected outputs and the example that explain shows are written by the tests.
var rows = lazy.Value[[]Cause]{Make: func() []Cause {
	return []Cause{
		// About this machine, what the user gave, and what the service says of itself.
		{ID: "host.offline", Place: AtHost, Severity: report.Fail, Hides: condition.OfflineShows.Get(), When: host.Offline},
		{ID: "host.clock-wrong", Place: AtHost, Severity: report.Fail,
			Hides: []string{"tls.expired", "tls.not-yet-valid", "egress.unknown"}, When: host.ClockWrong},
		{ID: "host.local-firewall", Place: AtHost, Probe: "port", Severity: report.Fail,
			Hides: slices.Concat([]string{"host.offline"}, condition.HereShows.Get()), When: host.LocalFirewall},
		{ID: "host.reply-dropped", Place: AtHost, Probe: "port", Severity: report.Fail, Hides: condition.HereShows.Get(), When: host.ReplyDropped},
		{ID: "host.reverse-path-filter", Place: AtHost, Probe: "port", Severity: report.Fail,
			Hides: slices.Concat([]string{"host.reply-dropped"}, condition.HereShows.Get()), When: host.ReversePathFilter},
		{ID: "host.conntrack-full", Place: AtHost, Probe: "port", Severity: report.Fail,
			Hides: slices.Concat([]string{"host.reply-dropped", "host.local-firewall"}, condition.HereShows.Get()), When: host.ConntrackFull},
		{ID: "host.route-denied", Place: AtHost, Probe: "port", Severity: report.Fail,
			Hides: slices.Concat([]string{"host.local-firewall", "host.offline"}, condition.HereShows.Get()), When: host.RouteDenied},
		{ID: "host.unit-denied", Place: AtHost, Probe: "port", Severity: report.Fail, Hides: condition.HereShows.Get(), When: host.UnitDenied},
		{ID: "host.selinux-denied", Place: AtHost, Probe: "port", Severity: report.Fail, Hides: condition.HereShows.Get(), When: host.SELinuxDenied},
		{ID: "host.ports-exhausted", Place: AtHost, Probe: "port", Severity: report.Fail,
			Hides: []string{"dns.resolver-unreachable", "egress.unknown", "host.offline"}, When: host.PortsExhausted},
		{ID: "host.descriptors-exhausted", Place: AtHost, Severity: report.Fail,
			Hides: []string{"dns.resolver-unreachable", "egress.unknown", "host.offline"}, When: host.DescriptorsExhausted},
		{ID: "host.attached-network", Place: AtHost, Probe: "port", Severity: report.Fail,
			Hides: []string{"port.filtered", "port.unreachable"}, When: host.AttachedNetwork},
		{ID: "host.source-address", Place: AtHost, Probe: "port", Severity: report.Fail,
			Hides: slices.Concat([]string{"host.offline", "egress.split-route"}, condition.HereShows.Get()), When: host.SourceAddress},
		{ID: "host.dead-tunnel", Place: AtHost, Probe: "port", Severity: report.Fail,
			Hides: slices.Concat([]string{"host.offline", "host.attached-network"}, condition.HereShows.Get()), When: host.DeadTunnel},
		{ID: "network.login-required", Severity: report.Fail,
			Hides: slices.Concat([]string{"host.offline", "egress.unknown", "service.partly-down"}, condition.PortFailures, condition.StrangerShows.Get()), When: call.NetworkLoginRequired},
		{ID: "config.credentials-missing", Probe: "call", Severity: report.Warn, When: call.ConfigCredentialsMissing},
		{ID: "config.api-key-malformed", Probe: "call", Severity: report.Fail, When: call.ConfigAPIKeyMalformed},
		{ID: "config.unexpected-key", Probe: "call", Severity: report.Fail, When: call.ConfigUnexpectedKey},
		{ID: "config.client-settings", Probe: "call", Severity: report.Warn, When: call.ConfigClientSettings},
		{ID: "config.key-line-end", Probe: "call", Severity: report.Info, Aside: true, When: call.ConfigKeyLineEnd},
		{ID: "config.required-skipped", Place: AtFirstSkipped, Severity: report.Fail, When: call.ConfigRequiredSkipped},
		{ID: "service.partly-down", Severity: report.Fail,
			Hides: []string{"port.filtered", "port.refused", "port.lossy", "port.slow", "tls.reset", "tls.timeout", "tls.rejected", "tls.not-tls"}, When: call.ServicePartlyDown},
		{ID: "service.incident", Severity: report.Fail, Passes: true,
			Hides: []string{"service.partly-down", "port.refused", "port.unreachable", "port.filtered", "proxy.upstream-failed", "tls.reset", "tls.timeout", "tls.rejected", "tls.not-tls", "call.server-error", "call.no-reply", "call.timeout", "call.not-opensrs", "call.malformed-reply"}, When: call.ServiceIncident},

		// About turning the endpoint's name, or the proxy's, into an address.
		{ID: "dns.nxdomain", Probe: "dns", Severity: report.Fail, Hides: []string{"egress.unknown"}, When: dns.NXDomain},
		{ID: "dns.servfail", Probe: "dns", Severity: report.Fail, Hides: []string{"egress.unknown"}, When: dns.ServFail},
		{ID: "dns.refused", Probe: "dns", Severity: report.Fail, Hides: []string{"egress.unknown"}, When: dns.Refused},
		{ID: "dns.resolver-unreachable", Probe: "dns", Severity: report.Fail,
			Hides: []string{"egress.unknown", "dns.slow-resolver"}, When: dns.ResolverUnreachable},
		{ID: "dns.sinkholed", Probe: "dns", Severity: report.Fail,
			Hides: slices.Concat([]string{"host.local-firewall"}, condition.PortFailures, condition.StrangerShows.Get()), When: dns.Sinkholed},
		{ID: "dns.captive-portal", Probe: "dns", Severity: report.Fail,
			Hides: slices.Concat([]string{"dns.sinkholed", "egress.unknown", "host.local-firewall"}, condition.PortFailures, condition.StrangerShows.Get()), When: dns.CaptivePortal},
		{ID: "dns.hosts-override", Probe: "dns", Severity: report.Fail,
			Hides: slices.Concat([]string{"dns.sinkholed", "dns.no-ipv4", "host.local-firewall"}, condition.PortFailures, condition.StrangerShows.Get()), When: dns.HostsOverride},
		{ID: "dns.blocked-page", Probe: "dns", Severity: report.Fail,
			Hides: slices.Concat([]string{"dns.sinkholed", "service.partly-down"}, condition.PortFailures, condition.StrangerShows.Get()), When: dns.BlockedPage},
		{ID: "dns.no-ipv4", Probe: "dns", Severity: report.Fail,
			Hides: []string{"egress.ipv6-possible"}, When: dns.NoIPv4},
		{ID: "dns.udp-blocked", Probe: "dns", Severity: report.Warn, Hides: []string{"dns.slow-resolver"}, When: dns.UDPBlocked},
		{ID: "client.dns-differs", Probe: "dns", Severity: report.Info, When: client.DNSDiffers},
		{ID: "client.missing-extension", Probe: "port", Severity: report.Fail, When: client.MissingExtension},
		{ID: "client.path-differs", Probe: "port", Severity: report.Fail, When: client.PathDiffers},
		{ID: "client.blocked", Probe: "port", Severity: report.Fail, When: client.Blocked},
		{ID: "client.store-differs", Probe: "tls", Severity: report.Fail, When: client.StoreDiffers},
		{ID: "client.tls-too-old", Probe: "tls", Severity: report.Fail, When: client.TLSTooOld},
		{ID: "client.strict", Probe: "tls", Severity: report.Fail, When: client.Strict},
		{ID: "dns.slow-resolver", Probe: "dns", Severity: report.Warn, When: dns.SlowResolver},

		// About the address that OpenSRS sees, and the access rules that judge it.
		{ID: "egress.unknown", Probe: "egress", Severity: report.Warn, When: call.EgressUnknown},
		{ID: "egress.unstable", Probe: "egress", Severity: report.Warn, When: call.EgressUnstable},
		{ID: "egress.proxied", Probe: "egress", Severity: report.Info, When: call.EgressProxied},
		{ID: "egress.split-route", Place: AtHost, Probe: "egress", Severity: report.Warn, When: call.EgressSplitRoute},
		{ID: "egress.no-ipv4", Probe: "egress", Severity: report.Fail,
			Hides: slices.Concat([]string{"host.offline", "egress.ipv6-possible", "call.ip-denied", "call.no-reply"}, condition.OfflineShows.Get()), When: call.EgressNoIPv4},
		{ID: "egress.ipv6-possible", Probe: "egress", Severity: report.Info, When: call.EgressIPv6Possible},
		{ID: "rules.invalid", Probe: "rules", Severity: report.Fail, When: call.RulesInvalid},
		{ID: "rules.never-public", Probe: "rules", Severity: report.Fail, When: call.RulesNeverPublic},
		{ID: "rules.not-allowed", Probe: "rules", Severity: report.Fail,
			Hides: []string{"call.ip-denied", "call.auth-failed", "call.no-reply"}, When: call.RulesNotAllowed},
		{ID: "rules.denied", Probe: "rules", Severity: report.Fail,
			Hides: []string{"call.ip-denied", "call.auth-failed", "call.no-reply"}, When: call.RulesDenied},
		{ID: "rules.ambiguous", Probe: "rules", Severity: report.Warn,
			Hides: []string{"call.ip-denied"}, When: call.RulesAmbiguous},
		{ID: "rules.pool-partly-allowed", Probe: "rules", Severity: report.Fail,
			Hides: []string{"egress.unstable", "call.ip-denied", "call.auth-failed", "call.no-reply"}, When: call.RulesPoolPartlyAllowed},
		{ID: "rules.other-address", Probe: "rules", Severity: report.Fail,
			Hides: []string{"call.ip-denied", "call.auth-failed", "call.no-reply", "egress.split-route", "rules.propagating", "rules.not-allowed", "rules.denied"}, When: call.RulesOtherAddress},
		{ID: "rules.propagating", Probe: "rules", Severity: report.Fail, Passes: true,
			Hides: []string{"call.ip-denied"}, When: call.RulesPropagating},
		{ID: "rules.stale", Probe: "rules", Severity: report.Warn,
			Hides: []string{"rules.never-public"}, When: call.RulesStale},

		// About reaching the port by TCP, directly or through a proxy.
		{ID: "port.refused", Probe: "port", Severity: report.Fail, When: port.Refused},
		{ID: "port.rejected-en-route", Place: AtEnding, Probe: "port", Severity: report.Fail,
			Hides: []string{"port.refused"}, When: port.RejectedEnRoute},
		{ID: "port.prohibited", Place: AtEnding, Probe: "port", Severity: report.Fail, When: port.Prohibited},
		{ID: "port.unreachable", Place: AtEnding, Probe: "port", Severity: report.Fail, When: port.Unreachable},
		{ID: "port.filtered", Place: AtEnding, Probe: "port", Severity: report.Fail, When: port.Filtered},
		{ID: "port.all-filtered", Probe: "port", Severity: report.Fail,
			Hides: []string{"port.filtered", "egress.unknown"}, When: port.AllFiltered},
		{ID: "port.wrong-port", Probe: "port", Severity: report.Fail,
			Hides: slices.Concat([]string{"host.local-firewall"}, condition.PortFailures, condition.StrangerShows.Get()), When: port.WrongPort},
		{ID: "port.answered-nearby", Place: AtTaker, Probe: "port", Severity: report.Fail, Hides: []string{"tls.reset", "tls.timeout", "egress.unknown"}, When: port.AnsweredNearby},
		{ID: "port.lossy", Probe: "port", Severity: report.Warn, Hides: []string{"port.slow"}, When: port.Lossy},
		{ID: "port.slow", Probe: "port", Severity: report.Warn, When: port.Slow},
		{ID: "proxy.unreachable", Place: AtProxy, Probe: "port", Severity: report.Fail,
			Hides: slices.Concat([]string{"egress.unknown", "egress.proxied", "proxy.direct-way"}, condition.PortFailures), When: port.ProxyUnreachable},
		{ID: "proxy.denied", Place: AtProxy, Probe: "port", Severity: report.Fail,
			Hides: []string{"egress.unknown", "egress.proxied", "proxy.direct-way"}, When: port.ProxyDenied},
		{ID: "proxy.auth-required", Place: AtProxy, Probe: "port", Severity: report.Fail,
			Hides: []string{"egress.unknown", "egress.proxied", "proxy.direct-way"}, When: port.ProxyAuthRequired},
		{ID: "proxy.upstream-failed", Place: BeyondProxy, Probe: "port", Severity: report.Fail,
			Hides: []string{"egress.unknown", "egress.proxied", "proxy.direct-way"}, When: port.ProxyUpstreamFailed},
		{ID: "proxy.direct-way", Probe: "port", Severity: report.Info, When: port.ProxyDirectWay},

		// About the handshake and the certificate.
		{ID: "tls.not-tls", Probe: "tls", Severity: report.Fail, When: tls.NotTLS},
		{ID: "tls.reset", Probe: "tls", Severity: report.Fail, When: tls.Reset},
		{ID: "tls.sni-blocked", Probe: "tls", Severity: report.Fail,
			Hides: []string{"tls.reset", "tls.timeout"}, When: tls.SNIBlocked},
		{ID: "tls.hello-too-big", Probe: "tls", Severity: report.Fail,
			Hides: []string{"tls.reset", "tls.timeout", "port.lossy"}, When: tls.HelloTooBig},
		{ID: "tls.mtu-blackhole", Probe: "tls", Severity: report.Fail,
			Hides: []string{"tls.timeout", "tls.hello-too-big", "tls.reset", "port.lossy"}, When: tls.MTUBlackhole},
		{ID: "tls.version-intolerant", Probe: "tls", Severity: report.Fail,
			Hides: []string{"tls.reset", "tls.timeout", "tls.rejected", "port.lossy"}, When: tls.VersionIntolerant},
		{ID: "tls.slow", Probe: "tls", Severity: report.Warn, When: tls.Slow},
		{ID: "tls.rejected", Probe: "tls", Severity: report.Fail, When: tls.Rejected},
		{ID: "tls.timeout", Probe: "tls", Severity: report.Fail, Hides: []string{"port.lossy"}, When: tls.Timeout},
		{ID: "tls.version-unsupported", Probe: "tls", Severity: report.Fail,
			Hides: []string{"tls.reset", "tls.rejected"}, When: tls.VersionUnsupported},
		{ID: "tls.expired", Probe: "tls", Severity: report.Fail, When: tls.Expired},
		{ID: "tls.not-yet-valid", Probe: "tls", Severity: report.Fail, When: tls.NotYetValid},
		{ID: "tls.name-mismatch", Probe: "tls", Severity: report.Fail, When: tls.NameMismatch},
		{ID: "tls.self-signed", Probe: "tls", Severity: report.Fail,
			Hides: slices.Concat(condition.UnprovenSays, []string{"tls.unknown-ca", "tls.incomplete-chain"}), When: tls.SelfSigned},
		{ID: "tls.incomplete-chain", Probe: "tls", Severity: report.Fail, When: tls.IncompleteChain},
		{ID: "tls.intercepted", Place: AtInspection, Probe: "tls", Severity: report.Fail,
			Hides: slices.Concat(condition.UnprovenSays, []string{"tls.unknown-ca", "tls.self-signed", "tls.incomplete-chain", "tls.local-roots-outdated", "egress.unknown"}), When: tls.Intercepted},
		{ID: "tls.unknown-ca", Probe: "tls", Severity: report.Fail, Hides: condition.UnprovenSays, When: tls.UnknownCA},
		{ID: "tls.local-roots-outdated", Probe: "tls", Severity: report.Fail, When: tls.LocalRootsOutdated},
		{ID: "tls.expires-soon", Probe: "tls", Severity: report.Warn, When: tls.ExpiresSoon},

		// About the signed test call and its reply.
		{ID: "call.ip-denied", Place: AtRules, Probe: "call", Severity: report.Fail, Passes: true, When: call.IPDenied},
		{ID: "call.auth-failed", Probe: "call", Severity: report.Fail, When: call.AuthFailed},
		{ID: "call.wrong-environment", Probe: "call", Severity: report.Fail,
			Hides: []string{"call.auth-failed"}, When: call.WrongEnvironment},
		{ID: "call.permission-denied", Probe: "call", Severity: report.Fail, When: call.PermissionDenied},
		{ID: "call.rate-limited", Probe: "call", Severity: report.Fail, Passes: true, When: call.RateLimited},
		{ID: "call.answered-by-device", Probe: "call", Severity: report.Fail,
			Hides: []string{"call.server-error", "call.rate-limited", "call.not-opensrs", "call.malformed-reply"}, When: call.AnsweredByDevice},
		{ID: "call.server-error", Probe: "call", Severity: report.Fail,
			Hides: []string{"call.not-opensrs", "call.malformed-reply"}, When: call.ServerError},
		{ID: "call.no-reply", Probe: "call", Severity: report.Fail, When: call.NoReply},
		{ID: "call.not-opensrs", Probe: "call", Severity: report.Fail,
			Hides: []string{"call.malformed-reply"}, When: call.NotOpenSRS},
		{ID: "call.redirected", Probe: "call", Severity: report.Fail,
			Hides: []string{"call.not-opensrs", "call.malformed-reply"}, When: call.Redirected},
		{ID: "call.malformed-reply", Probe: "call", Severity: report.Fail, When: call.MalformedReply},
		{ID: "call.timeout", Probe: "call", Severity: report.Fail, When: call.Timeout},

		// The last accuses nobody: it says what was seen and how to get help. It has no condition: Diagnose takes it
		// where a step failed and no other row accounts for that.
		{ID: "unexplained", Severity: report.Fail},
	}
}}

// catalogue is the rows with their words. They are read when they are first needed: most commands need none.
var catalogue = lazy.Value[[]Cause]{Make: func() []Cause {
	all := slices.Clone(rows.Get())
	for i := range all {
		all[i].Texts = prose.Of(all[i].ID)
	}
	return all
}}

// Causes gives every row of the catalogue, in its order, with its words; unexplained is the last.
func Causes() []Cause { return slices.Clone(catalogue.Get()) }

// Lookup gives the row of a cause; false for an ID that the catalogue does not have.
func Lookup(id string) (Cause, bool) {
	i := slices.IndexFunc(rows.Get(), func(c Cause) bool { return c.ID == id })
	if i < 0 {
		return Cause{}, false
	}
	return catalogue.Get()[i], true
}

// CanPass reports whether anything in the report can pass by itself, so that waiting may help.
func CanPass(r *report.Report) bool {
	return slices.ContainsFunc(r.Diagnoses, func(d report.Diagnosis) bool {
		cause, found := Lookup(d.Cause)
		return found && cause.Passes
	})
}

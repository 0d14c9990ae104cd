package diagnose

import (
	"slices"
	"sync"

	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/prose"
)

// rows are the causes in the order of the path: this host, its DNS, its public address and rules, the port, TLS, the
// call. A row says when a cause is there and what it hides; its words are in prose/causes/ID.txt.
//
// Hides names what the row explains: seen together, only this row is shown. A name that ends in a dot stands for all
// rows that begin with it.
//
// Adding a cause: its row here, its condition (when and the ID), its words in prose/causes/ID.txt, and a run that shows it
// (a saved report in report's fixtures, and a fault in the lab).
var rows = []Cause{
	// About this machine, what the user gave, and what the service says of itself.
	{ID: "host.offline", Place: AtHost, Severity: report.Fail, Hides: offlineShows, When: whenHostOffline},
	{ID: "host.clock-wrong", Place: AtHost, Severity: report.Fail,
		Hides: []string{"tls.expired", "tls.not-yet-valid", "egress.unknown"}, When: whenHostClockWrong},
	{ID: "host.local-firewall", Place: AtHost, Probe: "port", Severity: report.Fail,
		Hides: slices.Concat([]string{"host.offline"}, hereShows), When: whenHostLocalFirewall},
	{ID: "host.reply-dropped", Place: AtHost, Probe: "port", Severity: report.Fail, Hides: hereShows, When: whenHostReplyDropped},
	{ID: "host.reverse-path-filter", Place: AtHost, Probe: "port", Severity: report.Fail,
		Hides: slices.Concat([]string{"host.reply-dropped"}, hereShows), When: whenHostReversePathFilter},
	{ID: "host.conntrack-full", Place: AtHost, Probe: "port", Severity: report.Fail,
		Hides: slices.Concat([]string{"host.reply-dropped", "host.local-firewall"}, hereShows), When: whenHostConntrackFull},
	{ID: "host.route-denied", Place: AtHost, Probe: "port", Severity: report.Fail,
		Hides: slices.Concat([]string{"host.local-firewall", "host.offline"}, hereShows), When: whenHostRouteDenied},
	{ID: "host.unit-denied", Place: AtHost, Probe: "port", Severity: report.Fail, Hides: hereShows, When: whenHostUnitDenied},
	{ID: "host.selinux-denied", Place: AtHost, Probe: "port", Severity: report.Fail, Hides: hereShows, When: whenHostSelinuxDenied},
	{ID: "host.ports-exhausted", Place: AtHost, Probe: "port", Severity: report.Fail,
		Hides: []string{"dns.resolver-unreachable", "egress.unknown", "host.offline"}, When: whenHostPortsExhausted},
	{ID: "host.descriptors-exhausted", Place: AtHost, Severity: report.Fail,
		Hides: []string{"dns.resolver-unreachable", "egress.unknown", "host.offline"}, When: whenHostDescriptorsExhausted},
	{ID: "host.attached-network", Place: AtHost, Probe: "port", Severity: report.Fail,
		Hides: []string{"port.filtered", "port.unreachable"}, When: whenHostAttachedNetwork},
	{ID: "host.source-address", Place: AtHost, Probe: "port", Severity: report.Fail,
		Hides: slices.Concat([]string{"host.offline", "egress.split-route"}, hereShows), When: whenHostSourceAddress},
	{ID: "host.dead-tunnel", Place: AtHost, Probe: "port", Severity: report.Fail,
		Hides: slices.Concat([]string{"host.offline", "host.attached-network"}, hereShows), When: whenHostDeadTunnel},
	{ID: "network.login-required", Severity: report.Fail,
		Hides: slices.Concat([]string{"host.offline", "egress.unknown", "service.partly-down"}, portFailures, strangerShows), When: whenNetworkLoginRequired},
	{ID: "config.credentials-missing", Probe: "call", Severity: report.Warn, When: whenConfigCredentialsMissing},
	{ID: "config.api-key-malformed", Probe: "call", Severity: report.Fail, When: whenConfigApiKeyMalformed},
	{ID: "config.unexpected-key", Probe: "call", Severity: report.Fail, When: whenConfigUnexpectedKey},
	{ID: "config.client-settings", Probe: "call", Severity: report.Warn, When: whenConfigClientSettings},
	{ID: "config.key-line-end", Probe: "call", Severity: report.Info, Aside: true, When: whenConfigKeyLineEnd},
	{ID: "config.required-skipped", Place: AtFirstSkipped, Severity: report.Fail, When: whenConfigRequiredSkipped},
	{ID: "service.partly-down", Severity: report.Fail,
		Hides: []string{"port.filtered", "port.refused", "port.lossy", "port.slow", "tls.reset", "tls.timeout", "tls.rejected", "tls.not-tls"}, When: whenServicePartlyDown},
	{ID: "service.incident", Severity: report.Fail, Passes: true,
		Hides: []string{"service.partly-down", "port.refused", "port.unreachable", "port.filtered", "proxy.upstream-failed", "tls.reset", "tls.timeout", "tls.rejected", "tls.not-tls", "call.server-error", "call.no-reply", "call.timeout", "call.not-opensrs", "call.malformed-reply"}, When: whenServiceIncident},

	// About turning the endpoint's name, or the proxy's, into an address.
	{ID: "dns.nxdomain", Probe: "dns", Severity: report.Fail, Hides: []string{"egress.unknown"}, When: whenDnsNxdomain},
	{ID: "dns.servfail", Probe: "dns", Severity: report.Fail, Hides: []string{"egress.unknown"}, When: whenDnsServfail},
	{ID: "dns.refused", Probe: "dns", Severity: report.Fail, Hides: []string{"egress.unknown"}, When: whenDnsRefused},
	{ID: "dns.resolver-unreachable", Probe: "dns", Severity: report.Fail,
		Hides: []string{"egress.unknown", "dns.slow-resolver"}, When: whenDnsResolverUnreachable},
	{ID: "dns.sinkholed", Probe: "dns", Severity: report.Fail,
		Hides: slices.Concat([]string{"host.local-firewall"}, portFailures, strangerShows), When: whenDnsSinkholed},
	{ID: "dns.captive-portal", Probe: "dns", Severity: report.Fail,
		Hides: slices.Concat([]string{"dns.sinkholed", "egress.unknown", "host.local-firewall"}, portFailures, strangerShows), When: whenDnsCaptivePortal},
	{ID: "dns.hosts-override", Probe: "dns", Severity: report.Fail,
		Hides: slices.Concat([]string{"dns.sinkholed", "dns.no-ipv4", "host.local-firewall"}, portFailures, strangerShows), When: whenDnsHostsOverride},
	{ID: "dns.blocked-page", Probe: "dns", Severity: report.Fail,
		Hides: slices.Concat([]string{"dns.sinkholed", "service.partly-down"}, portFailures, strangerShows), When: whenDnsBlockedPage},
	{ID: "dns.no-ipv4", Probe: "dns", Severity: report.Fail,
		Hides: []string{"egress.ipv6-possible"}, When: whenDnsNoIpv4},
	{ID: "dns.udp-blocked", Probe: "dns", Severity: report.Warn, Hides: []string{"dns.slow-resolver"}, When: whenDnsUdpBlocked},
	{ID: "client.dns-differs", Probe: "dns", Severity: report.Info, When: whenClientDNSDiffers},
	{ID: clientMissing, Probe: "port", Severity: report.Fail, When: whenClientMissingExtension},
	{ID: clientPath, Probe: "port", Severity: report.Fail, When: whenClientPathDiffers},
	{ID: clientBlocked, Probe: "port", Severity: report.Fail, When: whenClientBlocked},
	{ID: clientStore, Probe: "tls", Severity: report.Fail, When: whenClientStoreDiffers},
	{ID: clientOld, Probe: "tls", Severity: report.Fail, When: whenClientTLSTooOld},
	{ID: clientStrict, Probe: "tls", Severity: report.Fail, When: whenClientStrict},
	{ID: "dns.slow-resolver", Probe: "dns", Severity: report.Warn, When: whenDnsSlowResolver},

	// About the address that OpenSRS sees, and the access rules that judge it.
	{ID: "egress.unknown", Probe: "egress", Severity: report.Warn, When: whenEgressUnknown},
	{ID: "egress.unstable", Probe: "egress", Severity: report.Warn, When: whenEgressUnstable},
	{ID: "egress.proxied", Probe: "egress", Severity: report.Info, When: whenEgressProxied},
	{ID: "egress.split-route", Place: AtHost, Probe: "egress", Severity: report.Warn, When: whenEgressSplitRoute},
	{ID: "egress.no-ipv4", Probe: "egress", Severity: report.Fail,
		Hides: slices.Concat([]string{"host.offline", "egress.ipv6-possible", "call.ip-denied", "call.no-reply"}, offlineShows), When: whenEgressNoIpv4},
	{ID: "egress.ipv6-possible", Probe: "egress", Severity: report.Info, When: whenEgressIpv6Possible},
	{ID: "rules.invalid", Probe: "rules", Severity: report.Fail, When: whenRulesInvalid},
	{ID: "rules.never-public", Probe: "rules", Severity: report.Fail, When: whenRulesNeverPublic},
	{ID: "rules.not-allowed", Probe: "rules", Severity: report.Fail,
		Hides: []string{"call.ip-denied", "call.auth-failed", "call.no-reply"}, When: whenRulesNotAllowed},
	{ID: "rules.denied", Probe: "rules", Severity: report.Fail,
		Hides: []string{"call.ip-denied", "call.auth-failed", "call.no-reply"}, When: whenRulesDenied},
	{ID: "rules.ambiguous", Probe: "rules", Severity: report.Warn,
		Hides: []string{"call.ip-denied"}, When: whenRulesAmbiguous},
	{ID: "rules.pool-partly-allowed", Probe: "rules", Severity: report.Fail,
		Hides: []string{"egress.unstable", "call.ip-denied", "call.auth-failed", "call.no-reply"}, When: whenRulesPoolPartlyAllowed},
	{ID: "rules.other-address", Probe: "rules", Severity: report.Fail,
		Hides: []string{"call.ip-denied", "call.auth-failed", "call.no-reply", "egress.split-route", "rules.propagating", "rules.not-allowed", "rules.denied"}, When: whenRulesOtherAddress},
	{ID: "rules.propagating", Probe: "rules", Severity: report.Fail, Passes: true,
		Hides: []string{"call.ip-denied"}, When: whenRulesPropagating},
	{ID: "rules.stale", Probe: "rules", Severity: report.Warn,
		Hides: []string{"rules.never-public"}, When: whenRulesStale},

	// About reaching the port by TCP, directly or through a proxy.
	{ID: "port.refused", Probe: "port", Severity: report.Fail, When: whenPortRefused},
	{ID: "port.rejected-en-route", Place: AtEnding, Probe: "port", Severity: report.Fail,
		Hides: []string{"port.refused"}, When: whenPortRejectedEnRoute},
	{ID: "port.prohibited", Place: AtEnding, Probe: "port", Severity: report.Fail, When: whenPortProhibited},
	{ID: "port.unreachable", Place: AtEnding, Probe: "port", Severity: report.Fail, When: whenPortUnreachable},
	{ID: "port.filtered", Place: AtEnding, Probe: "port", Severity: report.Fail, When: whenPortFiltered},
	{ID: "port.all-filtered", Probe: "port", Severity: report.Fail,
		Hides: []string{"port.filtered", "egress.unknown"}, When: whenPortAllFiltered},
	{ID: "port.wrong-port", Probe: "port", Severity: report.Fail,
		Hides: slices.Concat([]string{"host.local-firewall"}, portFailures, strangerShows), When: whenPortWrongPort},
	{ID: "port.answered-nearby", Place: AtTaker, Probe: "port", Severity: report.Fail, Hides: []string{"tls.reset", "tls.timeout", "egress.unknown"}, When: whenPortAnsweredNearby},
	{ID: "port.lossy", Probe: "port", Severity: report.Warn, Hides: []string{"port.slow"}, When: whenPortLossy},
	{ID: "port.slow", Probe: "port", Severity: report.Warn, When: whenPortSlow},
	{ID: "proxy.unreachable", Place: AtProxy, Probe: "port", Severity: report.Fail,
		Hides: slices.Concat([]string{"egress.unknown", "egress.proxied", "proxy.direct-way"}, portFailures), When: whenProxyUnreachable},
	{ID: "proxy.denied", Place: AtProxy, Probe: "port", Severity: report.Fail,
		Hides: []string{"egress.unknown", "egress.proxied", "proxy.direct-way"}, When: whenProxyDenied},
	{ID: "proxy.auth-required", Place: AtProxy, Probe: "port", Severity: report.Fail,
		Hides: []string{"egress.unknown", "egress.proxied", "proxy.direct-way"}, When: whenProxyAuthRequired},
	{ID: "proxy.upstream-failed", Place: BeyondProxy, Probe: "port", Severity: report.Fail,
		Hides: []string{"egress.unknown", "egress.proxied", "proxy.direct-way"}, When: whenProxyUpstreamFailed},
	{ID: "proxy.direct-way", Probe: "port", Severity: report.Info, When: whenProxyDirectWay},

	// About the handshake and the certificate.
	{ID: "tls.not-tls", Probe: "tls", Severity: report.Fail, When: whenTlsNotTls},
	{ID: "tls.reset", Probe: "tls", Severity: report.Fail, When: whenTlsReset},
	{ID: "tls.sni-blocked", Probe: "tls", Severity: report.Fail,
		Hides: []string{"tls.reset", "tls.timeout"}, When: whenTlsSniBlocked},
	{ID: "tls.hello-too-big", Probe: "tls", Severity: report.Fail,
		Hides: []string{"tls.reset", "tls.timeout", "port.lossy"}, When: whenTlsHelloTooBig},
	{ID: "tls.mtu-blackhole", Probe: "tls", Severity: report.Fail,
		Hides: []string{"tls.timeout", "tls.hello-too-big", "tls.reset", "port.lossy"}, When: whenTlsMtuBlackhole},
	{ID: "tls.version-intolerant", Probe: "tls", Severity: report.Fail,
		Hides: []string{"tls.reset", "tls.timeout", "tls.rejected", "port.lossy"}, When: whenTlsVersionIntolerant},
	{ID: "tls.slow", Probe: "tls", Severity: report.Warn, When: whenTlsSlow},
	{ID: "tls.rejected", Probe: "tls", Severity: report.Fail, When: whenTlsRejected},
	{ID: "tls.timeout", Probe: "tls", Severity: report.Fail, Hides: []string{"port.lossy"}, When: whenTlsTimeout},
	{ID: "tls.version-unsupported", Probe: "tls", Severity: report.Fail,
		Hides: []string{"tls.reset", "tls.rejected"}, When: whenTlsVersionUnsupported},
	{ID: "tls.expired", Probe: "tls", Severity: report.Fail, When: whenTlsExpired},
	{ID: "tls.not-yet-valid", Probe: "tls", Severity: report.Fail, When: whenTlsNotYetValid},
	{ID: "tls.name-mismatch", Probe: "tls", Severity: report.Fail, When: whenTlsNameMismatch},
	{ID: "tls.self-signed", Probe: "tls", Severity: report.Fail,
		Hides: slices.Concat(unprovenSays, []string{"tls.unknown-ca", "tls.incomplete-chain"}), When: whenTlsSelfSigned},
	{ID: "tls.incomplete-chain", Probe: "tls", Severity: report.Fail, When: whenTlsIncompleteChain},
	{ID: "tls.intercepted", Place: AtInspection, Probe: "tls", Severity: report.Fail,
		Hides: slices.Concat(unprovenSays, []string{"tls.unknown-ca", "tls.self-signed", "tls.incomplete-chain", "tls.local-roots-outdated", "egress.unknown"}), When: whenTlsIntercepted},
	{ID: "tls.unknown-ca", Probe: "tls", Severity: report.Fail, Hides: unprovenSays, When: whenTlsUnknownCa},
	{ID: "tls.local-roots-outdated", Probe: "tls", Severity: report.Fail, When: whenTlsLocalRootsOutdated},
	{ID: "tls.expires-soon", Probe: "tls", Severity: report.Warn, When: whenTlsExpiresSoon},

	// About the signed test call and its reply.
	{ID: "call.ip-denied", Place: AtRules, Probe: "call", Severity: report.Fail, Passes: true, When: whenCallIpDenied},
	{ID: "call.auth-failed", Probe: "call", Severity: report.Fail, When: whenCallAuthFailed},
	{ID: "call.wrong-environment", Probe: "call", Severity: report.Fail,
		Hides: []string{"call.auth-failed"}, When: whenCallWrongEnvironment},
	{ID: "call.permission-denied", Probe: "call", Severity: report.Fail, When: whenCallPermissionDenied},
	{ID: "call.rate-limited", Probe: "call", Severity: report.Fail, Passes: true, When: whenCallRateLimited},
	{ID: "call.answered-by-device", Probe: "call", Severity: report.Fail,
		Hides: []string{"call.server-error", "call.not-opensrs", "call.malformed-reply"}, When: whenCallAnsweredByDevice},
	{ID: "call.server-error", Probe: "call", Severity: report.Fail,
		Hides: []string{"call.not-opensrs", "call.malformed-reply"}, When: whenCallServerError},
	{ID: "call.no-reply", Probe: "call", Severity: report.Fail, When: whenCallNoReply},
	{ID: "call.not-opensrs", Probe: "call", Severity: report.Fail,
		Hides: []string{"call.malformed-reply"}, When: whenCallNotOpensrs},
	{ID: "call.redirected", Probe: "call", Severity: report.Fail,
		Hides: []string{"call.not-opensrs", "call.malformed-reply"}, When: whenCallRedirected},
	{ID: "call.malformed-reply", Probe: "call", Severity: report.Fail, When: whenCallMalformedReply},
	{ID: "call.timeout", Probe: "call", Severity: report.Fail, When: whenCallTimeout},

	// The last accuses nobody: it says what was seen and how to get help. It has no condition: Diagnose takes it
	// where a step failed and no other row accounts for that.
	{ID: "unexplained", Severity: report.Fail},
}

// catalogue is the rows with their words. They are read when they are first needed: most commands need none.
var catalogue = sync.OnceValue(func() []Cause {
	all := slices.Clone(rows)
	for i := range all {
		all[i].Texts = prose.Of(all[i].ID)
	}
	return all
})

// Causes gives every row of the catalogue, in its order, with its words; unexplained is the last.
func Causes() []Cause { return slices.Clone(catalogue()) }

// Lookup gives the row of a cause; false for an ID that the catalogue does not have.
func Lookup(id string) (Cause, bool) {
	i := slices.IndexFunc(rows, func(c Cause) bool { return c.ID == id })
	if i < 0 {
		return Cause{}, false
	}
	return catalogue()[i], true
}

// CanPass reports whether anything in the report can pass by itself, so that waiting may help.
func CanPass(r *report.Report) bool {
	return slices.ContainsFunc(r.Diagnoses, func(d report.Diagnosis) bool {
		cause, found := Lookup(d.Cause)
		return found && cause.Passes
	})
}

// Groups of causes that one mistake can show, for Hides.
var (
	// portFailures is how a connection fails, wherever that happens.
	portFailures = []string{
		"port.refused", "port.rejected-en-route", "port.prohibited", "port.unreachable",
		"port.filtered", "port.all-filtered",
	}
	// hereShows is what a host meets that drops its own packets. A dead resolver beside one that answers is another fault.
	hereShows = slices.Concat([]string{
		"egress.unknown", "dns.resolver-unreachable", "dns.servfail", "dns.refused", "proxy.unreachable", "proxy.direct-way",
	}, portFailures)
	// offlineShows is what a host without a way out meets.
	offlineShows = slices.Concat([]string{"dns.slow-resolver"}, hereShows)
	// unprovenSays is what a certificate claims that nobody vouches for: it proves nothing.
	unprovenSays = []string{
		"tls.expired", "tls.not-yet-valid", "tls.name-mismatch", "tls.expires-soon",
	}
	// strangerShows is what another server than OpenSRS answers, from the handshake on.
	strangerShows = slices.Concat(unprovenSays, []string{
		"tls.not-tls", "tls.reset", "tls.rejected", "tls.timeout", "tls.version-unsupported",
		"tls.self-signed", "tls.incomplete-chain", "tls.intercepted", "tls.unknown-ca",
		"call.not-opensrs", "call.answered-by-device", "call.redirected", "call.no-reply", "call.malformed-reply",
		"call.server-error", "call.timeout",
	})
)

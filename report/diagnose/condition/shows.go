package condition

import (
	"slices"

	"opensrs-doctor/probes/lazy"
)

// Groups of causes that one mistake can show, for Hides.
var (
	// PortFailures is how a connection fails, wherever that happens.
	PortFailures = []string{
		"port.refused", "port.rejected-en-route", "port.prohibited", "port.unreachable",
		"port.filtered", "port.all-filtered",
	}
	// HereShows is what a host meets that drops its own packets. A dead resolver beside one that answers is another fault.
	HereShows = lazy.Value[[]string]{Make: func() []string {
		return slices.Concat([]string{
			"egress.unknown", "dns.resolver-unreachable", "dns.servfail", "dns.refused", "proxy.unreachable", "proxy.direct-way",
		}, PortFailures)
	}}
	// OfflineShows is what a host without a way out meets.
	OfflineShows = lazy.Value[[]string]{Make: func() []string {
		return slices.Concat([]string{"dns.slow-resolver"}, HereShows.Get())
	}}
	// UnprovenSays is what a certificate claims that nobody vouches for: it proves nothing.
	UnprovenSays = []string{
		"tls.expired", "tls.not-yet-valid", "tls.name-mismatch", "tls.expires-soon",
	}
	// StrangerShows is what another server than OpenSRS answers, from the handshake on.
	StrangerShows = lazy.Value[[]string]{Make: func() []string {
		return slices.Concat(UnprovenSays, []string{
			"tls.not-tls", "tls.reset", "tls.rejected", "tls.timeout", "tls.version-unsupported",
			"tls.self-signed", "tls.incomplete-chain", "tls.intercepted", "tls.unknown-ca",
			"call.not-opensrs", "call.answered-by-device", "call.redirected", "call.no-reply", "call.malformed-reply",
			"call.server-error", "call.timeout",
		})
	}}
)

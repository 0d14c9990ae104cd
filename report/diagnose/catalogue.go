package diagnose

import (
	"slices"

	"opensrs-doctor/report"
)

// catalogue is the tool's knowledge: one row for each reason why this host cannot use the API.
//
// How to read a row. Summary is what a person sees first: the thing that was found, with its address,
// port or rule. Explanation says why the evidence points there, Fixes what to do, in that order.
//
// Words in {braces} are filled from the run (see vocabulary). A sentence or step with a word that the
// run does not know is left out, so every sentence stands alone, and a step that is right only sometimes
// carries a word that is known only then: {rule_to_drop} exists only where there are five rules already.
// Where there is no run, the vocabulary's own words fill Summary and Fixes. Where a text reads wrong with them, or is
// right only sometimes, its words for the general case follow it, behind general: they invent no address, line, date
// or hop, and say with an if what is right only sometimes.
//
// Hides names what the row explains: seen together, only this row is shown. A confidence below certain
// is said beside the row; so its words name what was found, and a guess at place or culprit reads as one.
// Nobody is blamed: a row says what to change and whom to ask. What OpenSRS does not document, it says.
//
// The rows of one probe stand in one file, in the order of the way: this host, its DNS, its public
// address and rules, the port, TLS, the call. A new row needs its condition (named when + the ID), a
// fault in the lab that shows it, and a saved report in testdata.
var catalogue = slices.Concat(
	hostCauses,
	dnsCauses,
	egressCauses,
	portCauses,
	tlsCauses,
	callCauses,
	[]Cause{unexplained}, // the last: it is for what no row above fits
)

// Causes gives every row of the catalogue, in its order; unexplained is the last.
func Causes() []Cause { return slices.Clone(catalogue) }

// Lookup gives the row of a cause; false for an ID that the catalogue does not have.
func Lookup(id string) (Cause, bool) {
	i := slices.IndexFunc(catalogue, func(c Cause) bool { return c.ID == id })
	if i < 0 {
		return Cause{}, false
	}
	return catalogue[i], true
}

// CanPass reports whether anything in the report can pass by itself, so that waiting may help.
func CanPass(r *report.Report) bool {
	return slices.ContainsFunc(r.Diagnoses, func(d report.Diagnosis) bool {
		cause, found := Lookup(d.Cause)
		return found && cause.Passes
	})
}

// The pages that the rows link to. The first seven are about the service; the others are standards
// and manuals at addresses that do not move.
const (
	docChecklist = "https://support.opensrs.com/support/solutions/articles/" +
		"201000063062-troubleshooting-api-connections"
	DocKeyAndRules = "https://support.opensrs.com/support/solutions/articles/" +
		"201000063475-api-key-ip-access"
	docQuickstart      = "https://domains.opensrs.guide/docs/quickstart"
	docTroubleshooting = "https://domains.opensrs.guide/docs/troubleshooting"
	docCodes           = "https://domains.opensrs.guide/docs/codes"
	docOwnClient       = "https://domains.opensrs.guide/docs/writing-your-own-client"
	docStatus          = "https://status.opensrs.com"

	docHostsFile   = "https://man7.org/linux/man-pages/man5/hosts.5.html"
	docResolvConf  = "https://man7.org/linux/man-pages/man5/resolv.conf.5.html"
	docGaiConf     = "https://man7.org/linux/man-pages/man5/gai.conf.5.html"
	docIPRoute     = "https://man7.org/linux/man-pages/man8/ip-route.8.html"
	docIPRule      = "https://man7.org/linux/man-pages/man8/ip-rule.8.html"
	docResolvectl  = "https://www.freedesktop.org/software/systemd/man/latest/resolvectl.html"
	docTimedatectl = "https://www.freedesktop.org/software/systemd/man/latest/timedatectl.html"
	docChrony      = "https://chrony-project.org/documentation.html"
	docNftables    = "https://wiki.nftables.org/"
	docPHPTrim     = "https://www.php.net/manual/en/function.trim.php"
	docGodebug     = "https://go.dev/doc/godebug"
	rfc            = "https://www.rfc-editor.org/rfc/rfc"
)

// Steps that many rows share.
const (
	again      = "Run opensrs-doctor again from this host."
	seeStatus  = "Look at {status_url} for an incident or maintenance."
	askSupport = "Send OpenSRS Support the bundle that opensrs-doctor ticket writes."
	rightPlace = "Compare {own_endpoint} with the public services: live is " +
		"rr-n1-tor.opensrs.net:55443, test is horizon.opensrs.net:55443."
	answersForAll = "{same_certificate} shows the very same certificate, so something in this network answers for " +
		"every server: a login page does, until somebody has logged in, and a filter's block page."
	// smallOpen and mtuTest are for a system on which a path that loses big packets cannot be told apart.
	smallOpen = "Big packets that vanish on the path would look the same. Small TCP segments, which would show that, " +
		"were not tried: {no_small}."
	mtuTest = "Lower this host's MTU for a test, {mtu_test}, and run opensrs-doctor again: if it then works, big " +
		"packets vanish on the path (opensrs-doctor explain tls.mtu-blackhole)." + General +
		"Lower this host's MTU for a test, if the report says that small segments were not tried, and run " +
		"opensrs-doctor again: if it then works, big packets vanish on the path (opensrs-doctor explain tls.mtu-blackhole)."
	withoutProxy = "Try {direct_way}, opensrs-doctor --proxy none; if that works, add {host} to NO_PROXY."
	keepVerify   = "Leave certificate verification on in the API client: without it anybody on " +
		"the way can pose as OpenSRS."
	ownAuthority = "{ca_step}" + General +
		"Give the authority's certificate with --ca-file FILE, if the endpoint is a server of your own."
	otherDNS = "Ask another resolver, to compare: opensrs-doctor --resolver 1.1.1.1."
	exempt   = "Ask whoever runs the firewall of this network to exempt {host} port {port} " +
		"from TLS inspection."
)

// Groups of causes that one mistake can show, for Hides.
var (
	// portFailures is how a connection fails, wherever that happens.
	portFailures = []string{
		"port.refused", "port.rejected-en-route", "port.prohibited", "port.unreachable",
		"port.filtered",
	}
	// offlineShows is what a host without a way out meets.
	offlineShows = slices.Concat([]string{
		"egress.unknown", "dns.resolver-unreachable", "dns.servfail", "dns.refused", "dns.slow-resolver",
		"proxy.unreachable", "proxy.direct-way",
	}, portFailures)
	// unprovenSays is what a certificate claims that nobody vouches for: it proves nothing.
	unprovenSays = []string{
		"tls.expired", "tls.not-yet-valid", "tls.name-mismatch", "tls.expires-soon",
	}
	// strangerShows is what another server than OpenSRS answers, from the handshake on.
	strangerShows = slices.Concat(unprovenSays, []string{
		"tls.not-tls", "tls.reset", "tls.rejected", "tls.timeout", "tls.version-unsupported",
		"tls.self-signed", "tls.incomplete-chain", "tls.intercepted", "tls.unknown-ca",
		"call.not-opensrs", "call.redirected", "call.no-reply", "call.malformed-reply",
		"call.server-error", "call.timeout",
	})
)

package report

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"opensrs-doctor/probes"
)

func failedWith(e *probes.Evidence, step string, kinds ...probes.Kind) bool {
	s := e.Step(step)
	if s.Status != probes.Fail || s.Failure == nil {
		return false
	}
	for _, kind := range kinds {
		if s.Failure.Kind == kind {
			return true
		}
	}
	return false
}

// anythingAnswered reports whether any peer beyond this network said anything at all.
func anythingAnswered(e *probes.Evidence) bool {
	for _, control := range e.Controls {
		if control.Connected || control.Failure != nil && control.Failure.Kind == probes.KindRefused {
			return true
		}
	}
	if e.Egress != nil {
		for _, sighting := range e.Egress.Sightings {
			if sighting.Address.IsValid() || sighting.Trust != nil {
				return true
			}
		}
	}
	if e.Port != nil {
		for _, attempt := range append(append([]probes.Attempt{}, e.Port.Attempts...), e.Port.OtherPorts...) {
			if attempt.Connected || attempt.Failure != nil && attempt.Failure.Kind == probes.KindRefused {
				return true
			}
		}
	}
	return false
}

// resolverAnswered reports whether a resolver beyond this host's own network said anything.
func resolverAnswered(e *probes.Evidence) bool {
	if e.DNS == nil {
		return false
	}
	for _, answer := range e.DNS.Answers {
		if answer.Rcode != "" {
			return true
		}
	}
	return false
}

// outsideAnswered reports whether a resolver said anything that it must have from outside: one on this host or
// in its network answers SERVFAIL or REFUSED also when everything behind it is gone.
func outsideAnswered(e *probes.Evidence) bool {
	if e.DNS == nil {
		return false
	}
	for _, answer := range e.DNS.Answers {
		address, err := netip.ParseAddrPort(answer.Resolver)
		near := err == nil && special(address.Addr()) != ""
		if answer.Rcode != "" && !(near && (answer.Rcode == "SERVFAIL" || answer.Rcode == "REFUSED")) {
			return true
		}
	}
	return false
}

// publicResolverAnswered reports whether a resolver at a public address said anything.
func publicResolverAnswered(e *probes.Evidence) bool {
	if e.DNS == nil {
		return false
	}
	return slices.ContainsFunc(e.DNS.Answers, func(answer probes.DNSAnswer) bool {
		address, err := netip.ParseAddrPort(answer.Resolver)
		return err == nil && special(address.Addr()) == "" && answer.Rcode != ""
	})
}

// silentSources are egress sources named by address that did not answer: as good as controls.
func silentSources(e *probes.Evidence) []string {
	if e.Egress == nil {
		return nil
	}
	var silent []string
	for _, sighting := range e.Egress.Sightings {
		name := sourceName(sighting.Source)
		host, _, err := net.SplitHostPort(name)
		if err != nil {
			host = name
		}
		if _, err := netip.ParseAddr(host); err == nil && sighting.Failure != nil && !slices.Contains(silent, name) {
			silent = append(silent, name)
		}
	}
	return silent
}

func isFalse(value *bool) bool { return value != nil && !*value }
func isTrue(value *bool) bool  { return value != nil && *value }

func whenHostOffline(e *probes.Evidence) (Finding, bool) {
	stopped := blocked(e)
	if stopped != "dns" && stopped != "port" || anythingAnswered(e) {
		return Finding{}, false
	}
	if isFalse(e.Host.HasIPv4Route) && !isTrue(e.Host.HasIPv6Route) && !publicResolverAnswered(e) {
		return Finding{Values: Values{"no_route": "no way to the internet"},
			Evidence: []string{"This host's routing table has no way to the internet."}}, true
	}
	good, bad := controls(e)
	bad = append(bad, silentSources(e)...)
	silent := stopped == "dns" && !outsideAnswered(e) ||
		stopped == "port" && failedWith(e, "port", probes.KindTimeout, probes.KindUnreachable, probes.KindNoRoute)
	if e.Host.Proxy != nil && !proxyUnreached(e) {
		return Finding{}, false
	}
	if !silent || len(good) > 0 || len(bad) == 0 {
		return Finding{}, false
	}
	endpoint := probes.HostPort{Host: e.Target.Host, Port: e.Target.Port}
	finding := Finding{Values: Values{"controls_bad": list(bad)},
		Evidence: []string{fmt.Sprintf("Neither %s nor these answer: %s.", endpoint, list(bad))}}
	if resolverAnswered(e) || len(e.Controls) < 2 {
		finding.Confidence = Likely // a resolver in the same building may answer while the internet is away
	}
	if e.DNS != nil && len(e.DNS.Answers) > 0 && !resolverAnswered(e) {
		finding.Evidence = append(finding.Evidence, "No resolver answers: "+list(plainServers(e.Host.Resolvers))+".")
	}
	return finding, true
}

// clockOffset is how far the local clock is off, where at least two peers agree on it.
func clockOffset(e *probes.Evidence) (time.Duration, bool) {
	if e.Clock == nil || e.Clock.Agreeing < 2 || 2*e.Clock.Agreeing <= len(e.Clock.Samples) {
		return 0, false
	}
	return time.Duration(e.Clock.OffsetMS * float64(time.Millisecond)), true
}

// wrongClock is the least offset that counts: under it, a Date says nothing.
const wrongClock = 5 * time.Minute

// datesFitAt reports whether the presented chain would be in its dates at the peers' time.
func datesFitAt(trust *probes.Trust, at time.Time) bool {
	for _, certificate := range []*probes.Certificate{trust.Expired, trust.NotYetValid} {
		if certificate != nil && (at.After(certificate.NotAfter) || at.Before(certificate.NotBefore)) {
			return false
		}
	}
	return true
}

func whenHostClockWrong(e *probes.Evidence) (Finding, bool) {
	offset, known := clockOffset(e)
	if !known || offset.Abs() < wrongClock {
		return Finding{}, false
	}
	direction := "behind"
	if offset < 0 {
		direction = "ahead"
	}
	var peers []string
	for _, sample := range e.Clock.Samples {
		peers = append(peers, sample.Peer)
	}
	trueTime := e.StartedAt.Add(offset)
	finding := Finding{Severity: Warn, Values: Values{
		"offset":      span(offset) + " " + direction,
		"clock_peers": list(peers),
		"true_time":   trueTime.UTC().Format("2006-01-02 15:04 UTC"),
	}, Evidence: []string{fmt.Sprintf("%s say it is %s; this host says %s.", list(peers),
		trueTime.UTC().Format("2006-01-02 15:04 UTC"), e.StartedAt.UTC().Format("2006-01-02 15:04 UTC"))}}
	trust := trustOf(e)
	if trust != nil && !trust.DatesOK && datesFitAt(trust, trueTime) && (trust.Public || trust.System) {
		finding.Severity = Fail
		finding.Explains = []string{"tls"}
		if certificate := firstCertificate(trust.NotYetValid, trust.Expired); certificate != nil {
			finding.Evidence = append(finding.Evidence, fmt.Sprintf("The certificate of %s is valid from %s to %s.",
				subjectOf(*certificate), day(certificate.NotBefore), day(certificate.NotAfter)))
		}
	}
	return finding, true
}

func firstCertificate(certificates ...*probes.Certificate) *probes.Certificate {
	for _, certificate := range certificates {
		if certificate != nil {
			return certificate
		}
	}
	return nil
}

func trustOf(e *probes.Evidence) *probes.Trust {
	if e.TLS == nil {
		return nil
	}
	return e.TLS.Trust
}

// hop gives the answer to one TTL; Answer is "" where it was not asked.
func hop(hops []probes.Hop, ttl int) probes.Hop {
	for _, h := range hops {
		if h.TTL == ttl {
			return h
		}
	}
	return probes.Hop{}
}

func walkOf(e *probes.Evidence) *probes.Path {
	if e.Port == nil || e.Port.Path == nil || !e.Port.Path.Available {
		return nil
	}
	return e.Port.Path
}

func whenHostLocalFirewall(e *probes.Evidence) (Finding, bool) {
	if e.Step("port").Status != probes.Fail || e.Host.Proxy != nil {
		return Finding{}, false
	}
	if failedWith(e, "port", probes.KindNotPermitted) {
		return Finding{Evidence: []string{"The kernel of this host refuses the connection: " + e.Step("port").Failure.Detail + "."}}, true
	}
	walk := walkOf(e)
	if walk == nil {
		return Finding{}, false
	}
	blockedHere := Values{}
	if port := otherPort(e); port != 0 {
		blockedHere["good_port"] = strconv.Itoa(int(port))
	}
	compare := hop(walk.Compare, 1)
	otherGoesOut := compare.Answer == probes.HopTimeExceeded
	for _, h := range allHops(walk) {
		// "Host unreachable" from our own address is an unanswered ARP request, unless others get out.
		rejects := h.Answer == probes.HopProhibited || h.Answer == probes.HopPortUnreachable ||
			h.Answer == probes.HopUnreachable && otherGoesOut
		if h.FromSelf && rejects {
			text := icmpText(h)
			blockedHere["sender"], blockedHere["icmp"] = h.From.String(), text
			return Finding{Values: blockedHere, Evidence: []string{
				fmt.Sprintf("The ICMP message %q comes from %s, an address of this host.", text, h.From)}}, true
		}
		if h.Answer == probes.HopNotPermitted {
			return Finding{Evidence: []string{"The kernel of this host refuses the packet: operation not permitted."}}, true
		}
	}
	if !otherGoesOut {
		return Finding{}, false
	}
	goesOut := fmt.Sprintf("A packet for port %d with TTL 1 reaches the first router, %s.", walk.ComparedTo, compare.From)
	switch first := hop(walk.Port, 1); {
	case first.Answer == probes.HopRefused:
		return Finding{Values: blockedHere, Evidence: []string{goesOut,
			fmt.Sprintf("Port %d is refused even with TTL 1: nobody but this host can have done that.", e.Target.Port)}}, true
	case first.Answer == probes.HopSilence && failedWith(e, "port", probes.KindTimeout):
		blockedHere["hop"] = compare.From.String()
		return Finding{Confidence: Likely, Values: blockedHere, Evidence: []string{goesOut,
			fmt.Sprintf("One for port %d gets no answer: this host or its first router, %s, drops it.", e.Target.Port, compare.From)}}, true
	}
	return Finding{}, false
}

// icmpText names a message with its numbers.
func icmpText(h probes.Hop) string {
	name := "destination unreachable"
	if h.ICMPType == 3 {
		names := map[int]string{0: "network unreachable", 1: "host unreachable", 2: "protocol unreachable",
			3: "port unreachable", 9: "network administratively prohibited", 10: "host administratively prohibited",
			13: "communication administratively prohibited"}
		if known, ok := names[h.ICMPCode]; ok {
			name = known
		}
	}
	return fmt.Sprintf("%s (type %d, code %d)", name, h.ICMPType, h.ICMPCode)
}

func callChosen(e *probes.Evidence) bool {
	step := e.Step("call")
	return step.WaitedFor != "--only" && step.WaitedFor != "--skip"
}

func whenConfigCredentialsMissing(e *probes.Evidence) (Finding, bool) {
	var missing []string
	if e.Target.Username == "" {
		missing = append(missing, "a username")
	}
	if !e.Asked.KeyGiven {
		missing = append(missing, "an API key")
	}
	if len(missing) == 0 || !callChosen(e) {
		return Finding{}, false
	}
	finding := Finding{Values: Values{"wanted": list(missing)}}
	for _, required := range e.Asked.Require {
		if required == "call" {
			finding.Severity = Fail
		}
	}
	return finding, true
}

func whenConfigApiKeyMalformed(e *probes.Evidence) (Finding, bool) {
	if len(e.Asked.KeyProblems) == 0 || !callChosen(e) {
		return Finding{}, false
	}
	words := map[string]string{
		"quotes":          "it stands in quotes",
		"spaces":          "it has white space inside",
		"placeholder":     "it is a placeholder from an example",
		"byte-order-mark": "it begins with a byte-order mark",
		"empty":           "it is empty",

		"control-characters": "it has control characters in it, as a file in UTF-16 has",
	}
	var problems []string
	for _, id := range e.Asked.KeyProblems {
		text := words[id]
		if text == "" {
			text = strings.ReplaceAll(id, "-", " ")
		}
		problems = append(problems, text)
	}
	return Finding{Values: Values{"key_problem": list(problems)}, Explains: []string{"call"},
		Evidence: []string{"The API key from " + e.Asked.KeySource + ": " + list(problems) + "."}}, true
}

func whenConfigRequiredSkipped(e *probes.Evidence) (Finding, bool) {
	finding := Finding{}
	var skipped []string
	for _, name := range e.Asked.Require {
		step := e.Step(name)
		if step.Status != probes.Skip || failsAnyway(e, step) {
			continue
		}
		if len(skipped) == 0 {
			finding.Values = Values{"waited_for": waitedWords(step.WaitedFor)}
		}
		skipped = append(skipped, name)
		finding.Evidence = append(finding.Evidence,
			"The "+name+" probe was required and did not run: it waited for "+waitedWords(step.WaitedFor)+".")
	}
	if len(skipped) == 0 {
		return Finding{}, false
	}
	finding.Values["required"] = list(skipped)
	return finding, true
}

// failsAnyway: what a skipped probe waited for is a failure with a cause of its own.
func failsAnyway(e *probes.Evidence, step probes.Step) bool {
	switch step.WaitedFor {
	case "interrupt", "api-key":
		return true
	case "credentials":
		return step.Probe == "call"
	}
	return slices.Contains(stops, step.WaitedFor) && blocked(e) != ""
}

// waitedWords is what a skipped probe waited for, as people say it.
func waitedWords(waitedFor string) string {
	words := map[string]string{"rules": "a list of rules (--rule or --rules-file)", "credentials": "a username and an API key",
		"api-key": "an API key that is well-formed", "--egress-source": "an egress source",
		"--only": "being chosen (--only leaves it out)", "--skip": "being chosen (--skip leaves it out)"}[waitedFor]
	if words == "" {
		words = "the " + waitedFor + " probe"
	}
	return words
}

// whenServiceIncident: the page is asked only after a failure. Where that is at or beyond the host, the
// incident comes first; else it stands beside.
func whenServiceIncident(e *probes.Evidence) (Finding, bool) {
	page := e.StatusPage
	if page == nil || page.Failure != nil || page.Indicator == "" || page.Indicator == "none" {
		return Finding{}, false
	}
	words := page.Description
	if len(page.Incidents) > 0 {
		words = list(page.Incidents)
	}
	if words == "" {
		words = page.Indicator
	}
	finding := Finding{Severity: Warn, Confidence: Likely,
		Values:   Values{"incident": words, "status_url": statusPage(page.URL)},
		Evidence: []string{fmt.Sprintf("The status page says: %s (%s).", words, page.Indicator)}}
	if atOrBeyondHost(e) {
		finding.Values["failed_step"] = blocked(e)
		finding.Severity = Fail
		finding.Explains = []string{"port", "tls", "call"}
		finding.Hides = atHost
	}
	return finding, true
}

// atHost are the causes that an incident of the service explains.
var atHost = []string{"port.refused", "port.filtered", "tls.reset", "tls.timeout", "tls.rejected", "tls.not-tls",
	"call.no-reply", "call.timeout", "call.server-error", "call.not-opensrs", "call.malformed-reply"}

func atOrBeyondHost(e *probes.Evidence) bool {
	switch blocked(e) {
	case "port":
		if failedWith(e, "port", probes.KindRefused) {
			return refusedAtHost(e)
		}
		walk := walkOf(e)
		return failedWith(e, "port", probes.KindTimeout) && walk != nil && beyondLastRouter(walk)
	case "tls":
		return failedWith(e, "tls", probes.KindReset, probes.KindHungUp, probes.KindTimeout, probes.KindAlert, probes.KindNotTLS)
	case "call":
		switch callOutcome(e) {
		case outcomeClosed, outcomeOther:
			return true
		}
	}
	return false
}

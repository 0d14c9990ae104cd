// Package host holds the conditions of the causes in this host: its firewall, routes, control groups, kernel and clock, and
// a host that is offline. A condition is named as its cause, without "host.".
package host

import (
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// silentSources are egress sources named by address that did not answer: as good as controls.
func silentSources(e *evidence.Evidence) []string {
	if e.Egress == nil {
		return nil
	}
	var silent []string
	for _, sighting := range e.Egress.Sightings {
		name := reading.SourceName(sighting.Source)
		host, found := netaddr.HostOf(name)
		if !found {
			host = name
		}
		if _, err := netip.ParseAddr(host); err == nil && sighting.Failure != nil && sighting.Failure.Kind.Unanswered() {
			silent = screen.Once(silent, name)
		}
	}
	return silent
}

// Offline: no way to the internet: no route, or neither the endpoint nor the controls nor a resolver answers.
func Offline(e *evidence.Evidence) (condition.Finding, bool) {
	finding, ok := offline(e)
	if ok && e.ThisHost != nil && e.ThisHost.Steps.TooFew() {
		finding.Confidence = report.Certain
		condition.FewSteps(&finding, e)
	}
	if down := e.Host.LinksDown; ok && len(down) > 0 {
		finding.Values["links_down"] = screen.List(down)
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("No link: %s.", screen.List(down)))
	}
	return finding, ok
}

func offline(e *evidence.Evidence) (condition.Finding, bool) {
	stopped := e.Blocked()
	if stopped != "dns" && stopped != "port" || reading.AnythingAnswered(e) {
		return condition.Finding{}, false
	}
	if e.Host.LacksIPv4() && !e.Host.RoutesIPv6() && !reading.PublicResolverAnswered(e) {
		return unrouted(e, "This host's routing table has no route to the internet."), true
	}
	if e.Host.LacksIPv4() && e.Host.RoutesIPv6() && !reading.SixAnswers(e) && !reading.ResolverAnswered(e) && e.Host.Proxy == nil {
		return unrouted(e, "This host's routing table has no route to the internet over IPv4. It has one over IPv6, and nothing answered over it in this run."), true
	}
	good, bad := e.ControlPeers()
	bad = append(bad, silentSources(e)...)
	silent := stopped == "dns" && !reading.OutsideAnswered(e) ||
		stopped == "port" && !reading.PublicResolverAnswered(e) && e.FailedWith("port", evidence.KindTimeout, evidence.KindUnreachable, evidence.KindNoRoute)
	if e.Host.Proxy != nil && stopped != "dns" && !e.ProxyUnreached() {
		return condition.Finding{}, false
	}
	if !silent || len(good) > 0 || len(bad) == 0 {
		return condition.Finding{}, false
	}
	finding := condition.Finding{Values: prose.Values{}, Evidence: []string{neitherWords(e, bad)}}
	if _, known := e.Ledger().Left(); !known || contained(e) || reading.ResolverAnswered(e) || len(e.Controls) < 2 {
		// A resolver in the same building may answer while the internet is away; a firewall of this host may drop all, and
		// so may the machine that a container runs on.
		finding.Confidence = report.Likely
	}
	if _, known := e.Ledger().Left(); !known {
		finding.Values["or_here"] = "this host's own firewall"
	}
	if e.DNS != nil && len(e.DNS.Answers) > 0 && !reading.ResolverAnswered(e) {
		finding.Evidence = append(finding.Evidence, "No resolver answers: "+screen.List(reading.PlainServers(e.Host.Resolvers))+".")
	}
	return finding, true
}

// unrouted is the finding of a routing table that leads nowhere, with the peers that could not be reached either.
func unrouted(e *evidence.Evidence, table string) condition.Finding {
	finding := condition.Finding{Values: prose.Values{}, Evidence: []string{table}}
	if _, bad := e.ControlPeers(); len(bad) > 0 {
		finding.Evidence = append(finding.Evidence, neitherWords(e, bad))
	}
	return finding
}

func neitherWords(e *evidence.Evidence, silent []string) string {
	return fmt.Sprintf("Neither %s nor these answer: %s.", netaddr.HostPort{Host: e.Target.Host, Port: e.Target.Port}, screen.List(silent))
}

// contained: this is a container, as far as the network goes. What the machine around it does cannot be seen.
func contained(e *evidence.Evidence) bool { return e.ThisHost != nil && e.ThisHost.Container }

// ClockWrong: peers agree on a time, and this host's clock is off by minutes, or by enough to break a certificate's dates.
func ClockWrong(e *evidence.Evidence) (condition.Finding, bool) {
	offset, known := e.Clock.Offset()
	trust := e.Trust()
	// What a Date cannot tell, for it has whole seconds and takes its time, is not an offset.
	breaks := known && offset.Abs() > 5*time.Second && trust != nil && !trust.DatesOK &&
		trust.DatesFitAt(e.StartedAt.Add(offset)) && trust.Known()
	if !known || offset.Abs() < evidence.WrongClock && !breaks {
		return condition.Finding{}, false
	}
	direction := "behind"
	if offset < 0 {
		direction = "ahead"
	}
	var peers []string
	for _, sample := range e.Clock.Samples {
		peers = append(peers, sample.Peer)
	}
	realTime := e.StartedAt.Add(offset)
	finding := condition.Finding{Severity: report.Warn, Values: prose.Values{
		"offset": screen.Span(offset) + " " + direction,
	}, Evidence: []string{fmt.Sprintf("%s agree on %s; this host says %s.", screen.List(peers),
		realTime.UTC().Format("2006-01-02 15:04 UTC"), e.StartedAt.UTC().Format("2006-01-02 15:04 UTC"))}}
	if breaks {
		finding.Severity = report.Fail
		finding.Explains = []string{"tls"}
		if certificate := firstCertificate(trust.NotYetValid, trust.Expired); certificate != nil {
			finding.Evidence = append(finding.Evidence, fmt.Sprintf("The certificate of %s is valid from %s to %s.",
				reading.SubjectOf(*certificate), screen.Day(certificate.NotBefore), screen.Day(certificate.NotAfter)))
		}
	}
	return finding, true
}

func firstCertificate(certificates ...*evidence.Certificate) *evidence.Certificate {
	for _, certificate := range certificates {
		if certificate != nil {
			return certificate
		}
	}
	return nil
}

// LocalFirewall: this host's own firewall refuses the packets or keeps them from leaving.
func LocalFirewall(e *evidence.Evidence) (condition.Finding, bool) {
	if finding, ok := whenNothingLeaves(e); ok {
		return finding, true
	}
	if finding, ok := cutByThisHost(e, evidence.LostGoingOut); ok {
		finding.Values["blocked"] = netaddr.HostPort{Host: e.Target.Host, Port: e.Target.Port}.String()
		return finding, true
	}
	if finding, ok := strangerByRule(e); ok {
		return finding, true
	}
	end, failed := reading.PortEnding(e)
	if !failed {
		return condition.Finding{}, false
	}
	blocked := netaddr.HostPort{Host: e.Target.Host, Port: e.Target.Port}.String()
	finding := condition.Finding{Confidence: end.Sure, Values: prose.Values{"blocked": blocked}, Evidence: end.Evidence(int(e.Target.Port))}
	if port := e.OtherPort(); port != 0 {
		finding.Values["good_port"] = strconv.Itoa(int(port))
	}
	switch {
	case end.By == reading.EndHere && (end.Route != nil || end.Lost != "" && end.Lost != evidence.LostGoingOut && end.Lost != evidence.LostAnswered) || deniedByUnit(e, end):
		return condition.Finding{}, false // rows of their own
	case end.Outside:
		finding.Evidence = []string{fmt.Sprintf("Packets for %s leave the container, and the machine that it runs on takes them: its own firewall rules counted them.", blocked)}
		finding.Explains, finding.Hides = []string{"port"}, condition.HereShows.Get()
		byRule(&finding, e)
	case end.Rewrote:
		sentElsewhere(&finding, e, end.SentTo)
	case end.By == reading.EndHere && end.Lost != "":
		lostGoingOut(&finding, e, end.Sure == report.Certain)
	case end.By == reading.EndHere && end.Answer.From.IsValid():
		byRule(&finding, e)
	case end.By == reading.EndHere:
		finding.Evidence = []string{"The kernel of this host refuses the connection: " + e.Step("port").Failure.Detail.String() + "."}
		byRule(&finding, e)
	case end.Left:
		return condition.Finding{}, false
	case end.By == reading.EndNearby && end.Last.TTL > 0, end.By == reading.EndSilence && end.Place == reading.PlaceNoneOnce && end.Again == nil:
		finding.Values["hop"] = end.Last.Sender()
	default:
		return condition.Finding{}, false
	}
	return finding, true
}

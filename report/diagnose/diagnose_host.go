package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

func failedWith(e *evidence.Evidence, step string, kinds ...evidence.Kind) bool {
	s := e.Step(step)
	if s.Status != evidence.Fail || s.Failure == nil {
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
func anythingAnswered(e *evidence.Evidence) bool {
	for _, control := range e.Controls {
		if control.Connected || control.Failure != nil && control.Failure.Kind == evidence.KindRefused {
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
	if walk := e.Walk(); walk.HostAnswers() || walk != nil && walk.Available && slices.ContainsFunc(walk.Compare, evidence.Hop.Met) {
		return true
	}
	return slices.ContainsFunc(attempts(e), func(attempt evidence.Attempt) bool {
		return attempt.Connected || attempt.Failure != nil && attempt.Failure.Kind == evidence.KindRefused
	}) || len(e.Later()) > 0 || e.StatusPage != nil && e.StatusPage.Failure == nil
}

// attempts are all connections to the service or the proxy that the run made, on whatever port.
func attempts(e *evidence.Evidence) []evidence.Attempt {
	var all []evidence.Attempt
	if e.Port != nil {
		all = slices.Concat(e.Port.Attempts, e.Port.OtherPorts)
		if e.Port.ByDNS != nil {
			all = append(all, *e.Port.ByDNS)
		}
	}
	if e.Direct != nil && e.Direct.Attempt != nil {
		all = append(all, *e.Direct.Attempt)
	}
	return all
}

// noAnswer: nothing came back, or word from the network that there is no way.
func noAnswer(kind evidence.Kind) bool {
	return kind == evidence.KindTimeout || kind == evidence.KindUnreachable || kind == evidence.KindNoRoute
}

// silentSources are egress sources named by address that did not answer: as good as controls.
func silentSources(e *evidence.Evidence) []string {
	if e.Egress == nil {
		return nil
	}
	var silent []string
	for _, sighting := range e.Egress.Sightings {
		name := reading.SourceName(sighting.Source)
		host, found := evidence.HostOf(name)
		if !found {
			host = name
		}
		if _, err := netip.ParseAddr(host); err == nil && sighting.Failure != nil && noAnswer(sighting.Failure.Kind) {
			silent = appendOnce(silent, name)
		}
	}
	return silent
}

func isFalse(value *bool) bool { return value != nil && !*value }

func isTrue(value *bool) bool { return value != nil && *value }

func whenHostOffline(e *evidence.Evidence) (Finding, bool) {
	finding, ok := offline(e)
	if down := e.Host.LinksDown; ok && len(down) > 0 {
		finding.Values["links_down"] = screen.List(down)
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("No link: %s.", screen.List(down)))
	}
	return finding, ok
}

func offline(e *evidence.Evidence) (Finding, bool) {
	stopped := Blocked(e)
	if stopped != "dns" && stopped != "port" || anythingAnswered(e) {
		return Finding{}, false
	}
	if isFalse(e.Host.HasIPv4Route) && !isTrue(e.Host.HasIPv6Route) && !reading.PublicResolverAnswered(e) {
		return unrouted(e, "This host's routing table has no route to the internet."), true
	}
	if isFalse(e.Host.HasIPv4Route) && isTrue(e.Host.HasIPv6Route) && !sixAnswers(e) && !reading.ResolverAnswered(e) && e.Host.Proxy == nil {
		return unrouted(e, "This host's routing table has no route to the internet over IPv4. It has one over IPv6, and nothing answered over it in this run."), true
	}
	good, bad := controls(e)
	bad = append(bad, silentSources(e)...)
	silent := stopped == "dns" && !reading.OutsideAnswered(e) ||
		stopped == "port" && !reading.PublicResolverAnswered(e) && failedWith(e, "port", evidence.KindTimeout, evidence.KindUnreachable, evidence.KindNoRoute)
	if e.Host.Proxy != nil && stopped != "dns" && !proxyUnreached(e) {
		return Finding{}, false
	}
	if !silent || len(good) > 0 || len(bad) == 0 {
		return Finding{}, false
	}
	finding := Finding{Values: prose.Values{}, Evidence: []string{neitherWords(e, bad)}}
	if _, known := ledgerOf(e).Left(); !known || contained(e) || reading.ResolverAnswered(e) || len(e.Controls) < 2 {
		// A resolver in the same building may answer while the internet is away; a firewall of this host may drop all, and
		// so may the machine that a container runs on.
		finding.Confidence = report.Likely
	}
	if _, known := ledgerOf(e).Left(); !known {
		finding.Values["or_here"] = "this host's own firewall"
	}
	if e.DNS != nil && len(e.DNS.Answers) > 0 && !reading.ResolverAnswered(e) {
		finding.Evidence = append(finding.Evidence, "No resolver answers: "+screen.List(reading.PlainServers(e.Host.Resolvers))+".")
	}
	return finding, true
}

// unrouted is the finding of a routing table that leads nowhere, with the peers that could not be reached either.
func unrouted(e *evidence.Evidence, table string) Finding {
	finding := Finding{Values: prose.Values{}, Evidence: []string{table}}
	if _, bad := controls(e); len(bad) > 0 {
		finding.Evidence = append(finding.Evidence, neitherWords(e, bad))
	}
	return finding
}

func neitherWords(e *evidence.Evidence, silent []string) string {
	return fmt.Sprintf("Neither %s nor these answer: %s.", evidence.HostPort{Host: e.Target.Host, Port: e.Target.Port}, screen.List(silent))
}

// contained: this is a container, as far as the network goes. What the machine around it does cannot be seen.
func contained(e *evidence.Evidence) bool { return e.ThisHost != nil && e.ThisHost.Container }

// clockOffset is how far the local clock is off, where at least two peers agree on it.
func clockOffset(e *evidence.Evidence) (time.Duration, bool) {
	if e.Clock == nil || e.Clock.Agreeing < 2 || 2*e.Clock.Agreeing <= len(e.Clock.Samples) {
		return 0, false
	}
	return time.Duration(e.Clock.OffsetMS * float64(time.Millisecond)), true
}

// wrongClock is the least offset that counts by itself. A smaller one counts where a certificate's dates fail on it.
const wrongClock = 5 * time.Minute

// trueTime is when the run began: by the peers, where they show that this host's clock is wrong.
func trueTime(e *evidence.Evidence) time.Time {
	if offset, known := clockOffset(e); known && offset.Abs() >= wrongClock {
		return e.StartedAt.Add(offset)
	}
	return e.StartedAt
}

// datesFitAt reports whether the presented chain would be in its dates at the peers' time.
func datesFitAt(trust *evidence.Trust, at time.Time) bool {
	for _, certificate := range []*evidence.Certificate{trust.Expired, trust.NotYetValid} {
		if certificate != nil && (at.After(certificate.NotAfter) || at.Before(certificate.NotBefore)) {
			return false
		}
	}
	return true
}

func whenHostClockWrong(e *evidence.Evidence) (Finding, bool) {
	offset, known := clockOffset(e)
	trust := trustOf(e)
	// What a Date cannot tell, for it has whole seconds and takes its time, is not an offset.
	breaks := known && offset.Abs() > 5*time.Second && trust != nil && !trust.DatesOK &&
		datesFitAt(trust, e.StartedAt.Add(offset)) && trust.Known()
	if !known || offset.Abs() < wrongClock && !breaks {
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
	realTime := e.StartedAt.Add(offset)
	finding := Finding{Severity: report.Warn, Values: prose.Values{
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

func trustOf(e *evidence.Evidence) *evidence.Trust {
	if e.TLS == nil {
		return nil
	}
	return e.TLS.Trust
}

func whenHostLocalFirewall(e *evidence.Evidence) (Finding, bool) {
	if finding, ok := whenNothingLeaves(e); ok {
		return finding, true
	}
	if finding, ok := cutByThisHost(e, evidence.LostGoingOut); ok {
		finding.Values["blocked"] = evidence.HostPort{Host: e.Target.Host, Port: e.Target.Port}.String()
		return finding, true
	}
	if finding, ok := strangerByRule(e); ok {
		return finding, true
	}
	end, failed := portEnding(e)
	if !failed {
		return Finding{}, false
	}
	blocked := evidence.HostPort{Host: e.Target.Host, Port: e.Target.Port}.String()
	finding := Finding{Confidence: end.Sure, Values: prose.Values{"blocked": blocked}, Evidence: end.Evidence(int(e.Target.Port))}
	if port := otherPort(e); port != 0 {
		finding.Values["good_port"] = strconv.Itoa(int(port))
	}
	switch {
	case end.By == reading.EndHere && (end.Route != nil || end.Lost != "" && end.Lost != evidence.LostGoingOut && end.Lost != evidence.LostAnswered) || deniedByUnit(e, end):
		return Finding{}, false // rows of their own
	case end.Outside:
		finding.Evidence = []string{fmt.Sprintf("Packets for %s leave the container, and the machine that it runs on takes them: its own firewall rules counted them.", blocked)}
		finding.Explains, finding.Hides = []string{"port"}, hereShows
		finding.byRule(e)
	case end.Rewrote:
		finding.sentElsewhere(e, end.SentTo)
	case end.By == reading.EndHere && end.Lost != "":
		finding.lostGoingOut(e, end.Sure == report.Certain)
	case end.By == reading.EndHere && end.Answer.From.IsValid():
		finding.byRule(e)
	case end.By == reading.EndHere:
		finding.Evidence = []string{"The kernel of this host refuses the connection: " + e.Step("port").Failure.Detail.String() + "."}
		finding.byRule(e)
	case end.Left:
		return Finding{}, false
	case end.By == reading.EndNearby && end.Last.TTL > 0, end.By == reading.EndSilence && end.Place == reading.PlaceNoneOnce && end.Again == nil:
		finding.Values["hop"] = end.Last.Sender()
	default:
		return Finding{}, false
	}
	return finding, true
}

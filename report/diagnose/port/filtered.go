package port

import (
	"cmp"
	"fmt"
	"slices"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// gatewayGone: the route for the service leads by a router that does not answer on this host's own network, while others
// are reached.
func gatewayGone(e *evidence.Evidence) (condition.Finding, bool) {
	end, failed := reading.PortEnding(e)
	if !failed || end.By != reading.EndGateway || end.Again != nil || e.HostAlive() || !reading.AnythingAnswered(e) {
		return condition.Finding{}, false
	}
	route := end.Route
	finding := condition.Finding{Confidence: end.Sure, Evidence: end.Evidence(int(e.Target.Port)), Values: prose.Values{"gateway": route.Gateway,
		"no_way": fmt.Sprintf("The gateway %s does not answer, so there is no route", route.Gateway), "route_line": route.Line},
		Culprit: &report.Culprit{Kind: "route", Name: route.Line, At: fmt.Sprintf("table %d", route.Table), Text: route.Line}}
	surroundings(e, end, &finding)
	return finding, true
}

// Filtered: silence at the port, which something on the path, or the host itself, makes.
func Filtered(e *evidence.Evidence) (condition.Finding, bool) {
	end, failed := reading.PortEnding(e)
	if !failed || end.By != reading.EndSilence || end.Again != nil {
		return condition.Finding{}, false
	}
	finding := condition.Finding{Values: prose.Values{}, Confidence: report.Likely}
	if attempt, ok := attemptThat(e.Port, evidence.KindTimeout); ok {
		finding.Evidence = []string{fmt.Sprintf("%s: silence for %.1f s.", attempt.Address, attempt.TookMS/1000)}
	}
	if e.HostAlive() { // else it may simply be down
		finding.Confidence = report.Certain // that it is filtered; where is never more than likely
	} else if len(e.Port.OtherPorts) > 0 {
		finding.Values["quiet_host"] = e.Target.Host
	}
	surroundings(e, end, &finding)
	if e.OtherPort() != 0 {
		finding.Values["other_port"] = "Another port"
	}
	if path := e.Port.Path; path != nil && path.Why == evidence.NotAvailable {
		finding.Confidence, finding.Values["no_icmp"] = report.Likely, evidence.NotAvailable
	}
	if path := e.Port.Path; path != nil && !path.Available && path.Why != "" {
		finding.Evidence = append(finding.Evidence, "Where on the path: "+path.Why+".")
	}
	switch end.Place {
	case reading.PlaceEdge: // that router has the packets; whether it passes them on is not seen
		finding.Confidence = report.Likely
		if inside, known := reading.Inside(end.Last.From); inside && known {
			finding.Values["arrived"] = end.Last.Sender()
		} else {
			finding.Values["beyond"] = end.Last.Sender()
		}
	case reading.PlaceNoneOnce: // they leave with another address than this host's, and no answer to that comes back
		finding.Confidence, finding.Values["source_nat"] = report.Likely, "A rule on this host"
		finding.Values["nat_rules"] = condition.NATRules
	case reading.PlaceAfter:
		finding.Values["last_hop"] = end.Last.Sender()
	}
	if end.Redirects.TTL > 0 {
		finding.Confidence, finding.Values["redirector"] = report.Likely, cmp.Or(screen.Capital(end.Redirects.Sender()), "A device on the path")
	}
	if words, some := reading.PortsWords(e.Ledger()); words != "" {
		finding.Confidence, finding.Evidence = report.Likely, append(finding.Evidence, words)
		delete(finding.Values, "other_port")
		if some != "" {
			finding.Values["silent_ports"] = some
		}
	}
	if here := e.ThisHost; here != nil && here.Route != nil && here.Route.OtherPort != "" { // then it may be all of that way
		finding.Confidence, finding.Values["route_line"] = report.Likely, here.Route.Line
		finding.Values["other_route"] = here.Route.OtherPort
		delete(finding.Values, "other_port")
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("This host's routing policy sends packets for this port by %s, and those for port %d by %s.",
			here.Route.Line, service.OpenSRS.OtherPort(e.Target.Port), here.Route.OtherPort))
	}
	maybeElsewhere(&finding, e, end)
	maybeECN(&finding, e)
	finding.Evidence = append(finding.Evidence, end.Evidence(int(e.Target.Port))...)
	return finding, true
}

// AllFiltered: no TCP gets out, and something else does. Many networks close port 443 of public resolvers, which the
// controls are by default: so no web source, and not the status page, may have been reached either.
func AllFiltered(e *evidence.Evidence) (condition.Finding, bool) {
	end, failed := reading.PortEnding(e)
	if !failed || end.By != reading.EndSilence || end.Again != nil || anyTCP(e) {
		return condition.Finding{}, false
	}
	good, bad := e.ControlPeers()
	silent := silentWeb(e)
	if len(good) > 0 || len(bad) == 0 || len(silent) == 0 {
		return condition.Finding{}, false
	}
	finding := condition.Finding{Confidence: report.Likely, Values: prose.Values{}, Evidence: []string{
		fmt.Sprintf("No TCP connection was made: not to port %d of %s, not to its other ports, not to %s, not to %s.",
			e.Target.Port, e.Target.Host, screen.List(bad), screen.List(silent))}}
	switch {
	case reading.PublicResolverOverIPv4(e):
		finding.Evidence = append(finding.Evidence, "Questions to a public resolver are answered.")
	case e.Egress != nil && len(e.Egress.DNSSeen) > 0:
		finding.Evidence = append(finding.Evidence, "A source that is asked by DNS answers.")
	case end.Walk.HostAnswers():
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("UDP packets reach %s, and its answer comes back.", e.Target.Host))
	default:
		return condition.Finding{}, false
	}
	if end.Last.TTL > 0 {
		finding.Values["last_hop"] = end.Last.Sender()
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("Hop %d, %s, is the last that answers for a TCP packet.", end.Last.TTL, end.Last.Sender()))
	}
	if end.Left {
		finding.Evidence = append(finding.Evidence, "The packets did leave this host.")
	} else {
		finding.Values["or_here"] = "this host's own firewall"
	}
	return finding, true
}

// anyTCP reports whether any TCP connection was made or refused in this run.
func anyTCP(e *evidence.Evidence) bool {
	met := func(connected bool, failure *evidence.Failure) bool {
		return connected || failure != nil && !failure.Kind.Unanswered() && failure.Kind != evidence.KindNXDomain
	}
	if e.Egress != nil && slices.ContainsFunc(e.Egress.Sightings, func(s evidence.Sighting) bool {
		return s.Path != evidence.WayDNS && (s.LocalAddress.IsValid() || s.Address.IsValid() || s.Trust != nil)
	}) {
		return true
	}
	if page := e.StatusPage; page != nil && page.Failure == nil {
		return true
	}
	return slices.ContainsFunc(e.Controls, func(c evidence.Control) bool { return met(c.Connected, c.Failure) }) ||
		slices.ContainsFunc(e.Attempts(), func(a evidence.Attempt) bool { return met(a.Connected, a.Failure) }) ||
		e.Witness != nil && e.Witness.Connected || len(e.Later()) > 0
}

// silentWeb are the web servers, besides the controls, to which a connection was tried in vain.
func silentWeb(e *evidence.Evidence) (silent []string) {
	if e.Egress != nil {
		for _, sighting := range e.Egress.Sightings {
			if sighting.Path == evidence.WayDirect && sighting.Failure != nil && sighting.Failure.Op != evidence.OpResolve {
				silent = screen.Once(silent, reading.SourceName(sighting.Source))
			}
		}
	}
	if page := e.StatusPage; page != nil && page.Failure != nil && page.Failure.Op != evidence.OpResolve {
		silent = screen.Once(silent, reading.SourceName(page.URL))
	}
	return silent
}

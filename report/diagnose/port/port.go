// Package port holds the conditions of the causes on the path and at the port: who ends the connection, and a proxy in
// between. A condition is named as its cause, without "port.".
package port

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// surroundings adds what else was seen beside a blocked port: that it was taken when asked again, the host's other
// port, and the controls.
func surroundings(e *evidence.Evidence, end reading.Ending, finding *condition.Finding) {
	if finding.Values == nil {
		finding.Values = prose.Values{}
	}
	if end.Again != nil {
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("Tried again, port %d took the connection: it answers now and then, "+
			"as where one of several servers that share an address is down.", e.Target.Port))
	}
	if port := e.OtherPort(); port != 0 {
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("Port %d of the same host answers.", port))
	}
	if words := otherAnswer(e); words != "" {
		finding.Evidence = append(finding.Evidence, words)
	}
	if words := reading.WitnessWords(e); words != "" {
		finding.Evidence = append(finding.Evidence, words)
		name := "witness_shut"
		if e.Witness.Connected {
			name = "witness_open"
		}
		finding.Values[name] = e.Witness.Peer
	}
	good, bad := e.ControlPeers()
	if len(good) > 0 {
		finding.Evidence = append(finding.Evidence, "Controls that answer: "+screen.List(good)+".")
	}
	if len(bad) > 0 {
		finding.Evidence = append(finding.Evidence, "Controls that take no connection: "+screen.List(bad)+".")
	}
}

// otherAnswer says which resolver has other addresses than those that were tried, and which; "" where none has.
func otherAnswer(e *evidence.Evidence) string {
	d := e.EndpointDNS()
	if d == nil || d.Used == evidence.UsedHosts || d.Used == "" {
		return ""
	}
	for _, answer := range d.Answers {
		tried := func(address netip.Addr) bool { return slices.Contains(d.IPv4, address) }
		if answer.Resolver == d.Used || len(answer.A) == 0 || slices.ContainsFunc(answer.A, tried) {
			continue
		}
		return fmt.Sprintf("The resolvers differ: %s gives %s, and %s gives %s.", reading.PlainServer(d.Used), screen.List(screen.Texts(d.IPv4)),
			reading.PlainServer(answer.Resolver), screen.List(screen.Texts(answer.A)))
	}
	return ""
}

// attemptThat is the first attempt that failed so.
func attemptThat(p *evidence.Port, failed evidence.Kind) (evidence.Attempt, bool) {
	for _, attempt := range p.Attempts {
		if attempt.Failure != nil && attempt.Failure.Kind == failed {
			return attempt, true
		}
	}
	return evidence.Attempt{}, false
}

// Refused: the host, or somebody who cannot be told from it, answers with a reset.
func Refused(e *evidence.Evidence) (condition.Finding, bool) {
	end, failed := reading.PortEnding(e)
	if !failed || end.By != reading.EndHost && end.By != reading.EndSomebody {
		return condition.Finding{}, false
	}
	finding := condition.Finding{Confidence: end.Sure, Values: prose.Values{}}
	if attempt, ok := attemptThat(e.Port, evidence.KindRefused); ok {
		finding.Evidence = []string{fmt.Sprintf("%s answers the connection with a refusal (RST) after %.0f ms.",
			attempt.Address, attempt.TookMS)}
	}
	finding.Evidence = append(finding.Evidence, end.Evidence(int(e.Target.Port))...)
	far := end.Far()
	if far == 1 && !end.Left {
		finding.Values["nearest"] = "this host"
	}
	if inner, known := reading.Inside(end.Last.From); far == 0 || far == 2 || known && inner { // the last router may be this network's own
		finding.Values["own_network"] = "this network"
	}
	finding.Values["resetter"] = "a firewall right in front of it"
	if end.By == reading.EndSomebody && end.Walk != nil {
		finding.Values["resetter"], finding.Values["anywhere"] = "a firewall before it", "any of them, this network's own too,"
	}
	maybeElsewhere(&finding, e, end)
	maybeECN(&finding, e)
	surroundings(e, end, &finding)
	return finding, true
}

// RejectedEnRoute: a device before the host refuses in its name.
func RejectedEnRoute(e *evidence.Evidence) (condition.Finding, bool) {
	end, failed := reading.PortEnding(e)
	signed := end.By == reading.EndDevice && end.Answer.Answer == evidence.HopPortUnreachable
	if !failed || !signed && end.By != reading.EndOnTheWay && end.By != reading.EndNearby {
		return condition.Finding{}, false
	}
	finding := condition.Finding{Confidence: end.Sure, Values: prose.Values{}, Evidence: end.Evidence(int(e.Target.Port))}
	switch {
	case signed:
		finding.Values["hop"] = end.Answer.Sender()
	case end.Last.TTL > 0:
		finding.Values["hop"] = end.Last.Sender()
	case end.By == reading.EndNearby && end.Left:
		finding.Values["hop"] = "the first router, or a device before it"
	case end.By == reading.EndNearby:
		finding.Values["hop"] = "this host or its first router"
	default:
		finding.Values["hop"] = fmt.Sprintf("hop %d (no address known)", end.Answer.TTL-1)
	}
	switch {
	case end.Redirects.TTL > 0:
		finding.Values["hop"] = cmp.Or(end.Redirects.Sender(), fmt.Sprintf("hop %d (no address known)", end.Redirects.TTL))
		finding.Values["redirector"] = screen.Capital(finding.Values["hop"])
	case end.By == reading.EndOnTheWay:
		finding.Values["refuser"] = screen.Capital(finding.Values["hop"])
	}
	maybeElsewhere(&finding, e, end)
	maybeECN(&finding, e)
	surroundings(e, end, &finding)
	return finding, true
}

// whenSigned is for a no that a device signs with its own address.
func whenSigned(e *evidence.Evidence, answer string) (condition.Finding, bool) {
	end, failed := reading.PortEnding(e)
	if !failed || end.By != reading.EndDevice || end.Answer.Answer != answer {
		return condition.Finding{}, false
	}
	finding := condition.Finding{Confidence: end.Sure, Values: prose.Values{"sender": end.Answer.Sender()},
		Evidence: end.Evidence(int(e.Target.Port))}
	surroundings(e, end, &finding)
	return finding, true
}

// Prohibited: a device says that the connection is prohibited, with its own address.
func Prohibited(e *evidence.Evidence) (condition.Finding, bool) {
	return whenSigned(e, evidence.HopProhibited)
}

// Unreachable: a device, the gateway's silence or this host's kernel says that nothing leads there.
func Unreachable(e *evidence.Evidence) (condition.Finding, bool) {
	if finding, ok := gatewayGone(e); ok {
		return finding, true
	}
	if condition.TooFar(e) && e.DirectPortFailed(evidence.KindTimeout, evidence.KindUnreachable, evidence.KindNoRoute) {
		finding := condition.Finding{First: true, Hides: []string{"port.", "service.partly-down", "host.local-firewall"},
			Values: prose.Values{"no_way": "This host's packets may not travel far enough, so there is no route"}}
		condition.FewSteps(&finding, e)
		return finding, true
	}
	finding, ok := whenSigned(e, evidence.HopUnreachable)
	if ok {
		finding.Values["no_way"] = "The network has no route"
		return finding, true
	}
	end, _ := reading.PortEnding(e)
	if end.By != reading.EndUnknown || !e.DirectPortFailed(evidence.KindUnreachable, evidence.KindNoRoute) {
		return condition.Finding{}, false
	}
	finding = condition.Finding{Confidence: report.Likely, Values: prose.Values{"no_way": "The network has no route"},
		Evidence: []string{"The kernel says: " + e.Step("port").Failure.Detail.String() + "."}}
	if e.Step("port").Failure.Kind == evidence.KindNoRoute {
		finding.Values["no_way"], finding.Values["route_add"] = "This host has no route", "sudo ip route add default via GATEWAY"
	}
	if expires, ok := e.Walk().Expires(); ok {
		finding.Values["no_way"], finding.Values["expires_at"] = "Packets expire at "+expires.Sender()+", so there is no route", expires.Sender()
		finding.Values["ttl_rules"] = "sudo nft list ruleset or sudo iptables-save -t mangle"
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("%s says that the time to live of packets for port %d ran out, whether they may travel few steps or %d.",
			expires.Sender(), e.Target.Port, expires.TTL))
	}
	if e.Host.On("darwin") { // pf_inet_hook of xnu gives EHOSTUNREACH for a packet that pf drops
		finding.Values["pf_rules"] = "sudo pfctl -s rules"
	}
	condition.SharedOut(&finding, e)
	surroundings(e, end, &finding)
	return finding, true
}

// WrongPort: the port given does not work, and the service's own port at the same host does.
func WrongPort(e *evidence.Evidence) (condition.Finding, bool) {
	if e.Target.Port == service.OpenSRS.Port || e.Port == nil || e.Host.Proxy != nil {
		return condition.Finding{}, false
	}
	stopped := e.Blocked()
	if stopped != "port" && stopped != "tls" && (stopped != "call" || !e.Call.Made() || e.Call.Envelope) {
		return condition.Finding{}, false // an envelope comes from the API, wherever it is
	}
	confidence := report.Certain
	if stopped == "call" && !e.Call.FailedAs(evidence.KindBadAnswer, evidence.KindNotHTTP) && !e.Call.Redirects() {
		confidence = report.Likely // the API in trouble looks like this too
	}
	for _, attempt := range e.Port.OtherPorts {
		if attempt.Connected && attempt.Address.Port() == service.OpenSRS.Port {
			return condition.Finding{Confidence: confidence, Explains: evidence.Stops, First: true, Hides: []string{"port.", "tls.", "call.", "host.local-firewall"},
				Values: prose.Values{"wrong_port": fmt.Sprintf("port %d", e.Target.Port)}, Evidence: []string{
					fmt.Sprintf("Port %d of %s does not work; port %d of the same host answers.", e.Target.Port, e.Target.Host, service.OpenSRS.Port)}}, true
		}
	}
	return condition.Finding{}, false
}

// answeredLate: the probe's own connection got no answer, and one that was made later did.
func answeredLate(e *evidence.Evidence) (waited evidence.Attempt, answer evidence.Hop, ok bool) {
	end, failed := reading.PortEnding(e)
	if !failed || end.By != reading.EndSilence || end.Again == nil {
		return waited, answer, false
	}
	waited, ok = attemptThat(e.Port, evidence.KindTimeout)
	return waited, *end.Again, ok
}

// lateWords say both, in one sentence.
func lateWords(waited evidence.Attempt, answer evidence.Hop) string {
	return fmt.Sprintf("%s gave no answer for %s and, tried again, took the connection after %.0f ms.", waited.Address,
		screen.SpanMS(waited.TookMS), answer.TookMS)
}

// Lossy: packets had to be sent again, or only a later connection came about.
func Lossy(e *evidence.Evidence) (condition.Finding, bool) {
	if waited, answer, ok := answeredLate(e); ok && answer.TookMS < waited.TookMS {
		return condition.Finding{Severity: report.Fail, Confidence: report.Likely, Values: prose.Values{"share_address": "several servers"},
			Evidence: []string{lateWords(waited, answer)}}, true
	}
	if e.Port == nil || e.Step("port").Status == evidence.Fail {
		return condition.Finding{}, false
	}
	connect, later := 0, 0
	if e.Port.Retransmits != nil {
		connect = *e.Port.Retransmits
	}
	if e.Call != nil && e.Call.Retransmits != nil {
		later = *e.Call.Retransmits - connect
	}
	// One segment sent again after the connection stood is what a sound line does now and then.
	// Lost or not, a SYN is sent again after one second, and from Linux 6.5 on each second (tcp_syn_linear_timeouts).
	connect = max(connect-int(e.Port.RoundTripMS/1000), 0)
	if connect == 0 && later < 2 {
		return condition.Finding{}, false
	}
	total := connect + max(later, 0)
	sure := report.Certain
	if e.Port.RoundTripMS == 0 && connect == 1 && later <= 0 {
		sure = report.Likely // a round trip of more than a second looks the same
	}
	finding := condition.Finding{Confidence: sure, Values: prose.Values{}, Hides: []string{"port.slow"}, Evidence: []string{
		fmt.Sprintf("%s sent again; connecting took %.0f ms.", screen.CountWords(total, "segment was", "segments were"), e.Port.ConnectMS)}}
	if connect > 0 {
		maybeECN(&finding, e)
	}
	return finding, true
}

// Slow: the connection took over a second, and no packet is known to be lost.
func Slow(e *evidence.Evidence) (condition.Finding, bool) {
	if waited, answer, ok := answeredLate(e); ok && answer.TookMS >= waited.TookMS { // --timeout left it too little time
		return condition.Finding{Severity: report.Fail, Confidence: report.Likely, Values: prose.Values{"connect_ms": fmt.Sprintf("%.0f ms", answer.TookMS)},
			Evidence: []string{lateWords(waited, answer)}}, true
	}
	if e.Port == nil || e.Step("port").Status == evidence.Fail || e.Port.ConnectMS <= 1000 || len(e.Port.Attempts) > 1 {
		return condition.Finding{}, false
	}
	finding := condition.Finding{Values: prose.Values{"connect_ms": fmt.Sprintf("%.0f ms", e.Port.ConnectMS)}, Evidence: []string{
		fmt.Sprintf("Connecting took %.0f ms.", e.Port.ConnectMS)}}
	if e.Port.Retransmits == nil {
		finding.Confidence, finding.Values["no_count"] = report.Likely, evidence.NotAvailable
	}
	return finding, true
}

package report

import (
	"fmt"
	"slices"
	"strconv"

	"opensrs-doctor/probes"
)

// directPortFailed: the port rows are about the direct way; a proxy has rows of its own.
func directPortFailed(e *probes.Evidence, kinds ...probes.Kind) bool {
	return e.Host.Proxy == nil && e.Port != nil && failedWith(e, "port", kinds...)
}

// refusedAtHost: the RST comes from as far away as the host, or its distance is not known.
func refusedAtHost(e *probes.Evidence) bool {
	walk := walkOf(e)
	if walk == nil || walk.Distance == 0 {
		return true
	}
	ttl := firstRefusal(walk)
	if !walk.ByHost && ttl == walk.Distance-1 {
		return true // the other port may be handed on to a machine one hop behind the host
	}
	return ttl == 0 || ttl >= walk.Distance
}

// otherPort is another port of the same host that answers, or 0.
func otherPort(e *probes.Evidence) uint16 {
	for _, attempt := range e.Port.OtherPorts {
		if attempt.Connected {
			return attempt.Address.Port()
		}
	}
	return 0
}

// hostAlive: another port of the host answers, be it with a refusal that comes from as far away as the host.
func hostAlive(e *probes.Evidence) bool {
	walk := walkOf(e)
	for _, attempt := range e.Port.OtherPorts {
		refused := attempt.Failure != nil && attempt.Failure.Kind == probes.KindRefused
		if attempt.Connected || refused && walk != nil && walk.ByHost && hop(walk.Compare, walk.Distance).Answer == probes.HopRefused {
			return true
		}
	}
	return false
}

// surroundings adds what else was seen beside a blocked port: the host's other port, and the controls.
func surroundings(e *probes.Evidence, finding *Finding) {
	if finding.Values == nil {
		finding.Values = Values{}
	}
	if port := otherPort(e); port != 0 {
		finding.Values["good_port"] = strconv.Itoa(int(port))
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("Port %d of the same host answers.", port))
	}
	if words := otherAnswer(e); words != "" {
		finding.Evidence = append(finding.Evidence, words)
	}
	good, bad := controls(e)
	if len(good) > 0 {
		finding.Evidence = append(finding.Evidence, "Controls that answer: "+list(good)+".")
	}
	if len(bad) > 0 {
		finding.Evidence = append(finding.Evidence, "Controls that do not: "+list(bad)+".")
	}
}

// rejection is an ICMP "port unreachable": what a firewall's plain reject sends. From the host itself it
// is the host's own refusal.
func rejection(e *probes.Evidence) (h probes.Hop, byHost, ok bool) {
	h, ok = icmpFrom(e, probes.HopPortUnreachable)
	for _, address := range e.Target.Addresses {
		byHost = byHost || ok && h.From == address
	}
	return h, byHost, ok
}

// attemptThat is the first attempt that failed so.
func attemptThat(p *probes.Port, failed probes.Kind) (probes.Attempt, bool) {
	for _, attempt := range p.Attempts {
		if attempt.Failure != nil && attempt.Failure.Kind == failed {
			return attempt, true
		}
	}
	return probes.Attempt{}, false
}

func whenPortRefused(e *probes.Evidence) (Finding, bool) {
	if !directPortFailed(e, probes.KindRefused) || !refusedAtHost(e) {
		return Finding{}, false
	}
	if _, byHost, ok := rejection(e); ok && !byHost {
		return Finding{}, false
	}
	finding := Finding{Confidence: Likely}
	if attempt, ok := attemptThat(e.Port, probes.KindRefused); ok {
		finding.Evidence = []string{fmt.Sprintf("%s answers the connection with a refusal (RST) after %.0f ms.",
			attempt.Address, attempt.TookMS)}
	}
	if walk := walkOf(e); walk != nil && walk.Distance > 0 && firstRefusal(walk) == walk.Distance {
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("The refusal comes from %d hops away, as far as the host itself: from it, or from the last router before it.", walk.Distance))
		finding.Values = Values{"distance": strconv.Itoa(walk.Distance)}
		if walk.Distance == 1 {
			finding.Values = nil
			finding.Evidence[len(finding.Evidence)-1] = "The refusal comes from the first hop, as far away as the host itself."
		}
		finding.Confidence = Certain
	}
	if answersToo(e) {
		finding.Confidence = Likely
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("Tried again, port %d took the connection: it answers now and then, "+
			"as where one of several servers behind an address is down.", e.Target.Port))
	}
	surroundings(e, &finding)
	return finding, true
}

// answersToo: a packet of the walk, or an ordinary one beside it, was taken where the probe's connection was refused.
func answersToo(e *probes.Evidence) bool {
	walk := walkOf(e)
	return walk != nil && slices.ContainsFunc(allHops(walk), func(h probes.Hop) bool { return h.Answer == probes.HopConnected })
}

func whenPortRejectedEnRoute(e *probes.Evidence) (Finding, bool) {
	if !directPortFailed(e, probes.KindRefused) {
		return Finding{}, false
	}
	if h, byHost, ok := rejection(e); ok && !byHost {
		finding := Finding{Values: Values{"hop": h.From.String(), "sender": h.From.String(), "icmp": icmpText(h)}, Evidence: []string{
			fmt.Sprintf("%s answers with ICMP %s.", h.From, icmpText(h))}}
		surroundings(e, &finding)
		return finding, true
	}
	walk := walkOf(e)
	if walk == nil || refusedAtHost(e) {
		return Finding{}, false
	}
	ttl := firstRefusal(walk)
	finding := Finding{Evidence: []string{fmt.Sprintf("The refusal comes at TTL %d; the host is %d hops away.", ttl, walk.Distance)}}
	if ttl == 1 {
		finding.Confidence = Likely
		finding.Evidence = append(finding.Evidence, "At TTL 1 this host itself or its first router has refused it.")
	}
	finding.Values = Values{"distance": strconv.Itoa(walk.Distance)}
	// A router that refuses while forwarding answers one TTL later than its own place.
	for _, at := range []int{ttl - 1, ttl} {
		if h := hop(slices.Concat(walk.Port, walk.Compare), at); h.From.IsValid() && !h.FromSelf {
			finding.Values["hop"] = h.From.String()
			finding.Evidence = append(finding.Evidence, fmt.Sprintf("The last router that passes packets for this port on is hop %d, %s.", at, h.From))
			break
		}
		if h := hop(walk.Compare, at); h.From.IsValid() {
			finding.Values["hop"] = h.From.String()
			break
		}
	}
	surroundings(e, &finding)
	return finding, true
}

func whenPortProhibited(e *probes.Evidence) (Finding, bool) {
	h, ok := icmpFrom(e, probes.HopProhibited)
	if !ok || !directPortFailed(e, probes.KindUnreachable, probes.KindRefused, probes.KindNotPermitted, probes.KindTimeout) {
		return Finding{}, false
	}
	finding := Finding{Values: Values{"sender": h.From.String(), "icmp": icmpText(h)}, Evidence: []string{
		fmt.Sprintf("%s answers with ICMP %s.", h.From, icmpText(h))}}
	surroundings(e, &finding)
	return finding, true
}

func whenPortUnreachable(e *probes.Evidence) (Finding, bool) {
	_, late := icmpFrom(e, probes.HopUnreachable) // a router may look for the host for some seconds first
	if !directPortFailed(e, probes.KindUnreachable, probes.KindNoRoute) && !(late && directPortFailed(e, probes.KindTimeout)) {
		return Finding{}, false
	}
	if _, prohibited := icmpFrom(e, probes.HopProhibited); prohibited {
		return Finding{}, false
	}
	finding := Finding{Values: Values{}}
	if h, ok := icmpFrom(e, probes.HopUnreachable); ok {
		finding.Values["sender"], finding.Values["icmp"] = h.From.String(), icmpText(h)
		finding.Evidence = []string{fmt.Sprintf("%s answers with ICMP %s.", h.From, icmpText(h))}
	} else {
		finding.Evidence = []string{"The kernel says: " + e.Step("port").Failure.Detail + "."}
		finding.Confidence = Likely
		if onSystem(e, "darwin") { // pf_inet_hook of xnu gives EHOSTUNREACH for a packet that pf drops
			finding.Values["pf_rules"] = "sudo pfctl -s rules"
		}
	}
	surroundings(e, &finding)
	return finding, true
}

func whenPortFiltered(e *probes.Evidence) (Finding, bool) {
	if !directPortFailed(e, probes.KindTimeout) || whenOK(whenPortUnreachable(e)) || whenOK(whenPortProhibited(e)) {
		return Finding{}, false
	}
	finding := Finding{Values: Values{}, Confidence: Likely}
	if attempt, ok := attemptThat(e.Port, probes.KindTimeout); ok {
		finding.Evidence = []string{fmt.Sprintf("%s: silence for %.1f s.", attempt.Address, attempt.TookMS/1000)}
	}
	if hostAlive(e) { // else it may simply be down
		finding.Confidence = Certain // that it is filtered; where is never more than likely
	} else if len(e.Port.OtherPorts) > 0 {
		finding.Values["quiet_host"] = e.Target.Host
	}
	surroundings(e, &finding)
	walk := walkOf(e)
	if path := e.Port.Path; path != nil && path.Why == probes.NotAvailable {
		finding.Confidence, finding.Values["no_icmp"] = Likely, probes.NotAvailable
	}
	if walk == nil {
		if e.Port.Path != nil && e.Port.Path.Why != "" {
			finding.Evidence = append(finding.Evidence, "Where on the way: "+e.Port.Path.Why+".")
		}
		return finding, true
	}
	last, ok := lastAnswering(walk)
	switch {
	case beyondLastRouter(walk):
		finding.Values["beyond"] = last.From.String()
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("Every router up to the last, %s, passes the packets on.", last.From))
	case ok && walksFurther(walk, last.TTL):
		finding.Values["last_hop"], finding.Values["last_hop_n"] = last.From.String(), strconv.Itoa(last.TTL)
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("Hop %d, %s, is the last that answers for port %d; packets for port %d get further.",
			last.TTL, last.From, e.Target.Port, walk.ComparedTo))
	default:
		place := "the routers do not answer"
		if ok {
			place = fmt.Sprintf("hop %d, %s, is the last that answers, for any port", last.TTL, last.From)
		}
		finding.Values["no_place"] = place
		finding.Evidence = append(finding.Evidence, "The position is unknown: "+place+".")
	}
	return finding, true
}

func whenPortWrongPort(e *probes.Evidence) (Finding, bool) {
	if e.Target.Port == probes.ServicePort || e.Port == nil || e.Host.Proxy != nil {
		return Finding{}, false
	}
	stopped := blocked(e)
	if stopped != "port" && stopped != "tls" && (stopped != "call" || !called(e) || e.Call.Envelope) {
		return Finding{}, false // an envelope comes from the API, wherever it is
	}
	confidence := Certain
	if stopped == "call" && !callFailedAs(e, probes.KindBadAnswer, probes.KindNotHTTP) && e.Call.HTTPStatus/100 != 3 {
		confidence = Likely // the API in trouble looks like this too
	}
	for _, attempt := range e.Port.OtherPorts {
		if attempt.Connected && attempt.Address.Port() == probes.ServicePort {
			return Finding{Confidence: confidence, Explains: stops, First: true, Hides: []string{"port.", "tls.", "call.", "host.local-firewall"},
				Values: Values{"good_port": "55443", "wrong_port": fmt.Sprintf("port %d", e.Target.Port)}, Evidence: []string{
					fmt.Sprintf("Port %d of %s does not work; port 55443 of the same host answers.", e.Target.Port, e.Target.Host)}}, true
		}
	}
	return Finding{}, false
}

func whenOK(_ Finding, ok bool) bool { return ok }

func whenPortLossy(e *probes.Evidence) (Finding, bool) {
	if e.Port == nil || e.Step("port").Status == probes.Fail {
		return Finding{}, false
	}
	connect, later := 0, 0
	if e.Port.Retransmits != nil {
		connect = *e.Port.Retransmits
	}
	if e.Call != nil && e.Call.Retransmits != nil {
		later = *e.Call.Retransmits - connect
	}
	// One segment sent again after the connection stood is what a sound line does now and then.
	if connect == 0 && later < 2 {
		return Finding{}, false
	}
	total := connect + max(later, 0)
	return Finding{Values: Values{"retransmits": strconv.Itoa(total), "connect_ms": fmt.Sprintf("%.0f ms", e.Port.ConnectMS)},
		Hides: []string{"port.slow"}, Evidence: []string{
			fmt.Sprintf("%s sent again; connecting took %.0f ms.", countWords(total, "segment was", "segments were"), e.Port.ConnectMS)}}, true
}

func countWords(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

func whenPortSlow(e *probes.Evidence) (Finding, bool) {
	if e.Port == nil || e.Step("port").Status == probes.Fail || e.Port.ConnectMS <= 1000 || len(e.Port.Attempts) > 1 {
		return Finding{}, false
	}
	finding := Finding{Values: Values{"connect_ms": fmt.Sprintf("%.0f ms", e.Port.ConnectMS)}, Evidence: []string{
		fmt.Sprintf("Connecting took %.0f ms.", e.Port.ConnectMS)}}
	if e.Port.Retransmits == nil {
		finding.Confidence, finding.Values["no_count"] = Likely, probes.NotAvailable
	}
	return finding, true
}

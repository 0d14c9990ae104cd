package host

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// What on this host is in the way: package thishost measured it.

// counted are the sentences about packets that are lost in this host. of is what happened to them.
func countedWords(e *evidence.Evidence) []string {
	ledger := e.Ledger()
	n := 3 * ledger.N
	if words, _ := reading.PortsWords(ledger); words != "" {
		if lost, _ := ledger.Lost(); lost == evidence.LostComingIn {
			return []string{words, fmt.Sprintf("This host's kernel counted %d answers that came in and were handed to no program.", ledger.Packets())}
		}
		return []string{words, fmt.Sprintf("This host's kernel counted %d that did not reach a network interface.", ledger.Packets())}
	}
	switch lost, _ := ledger.Lost(); lost {
	case evidence.LostAnswered:
		return []string{fmt.Sprintf("This host's kernel counted: none of %d packets for %s left, and as many went over the loopback interface. "+
			"What answers them is on this host.", n, ledger.To)}
	case evidence.LostGoingOut:
		if ledger.Forbidden > 0 {
			return []string{fmt.Sprintf("This host's kernel refused to send %d of %d packets for %s (operation not permitted).", ledger.Forbidden, n, ledger.To)}
		}
		if ledger.Twice.OutTransmits == nil {
			return []string{fmt.Sprintf("This host's kernel counted: of %d packets for %s that a program sent, none came through the output chain "+
				"of its firewall.", n, ledger.To)}
		}
		return []string{fmt.Sprintf("This host's kernel counted: of %d packets for %s that a program sent, none reached a network interface.",
			n, ledger.To)}
	case evidence.LostComingIn, evidence.LostReversePath:
		return []string{fmt.Sprintf("This host's kernel counted: %d packets for %s left, as many answers came in, and none was handed to a program.",
			n, ledger.To)}
	case evidence.LostBelow:
		return []string{fmt.Sprintf("This host's kernel counted: %d packets for %s left, as many packets came in at an interface, and its IP "+
			"layer got none of them.", n, ledger.To)}
	}
	return nil
}

// deafHost: nothing that is sent for gets an answer, and the kernel counted why. It is asked where names could not be
// resolved, or the port was silent.
func deafHost(e *evidence.Evidence, place string) (condition.Finding, bool) {
	lost, sure := e.Ledger().Lost()
	stopped := e.Blocked()
	if lost != place || stopped != "dns" && stopped != "port" {
		return condition.Finding{}, false
	}
	if e.Host.Proxy != nil && stopped == "port" {
		if !e.FailedWith("port", evidence.KindTimeout) || reading.ProxyAnswered(e) {
			return condition.Finding{}, false
		}
	} else if stopped == "port" {
		if end, failed := reading.PortEnding(e); !failed || end.By != reading.EndHere || end.Lost != place {
			return condition.Finding{}, false
		}
	} else if !e.FailedWith("dns", evidence.KindTimeout, evidence.KindNotPermitted) {
		return condition.Finding{}, false
	}
	finding := condition.Finding{Values: prose.Values{}, Evidence: countedWords(e), Explains: []string{stopped}, First: true,
		Hides: slices.Concat([]string{"host.offline", "host.local-firewall"}, condition.HereShows.Get())}
	if !sure {
		finding.Confidence = report.Likely
		finding.Evidence = append(finding.Evidence, "Other packets are dropped here all the time, so the count is not steady.")
	}
	if out := e.Ledger().WentOut; out != "" {
		finding.Values["interface"] = out
	}
	finding.Values["silent_peer"] = silentPeer(e)
	return finding, true
}

// silentPeer is whom the ledger's packets were for, as a person knows it.
func silentPeer(e *evidence.Evidence) string {
	switch ledger := e.Ledger(); {
	case ledger.Protocol == evidence.LedgerUDP, e.Blocked() == "dns":
		return reading.PlainServer(ledger.To)
	case e.Host.Proxy != nil:
		return e.Host.Proxy.URL
	}
	return netaddr.HostPort{Host: e.Target.Host, Port: e.Target.Port}.String()
}

// whenNothingLeaves is for a firewall of this host that stops other packets than those to the endpoint, which has not been
// come to: to a resolver, or to the proxy.
func whenNothingLeaves(e *evidence.Evidence) (condition.Finding, bool) {
	if e.Blocked() == "port" && e.Host.Proxy == nil {
		return condition.Finding{}, false
	}
	finding, ok := deafHost(e, evidence.LostGoingOut)
	if !ok {
		return condition.Finding{}, false
	}
	_, sure := e.Ledger().Lost()
	finding.Evidence, finding.Values["blocked"] = nil, silentPeer(e)
	if e.Ledger().Protocol == evidence.LedgerUDP {
		finding.Values["blocked_resolver"] = silentPeer(e)
	}
	hides, explains := finding.Hides, finding.Explains
	lostGoingOut(&finding, e, sure)
	finding.Hides, finding.Explains = append(hides, finding.Hides...), explains
	return finding, true
}

// ReplyDropped: the answers came in and were handed to no program of this host.
func ReplyDropped(e *evidence.Evidence) (condition.Finding, bool) {
	if finding, ok := cutByThisHost(e, evidence.LostComingIn); ok {
		return finding, true
	}
	if finding, ok := deafHost(e, evidence.LostBelow); ok {
		finding.Confidence = report.Likely // what came in is counted, and not looked at
		finding.Values["below_ip"] = fmt.Sprintf("sudo nft list ruleset netdev, sudo nft list ruleset bridge, tc filter show dev %s ingress and ip link show %[1]s", cmp.Or(e.Ledger().CameIn, "INTERFACE"))
		return finding, true
	}
	finding, ok := deafHost(e, evidence.LostComingIn)
	if !ok || e.ThisHost.Conntrack.Full() {
		return condition.Finding{}, false
	}
	byRule(&finding, e)
	sourcePorts(&finding, e)
	return finding, true
}

// sourcePorts says that it is about some source ports, where it is.
func sourcePorts(f *condition.Finding, e *evidence.Evidence) {
	if _, some := reading.PortsWords(e.Ledger()); some != "" {
		f.Values["silent_ports"] = some
		delete(f.Values, "good_port")
	}
}

// ReversePathFilter: the answers came in, and the kernel counted them as dropped by that filter.
func ReversePathFilter(e *evidence.Evidence) (condition.Finding, bool) {
	finding, ok := deafHost(e, evidence.LostReversePath)
	if !ok {
		return condition.Finding{}, false
	}
	ledger := e.Ledger()
	finding.Evidence = append(finding.Evidence, fmt.Sprintf("It counted %d of them as dropped by the reverse path filter.",
		ledger.Once.ReversePath+ledger.Twice.ReversePath))
	if in := ledger.CameIn; in != "" && in != ledger.WentOut {
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("They left by %s and came in by %s.", ledger.WentOut, in))
	}
	return finding, true
}

// ConntrackFull: the kernel's table of connections has no room left for another.
func ConntrackFull(e *evidence.Evidence) (condition.Finding, bool) {
	if e.ThisHost == nil {
		return condition.Finding{}, false
	}
	table, ledger := e.ThisHost.Conntrack, e.Ledger()
	if e.Step("port").Status == evidence.Warn && table.AlmostFull() && e.Port != nil && e.Port.Retransmits != nil && *e.Port.Retransmits > 0 {
		return condition.Finding{Severity: report.Warn, Confidence: report.Likely, Hides: []string{"port.lossy", "port.slow"}, Values: conntrackValues(table),
			Evidence: []string{conntrackWords(table), "The first packet to the port had to be sent again."}}, true
	}
	stopped := e.Blocked()
	if stopped != "dns" && stopped != "port" || !e.FailedWith(stopped, evidence.KindTimeout, evidence.KindNotPermitted) {
		return condition.Finding{}, false
	}
	dropped := ledger != nil && ledger.N > 0 && ledger.Once.ConntrackFull+ledger.Twice.ConntrackFull >= ledger.N
	lost, _ := ledger.Lost()
	if !dropped && !(table.Full() && lost != evidence.LostNowhere) {
		return condition.Finding{}, false
	}
	finding := condition.Finding{First: true, Explains: []string{stopped}, Hides: []string{"host.offline"}}
	if table != nil {
		finding.Values, finding.Evidence = conntrackValues(table), []string{conntrackWords(table)}
	}
	finding.Evidence = append(finding.Evidence, countedWords(e)...)
	if !dropped {
		finding.Confidence = report.Likely
	}
	return finding, true
}

func conntrackValues(table *evidence.Conntrack) prose.Values {
	return prose.Values{"conntrack_more": strconv.Itoa(2 * table.Max)}
}

func conntrackWords(table *evidence.Conntrack) string {
	return fmt.Sprintf("The table holds %d connections, and has room for %d.", table.Count, table.Max)
}

// ledgerTo is the address that packets were counted to, without the port.
func ledgerTo(e *evidence.Evidence) string {
	if ledger := e.Ledger(); ledger != nil {
		address, _, _ := strings.Cut(ledger.To, ":")
		return address
	}
	return ""
}

// PortsExhausted: no source port is free for a connection to this peer.
func PortsExhausted(e *evidence.Evidence) (condition.Finding, bool) {
	stopped := e.Blocked()
	if stopped != "dns" && stopped != "port" || !e.FailedWith(stopped, evidence.KindNoPort) {
		return condition.Finding{}, false
	}
	finding := condition.Finding{First: true, Explains: []string{stopped}, Confidence: report.Likely, Values: prose.Values{},
		Evidence: []string{fmt.Sprintf("The kernel says: %s.", e.Step(stopped).Failure.Detail)}}
	if e.ThisHost == nil || e.ThisHost.Ports == nil {
		return finding, true
	}
	ports := e.ThisHost.Ports
	size := ports.Last - ports.First + 1
	counted := fmt.Sprintf("Source ports go from %d to %d, which is %d", ports.First, ports.Last, size)
	if stopped == "port" {
		counted += fmt.Sprintf("; %s to this address and port", screen.CountWords(ports.Used, "socket is held", "sockets are held"))
		if 10*ports.Used >= 9*size {
			finding.Confidence = report.Certain
		}
	}
	finding.Evidence = append(finding.Evidence, counted+".")
	return finding, true
}

// DescriptorsExhausted: this process, or this host, has no file descriptor left.
func DescriptorsExhausted(e *evidence.Evidence) (condition.Finding, bool) {
	stopped := e.Blocked()
	if stopped == "" || !e.FailedWith(stopped, evidence.KindNoDescriptors) {
		return condition.Finding{}, false
	}
	return condition.Finding{First: true, Explains: []string{stopped},
		Evidence: []string{fmt.Sprintf("The kernel says: %s.", e.Step(stopped).Failure.Detail)}}, true
}

// lostGoingOut fills the row of a firewall of this host that drops what goes out. Where a control group's program may do
// so as well, and could not be asked for, it is likely only.
func lostGoingOut(f *condition.Finding, e *evidence.Evidence, sure bool) {
	f.Evidence = countedWords(e)
	f.Explains, f.Hides = []string{"port"}, condition.HereShows.Get()
	byRule(f, e)
	sourcePorts(f, e)
	group := e.ThisHost.Cgroup
	answered := e.FailedWith("port", evidence.KindRefused) // such a program drops, and answers nobody
	if group != nil && group.Why != "" && !answered {
		f.Confidence = report.Likely
		f.Values["or_cgroup"] = "the control group of this process"
		if group.Unit != "" {
			f.Values["or_cgroup"] = "the systemd unit " + group.Unit
		}
	}
	if !sure {
		f.Evidence = append(f.Evidence, "Other packets are dropped here all the time, so the count is not steady.")
	}
}

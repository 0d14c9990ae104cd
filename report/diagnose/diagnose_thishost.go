package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// What on this very host stands in the way: package thishost measured it.

func ledgerOf(e *evidence.Evidence) *evidence.Ledger {
	if e.ThisHost == nil {
		return nil
	}
	return e.ThisHost.Ledger
}

// counted are the sentences about packets that are lost in this host. of is what happened to them.
func countedWords(e *evidence.Evidence) []string {
	ledger := ledgerOf(e)
	n := 3 * ledger.N
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
func deafHost(e *evidence.Evidence, place string) (Finding, bool) {
	lost, sure := ledgerOf(e).Lost()
	stopped := Blocked(e)
	if lost != place || stopped != "dns" && stopped != "port" {
		return Finding{}, false
	}
	if e.Host.Proxy != nil && stopped == "port" {
		if !failedWith(e, "port", evidence.KindTimeout) || proxyAnswered(e) {
			return Finding{}, false
		}
	} else if stopped == "port" {
		if end, failed := portEnding(e); !failed || end.By != reading.EndHere || end.Lost != place {
			return Finding{}, false
		}
	} else if !failedWith(e, "dns", evidence.KindTimeout, evidence.KindNotPermitted) {
		return Finding{}, false
	}
	finding := Finding{Values: prose.Values{}, Evidence: countedWords(e), Explains: []string{stopped}, First: true,
		Hides: slices.Concat([]string{"host.offline", "host.local-firewall"}, hereShows)}
	if !sure {
		finding.Confidence = report.Likely
		finding.Evidence = append(finding.Evidence, "Other packets are dropped here all the time, so the count is not steady.")
	}
	if out := ledgerOf(e).WentOut; out != "" {
		finding.Values["interface"] = out
	}
	finding.Values["silent_peer"] = silentPeer(e)
	return finding, true
}

// silentPeer is whom the ledger's packets were for, as a person knows it.
func silentPeer(e *evidence.Evidence) string {
	switch ledger := ledgerOf(e); {
	case ledger.Protocol == evidence.LedgerUDP, Blocked(e) == "dns":
		return reading.PlainServer(ledger.To)
	case e.Host.Proxy != nil:
		return e.Host.Proxy.URL
	}
	return evidence.HostPort{Host: e.Target.Host, Port: e.Target.Port}.String()
}

// whenNothingLeaves is for a firewall of this host that stops other packets than those to the endpoint, which has not been
// come to: to a resolver, or to the proxy.
func whenNothingLeaves(e *evidence.Evidence) (Finding, bool) {
	if Blocked(e) == "port" && e.Host.Proxy == nil {
		return Finding{}, false
	}
	finding, ok := deafHost(e, evidence.LostGoingOut)
	if !ok {
		return Finding{}, false
	}
	_, sure := ledgerOf(e).Lost()
	finding.Evidence, finding.Values["blocked"] = nil, silentPeer(e)
	if ledgerOf(e).Protocol == evidence.LedgerUDP {
		finding.Values["blocked_resolver"] = silentPeer(e)
	}
	hides, explains := finding.Hides, finding.Explains
	finding.lostGoingOut(e, sure)
	finding.Hides, finding.Explains = append(hides, finding.Hides...), explains
	return finding, true
}

func whenHostReplyDropped(e *evidence.Evidence) (Finding, bool) {
	if finding, ok := cutByThisHost(e, evidence.LostComingIn); ok {
		return finding, true
	}
	if finding, ok := deafHost(e, evidence.LostBelow); ok {
		finding.Confidence = report.Likely // what came in is counted, and not looked at
		finding.Values["below_ip"] = fmt.Sprintf("sudo nft list ruleset netdev, tc filter show dev %s ingress and ip link show %[1]s", cmp.Or(ledgerOf(e).CameIn, "INTERFACE"))
		return finding, true
	}
	finding, ok := deafHost(e, evidence.LostComingIn)
	if !ok || e.ThisHost.Conntrack.Full() {
		return Finding{}, false
	}
	finding.byRule(e)
	return finding, true
}

func whenHostReversePathFilter(e *evidence.Evidence) (Finding, bool) {
	finding, ok := deafHost(e, evidence.LostReversePath)
	if !ok {
		return Finding{}, false
	}
	ledger := ledgerOf(e)
	finding.Evidence = append(finding.Evidence, fmt.Sprintf("It counted %d of them as dropped by the reverse path filter.",
		ledger.Once.ReversePath+ledger.Twice.ReversePath))
	if in := ledger.CameIn; in != "" && in != ledger.WentOut {
		finding.Values["other_interface"] = in
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("They left by %s and came in by %s.", ledger.WentOut, in))
	}
	return finding, true
}

func whenHostConntrackFull(e *evidence.Evidence) (Finding, bool) {
	if e.ThisHost == nil {
		return Finding{}, false
	}
	table, ledger := e.ThisHost.Conntrack, ledgerOf(e)
	if e.Step("port").Status == evidence.Warn && table.AlmostFull() && e.Port != nil && e.Port.Retransmits != nil && *e.Port.Retransmits > 0 {
		return Finding{Severity: report.Warn, Confidence: report.Likely, Hides: []string{"port.lossy", "port.slow"}, Values: conntrackValues(table),
			Evidence: []string{conntrackWords(table), "The first packet to the port had to be sent again."}}, true
	}
	stopped := Blocked(e)
	if stopped != "dns" && stopped != "port" || !failedWith(e, stopped, evidence.KindTimeout, evidence.KindNotPermitted) {
		return Finding{}, false
	}
	dropped := ledger != nil && ledger.N > 0 && ledger.Once.ConntrackFull+ledger.Twice.ConntrackFull >= ledger.N
	lost, _ := ledger.Lost()
	if !dropped && !(table.Full() && lost != evidence.LostNowhere) {
		return Finding{}, false
	}
	finding := Finding{First: true, Explains: []string{stopped}, Hides: []string{"host.offline"}}
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
	return prose.Values{"conntrack": fmt.Sprintf("%d of %d", table.Count, table.Max), "conntrack_more": strconv.Itoa(2 * table.Max)}
}

func conntrackWords(table *evidence.Conntrack) string {
	return fmt.Sprintf("The table holds %d connections, and has room for %d.", table.Count, table.Max)
}

func whenHostRouteDenied(e *evidence.Evidence) (Finding, bool) {
	end, failed := portEnding(e)
	if !failed || end.By != reading.EndHere || end.Route == nil {
		return Finding{}, false
	}
	route := end.Route
	finding := Finding{First: true, Values: prose.Values{"route_line": route.Line, "route_kind": route.Kind},
		Evidence: []string{fmt.Sprintf("The kernel says at once: %s.", e.Step("port").Failure.Detail), "The line: " + route.Line + "."}}
	finding.Culprit = &report.Culprit{Kind: "route", Name: route.Line, At: fmt.Sprintf("table %d", route.Table), Text: route.Line}
	switch {
	case route.Rule:
		finding.Culprit.Kind, finding.Culprit.At = "ip-rule", "ip rule"
		priority, _, _ := strings.Cut(route.Line, ":")
		finding.Values["route_delete"] = "sudo ip rule del priority " + priority
		finding.Values["route_list"] = "ip rule"
	default:
		finding.Values["route_delete"] = "sudo ip route del " + route.Line
		finding.Values["route_list"] = "ip route show table all"
	}
	return finding, true
}

func whenHostAttachedNetwork(e *evidence.Evidence) (Finding, bool) {
	if e.ThisHost == nil || e.ThisHost.Route == nil || !e.ThisHost.Route.Attached ||
		!directPortFailed(e, evidence.KindTimeout, evidence.KindUnreachable, evidence.KindNoRoute) || hostAlive(e) {
		return Finding{}, false
	}
	end, _ := portEnding(e)
	asked := e.Step("port").Failure.Kind == evidence.KindUnreachable || reading.AnyUnreachableHere(e)
	if !asked || end.Lost != "" || end.Again != nil || end.By == reading.EndDevice || len(e.Target.Addresses) == 0 {
		return Finding{}, false
	}
	route, to := e.ThisHost.Route, e.Target.Addresses[0]
	finding := Finding{First: true, Confidence: report.Likely, Hides: []string{"host.local-firewall"}, Values: prose.Values{
		"interface": route.Interface, "prefix": route.Prefix, "route_line": route.Line},
		Culprit: &report.Culprit{Kind: "interface", Name: route.Interface, At: route.Prefix, Text: route.Line},
		Evidence: []string{fmt.Sprintf("The route for %s has no gateway: %s.", to, route.Line),
			"The kernel asked on that network who has this address, and no machine answered."}}
	if iprules.NeverPublic(to) == "" && !e.Target.CustomEndpoint {
		finding.Confidence = report.Certain
	}
	return finding, true
}

// whenHostDeadTunnel: packets go into a tunnel, or by a cable, from which none ever came back.
func whenHostDeadTunnel(e *evidence.Evidence) (Finding, bool) {
	if e.ThisHost == nil || e.ThisHost.Route == nil || e.Host.Proxy != nil {
		return Finding{}, false
	}
	route, blocked := e.ThisHost.Route, Blocked(e)
	if !route.Silent || route.Alive == "" && !route.Tunnel || route.Attached || blocked != "dns" && blocked != "port" || !failedWith(e, blocked, evidence.KindTimeout) {
		return Finding{}, false
	}
	if place, _ := ledgerOf(e).Lost(); place != evidence.LostNowhere {
		return Finding{}, false // they never came as far as the interface
	}
	to := cmp.Or(ledgerTo(e), e.Target.Host)
	received := fmt.Sprintf("%s has received no packet since it is there", route.Interface)
	if route.Alive != "" {
		received += "; " + route.Alive + " receives packets"
	}
	return Finding{First: true, Confidence: report.Likely, Explains: []string{"egress", "dns", "port"},
		Values:   prose.Values{"interface": route.Interface, "alive": route.Alive, "route_line": route.Line, "towards": to},
		Culprit:  &report.Culprit{Kind: "interface", Name: route.Interface, At: route.Prefix, Text: route.Line},
		Evidence: []string{fmt.Sprintf("The route for %s is %s.", to, route.Line), received + "."}}, true
}

// ledgerTo is the address that packets were counted to, without the port.
func ledgerTo(e *evidence.Evidence) string {
	if ledger := ledgerOf(e); ledger != nil {
		address, _, _ := strings.Cut(ledger.To, ":")
		return address
	}
	return ""
}

func whenHostPortsExhausted(e *evidence.Evidence) (Finding, bool) {
	stopped := Blocked(e)
	if stopped != "dns" && stopped != "port" || !failedWith(e, stopped, evidence.KindNoPort) {
		return Finding{}, false
	}
	finding := Finding{First: true, Explains: []string{stopped}, Confidence: report.Likely, Values: prose.Values{},
		Evidence: []string{fmt.Sprintf("The kernel says: %s.", e.Step(stopped).Failure.Detail)}}
	if e.ThisHost == nil || e.ThisHost.Ports == nil {
		return finding, true
	}
	ports := e.ThisHost.Ports
	size := ports.Last - ports.First + 1
	counted := fmt.Sprintf("Source ports go from %d to %d, which is %d", ports.First, ports.Last, size)
	if stopped == "port" {
		counted += fmt.Sprintf("; %s to this address and port", screen.CountWords(ports.Used, "socket is held", "sockets are held"))
		finding.Values["port_range"] = fmt.Sprintf("%d to %d", ports.First, ports.Last)
		if 10*ports.Used >= 9*size {
			finding.Confidence = report.Certain
		}
	}
	finding.Evidence = append(finding.Evidence, counted+".")
	return finding, true
}

func whenHostDescriptorsExhausted(e *evidence.Evidence) (Finding, bool) {
	stopped := Blocked(e)
	if stopped == "" || !failedWith(e, stopped, evidence.KindNoDescriptors) {
		return Finding{}, false
	}
	return Finding{First: true, Explains: []string{stopped},
		Evidence: []string{fmt.Sprintf("The kernel says: %s.", e.Step(stopped).Failure.Detail)}}, true
}

// permission is the kernel's no to a connection, without an ICMP message and without a line of the routing policy: EPERM
// of a control group's program or a filter of system calls, EACCES of a security module.
func permission(e *evidence.Evidence) (accessDenied, ok bool) {
	end, failed := portEnding(e)
	if !failed || end.By != reading.EndHere || end.Route != nil || end.Lost != "" || end.Outside || end.Rewrote || end.Answer.From != "" || e.ThisHost == nil {
		return false, false
	}
	return strings.Contains(e.Step("port").Failure.Detail.String(), "permission denied"), true
}

// deniedByUnit: a program of this process's control group says no, or takes the packets; or it is not known, and nothing
// else gives this errno.
func deniedByUnit(e *evidence.Evidence, end reading.Ending) bool {
	if e.ThisHost == nil {
		return false
	}
	group := e.ThisHost.Cgroup
	if end.By == reading.EndHere && end.Lost == evidence.LostGoingOut {
		return group != nil && slices.Contains(group.Programs, "egress") && !namesRule(e)
	}
	if end.By == reading.EndSilence && group != nil && slices.Contains(group.Programs, "ingress") && ledgerOf(e).Unheard() {
		return true
	}
	access, is := permission(e)
	return is && !access
}

// namesRule reports whether a rule or policy of the firewall is known to have taken the packets.
func namesRule(e *evidence.Evidence) bool {
	rules := e.ThisHost.Firewall
	return rules != nil && len(rules.Took)+len(rules.Policies) > 0
}

// noRule reports whether the firewall's rules were read, and none of them can have taken the packets.
func noRule(e *evidence.Evidence) bool {
	rules := e.ThisHost.Firewall
	return rules != nil && rules.Why == "" && rules.Legacy == "" && !namesRule(e) && rules.Uncounted == 0
}

// unitStopsAll is for a program of this process's control group that stops other packets than those to the endpoint, which
// has not been come to: it drops them, or refuses them all.
func unitStopsAll(e *evidence.Evidence) (Finding, bool) {
	if e.ThisHost == nil || e.ThisHost.Cgroup == nil || Blocked(e) == "port" && e.Host.Proxy == nil {
		return Finding{}, false
	}
	has := func(program string) bool { return slices.Contains(e.ThisHost.Cgroup.Programs, program) }
	ledger := ledgerOf(e)
	if finding, out := deafHost(e, evidence.LostGoingOut); out {
		return finding, has("egress") && !namesRule(e) || has("connect4") && ledger.Refused == 3*ledger.N
	}
	// Where the group's program judges what comes in, the kernel has counted it as delivered.
	silent := Blocked(e) == "dns" && failedWith(e, "dns", evidence.KindTimeout)
	return Finding{Explains: []string{"dns"}, Hides: slices.Concat([]string{"host.offline"}, hereShows)}, silent && ledger.Unheard() && has("ingress")
}

func whenHostUnitDenied(e *evidence.Evidence) (Finding, bool) {
	end, failed := portEnding(e)
	finding, all := unitStopsAll(e)
	if !all && (!failed || !deniedByUnit(e, end)) {
		return Finding{}, false
	}
	if !all {
		finding = Finding{}
	}
	finding.First, finding.Confidence, finding.Values = true, report.Likely, prose.Values{}
	finding.Hides = append(finding.Hides, "host.local-firewall", "host.reply-dropped")
	unheard := ledgerOf(e).Unheard() && end.Lost == ""
	if ledger := ledgerOf(e); unheard {
		finding.Evidence = []string{fmt.Sprintf("This host's kernel counted: the answers to %d packets for %s were handed on in this host, and no program heard one.", 3*ledger.N, ledger.To)}
		finding.Hides = append(finding.Hides, "port.filtered", "port.all-filtered")
	} else if all || end.Lost != "" {
		finding.Evidence = countedWords(e)
	} else {
		finding.Evidence = []string{fmt.Sprintf("The kernel refuses the connection: %s.", e.Step("port").Failure.Detail)}
		finding.Values["or_seccomp"] = "a filter of system calls"
	}
	group := e.ThisHost.Cgroup
	if group == nil {
		return finding, true
	}
	if group.Unit != "" {
		finding.Values["unit"] = group.Unit
		finding.Values["unit_cat"] = "systemctl show -p IPAddressDeny,IPAddressAllow,RestrictNetworkInterfaces,DropInPaths " + group.Unit
	}
	if group.Path != "/" {
		finding.Values["cgroup"] = group.Path
		finding.Evidence = append(finding.Evidence, "This process runs in the control group "+group.Path+".")
	}
	if len(group.Programs) > 0 {
		finding.Values["cgroup"] = group.At
		finding.Culprit = &report.Culprit{Kind: "cgroup-program", Name: strings.Join(group.Programs, ", "), At: group.At, Text: group.Unit}
		if group.Unit != "" {
			systemd := "systemd"
			finding.Culprit.Manager = &systemd
		}
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("Programs are attached to the control group %s: %s.", group.At, screen.List(group.Programs)))
		ledger := ledgerOf(e)
		refused := slices.Contains(group.Programs, "connect4") && (ledger == nil || ledger.Refused == 3*ledger.N)
		if unheard || refused || noRule(e) { // else the program may only count, as systemd's IPAccounting does, and a rule drop
			finding.Confidence = report.Certain
			delete(finding.Values, "or_seccomp")
		} else if end.Lost != "" || all {
			finding.byRule(e)
			finding.Values["or_rule"] = "a firewall rule"
		}
	} else if group.Why != "" {
		finding.Evidence = append(finding.Evidence, "Whether a program is attached to it could not be asked: "+group.Why+".")
		finding.Values["as_root"] = "sudo opensrs-doctor"
	}
	return finding, true
}

func whenHostSelinuxDenied(e *evidence.Evidence) (Finding, bool) {
	access, is := permission(e)
	if !is || !access || !e.ThisHost.SELinux {
		return Finding{}, false
	}
	return Finding{First: true, Confidence: report.Likely, Hides: []string{"host.local-firewall"}, Evidence: []string{
		fmt.Sprintf("The kernel refuses the connection: %s.", e.Step("port").Failure.Detail), "SELinux enforces its policy on this host."}}, true
}

// lostGoingOut fills the row of a firewall of this host that drops what goes out. Where a control group's program may do
// so as well, and could not be asked for, it is likely only.
func (f *Finding) lostGoingOut(e *evidence.Evidence, sure bool) {
	f.Evidence = countedWords(e)
	f.Explains, f.Hides = []string{"port"}, hereShows
	f.byRule(e)
	group := e.ThisHost.Cgroup
	answered := failedWith(e, "port", evidence.KindRefused) // such a program drops, and answers nobody
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

package host

import (
	"fmt"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// permission is the kernel's no to a connection, without an ICMP message and without a line of the routing policy: EPERM
// of a control group's program or a filter of system calls, EACCES of a security module.
func permission(e *evidence.Evidence) (accessDenied, ok bool) {
	end, failed := reading.PortEnding(e)
	if !failed || end.By != reading.EndHere || end.Route != nil || end.Lost != "" || end.Outside || end.Rewrote || end.Answer.From.IsValid() || e.ThisHost == nil {
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
	if end.By == reading.EndSilence && group != nil && slices.Contains(group.Programs, "ingress") && e.Ledger().Unheard() {
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
func unitStopsAll(e *evidence.Evidence) (condition.Finding, bool) {
	if e.ThisHost == nil || e.ThisHost.Cgroup == nil || e.Blocked() == "port" && e.Host.Proxy == nil {
		return condition.Finding{}, false
	}
	has := func(program string) bool { return slices.Contains(e.ThisHost.Cgroup.Programs, program) }
	ledger := e.Ledger()
	if finding, out := deafHost(e, evidence.LostGoingOut); out {
		return finding, has("egress") && !namesRule(e) || has("connect4") && ledger.Refused == 3*ledger.N
	}
	// Where the group's program judges what comes in, the kernel has counted it as delivered.
	silent := e.Blocked() == "dns" && e.FailedWith("dns", evidence.KindTimeout)
	return condition.Finding{Explains: []string{"dns"}, Hides: slices.Concat([]string{"host.offline"}, condition.HereShows.Get())}, silent && ledger.Unheard() && has("ingress")
}

// UnitDenied: a program of this process's control group refuses or drops the packets.
func UnitDenied(e *evidence.Evidence) (condition.Finding, bool) {
	end, failed := reading.PortEnding(e)
	finding, all := unitStopsAll(e)
	if !all && (!failed || !deniedByUnit(e, end)) {
		return condition.Finding{}, false
	}
	if !all {
		finding = condition.Finding{}
	}
	finding.First, finding.Confidence, finding.Values = true, report.Likely, prose.Values{}
	finding.Hides = append(finding.Hides, "host.local-firewall", "host.reply-dropped")
	unheard := e.Ledger().Unheard() && end.Lost == ""
	if ledger := e.Ledger(); unheard {
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
	}
	if len(group.Programs) > 0 {
		finding.Values["cgroup"] = group.At
		finding.Culprit = &report.Culprit{Kind: "cgroup-program", Name: strings.Join(group.Programs, ", "), At: group.At, Text: group.Unit}
		if group.Unit != "" {
			systemd := "systemd"
			finding.Culprit.Manager = &systemd
		}
		whose := "the control group of this process"
		if group.At != group.Path {
			finding.Evidence = append(finding.Evidence, "This process runs in the control group "+group.Path+".")
			whose = "that group, or one around it"
		}
		finding.Evidence = append(finding.Evidence, "Programs are attached to "+whose+": "+screen.List(group.Programs)+".")
		ledger := e.Ledger()
		refused := slices.Contains(group.Programs, "connect4") && (ledger == nil || ledger.Refused == 3*ledger.N)
		if unheard || refused || noRule(e) { // else the program may only count, as systemd's IPAccounting does, and a rule drop
			finding.Confidence = report.Certain
			delete(finding.Values, "or_seccomp")
		} else if end.Lost != "" || all {
			byRule(&finding, e)
			finding.Values["or_rule"] = "a firewall rule"
		}
	} else if group.Why != "" {
		finding.Evidence = append(finding.Evidence, "Whether a program is attached to the control group of this process could not be asked: "+group.Why+".")
		finding.Values["as_root"] = "sudo opensrs-doctor"
	}
	return finding, true
}

// SELinuxDenied: a security module refuses the connection, and SELinux enforces its policy.
func SELinuxDenied(e *evidence.Evidence) (condition.Finding, bool) {
	access, is := permission(e)
	if !is || !access || !e.ThisHost.SELinux {
		return condition.Finding{}, false
	}
	return condition.Finding{First: true, Confidence: report.Likely, Hides: []string{"host.local-firewall"}, Evidence: []string{
		fmt.Sprintf("The kernel refuses the connection: %s.", e.Step("port").Failure.Detail), "SELinux enforces its policy on this host."}}, true
}

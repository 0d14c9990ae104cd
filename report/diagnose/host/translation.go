package host

import (
	"fmt"
	"net/netip"
	"slices"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/screen"
)

// Rules of this host that send the packets somewhere else (NAT).

// sentElsewhere fills the row of a firewall of this host that sends the packets to another address: with the rule, where
// there is only one that may. to is "" where that was not read; then something else may do so.
func sentElsewhere(f *condition.Finding, e *evidence.Evidence, to string) {
	delete(f.Values, "good_port") // they do leave, for somewhere else
	f.Values["stops"], f.Values["nat_rules"] = "redirects", condition.NATRules
	if to == "" {
		f.Values["rewriting"], f.Values["between"] = "A rule on this host", "The first router, or a bridge or hypervisor before it,"
		f.Values["ask_kernel"] = "sudo opensrs-doctor"
		return
	}
	f.Values["sent_to"] = to
	rules := e.ThisHost.Translation.Rules
	if len(rules) != 1 {
		if len(rules) > 1 {
			f.Unread = append(f.Unread, fmt.Sprintf("%s may send the packets there: %s prints them.",
				screen.CountWords(len(rules), "rule", "rules"), condition.NATRules))
		}
		return
	}
	culprit(f, rules[0], false)
}

// strangerByRule: the connection is made, by a rule of this host with another machine than the service, and what that one
// says in the handshake is not the service's certificate.
func strangerByRule(e *evidence.Evidence) (condition.Finding, bool) {
	to, _ := e.ThisHost.Elsewhere()
	if to == "" || e.Host.Proxy != nil || e.Blocked() != "tls" || e.Trust() != nil && e.Trust().Known() && e.Trust().NameOK {
		return condition.Finding{}, false
	}
	if target, err := netip.ParseAddrPort(to); err == nil && target.Addr().IsLoopback() && !e.TLS.Connected {
		return condition.Finding{}, false // a sidecar, which answers nearby
	}
	blocked := netaddr.HostPort{Host: e.Target.Host, Port: e.Target.Port}.String()
	finding := condition.Finding{Confidence: report.Likely, Explains: []string{"tls"}, First: true, Hides: slices.Concat(condition.StrangerShows.Get(), []string{"port.answered-nearby"}),
		Values:   prose.Values{"blocked": blocked, "relay": to},
		Evidence: []string{fmt.Sprintf("This host's table of connections shows that it sends packets for %s to %s.", blocked, to)}}
	sentElsewhere(&finding, e, to)
	return finding, true
}

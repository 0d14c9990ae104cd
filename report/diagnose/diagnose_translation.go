package diagnose

import (
	"fmt"
	"net/netip"
	"slices"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// Rules of this host that send the packets somewhere else (NAT).

// natRules are the commands that list the rules by which this host changes addresses.
const natRules = "sudo nft list ruleset or sudo iptables-save -t nat"

// sentElsewhere fills the row of a firewall of this host that sends the packets to another address: with the rule, where
// there is only one that may. to is "" where that was not read; then something else may do so.
func (f *Finding) sentElsewhere(e *evidence.Evidence, to string) {
	delete(f.Values, "good_port") // they do leave, for somewhere else
	f.Values["stops"], f.Values["nat_rules"] = "redirects", natRules
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
				screen.CountWords(len(rules), "rule", "rules"), natRules))
		}
		return
	}
	f.culprit(rules[0], false)
}

// maybeElsewhere says that a rule of this host would look the same, where that could not be read.
func (f *Finding) maybeElsewhere(e *evidence.Evidence, end reading.Ending) {
	if !end.Rewrite {
		return
	}
	f.Confidence, f.Values["own_nat"] = report.Likely, "A rule on this host"
	seen := e.ThisHost.Translation
	if seen == nil {
		f.Values["ask_kernel"] = "sudo opensrs-doctor"
		return
	}
	f.Values["ask_kernel"] = natRules
	var names []string
	for _, rule := range seen.Rules {
		names = append(names, ruleName(rule))
	}
	f.Evidence = append(f.Evidence, "This host has rules that send packets elsewhere: "+screen.List(names[:min(len(names), 5)])+".")
}

// strangerByRule: the connection is made, by a rule of this host with another machine than the service, and what that one
// says in the handshake is not the service's certificate.
func strangerByRule(e *evidence.Evidence) (Finding, bool) {
	to, _ := e.ThisHost.Elsewhere()
	if to == "" || e.Host.Proxy != nil || Blocked(e) != "tls" || trustOf(e) != nil && trustOf(e).Known() && trustOf(e).NameOK {
		return Finding{}, false
	}
	if target, err := netip.ParseAddrPort(to); err == nil && target.Addr().IsLoopback() && !e.TLS.Connected {
		return Finding{}, false // a sidecar, which answers nearby
	}
	blocked := evidence.HostPort{Host: e.Target.Host, Port: e.Target.Port}.String()
	finding := Finding{Confidence: report.Likely, Explains: []string{"tls"}, First: true, Hides: slices.Concat(strangerShows, []string{"port.answered-nearby"}),
		Values:   prose.Values{"blocked": blocked, "relay": to},
		Evidence: []string{fmt.Sprintf("This host's table of connections shows that it sends packets for %s to %s.", blocked, to)}}
	finding.sentElsewhere(e, to)
	return finding, true
}

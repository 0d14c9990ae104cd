package host

import (
	"fmt"
	"slices"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/diagnose/tls"
)

// What this host's firewall lets be connected, and then drops.

// cutByThisHost: the handshake ended in silence or was cut, and the kernel counted that what is sent on a connection, or
// the answers to it, is lost in this host.
func cutByThisHost(e *evidence.Evidence, places ...string) (condition.Finding, bool) {
	if e.ThisHost == nil || e.Blocked() != "tls" || !e.TLS.Failed(evidence.KindTimeout, evidence.KindReset, evidence.KindHungUp) {
		return condition.Finding{}, false
	}
	ledger := e.ThisHost.Hellos
	lost, sure := ledger.Lost()
	if !slices.Contains(places, lost) {
		return condition.Finding{}, false
	}
	finding := condition.Finding{First: true, Explains: []string{"tls"}, Values: prose.Values{"silent_peer": ledger.To, "after_opening": ledger.To},
		Hides: slices.Concat(cutShows, []string{"host.offline"})}
	if ledger.WentOut != "" {
		finding.Values["interface"] = ledger.WentOut
	}
	// What a device in between sends out of turn is dropped here as well, by rules that are right.
	if !sure || lost == evidence.LostComingIn {
		finding.Confidence = report.Likely
	}
	counted := fmt.Sprintf("Connections to %s open. This host's kernel counted: after the handshake had begun on %d of them, ", ledger.To, 3*ledger.N)
	if lost == evidence.LostComingIn {
		counted += fmt.Sprintf("%d packets came in that were not handed to a program.", ledger.Once.Undelivered()+ledger.Twice.Undelivered())
	} else if once, known := ledger.Once.Unsent(); known {
		twice, _ := ledger.Twice.Unsent()
		counted += fmt.Sprintf("%d packets did not reach a network interface.", once+twice)
	} else {
		counted += "no packet came through the output chain of its firewall."
	}
	finding.Evidence = []string{counted}
	finding.Evidence = append(finding.Evidence, tls.Seen(e).Evidence...)
	byRule(&finding, e)
	return finding, true
}

// cutShows is what a host meets that lets connections be made and drops what is sent on them.
var cutShows = []string{
	"tls.timeout", "tls.reset", "tls.mtu-blackhole", "tls.hello-too-big", "tls.version-intolerant", "tls.sni-blocked",
	"tls.version-unsupported", "service.partly-down", "port.answered-nearby", "port.lossy",
}

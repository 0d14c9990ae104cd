package port

import (
	"fmt"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/diagnose/tls"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// cutWords are what becomes of a handshake that is cut.
var cutWords = lazy.Value[map[evidence.Kind]string]{Make: func() map[evidence.Kind]string {
	return map[evidence.Kind]string{evidence.KindReset: "is reset", evidence.KindHungUp: "is closed", evidence.KindTimeout: "gets no answer"}
}}

// AnsweredNearby: something nearer than the service takes the connections for it. Where it then cuts them or says
// nothing, whose fault that is cannot be seen from here: it may pass on what the service itself does.
func AnsweredNearby(e *evidence.Evidence) (condition.Finding, bool) {
	at := takenNearby(e)
	if at == 0 || e.TLS == nil {
		return condition.Finding{}, false
	}
	walk := e.Walk()
	finding := condition.Finding{Confidence: report.Likely, Values: prose.Values{},
		Evidence: []string{fmt.Sprintf("A packet for port %d that may travel no further than %s was answered with a connection.",
			e.Target.Port, screen.CountWords(at, "hop", "hops"))}}
	if walk.Nearest() > at {
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("%s itself is %s.", e.Target.Host, reading.FarWords(walk)))
	}
	cut, failed := tls.InEveryVariant(e, evidence.KindReset, evidence.KindHungUp, evidence.KindTimeout)
	switch {
	case failed:
		finding.Explains = []string{"tls"}
		finding.Values["cut"] = cutWords.Get()[e.TLS.Failure.Kind]
		finding.Evidence = append(finding.Evidence, cut.Evidence...)
	case e.TLS.Trust.Verified() && (at == 1 || 2*at <= walk.Nearest()):
		finding.Severity, finding.Values["passed_on"] = report.Warn, "The call"
	default:
		return condition.Finding{}, false // the certificate, or what the peer says, tells more
	}
	takenBy(&finding, e, at)
	return finding, true
}

// takenBy fills in who takes the connection, so far as that is known.
func takenBy(f *condition.Finding, e *evidence.Evidence, at int) {
	hop := evidence.HopAt(e.Walk().Compare, at)
	left, known := e.Ledger().Left()
	switch {
	case e.Ledger().Inside():
		f.Values["taken_by"], f.Values["taken_here"], f.Values["sidecar"] = "this host itself", "this host", "a service mesh's sidecar"
		f.Evidence = append(f.Evidence, fmt.Sprintf("This host's kernel counted: of %d packets for the port, none reached a network interface.", 3*e.Ledger().N))
	case at == 1 && !(known && left):
		f.Values["taken_by"], f.Values["taken_here"], f.Values["sidecar"] = "this host or its first router", "this host", "a service mesh's sidecar"
	case hop.Answer == evidence.HopTimeExceeded && hop.From.IsValid():
		f.Values["taken_by"], f.Values["hop"] = hop.Sender()+" or a device beside it", hop.Sender()
	case at == 1:
		f.Values["taken_by"] = "the first router"
	default:
		f.Values["taken_by"] = fmt.Sprintf("a device %d hops away", at)
	}
}

// takenNearby is the number of hops after which the connection is taken, where that is nearer than the service can be; 0
// where it is not, or not known. Two paths to one host may differ by a hop.
func takenNearby(e *evidence.Evidence) int {
	walk := e.Walk()
	if walk == nil || !walk.Available || e.Host.Proxy != nil || !e.Port.Connected.IsValid() {
		return 0
	}
	taken, ok := evidence.FirstHop(walk.Port, evidence.HopConnected)
	if ok && walk.Nearest() > taken.TTL+1 {
		return taken.TTL
	}
	if ok && taken.TTL == 1 && e.ThisHost != nil && e.ThisHost.Route.Beyond() && iprules.NeverPublic(e.Port.Connected.Addr()) == "" {
		return 1 // a router is in between, and nobody has a public service in front of it
	}
	return 0
}

// Package tls holds the conditions of the causes in the handshake and in the certificate. A condition is named as its cause,
// without "tls.".
package tls

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

// unmade is why an experiment was not made to its end; "" where it was, whatever it showed.
func unmade(e *evidence.Evidence, name string) string {
	switch v := e.TLS.Variant(name); {
	case v == nil:
		return "the run ended first"
	case v.Failure != nil && v.Failure.Kind == evidence.KindCanceled:
		return reading.KindWords.Get()[evidence.KindCanceled]
	default:
		return v.NotMade
	}
}

// variantNames are the experiments in words, in the order in which they are told.
var variantNames = []struct{ name, words string }{
	{evidence.VariantAsIs, "once more as it was"},
	{evidence.VariantNoSNI, "without the server name"},
	{evidence.VariantClassic, "without the post-quantum key share"},
	{evidence.VariantSmall, "with small TCP segments"},
	{evidence.VariantNo13, "with TLS 1.2 at most"},
	{evidence.VariantOld, "with TLS 1.0 and 1.1 allowed"},
}

// openEnded lowers a claim that rests on these experiments where one of them was not made; silent says that the
// handshake met silence, which is what a path that loses big packets looks like.
func openEnded(f *condition.Finding, e *evidence.Evidence, silent bool, names ...string) {
	for _, name := range names {
		if unmade(e, name) != "" {
			f.Confidence = report.Likely
		}
	}
	if why := unmade(e, evidence.VariantSmall); silent && why != "" && slices.Contains(names, evidence.VariantSmall) {
		f.Values["no_small"], f.Values["mtu_test"] = why, condition.LowerMTU(e)
	}
}

// VariantWords tells what the experiments showed, one line each.
func VariantWords(e *evidence.Evidence) []string {
	names := map[string]string{}
	for _, known := range variantNames {
		names[known.name] = known.words
	}
	var fine, failing, kinds, fickle, lines []string
	for _, v := range e.TLS.Variants {
		if v.NotMade != "" {
			continue
		} else if v.Fickle {
			fickle = append(fickle, names[v.Name])
		} else if v.Works {
			fine = append(fine, names[v.Name]+" ("+v.Version+")")
		} else if v.Failure != nil {
			failing = append(failing, names[v.Name])
			kinds = append(kinds, string(v.Failure.Kind))
		}
	}
	if len(slices.Compact(slices.Clone(kinds))) > 1 { // each its own way
		for i := range failing {
			failing[i] += " (" + kinds[i] + ")"
		}
	}
	if len(fine) > 0 {
		lines = append(lines, "The handshake works "+screen.List(fine)+".")
	}
	if len(failing) > 0 {
		lines = append(lines, "It fails "+screen.List(failing)+".")
	}
	if len(fickle) > 0 {
		lines = append(lines, "It works now and then, made several times "+screen.List(fickle)+".")
	}
	for _, known := range variantNames {
		if v := e.TLS.Variant(known.name); v != nil && v.NotMade != "" {
			lines = append(lines, "It was not tried "+known.words+": "+v.NotMade+".")
		}
	}
	return lines
}

// Seen is how the handshake ended, and what the experiments showed: the beginning of a finding about it.
func Seen(e *evidence.Evidence) condition.Finding {
	ended := reading.FailureWords(e.TLS.Failure)
	if n := e.TLS.Answered; n > 0 && e.TLS.Failed(evidence.KindTimeout, evidence.KindReset, evidence.KindHungUp) {
		ended = fmt.Sprintf("%s, after %s of an answer", map[evidence.Kind]string{evidence.KindTimeout: "silence", evidence.KindReset: "connection reset",
			evidence.KindHungUp: "connection closed"}[e.TLS.Failure.Kind], screen.CountWords(n, "byte", "bytes"))
	}
	finding := condition.Finding{Values: prose.Values{}, Evidence: []string{"The handshake ended with: " + ended + "."}}
	finding.Evidence = append(finding.Evidence, VariantWords(e)...)
	return finding
}

// NotTLS: the peer speaks something else.
func NotTLS(e *evidence.Evidence) (condition.Finding, bool) {
	if !e.TLS.Failed(evidence.KindNotTLS) {
		return condition.Finding{}, false
	}
	finding := condition.Finding{}
	if !e.TLS.Quote.Empty() {
		finding.Evidence = []string{fmt.Sprintf("The peer says: %q.", e.TLS.Quote)}
	}
	return finding, true
}

// SNIBlocked: the handshake works as soon as the server name is left out.
func SNIBlocked(e *evidence.Evidence) (condition.Finding, bool) {
	if !e.TLS.Failed(evidence.KindReset, evidence.KindHungUp, evidence.KindTimeout) || e.TLS.Telling() != evidence.VariantNoSNI {
		return condition.Finding{}, false
	}
	finding := Seen(e)
	if e.TLS.Failed(evidence.KindTimeout) { // without the name some servers send a smaller certificate
		openEnded(&finding, e, true, evidence.VariantSmall)
		if e.TLS.Works(evidence.VariantSmall) {
			finding.Confidence = report.Likely
		}
	}
	return finding, true
}

// MTUBlackhole: the handshake stalls, and works with small TCP segments.
func MTUBlackhole(e *evidence.Evidence) (condition.Finding, bool) {
	if !e.TLS.Failed(evidence.KindTimeout) || e.TLS.Telling() != evidence.VariantSmall {
		return condition.Finding{}, false
	}
	finding := Seen(e)
	if e.TLS.Learned() {
		finding.Confidence, finding.Values["learned"] = report.Likely, "minutes"
	}
	return finding, true
}

// HelloTooBig: the handshake works with a small first message only.
func HelloTooBig(e *evidence.Evidence) (condition.Finding, bool) {
	if !e.TLS.Failed(evidence.KindTimeout, evidence.KindReset, evidence.KindHungUp, evidence.KindAlert) ||
		e.TLS.Telling() != evidence.VariantClassic {
		return condition.Finding{}, false
	}
	finding := Seen(e)
	openEnded(&finding, e, e.TLS.Failed(evidence.KindTimeout), evidence.VariantSmall)
	if unmade(e, evidence.VariantSmall) == "" {
		finding.Values["small_fails"] = "Smaller packets"
	}
	// Its first message is small too, and it takes one round trip more than TLS 1.3.
	if old := e.TLS.Variant(evidence.VariantNo13); old != nil && !old.Works && old.Failure != nil && old.Failure.Kind == e.TLS.Failure.Kind {
		delete(finding.Values, "small_fails")
		finding.Confidence, finding.Values["few_packets"] = report.Likely, "A firewall that stops a connection after a few packets (connbytes, a quota)"
	}
	return finding, true
}

// VersionIntolerant: the handshake works as soon as TLS 1.3 is not offered.
func VersionIntolerant(e *evidence.Evidence) (condition.Finding, bool) {
	if !e.TLS.Failed(evidence.KindTimeout, evidence.KindReset, evidence.KindHungUp, evidence.KindAlert) ||
		e.TLS.Telling() != evidence.VariantNo13 {
		return condition.Finding{}, false
	}
	finding := Seen(e)
	openEnded(&finding, e, e.TLS.Failed(evidence.KindTimeout), evidence.VariantSmall, evidence.VariantClassic)
	return finding, true
}

// slowHandshake is the longest handshake that is not worth a warning, in milliseconds.
const slowHandshake = 3000

// Slow: the handshake works, and takes seconds.
func Slow(e *evidence.Evidence) (condition.Finding, bool) {
	took := e.Step("tls").Took
	if e.TLS == nil || !e.TLS.Connected || took.Milliseconds() <= slowHandshake {
		return condition.Finding{}, false
	}
	return condition.Finding{Values: prose.Values{"tls_took": screen.Span(took)},
		Evidence: []string{fmt.Sprintf("The handshake took %s.", screen.Span(took))}}, true
}

// InEveryVariant: the experiments were made and none works. Without them it is likely at best.
func InEveryVariant(e *evidence.Evidence, kinds ...evidence.Kind) (condition.Finding, bool) {
	if !e.TLS.Failed(kinds...) || e.TLS.Telling() != "" || e.TLS.Works(evidence.VariantAsIs) || e.TLS.NowAndThen() {
		return condition.Finding{}, false
	}
	finding := Seen(e)
	every := []string{}
	for _, known := range variantNames {
		every = append(every, known.name)
	}
	openEnded(&finding, e, len(e.TLS.Variants) > 0 && !e.TLS.Failed(evidence.KindReset), every...)
	if finding.Confidence == "" {
		finding.Values["variants"] = "every variant"
	}
	finding.Confidence = report.Likely // the service and a device on the path look the same
	return finding, true
}

// Reset: the connection is reset or closed in every variant of the handshake, or before it.
func Reset(e *evidence.Evidence) (condition.Finding, bool) {
	if e.DirectPortFailed(evidence.KindReset) { // the connection stood, and was reset before it was used
		return condition.Finding{Confidence: report.Likely, Explains: []string{"port"}, Evidence: []string{
			"The connection was made and reset at once, before the handshake began."}}, true
	}
	finding, ok := InEveryVariant(e, evidence.KindReset, evidence.KindHungUp)
	if ok && e.TLS.Answered > 0 {
		finding.Values["half_answer"] = "a part of its answer"
	}
	return finding, ok
}

// Timeout: silence in every variant of the handshake.
func Timeout(e *evidence.Evidence) (condition.Finding, bool) {
	finding, ok := InEveryVariant(e, evidence.KindTimeout)
	if ok && e.Host.Proxy == nil && e.ThisHost != nil && e.ThisHost.Hellos == nil { // not counted: no connection opened any more
		finding.Values["own_cut"] = "this host's own firewall"
	}
	if !ok {
		return finding, false
	}
	finding.Values["tls_answer"] = "No answer"
	if e.TLS.Answered > 0 {
		finding.Values["tls_answer"], finding.Values["half_answer"] = "No whole answer", "a part of its answer"
	} else {
		finding.Values["tls_silence"] = "nothing"
	}
	if n := e.TLS.Unconfirmed; n > 0 && e.Host.Proxy == nil {
		finding.Values["lost_hello"] = "the first message of the handshake"
		finding.Evidence = append(finding.Evidence, "The other end did not confirm "+
			screen.CountWords(n, "packet of the handshake's first message.", "packets of the handshake's first message."))
	} else {
		finding.Values["holder"] = "A device"
	}
	return finding, true
}

// Rejected: the peer ends the handshake with an alert.
func Rejected(e *evidence.Evidence) (condition.Finding, bool) {
	// With TLS 1.3 a server refuses the client's side of the handshake only after it, beside the call.
	if e.Call.Made() && e.Call.Failure != nil && e.Call.Failure.Kind == evidence.KindAlert {
		finding := condition.Finding{Values: prose.Values{"alert": strings.TrimPrefix(e.Call.Failure.Detail.String(), "tls: ")}, Explains: []string{"call"},
			Evidence: []string{"The answer to the call is a TLS alert: " + e.Call.Failure.Detail.String() + "."}}
		AskedForCertificate(e, &finding)
		return finding, true
	}
	if !e.TLS.Failed(evidence.KindAlert) || whenOK(VersionUnsupported(e)) || whenOK(HelloTooBig(e)) {
		return condition.Finding{}, false
	}
	finding := Seen(e)
	finding.Values["alert"] = e.TLS.Alert
	AskedForCertificate(e, &finding)
	return finding, true
}

// AskedForCertificate adds to a finding that the peer asked for a certificate of the client's, where it did: one that gets none
// may end the conversation because of it.
func AskedForCertificate(e *evidence.Evidence, finding *condition.Finding) {
	if e.TLS != nil && e.TLS.AsksFor {
		finding.Values["own_certificate"] = "a certificate of the client's own"
		finding.Evidence = append(finding.Evidence, "In the handshake the peer asked for a certificate of the client's own, and got none.")
	}
}

func whenOK(_ condition.Finding, ok bool) bool { return ok }

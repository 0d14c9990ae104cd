package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// variant is one of the TLS experiments; nil where it was not made.
func variant(e *evidence.Evidence, name string) *evidence.Variant {
	for i := range e.TLS.Variants {
		if e.TLS.Variants[i].Name == name {
			return &e.TLS.Variants[i]
		}
	}
	return nil
}

// Works reports whether the handshake worked with that one thing changed; name is one of the Variants of package evidence.
func Works(e *evidence.Evidence, name string) bool {
	v := variant(e, name)
	return v != nil && v.Works
}

// unmade is why an experiment was not made to its end; "" where it was, whatever it showed.
func unmade(e *evidence.Evidence, name string) string {
	switch v := variant(e, name); {
	case v == nil:
		return "the run ended first"
	case v.Failure != nil && v.Failure.Kind == evidence.KindCanceled:
		return reading.KindWords[evidence.KindCanceled]
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
func (f *Finding) openEnded(e *evidence.Evidence, silent bool, names ...string) {
	for _, name := range names {
		if unmade(e, name) != "" {
			f.Confidence = report.Likely
		}
	}
	if why := unmade(e, evidence.VariantSmall); silent && why != "" && slices.Contains(names, evidence.VariantSmall) {
		f.Values["no_small"], f.Values["mtu_test"] = why, lowerMTU(e)
	}
}

// handshakeFailed: the handshake did not complete, in one of these ways.
func handshakeFailed(e *evidence.Evidence, kinds ...evidence.Kind) bool {
	if e.TLS == nil || e.TLS.Connected || e.TLS.Failure == nil {
		return false
	}
	for _, kind := range kinds {
		if e.TLS.Failure.Kind == kind {
			return true
		}
	}
	return len(kinds) == 0
}

// variantWords tells what the experiments showed, one line each.
func variantWords(e *evidence.Evidence) []string {
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
		if v := variant(e, known.name); v != nil && v.NotMade != "" {
			lines = append(lines, "It was not tried "+known.words+": "+v.NotMade+".")
		}
	}
	return lines
}

// nowAndThen: an experiment that was made again ended the other way, so what was changed in it tells nothing.
func nowAndThen(e *evidence.Evidence) bool {
	return slices.ContainsFunc(e.TLS.Variants, func(v evidence.Variant) bool { return v.Fickle }) && !learned(e)
}

// learned: what was small worked each time, what was big failed, and the plain handshake works after that. So one end has
// learned meanwhile how much the path carries: Linux keeps that for ten minutes, and offers smaller segments from then on.
func learned(e *evidence.Evidence) bool {
	if !handshakeFailed(e, evidence.KindTimeout) || Works(e, evidence.VariantAsIs) || !Works(e, evidence.VariantSmall) {
		return false
	}
	for _, v := range e.TLS.Variants {
		big := v.Name == evidence.VariantNoSNI || v.Name == evidence.VariantOld
		if v.Fickle != (v.Name == evidence.VariantAsIs) || big && (v.Works || v.NotMade != "") {
			return false
		}
	}
	return true
}

func handshakeFinding(e *evidence.Evidence) Finding {
	finding := Finding{Values: prose.Values{}, Evidence: []string{"The handshake ended with: " + reading.FailureWords(e.TLS.Failure) + "."}}
	finding.Evidence = append(finding.Evidence, variantWords(e)...)
	return finding
}

func whenTlsNotTls(e *evidence.Evidence) (Finding, bool) {
	if !handshakeFailed(e, evidence.KindNotTLS) {
		return Finding{}, false
	}
	finding := Finding{}
	if !e.TLS.Quote.Empty() {
		finding.Evidence = []string{fmt.Sprintf("The peer says: %q.", e.TLS.Quote)}
	}
	return finding, true
}

// tellingVariant is the experiment that works and so tells the cause, apart from the plain repetition.
func tellingVariant(e *evidence.Evidence) string {
	if Works(e, evidence.VariantAsIs) || nowAndThen(e) {
		return ""
	}
	switch old := variant(e, evidence.VariantOld); {
	case Works(e, evidence.VariantSmall) && !Works(e, evidence.VariantNoSNI):
		return evidence.VariantSmall
	case Works(e, evidence.VariantClassic) && !Works(e, evidence.VariantNoSNI):
		return evidence.VariantClassic
	case Works(e, evidence.VariantNoSNI):
		return evidence.VariantNoSNI
	case Works(e, evidence.VariantNo13):
		return evidence.VariantNo13
	case old != nil && old.Works:
		return evidence.VariantOld
	}
	return ""
}

// cutWords are what becomes of a handshake that is cut.
var cutWords = map[evidence.Kind]string{evidence.KindReset: "is reset", evidence.KindHungUp: "is closed", evidence.KindTimeout: "gets no answer"}

func whenTlsSniBlocked(e *evidence.Evidence) (Finding, bool) {
	if !handshakeFailed(e, evidence.KindReset, evidence.KindHungUp, evidence.KindTimeout) || tellingVariant(e) != evidence.VariantNoSNI {
		return Finding{}, false
	}
	finding := handshakeFinding(e)
	if handshakeFailed(e, evidence.KindTimeout) { // without the name some servers send a smaller certificate
		finding.openEnded(e, true, evidence.VariantSmall)
		if Works(e, evidence.VariantSmall) {
			finding.Confidence = report.Likely
		}
	}
	return finding, true
}

func whenTlsMtuBlackhole(e *evidence.Evidence) (Finding, bool) {
	if !handshakeFailed(e, evidence.KindTimeout) || tellingVariant(e) != evidence.VariantSmall {
		return Finding{}, false
	}
	finding := handshakeFinding(e)
	if learned(e) {
		finding.Confidence, finding.Values["learned"] = report.Likely, "minutes"
	}
	return finding, true
}

func whenTlsHelloTooBig(e *evidence.Evidence) (Finding, bool) {
	if !handshakeFailed(e, evidence.KindTimeout, evidence.KindReset, evidence.KindHungUp, evidence.KindAlert) ||
		tellingVariant(e) != evidence.VariantClassic {
		return Finding{}, false
	}
	finding := handshakeFinding(e)
	finding.openEnded(e, handshakeFailed(e, evidence.KindTimeout), evidence.VariantSmall)
	if unmade(e, evidence.VariantSmall) == "" {
		finding.Values["small_fails"] = "Smaller packets"
	}
	// Its first message is small too, and it takes one round trip more than TLS 1.3.
	if old := variant(e, evidence.VariantNo13); old != nil && !old.Works && old.Failure != nil && old.Failure.Kind == e.TLS.Failure.Kind {
		delete(finding.Values, "small_fails")
		finding.Confidence, finding.Values["few_packets"] = report.Likely, "A firewall that stops a connection after a few packets (connbytes, a quota)"
	}
	return finding, true
}

func whenTlsVersionIntolerant(e *evidence.Evidence) (Finding, bool) {
	if !handshakeFailed(e, evidence.KindTimeout, evidence.KindReset, evidence.KindHungUp, evidence.KindAlert) ||
		tellingVariant(e) != evidence.VariantNo13 {
		return Finding{}, false
	}
	finding := handshakeFinding(e)
	finding.openEnded(e, handshakeFailed(e, evidence.KindTimeout), evidence.VariantSmall, evidence.VariantClassic)
	return finding, true
}

// slowHandshake is the longest handshake that is not worth a warning, in milliseconds.
const slowHandshake = 3000

func whenTlsSlow(e *evidence.Evidence) (Finding, bool) {
	took := e.Step("tls").Took
	if e.TLS == nil || !e.TLS.Connected || took.Milliseconds() <= slowHandshake {
		return Finding{}, false
	}
	return Finding{Values: prose.Values{"tls_took": screen.Span(took)},
		Evidence: []string{fmt.Sprintf("The handshake took %s.", screen.Span(took))}}, true
}

// inEveryVariant: the experiments were made and none works. Without them it is likely at best.
func inEveryVariant(e *evidence.Evidence, kinds ...evidence.Kind) (Finding, bool) {
	if !handshakeFailed(e, kinds...) || tellingVariant(e) != "" || Works(e, evidence.VariantAsIs) || nowAndThen(e) {
		return Finding{}, false
	}
	finding := handshakeFinding(e)
	every := []string{}
	for _, known := range variantNames {
		every = append(every, known.name)
	}
	finding.openEnded(e, len(e.TLS.Variants) > 0 && !handshakeFailed(e, evidence.KindReset), every...)
	if finding.Confidence == "" {
		finding.Values["variants"] = "every variant"
	}
	finding.Confidence = report.Likely // the service and a device on the path look the same
	return finding, true
}

func whenTlsReset(e *evidence.Evidence) (Finding, bool) {
	if directPortFailed(e, evidence.KindReset) { // the connection stood, and was reset before it was used
		return Finding{Confidence: report.Likely, Explains: []string{"port"}, Evidence: []string{
			"The connection was made and reset at once, before the handshake began."}}, true
	}
	return inEveryVariant(e, evidence.KindReset, evidence.KindHungUp)
}

func whenTlsTimeout(e *evidence.Evidence) (Finding, bool) {
	finding, ok := inEveryVariant(e, evidence.KindTimeout)
	if ok && e.Host.Proxy == nil && e.ThisHost != nil && e.ThisHost.Hellos == nil { // not counted: no connection opened any more
		finding.Values["own_cut"] = "this host's own firewall"
	}
	if !ok {
		return finding, false
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

func whenTlsRejected(e *evidence.Evidence) (Finding, bool) {
	// With TLS 1.3 a server refuses the client's side of the handshake only after it, beside the call.
	if called(e) && e.Call.Failure != nil && e.Call.Failure.Kind == evidence.KindAlert {
		return Finding{Values: prose.Values{"alert": strings.TrimPrefix(e.Call.Failure.Detail.String(), "tls: ")}, Explains: []string{"call"},
			Evidence: []string{"The answer to the call is a TLS alert: " + e.Call.Failure.Detail.String() + "."}}, true
	}
	if !handshakeFailed(e, evidence.KindAlert) || whenOK(whenTlsVersionUnsupported(e)) || whenOK(whenTlsHelloTooBig(e)) {
		return Finding{}, false
	}
	finding := handshakeFinding(e)
	finding.Values["alert"] = e.TLS.Alert
	return finding, true
}

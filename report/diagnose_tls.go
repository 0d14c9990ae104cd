package report

import (
	"fmt"
	"slices"
	"strings"

	"opensrs-doctor/probes"
)

// variant is one of the TLS experiments; nil where it was not made.
func variant(e *probes.Evidence, name string) *probes.Variant {
	for i := range e.TLS.Variants {
		if e.TLS.Variants[i].Name == name {
			return &e.TLS.Variants[i]
		}
	}
	return nil
}

func works(e *probes.Evidence, name string) bool {
	v := variant(e, name)
	return v != nil && v.Works
}

// unmade is why an experiment was not made to its end; "" where it was, whatever it showed.
func unmade(e *probes.Evidence, name string) string {
	switch v := variant(e, name); {
	case v == nil:
		return "the run ended first"
	case v.Failure != nil && v.Failure.Kind == probes.KindCanceled:
		return kindWords[probes.KindCanceled]
	default:
		return v.NotMade
	}
}

// variantNames are the experiments in words, in the order in which they are told.
var variantNames = []struct{ name, words string }{
	{probes.VariantAsIs, "once more as it was"},
	{probes.VariantNoSNI, "without the server name"},
	{probes.VariantClassic, "without the post-quantum key share"},
	{probes.VariantSmall, "with small TCP segments"},
	{probes.VariantOld, "with TLS 1.0 and 1.1 allowed"},
}

// openEnded lowers a claim that rests on these experiments where one of them was not made; silent says that the
// handshake met silence, which is what a path that loses big packets looks like.
func (f *Finding) openEnded(e *probes.Evidence, silent bool, names ...string) {
	for _, name := range names {
		if unmade(e, name) != "" {
			f.Confidence = Likely
		}
	}
	if why := unmade(e, probes.VariantSmall); silent && why != "" && slices.Contains(names, probes.VariantSmall) {
		f.Values["no_small"], f.Values["mtu_test"] = why, lowerMTU(e)
	}
}

// handshakeFailed: the handshake did not complete, in one of these ways.
func handshakeFailed(e *probes.Evidence, kinds ...probes.Kind) bool {
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
func variantWords(e *probes.Evidence) []string {
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
		lines = append(lines, "The handshake works "+list(fine)+".")
	}
	if len(failing) > 0 {
		lines = append(lines, "It fails "+list(failing)+".")
	}
	if len(fickle) > 0 {
		lines = append(lines, "It works now and then, made several times "+list(fickle)+".")
	}
	for _, known := range variantNames {
		if v := variant(e, known.name); v != nil && v.NotMade != "" {
			lines = append(lines, "It was not tried "+known.words+": "+v.NotMade+".")
		}
	}
	return lines
}

// nowAndThen: an experiment that was made again ended the other way, so what was changed in it tells nothing.
func nowAndThen(e *probes.Evidence) bool {
	return slices.ContainsFunc(e.TLS.Variants, func(v probes.Variant) bool { return v.Fickle })
}

func handshakeFinding(e *probes.Evidence) Finding {
	finding := Finding{Values: Values{}, Evidence: []string{"The handshake ended with: " + failureWords(e.TLS.Failure) + "."}}
	finding.Evidence = append(finding.Evidence, variantWords(e)...)
	return finding
}

func whenTlsNotTls(e *probes.Evidence) (Finding, bool) {
	if !handshakeFailed(e, probes.KindNotTLS) {
		return Finding{}, false
	}
	finding := Finding{Values: Values{}}
	if !e.TLS.Quote.Empty() {
		finding.Values["quote"] = e.TLS.Quote.String()
		finding.Evidence = []string{fmt.Sprintf("The peer says: %q.", e.TLS.Quote)}
	}
	return finding, true
}

// tellingVariant is the experiment that works and so tells the cause, apart from the plain repetition.
func tellingVariant(e *probes.Evidence) string {
	if works(e, probes.VariantAsIs) || nowAndThen(e) {
		return ""
	}
	switch old := variant(e, probes.VariantOld); {
	case works(e, probes.VariantSmall) && !works(e, probes.VariantNoSNI):
		return probes.VariantSmall
	case works(e, probes.VariantClassic) && !works(e, probes.VariantNoSNI):
		return probes.VariantClassic
	case works(e, probes.VariantNoSNI):
		return probes.VariantNoSNI
	case old != nil && old.Works:
		return probes.VariantOld
	}
	return ""
}

func whenTlsSniBlocked(e *probes.Evidence) (Finding, bool) {
	if !handshakeFailed(e, probes.KindReset, probes.KindHungUp, probes.KindTimeout) || tellingVariant(e) != probes.VariantNoSNI {
		return Finding{}, false
	}
	finding := handshakeFinding(e)
	finding.Values["cut"] = map[probes.Kind]string{probes.KindReset: "is reset", probes.KindHungUp: "is closed",
		probes.KindTimeout: "gets no answer"}[e.TLS.Failure.Kind]
	if handshakeFailed(e, probes.KindTimeout) { // without the name some servers send a smaller certificate
		finding.openEnded(e, true, probes.VariantSmall)
		if works(e, probes.VariantSmall) {
			finding.Confidence = Likely
		}
	}
	return finding, true
}

func whenTlsMtuBlackhole(e *probes.Evidence) (Finding, bool) {
	if !handshakeFailed(e, probes.KindTimeout) || tellingVariant(e) != probes.VariantSmall {
		return Finding{}, false
	}
	return handshakeFinding(e), true
}

func whenTlsHelloTooBig(e *probes.Evidence) (Finding, bool) {
	if !handshakeFailed(e, probes.KindTimeout, probes.KindReset, probes.KindHungUp, probes.KindAlert) ||
		tellingVariant(e) != probes.VariantClassic {
		return Finding{}, false
	}
	finding := handshakeFinding(e)
	finding.openEnded(e, handshakeFailed(e, probes.KindTimeout), probes.VariantSmall)
	if unmade(e, probes.VariantSmall) == "" {
		finding.Values["small_fails"] = "Smaller packets"
	}
	return finding, true
}

func whenTlsVersionUnsupported(e *probes.Evidence) (Finding, bool) {
	if handshakeFailed(e, probes.KindVersion) {
		finding := handshakeFinding(e)
		finding.Values["tls_version"] = strings.TrimPrefix(e.TLS.Failure.Detail.String(), "the peer chose ")
		return finding, true
	}
	if !handshakeFailed(e) || tellingVariant(e) != probes.VariantOld {
		if handshakeFailed(e, probes.KindAlert) && strings.Contains(e.TLS.Alert, "protocol version") {
			finding := handshakeFinding(e)
			finding.Confidence = Likely
			return finding, true
		}
		return Finding{}, false
	}
	finding := handshakeFinding(e)
	finding.Values["tls_version"] = variant(e, probes.VariantOld).Version
	return finding, true
}

// inEveryVariant: the experiments were made and none works. Without them it is likely at best.
func inEveryVariant(e *probes.Evidence, kinds ...probes.Kind) (Finding, bool) {
	if !handshakeFailed(e, kinds...) || tellingVariant(e) != "" || works(e, probes.VariantAsIs) || nowAndThen(e) {
		return Finding{}, false
	}
	finding := handshakeFinding(e)
	every := []string{}
	for _, known := range variantNames {
		every = append(every, known.name)
	}
	finding.openEnded(e, len(e.TLS.Variants) > 0 && !handshakeFailed(e, probes.KindReset), every...)
	if finding.Confidence == "" {
		finding.Values["variants"] = "every variant"
	}
	return finding, true
}

func whenTlsReset(e *probes.Evidence) (Finding, bool) {
	if directPortFailed(e, probes.KindReset) { // the connection stood, and was reset before it was used
		return Finding{Confidence: Likely, Explains: []string{"port"}, Evidence: []string{
			"The connection was made and reset at once, before the handshake began."}}, true
	}
	return inEveryVariant(e, probes.KindReset, probes.KindHungUp)
}

func whenTlsTimeout(e *probes.Evidence) (Finding, bool) {
	return inEveryVariant(e, probes.KindTimeout)
}

func whenTlsRejected(e *probes.Evidence) (Finding, bool) {
	// With TLS 1.3 a server refuses the client's side of the handshake only after it, beside the call.
	if called(e) && e.Call.Failure != nil && e.Call.Failure.Kind == probes.KindAlert {
		return Finding{Values: Values{"alert": strings.TrimPrefix(e.Call.Failure.Detail.String(), "tls: ")}, Explains: []string{"call"},
			Evidence: []string{"The answer to the call is a TLS alert: " + e.Call.Failure.Detail.String() + "."}}, true
	}
	if !handshakeFailed(e, probes.KindAlert) || whenOK(whenTlsVersionUnsupported(e)) || whenOK(whenTlsHelloTooBig(e)) {
		return Finding{}, false
	}
	finding := handshakeFinding(e)
	finding.Values["alert"] = e.TLS.Alert
	return finding, true
}

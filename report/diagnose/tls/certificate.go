package tls

import (
	"fmt"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// presented gives the trust of a completed handshake whose certificate is not good.
func presented(e *evidence.Evidence) *evidence.Trust {
	if e.TLS == nil || !e.TLS.Connected {
		return nil
	}
	return e.TLS.Trust
}

// certificateValues are the words of the presented certificate.
func certificateValues(e *evidence.Evidence) prose.Values {
	v := prose.Values{}
	if len(e.TLS.Chain) == 0 {
		return v
	}
	leaf := e.TLS.Chain[0]
	v["issuer"] = reading.IssuerOf(leaf)
	v["not_before"], v["not_after"] = screen.Day(leaf.NotBefore), screen.Day(leaf.NotAfter)
	if trust := e.TLS.Trust; !trust.Issuer.Empty() {
		v["issuer"] = reading.LastIssuer(trust)
	}
	v["ca_step"] = authorityStep(e, v["issuer"])
	return v
}

// sameCertificate is a control that shows the very certificate that the endpoint shows, or "": no two servers do that
// unless something on the way answers for both.
func sameCertificate(e *evidence.Evidence) string {
	for _, control := range e.Controls {
		if len(control.Chain) > 0 && len(e.TLS.Chain) > 0 && control.Chain[0].SHA256 == e.TLS.Chain[0].SHA256 {
			return control.Peer
		}
	}
	return ""
}

// answeredForAll adds to a finding that the certificate is not the endpoint's alone.
func answeredForAll(f *condition.Finding, e *evidence.Evidence) {
	if peer := sameCertificate(e); peer != "" {
		f.Values["same_certificate"] = peer
		f.Evidence = append(f.Evidence, peer+" shows the very same certificate.")
	}
}

// NameMismatch: the certificate is for other names.
func NameMismatch(e *evidence.Evidence) (condition.Finding, bool) {
	trust := presented(e)
	if trust == nil || trust.NameOK || !trust.Known() {
		return condition.Finding{}, false
	}
	finding := condition.Finding{Values: certificateValues(e)}
	names := certifiedNames(e)
	if names == "" {
		names = "no name at all (only a common name, which clients no longer look at)"
	}
	finding.Evidence = []string{fmt.Sprintf("The certificate is for %s, by %s.", names, reading.LastIssuer(trust))}
	answeredForAll(&finding, e)
	return finding, true
}

// SelfSigned: the certificate is its own issuer, and nobody vouches for it.
func SelfSigned(e *evidence.Evidence) (condition.Finding, bool) {
	trust := presented(e)
	if trust == nil || !trust.SelfSigned || trust.Known() {
		return condition.Finding{}, false
	}
	finding := condition.Finding{Values: certificateValues(e)}
	finding.Evidence = []string{fmt.Sprintf("Subject and issuer are both %s.", reading.SubjectOf(e.TLS.Chain[0]))}
	if !notByOwn(&finding, e) {
		finding.Values["or_own"] = orOwn
	}
	madeOut(&finding, e)
	answeredForAll(&finding, e)
	return finding, true
}

// verifyingPeer is a control or source whose certificate the public roots verify: they work here.
func verifyingPeer(e *evidence.Evidence) string {
	for _, control := range e.Controls {
		if control.TLS.Verified() {
			return control.Peer
		}
	}
	if e.Egress != nil {
		for _, sighting := range e.Egress.Sightings {
			if sighting.Trust.Verified() {
				return reading.SourceName(sighting.Source)
			}
		}
	}
	return ""
}

// IncompleteChain: an issuer is missing from what the peer presents.
func IncompleteChain(e *evidence.Evidence) (condition.Finding, bool) {
	trust := presented(e)
	if trust == nil || trust.Own != nil || trust.Known() || trust.SelfSigned || trust.RootShown || trust.Missing.Empty() ||
		trust.Product != "" || !trust.Flaw.Empty() || trust.Namesake {
		return condition.Finding{}, false
	}
	peer := verifyingPeer(e)
	if peer == "" {
		return condition.Finding{}, false
	}
	finding := condition.Finding{Confidence: report.Likely, Values: certificateValues(e)}
	finding.Values["missing"] = reading.MissingIssuer(trust)
	finding.Evidence = []string{
		fmt.Sprintf("%s presented, no root among them; the certificate of %s is missing.",
			screen.CountWords(len(e.TLS.Chain), "certificate was", "certificates were"), finding.Values["missing"]),
		fmt.Sprintf("The certificate of %s verifies on this host.", peer)}
	if !trust.MissingURL.Empty() {
		finding.Values["missing_url"] = trust.MissingURL.String()
		finding.Evidence = append(finding.Evidence, "The missing one can be had from "+trust.MissingURL.String()+".")
	}
	if trust.MissingKnown {
		finding.Confidence = report.Certain
		finding.Evidence = append(finding.Evidence, "Another peer presented it: it is a public one.")
	} else {
		finding.Values["private_issuer"] = finding.Values["missing"]
	}
	return finding, true
}

// sameIssuer is a control that shows the same issuer as the endpoint, or "".
func sameIssuer(e *evidence.Evidence) string {
	for _, control := range e.Controls {
		if control.TLS != nil && !control.TLS.Issuer.Empty() && control.TLS.Issuer == e.TLS.Trust.Issuer {
			return control.Peer
		}
	}
	return ""
}

// Intercepted: an authority of this network, which is not public, vouches for the certificate.
func Intercepted(e *evidence.Evidence) (condition.Finding, bool) {
	trust := presented(e)
	if trust == nil || trust.Proven() || trust.Public || trust.BelowPublic || !trust.System && (trust.Product == "" || trust.SelfSigned) {
		return condition.Finding{}, false
	}
	if trust.System && !trust.NameOK && trust.Product == "" {
		return condition.Finding{}, false // a private certificate for another name
	}
	if e.Asked.AllowIntercepted && !e.TLS.CallAllowed && trust.System {
		return condition.Finding{}, false // it was allowed, and something else is wrong
	}
	finding := condition.Finding{Confidence: report.Likely, Values: certificateValues(e)}
	finding.Evidence = []string{"The certificate is issued by " + reading.LastIssuer(trust) + ", which is not a public authority."}
	if trust.System {
		finding.Evidence = append(finding.Evidence, "This host's own certificate store trusts it.")
	}
	notByOwn(&finding, e)
	if trust.Product != "" {
		finding.Evidence = append(finding.Evidence, trust.Product+" is a known inspection product.")
	}
	same := sameIssuer(e)
	if same != "" {
		finding.Evidence = append(finding.Evidence, same+" shows the same issuer.")
		finding.Confidence = report.Certain
	}
	if !e.TLS.CallAllowed {
		finding.Values["allow_flag"] = "--allow-intercepted"
	}
	switch {
	case e.TLS.CallAllowed && e.Asked.AllowIntercepted:
		finding.Severity = report.Warn
	case e.TLS.CallAllowed && evidence.OldRoots(e.Asked.RootsDate, e.StartedAt):
		finding.Severity, finding.Confidence = report.Warn, report.Possible
		finding.Values["roots_age"] = screen.Span(e.StartedAt.Sub(e.Asked.RootsDate))
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("The public roots that this tool carries are of %s.", screen.Day(e.Asked.RootsDate)))
	}
	return finding, true
}

// UnknownCA: an authority that nobody knows vouches for the certificate.
func UnknownCA(e *evidence.Evidence) (condition.Finding, bool) {
	trust := presented(e)
	if trust == nil || trust.Known() || trust.SelfSigned || trust.Product != "" || !trust.Flaw.Empty() ||
		whenOK(IncompleteChain(e)) || whenOK(Intercepted(e)) {
		return condition.Finding{}, false
	}
	finding := condition.Finding{Values: certificateValues(e)}
	if trust.Own != nil {
		return otherThanOwn(finding, e), true
	}
	finding.Values["stranger"], finding.Values["or_own"] = "an unknown issuer", orOwn
	finding.Evidence = []string{fmt.Sprintf("Neither this host's store nor the public roots know %s.", reading.LastIssuer(trust))}
	madeOut(&finding, e)
	switch {
	case trust.Namesake:
		finding.Confidence = report.Likely
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("A certificate of %s is known here or was sent along, and its key did not sign this: it is another authority of that name, or another of its keys.", reading.LastIssuer(trust)))
	case !trust.RootShown: // nor is there a peer that verifies: then it would be an incomplete chain
		finding.Confidence = report.Possible
		finding.Evidence = append(finding.Evidence, "No root was presented, so the server may only have left out an intermediate certificate; no other peer could be compared.")
	}
	if same := sameIssuer(e); same != "" {
		finding.Evidence = append(finding.Evidence, same+" shows the same issuer: something on the path answers for others.")
	}
	return finding, true
}

// orOwn is said of a certificate that nobody vouches for, where no --ca-file was given.
const orOwn = "a server of your own"

// madeOut adds the names that the certificate is for, and its last day.
func madeOut(f *condition.Finding, e *evidence.Evidence) {
	if names := certifiedNames(e); names != "" {
		f.Evidence = append(f.Evidence, fmt.Sprintf("The certificate is made out to %s, valid until %s.", names, f.Values["not_after"]))
	}
}

// certifiedNames are the names that the certificate is for; "" where it has none.
func certifiedNames(e *evidence.Evidence) string {
	if len(e.TLS.Chain) == 0 {
		return ""
	}
	return screen.List(foreign.Strings(e.TLS.Chain[0].Names))
}

// notByOwn adds to a finding that the authority of --ca-file did not sign the certificate, where one was given.
func notByOwn(f *condition.Finding, e *evidence.Evidence) bool {
	if e.TLS.Trust.Own == nil || *e.TLS.Trust.Own {
		return false
	}
	f.Evidence = append(f.Evidence, fmt.Sprintf("%s holds the authority %s, which did not sign it.", e.Asked.CAFile, screen.List(authorities(e))))
	return true
}

// authorityStep is the step for an endpoint of one's own: to give its authority, or to give another than was given. It
// is "" for the public services, whose authorities are public.
func authorityStep(e *evidence.Evidence, issuer string) string {
	trust, file, host := e.TLS.Trust, e.Asked.CAFile, e.Target.Host
	switch {
	case trust.Own == nil && e.Target.CustomEndpoint && service.OpenSRS.EnvironmentOf(host) == "":
		return fmt.Sprintf("Give the authority's certificate with --ca-file FILE, if %s is a server of your own and %s is right for it.",
			host, issuer)
	case trust.Own == nil:
		return ""
	case trust.Public:
		return fmt.Sprintf("Leave --ca-file out: the public roots verify this certificate, by %s.", issuer)
	}
	return fmt.Sprintf("Compare %s, which issued the certificate, with what %s holds (%s): it should hold the authority "+
		"for the certificate of %s, and those in between that the server does not send.", issuer, file, screen.List(authorities(e)), host)
}

// authorities are those of --ca-file, as people read them.
func authorities(e *evidence.Evidence) []string {
	var names []string
	for _, name := range e.Asked.CANames {
		names = append(names, reading.FullName(name.String(), "", ""))
	}
	return names
}

// otherThanOwn is the finding of a certificate that the authority of --ca-file did not sign. The file may be the wrong
// one, an older one or lack an authority in between, and a device that opens TLS shows the same.
func otherThanOwn(f condition.Finding, e *evidence.Evidence) condition.Finding {
	trust, file := e.TLS.Trust, e.Asked.CAFile
	f.Values["stranger"] = "an issuer that " + file + " does not hold"
	f.Evidence = []string{fmt.Sprintf("The certificate is issued by %s.", reading.LastIssuer(trust))}
	notByOwn(&f, e)
	madeOut(&f, e)
	switch {
	case trust.Public:
		f.Evidence = append(f.Evidence, "The public roots verify it; with --ca-file they are not asked.")
	case trust.Namesake:
		f.Evidence = append(f.Evidence, fmt.Sprintf("%s holds an authority of the name %s, with another key: one that was made anew keeps its name.",
			file, reading.LastIssuer(trust)))
	case !trust.RootShown:
		f.Confidence = report.Likely
		f.Evidence = append(f.Evidence, "No root was presented, so an authority in between may be missing: from the file, or from what the server sends.")
	}
	if same := sameIssuer(e); same != "" {
		f.Evidence = append(f.Evidence, same+" shows the same issuer: something on the path answers for others.")
	}
	return f
}

// LocalRootsOutdated: the public roots verify the chain, and this host's own do not.
func LocalRootsOutdated(e *evidence.Evidence) (condition.Finding, bool) {
	trust := presented(e)
	if trust == nil || !trust.Verified() || trust.System || trust.Own != nil {
		return condition.Finding{}, false
	}
	finding := condition.Finding{Values: certificateValues(e)}
	named := ""
	if store := e.TLS.Store; store != nil {
		named = fmt.Sprintf("%s names %s", store.Variable, store.Path)
		finding.Culprit = &report.Culprit{Kind: "setting", Name: store.Variable, At: "environment", Text: store.Path.String(), File: store.Path.String()}
		if !store.Problem.Empty() {
			finding.Values["store_step"] = fmt.Sprintf("Correct %s or unset it: it names %s, which cannot be read (%s).", store.Variable, store.Path, store.Problem)
			named += ", which cannot be read: " + store.Problem.String() + "."
		} else {
			finding.Values["store_step"] = fmt.Sprintf("Add the public root certificates to %s, or unset %s: it takes the place of the system's own store.",
				store.Path, store.Variable)
			named += ", in the place of the system's own store."
		}
	}
	finding.Evidence = []string{fmt.Sprintf("The public roots verify the certificate by %s, this host's store does not.", reading.LastIssuer(trust))}
	if trust.SystemEmpty {
		finding.Values["empty_store"] = "this host has no root certificates"
		finding.Evidence = append(finding.Evidence, "This host has no root certificates.")
	}
	if named != "" {
		finding.Evidence = append(finding.Evidence, named)
	}
	return finding, true
}

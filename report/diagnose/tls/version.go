package tls

import (
	"fmt"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
)

// pickWords are the kinds of cipher suites that Go has none of.
var pickWords = lazy.Value[map[string]string]{Make: func() map[string]string {
	return map[string]string{evidence.SuiteDHE: "Diffie-Hellman over finite fields (DHE)", evidence.SuiteDSS: "keys for DSA",
		evidence.SuiteCCM: "AES in CCM mode", evidence.SuiteCamellia: "Camellia", evidence.SuiteARIA: "ARIA", evidence.SuitePSK: "a pre-shared key"}
}}

// VersionUnsupported: no TLS version, or no cipher suite, in common.
func VersionUnsupported(e *evidence.Evidence) (condition.Finding, bool) {
	if e.TLS.Failed(evidence.KindAlert, evidence.KindReset, evidence.KindHungUp) && e.TLS.Picks != nil && e.TLS.Telling() == "" && !e.TLS.NowAndThen() {
		finding := Seen(e)
		finding.Values["no_common"], finding.Values["only_suites"] = "No cipher suite", pickWords.Get()[e.TLS.Picks.Kind]
		finding.Values["suite_kind"] = e.TLS.Picks.Kind
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("Offered cipher suites that this check cannot speak, the peer picks %s.", e.TLS.Picks.Suite))
		return finding, true
	}
	finding, ok := noCommonVersion(e)
	if ok {
		finding.Values["no_common"] = "No TLS version"
	}
	return finding, ok
}

func noCommonVersion(e *evidence.Evidence) (condition.Finding, bool) {
	if e.TLS.Failed(evidence.KindVersion) {
		finding := Seen(e)
		finding.Values["tls_version"] = strings.TrimPrefix(e.TLS.Failure.Detail.String(), "the peer chose ")
		return finding, true
	}
	if !e.TLS.Failed() || e.TLS.Telling() != evidence.VariantOld {
		if e.TLS.Failed(evidence.KindAlert) && strings.Contains(e.TLS.Alert, "protocol version") {
			finding := Seen(e)
			finding.Confidence = report.Likely
			return finding, true
		}
		return condition.Finding{}, false
	}
	finding := Seen(e)
	finding.Values["tls_version"] = e.TLS.Variant(evidence.VariantOld).Version
	return finding, true
}

package report_test

import (
	"slices"
	"strings"
	"testing"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/anonymize"
	"opensrs-doctor/report/diagnose"
)

// relayed is a run against a relay of one's own that shows a private authority's certificate: with the file of --ca-file
// where one is given, whose authority did or did not sign it.
func relayed(t *testing.T, file string, own bool) *evidence.Evidence {
	e := fixtureOf(t, "tls.unknown-ca")
	e.Target.Host, e.Target.CustomEndpoint = "relay.acme.example", true
	if file != "" {
		e.Asked.CAFile, e.Asked.CANames, e.TLS.Trust.Own = file, saidAll("CN=Relay Root,O=Acme"), &own
	}
	return e
}

// TestOwnAuthorityWords: the advice for an endpoint of one's own names --ca-file, and with a file what that holds. For
// the public services it names neither.
func TestOwnAuthorityWords(t *testing.T) {
	for _, cause := range []string{"tls.unknown-ca", "tls.self-signed", "tls.intercepted"} {
		e := fixtureOf(t, cause)
		if text := strings.Join(diagnose.Diagnose(e)[0].Fixes, "\n"); strings.Contains(text, "--ca-file") {
			t.Errorf("%s of a public service: %s", cause, text)
		}
		e.Target.Host, e.Target.CustomEndpoint = "relay.acme.example", true
		if d := diagnose.Diagnose(e)[0]; d.Cause != cause || !slices.ContainsFunc(d.Fixes, func(fix string) bool {
			return strings.HasPrefix(fix, "Give the authority's certificate with --ca-file FILE, if relay.acme.example is")
		}) {
			t.Errorf("%s of a relay: %s, %q", cause, d.Cause, d.Fixes)
		}
	}
	d := diagnose.Diagnose(relayed(t, "/etc/relay/ca.pem", false))[0]
	words := strings.Join(append([]string{d.Summary, d.Explanation, d.Fixes[0]}, d.Evidence...), "\n")
	for _, want := range []string{"an issuer that /etc/relay/ca.pem does not hold",
		"with what /etc/relay/ca.pem holds (Relay Root (Acme))", "holds the authority Relay Root (Acme), which did not sign it"} {
		if d.Cause != "tls.unknown-ca" || !strings.Contains(words, want) {
			t.Errorf("%s, without %q:\n%s", d.Cause, want, words)
		}
	}
	if strings.Contains(words, "either this host's store") || strings.Contains(strings.Join(d.Fixes, "\n"), "--ca-file FILE") {
		t.Errorf("%s\n%q", words, d.Fixes)
	}
	needless := relayed(t, "/etc/relay/ca.pem", false)
	needless.TLS.Trust.Public = true
	if d := diagnose.Diagnose(needless)[0]; d.Cause != "tls.unknown-ca" || !strings.HasPrefix(d.Fixes[0], "Leave --ca-file out") {
		t.Errorf("a relay with a public certificate: %s, %q", d.Cause, d.Fixes)
	}
}

// TestOwnAuthorityAlone: what the authority of --ca-file signed is good, whatever the two stores say.
func TestOwnAuthorityAlone(t *testing.T) {
	e := relayed(t, "/etc/relay/ca.pem", true)
	whole := healthyEvidence()
	e.Steps, e.Call, e.TLS.CallAllowed, e.TLS.Failure = whole.Steps, whole.Call, true, nil
	e.TLS.Trust.SystemEmpty, e.TLS.Trust.NameOK, e.TLS.Trust.DatesOK, e.TLS.Trust.SelfSigned = true, true, true, false
	r := diagnose.New(e, report.Tool{Name: "opensrs-doctor", Version: "1.2.3", RootsDate: "2026-02-01"})
	if r.Verdict != report.VerdictPass || len(r.Diagnoses) > 0 || strings.Contains(r.Probes[4].Summary, "not a public") {
		t.Errorf("%s, %q\n%s", r.Verdict, told(r.Diagnoses), r.Probes[4].Summary)
	}
	validate(t, "own authority", jsonOf(t, r))
	if letter := ticketOf(t, r, false)["README.txt"]; !strings.Contains(letter, "The authority in /etc/relay/ca.pem leads to it: yes.") ||
		strings.Contains(letter, "own store does") {
		t.Error(letter)
	}
	if anonymous := string(jsonOf(t, anonymize.Anonymize(r))); strings.Contains(anonymous, "Relay Root") || strings.Contains(anonymous, "Acme") {
		t.Error(anonymous)
	}
}

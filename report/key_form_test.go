package report_test

import (
	"strings"
	"testing"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/report"
	"opensrs-doctor/report/anonymize"
	"opensrs-doctor/report/diagnose"
	"opensrs-doctor/report/render"
	"opensrs-doctor/report/screen"
)

// TestKeyFormAfterARefusal: after a 401 only what holds is said of the key: its form is ruled out where it is that of the
// service's keys, and else it is said what is unusual, in one sentence that nothing contradicts.
func TestKeyFormAfterARefusal(t *testing.T) {
	for name, c := range map[string]struct {
		form *opensrs.Form
		says string
	}{
		"usual":        {&opensrs.Form{Length: 112}, ""},
		"old":          {&opensrs.Form{Length: 16}, ""},
		"short":        {&opensrs.Form{Length: 111}, "The key from KEY has 111 characters; keys of the service have 112, very old ones 16."},
		"one":          {&opensrs.Form{Length: 1}, "The key from KEY has 1 character; keys of the service have 112, very old ones 16."},
		"pasted twice": {&opensrs.Form{Length: 224, Twice: true}, "The key from KEY has 224 characters, the same 112 twice, so it was probably pasted twice."},
		"a letter o": {&opensrs.Form{Length: 112, NotHex: 1, Places: []int{57}},
			"The key from KEY holds 1 character, which is not a hex digit (0 to 9, a to f): number 57."},
		"no hex": {&opensrs.Form{Length: 8, NotHex: 8, Places: []int{1, 2, 3}},
			"The key from KEY has 8 characters; keys of the service have 112, very old ones 16. It holds 8 characters, which are not " +
				"hex digits (0 to 9, a to f): number 1, 2, 3 and 5 more."},
		"a report without it": {nil, ""},
	} {
		e := fixtureOf(t, "call.auth-failed")
		e.Asked.KeySource, e.Asked.KeyForm, e.Target.KeyFingerprint = "KEY", c.form, nil
		d := diagnose.Diagnose(e)[0]
		said := strings.Join(append(d.Evidence, d.Explanation), "\n")
		if ruled := strings.Contains(said, "the form of the key"); ruled != (c.says == "" && c.form != nil) {
			t.Errorf("%s: the form is ruled out: %v\n%s", name, ruled, said)
		}
		if c.says != "" && (!strings.Contains(said, c.says) || !strings.Contains(d.Explanation, "Not ruled out: the key (its form is unusual)")) {
			t.Errorf("%s: %s", name, said)
		}
		if strings.Contains(said, "at least 32") {
			t.Errorf("%s: another sentence about the same: %s", name, said)
		}
		validate(t, name, jsonOf(t, reportOf(e)))
	}
}

// TestKeyLineEndIsQuiet: on a screen it is one line, and the verdict stays.
func TestKeyLineEndIsQuiet(t *testing.T) {
	r := reportOf(fixtureOf(t, "config.key-line-end"))
	lines := func(r *report.Report, o screen.Options) int { return strings.Count(screenOf(t, r, o), "\n") }
	plain := *r
	plain.Diagnoses = nil
	for _, width := range []int{100, 200} {
		if more := lines(r, screen.Options{Width: width}) - lines(&plain, screen.Options{Width: width}); more != 2 { // and a blank one
			t.Errorf("%d lines more\n%s", more, screenOf(t, r, screen.Options{Width: width}))
		}
	}
	if quiet := screenOf(t, r, screen.Options{Quiet: true}); quiet != screenOf(t, &plain, screen.Options{Quiet: true}) {
		t.Errorf("told in spite of --quiet:\n%s", quiet)
	}
	if verbose := screenOf(t, r, screen.Options{Verbose: true}); !strings.Contains(verbose, "trim(file_get_contents(FILE))") {
		t.Errorf("-v leaves the remedy out:\n%s", verbose)
	}
	if r.Verdict != report.VerdictPass || render.StateOf(r) != render.NagiosOK {
		t.Errorf("%s, %s", r.Verdict, render.StateOf(r))
	}
	malformed := fixtureOf(t, "config.api-key-malformed")
	malformed.Asked.KeyAround = []opensrs.Around{opensrs.LineEndAfter}
	if causes := told(diagnose.Diagnose(malformed)); strings.Contains(causes, "key-line-end") {
		t.Errorf("beside a key that cannot be right: %s", causes)
	}
}

// TestAnonymousPaths: the paths that a user gave are tokens, wherever they stand; words are none.
func TestAnonymousPaths(t *testing.T) {
	e := fixtureOf(t, "config.api-key-malformed")
	e.Asked.KeySource, e.Asked.RulesSource, e.Asked.CAFile, e.Asked.PublicRoots = "/srv/acme-corp/opensrs.key", "acme-rules.txt", "/srv/acme-corp/ca.pem", `C:\acme\roots.pem`
	e.Asked.ClientConfig = "acme-settings"
	document := string(jsonOf(t, anonymize.Anonymize(reportOf(e))))
	if strings.Contains(document, "acme") || !strings.Contains(document, `"key_source": "path-`) ||
		!strings.Contains(document, "Put the key alone into path-") {
		t.Error(document)
	}
	for _, word := range []string{"OPENSRS_API_KEY", "standard input", "the sandbox", "key"} {
		e.Asked.KeySource = word
		if document := string(jsonOf(t, anonymize.Anonymize(reportOf(e)))); !strings.Contains(document, `"key_source": "`+word+`"`) {
			t.Errorf("%s is a token", word)
		}
	}
	tokens := evidence.Evidence{Asked: evidence.Asked{RulesSource: "--rule"}}
	if document := string(jsonOf(t, anonymize.Anonymize(reportOf(&tokens)))); !strings.Contains(document, `"source": "--rule"`) {
		t.Error(document)
	}
}

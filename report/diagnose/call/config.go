package call

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/screen"
)

func callChosen(e *evidence.Evidence) bool {
	step := e.Step("call")
	return !step.WaitedFor.NotChosen()
}

// ConfigCredentialsMissing: no username or no key is given, and the call is wanted.
func ConfigCredentialsMissing(e *evidence.Evidence) (condition.Finding, bool) {
	var missing []string
	if e.Target.Username == "" {
		missing = append(missing, "a username")
	}
	if !e.Asked.KeyGiven {
		missing = append(missing, "an API key")
	}
	if len(missing) == 0 || !callChosen(e) {
		return condition.Finding{}, false
	}
	finding := condition.Finding{Values: prose.Values{"wanted": screen.List(missing)}}
	for _, required := range e.Asked.Require {
		if required == "call" {
			finding.Severity = report.Fail
		}
	}
	return finding, true
}

// ConfigAPIKeyMalformed: the key cannot be right as it was read.
func ConfigAPIKeyMalformed(e *evidence.Evidence) (condition.Finding, bool) {
	if len(e.Asked.KeyProblems) == 0 || !callChosen(e) {
		return condition.Finding{}, false
	}
	words := map[string]string{
		"quotes":          "it is in quotes",
		"spaces":          "it has white space inside",
		"placeholder":     "it is a placeholder from an example",
		"byte-order-mark": "it begins with a byte-order mark",
		"empty":           "it is empty",
		"assignment":      "it is a whole line of a settings file, with a name before the key",

		"control-characters": "it has control characters in it, as a file in UTF-16 has",
	}
	var problems []string
	for _, id := range e.Asked.KeyProblems {
		text := words[id]
		if text == "" {
			text = strings.ReplaceAll(id, "-", " ")
		}
		problems = append(problems, text)
	}
	values := prose.Values{"key_problem": screen.List(problems)}
	if slices.Contains(e.Asked.KeyProblems, string(opensrs.KeyAssignment)) && keyFile(e) != "" {
		values["settings_file"] = keyFile(e) // a program's own, it may be
	} else {
		values["key_place"] = e.Asked.KeySource
	}
	return condition.Finding{Values: values, Explains: []string{"call"},
		Evidence: []string{"The API key from " + e.Asked.KeySource + ": " + screen.List(problems) + "."}}, true
}

// ConfigUnexpectedKey: --expect-key names another key; nothing was called with this one.
func ConfigUnexpectedKey(e *evidence.Evidence) (condition.Finding, bool) {
	if e.Step("call").WaitedFor != evidence.WaitExpectedKey || e.Asked.ExpectKey == "" {
		return condition.Finding{}, false
	}
	is := "no fingerprint, because it is not 32 or more hex digits"
	if e.Target.KeyFingerprint != nil {
		is = "the fingerprint " + *e.Target.KeyFingerprint
	}
	return condition.Finding{Explains: []string{"call"}, Values: prose.Values{"expected": e.Asked.ExpectKey},
		Evidence: []string{fmt.Sprintf("The key from %s has %s; --expect-key says %s.", e.Asked.KeySource, is, e.Asked.ExpectKey)}}, true
}

// ConfigClientSettings: a client's own settings file has mistakes, whatever becomes of this run.
func ConfigClientSettings(e *evidence.Evidence) (condition.Finding, bool) {
	if len(e.Asked.ClientProblems) == 0 {
		return condition.Finding{}, false
	}
	finding := condition.Finding{Values: prose.Values{"client_file": e.Asked.ClientConfig}}
	for _, problem := range e.Asked.ClientProblems {
		if problem.Text.Empty() {
			continue
		}
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("%s:%d: %s.", e.Asked.ClientConfig, problem.Line, problem.Text))
	}
	first := e.Asked.ClientProblems[0]
	finding.Culprit = &report.Culprit{Kind: "setting", Name: first.Text.String(), At: fmt.Sprintf("%s:%d", e.Asked.ClientConfig, first.Line),
		File: fmt.Sprintf("%s:%d", e.Asked.ClientConfig, first.Line)}
	return finding, true
}

// keyFormWords are what is unusual in the form of the key, without a character of it; "" where nothing is.
func keyFormWords(e *evidence.Evidence) string {
	form := e.Asked.KeyForm
	if form == nil || form.Usual() {
		return ""
	}
	var unusual []string
	switch {
	case form.Twice:
		unusual = append(unusual, fmt.Sprintf("has %d characters, the same %d twice, so it was probably pasted twice", form.Length, form.Length/2))
	case form.Length != opensrs.KeyLength && form.Length != opensrs.OldKeyLength:
		unusual = append(unusual, fmt.Sprintf("has %s; keys of the service have %d, very old ones %d",
			screen.CountWords(form.Length, "character", "characters"), opensrs.KeyLength, opensrs.OldKeyLength))
	}
	if form.NotHex > 0 {
		places := make([]string, len(form.Places))
		for i, place := range form.Places {
			places[i] = strconv.Itoa(place)
		}
		if more := form.NotHex - len(places); more > 0 {
			places = append(places, fmt.Sprintf("%d more", more))
		}
		what := "which is not a hex digit (0 to 9, a to f)"
		if form.NotHex > 1 {
			what = "which are not hex digits (0 to 9, a to f)"
		}
		unusual = append(unusual, fmt.Sprintf("holds %s, %s: number %s", screen.CountWords(form.NotHex, "character", "characters"), what, screen.List(places)))
	}
	return "The key from " + e.Asked.KeySource + " " + strings.Join(unusual, ". It ") + "."
}

// AroundWords are the white space around a key.
var AroundWords = lazy.Value[map[opensrs.Around]string]{Make: func() map[opensrs.Around]string {
	return map[opensrs.Around]string{
		opensrs.LineEndAfter: "a line end after it", opensrs.SpaceBefore: "white space before it",
		opensrs.SpaceAfter: "white space after it",
	}
}}

// ConfigKeyLineEnd: white space around the key was cut off when it was read.
func ConfigKeyLineEnd(e *evidence.Evidence) (condition.Finding, bool) {
	if len(e.Asked.KeyAround) == 0 || len(e.Asked.KeyProblems) > 0 || !callChosen(e) {
		return condition.Finding{}, false
	}
	var around []string
	for _, where := range e.Asked.KeyAround {
		around = append(around, AroundWords.Get()[where])
	}
	finding := condition.Finding{Values: prose.Values{"key_around": screen.List(around)},
		Evidence: []string{"Cut off when the key was read: " + screen.List(around) + "."}}
	if finding.Values["key_file"] = keyFile(e); e.Asked.KeySource == evidence.KeyVariable {
		finding.Values["key_variable"] = evidence.KeyVariable
	}
	return finding, true
}

// keyFile is the path that the key was read from, "" where it came from elsewhere.
func keyFile(e *evidence.Evidence) string {
	if e.Asked.KeySource == evidence.KeyVariable || e.Asked.KeySource == evidence.KeyFromStdin {
		return ""
	}
	return e.Asked.KeySource
}

// ConfigRequiredSkipped: a probe that has to run did not.
func ConfigRequiredSkipped(e *evidence.Evidence) (condition.Finding, bool) {
	finding := condition.Finding{}
	var skipped []string
	for _, name := range e.Asked.Require {
		step := e.Step(name)
		if step.Status != evidence.Skip || failsAnyway(e, step) {
			continue
		}
		if len(skipped) == 0 {
			finding.Values = prose.Values{"waited_for": waitedWords(step.WaitedFor)}
		}
		skipped = append(skipped, name)
		finding.Evidence = append(finding.Evidence, "The "+name+" probe waited for "+waitedWords(step.WaitedFor)+".")
	}
	if len(skipped) == 0 {
		return condition.Finding{}, false
	}
	finding.Values["required"] = screen.List(skipped)
	return finding, true
}

// failsAnyway: what a skipped probe waited for is a failure with a cause of its own.
func failsAnyway(e *evidence.Evidence, step evidence.Step) bool {
	switch step.WaitedFor {
	case evidence.WaitInterrupt, evidence.WaitTimeout, evidence.WaitKey, evidence.WaitExpectedKey:
		return true
	case evidence.WaitCredentials:
		return step.Probe == "call"
	}
	return slices.Contains(evidence.Stops, string(step.WaitedFor)) && e.Blocked() != ""
}

// waitedWords is what a skipped probe waited for, as people say it.
func waitedWords(waitedFor evidence.Wait) string {
	words := map[evidence.Wait]string{
		evidence.WaitRules:       "a list of rules (--rule or --rules-file)",
		evidence.WaitCredentials: "a username and an API key", evidence.WaitKey: "an API key that is well-formed",
		evidence.WaitExpectedKey:  "the key that --expect-key names",
		evidence.WaitEgressSource: "an egress source",
		evidence.WaitOnly:         "being chosen (--only leaves it out)", evidence.WaitSkip: "being chosen (--skip leaves it out)",
	}[waitedFor]
	if words == "" {
		words = "the " + string(waitedFor) + " probe"
	}
	return words
}

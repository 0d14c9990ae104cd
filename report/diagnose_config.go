package report

import (
	"slices"
	"strings"

	"opensrs-doctor/probes"
)

func callChosen(e *probes.Evidence) bool {
	step := e.Step("call")
	return step.WaitedFor != "--only" && step.WaitedFor != "--skip"
}

func whenConfigCredentialsMissing(e *probes.Evidence) (Finding, bool) {
	var missing []string
	if e.Target.Username == "" {
		missing = append(missing, "a username")
	}
	if !e.Asked.KeyGiven {
		missing = append(missing, "an API key")
	}
	if len(missing) == 0 || !callChosen(e) {
		return Finding{}, false
	}
	finding := Finding{Values: Values{"wanted": list(missing)}}
	for _, required := range e.Asked.Require {
		if required == "call" {
			finding.Severity = Fail
		}
	}
	return finding, true
}

func whenConfigApiKeyMalformed(e *probes.Evidence) (Finding, bool) {
	if len(e.Asked.KeyProblems) == 0 || !callChosen(e) {
		return Finding{}, false
	}
	words := map[string]string{
		"quotes":          "it stands in quotes",
		"spaces":          "it has white space inside",
		"placeholder":     "it is a placeholder from an example",
		"byte-order-mark": "it begins with a byte-order mark",
		"empty":           "it is empty",

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
	return Finding{Values: Values{"key_problem": list(problems)}, Explains: []string{"call"},
		Evidence: []string{"The API key from " + e.Asked.KeySource + ": " + list(problems) + "."}}, true
}

func whenConfigRequiredSkipped(e *probes.Evidence) (Finding, bool) {
	finding := Finding{}
	var skipped []string
	for _, name := range e.Asked.Require {
		step := e.Step(name)
		if step.Status != probes.Skip || failsAnyway(e, step) {
			continue
		}
		if len(skipped) == 0 {
			finding.Values = Values{"waited_for": waitedWords(step.WaitedFor)}
		}
		skipped = append(skipped, name)
		finding.Evidence = append(finding.Evidence,
			"The "+name+" probe was required and did not run: it waited for "+waitedWords(step.WaitedFor)+".")
	}
	if len(skipped) == 0 {
		return Finding{}, false
	}
	finding.Values["required"] = list(skipped)
	return finding, true
}

// failsAnyway: what a skipped probe waited for is a failure with a cause of its own.
func failsAnyway(e *probes.Evidence, step probes.Step) bool {
	switch step.WaitedFor {
	case probes.WaitInterrupt, probes.WaitTimeout, "api-key":
		return true
	case "credentials":
		return step.Probe == "call"
	}
	return slices.Contains(stops, step.WaitedFor) && blocked(e) != ""
}

// waitedWords is what a skipped probe waited for, as people say it.
func waitedWords(waitedFor string) string {
	words := map[string]string{"rules": "a list of rules (--rule or --rules-file)", "credentials": "a username and an API key",
		"api-key": "an API key that is well-formed", "--egress-source": "an egress source",
		"--only": "being chosen (--only leaves it out)", "--skip": "being chosen (--skip leaves it out)"}[waitedFor]
	if words == "" {
		words = "the " + waitedFor + " probe"
	}
	return words
}

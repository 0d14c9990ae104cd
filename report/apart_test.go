package report_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
)

// Evidence is what was seen, the explanation is why that means this cause, and neither says what the other says: a screen
// shows both. A title may be said again by the evidence, which holds every address, code and quotation.
func TestEvidenceAndExplanationAreApart(t *testing.T) {
	t.Parallel()
	for _, f := range fixtures() {
		for _, d := range reportOf(f.evidence()).Diagnoses {
			for _, problem := range repetitions(d) {
				t.Errorf("%s: %s: %s", f.name, d.Cause, problem)
			}
		}
	}
}

func TestRepetitions(t *testing.T) {
	for _, c := range []struct {
		d    report.Diagnosis
		want int
	}{
		{report.Diagnosis{Explanation: "The host answers.", Evidence: []string{"the host  answers"}}, 1},
		{report.Diagnosis{Summary: "Port 443 answers", Evidence: []string{"Port 443 answers.", "Port 44 answers."}}, 0},
		{report.Diagnosis{Explanation: "It is up.", Evidence: []string{"Port 44 answers", "Port 44 answers."}}, 1},
		{report.Diagnosis{Explanation: "The answer of the resolver 192.0.2.53 is NXDOMAIN: there is no such name.",
			Evidence: []string{"The resolver 192.0.2.53 answers NXDOMAIN."}}, 1},
		{report.Diagnosis{Explanation: "The name example.com does resolve. So it is withheld.",
			Evidence: []string{"Another name, example.com, does resolve; 192.0.2.53 said so."}}, 1},
		{report.Diagnosis{Explanation: "Packets get lost.", Evidence: []string{"So packets get lost on this path, as the count shows."}}, 1},
		{report.Diagnosis{Summary: "The resolver does not answer: 192.0.2.53", Explanation: "It knows other names, so this one is withheld.",
			Evidence: []string{"Asked over UDP and TCP: no answer in time.", "Another name, example.com, does resolve."}}, 0},
	} {
		if got := repetitions(c.d); len(got) != c.want {
			t.Errorf("%q, %q: %q", c.d.Explanation, c.d.Evidence, got)
		}
	}
}

// sentenceEnd is where one sentence ends and another begins.
var sentenceEnd = regexp.MustCompile(`[.] (?:[A-Z]|[^ ]*[0-9/{])`)

// repetitions is what a diagnosis says twice.
func repetitions(d report.Diagnosis) (problems []string) {
	said := []string{essence(d.Explanation)}
	for _, line := range d.Evidence {
		core := essence(line)
		again := restates(line, d.Explanation)
		again = again || core == "" || slices.ContainsFunc(said, func(text string) bool { return containsWords(text, core) })
		if said = append(said, core); again {
			problems = append(problems, "the evidence says again: "+line)
		} else if strings.HasPrefix(line, "So ") {
			problems = append(problems, "the evidence concludes: "+line)
		}
	}
	seen, rest := strings.Join(d.Evidence, " "), d.Explanation
	for rest != "" {
		sentence := rest
		if at := sentenceEnd.FindStringIndex(rest); at != nil {
			sentence = rest[:at[0]+1]
		}
		if rest = strings.TrimSpace(rest[len(sentence):]); len(problems) == 0 && restates(sentence, seen) {
			problems = append(problems, "the explanation says again: "+sentence)
		}
	}
	return problems
}

// restates reports whether a line says again, in other words, what was told: there are names in it, addresses, numbers
// and codes, all of them were told, and so were most of its other words.
func restates(line, told string) bool {
	names, others := wordsOf(line)
	toldNames, toldOthers := wordsOf(told)
	for _, name := range names {
		if !slices.Contains(toldNames, name) {
			return false
		}
	}
	again := 0
	for _, word := range others {
		if slices.Contains(toldOthers, word) {
			again++
		}
	}
	return len(names) > 0 && (2*again > len(others) || len(others) == 0)
}

// wordsOf splits a text into what names something, with a digit, a dot, a colon or a slash in it, a flag or capitals, and
// the beginnings of its other words of four letters or more.
func wordsOf(text string) (names, others []string) {
	for _, word := range strings.Fields(screen.Clean(text)) {
		word = strings.Trim(word, `.,;:!?"'()`)
		capitals := len(word) > 2 && word == strings.ToUpper(word)
		switch {
		case capitals, strings.ContainsAny(word, "0123456789.:/@="), strings.HasPrefix(word, "--"):
			names = append(names, word)
		case len(word) >= 4:
			others = append(others, strings.ToLower(word[:min(len(word), 5)]))
		}
	}
	return names, others
}

// essence is a sentence without what does not change its meaning: case, spacing, the full stop.
func essence(text string) string {
	return strings.TrimRight(strings.ToLower(screen.Clean(text)), ".; ")
}

// containsWords reports whether text holds the words of part, and not just their letters: "port 443" is not in
// "port 4430".
func containsWords(text, part string) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], part)
		if at < 0 {
			return false
		}
		at += from
		end := at + len(part)
		if (at == 0 || !screen.WordByte(text[at-1])) && (end == len(text) || !screen.WordByte(text[end])) {
			return true
		}
		from = at + 1
	}
}

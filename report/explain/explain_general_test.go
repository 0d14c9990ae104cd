package explain

import (
	"regexp"
	"strings"
	"testing"

	"opensrs-doctor/report/diagnose"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/internal/golden"
	"opensrs-doctor/report/screen"
)

// invented is what a page that is about no run must not say: values that nobody has seen, and the holes that
// are left where a value should be.
var invented = map[string]*regexp.Regexp{
	"a placeholder":           regexp.MustCompile(`[{}]`),
	"an address":              regexp.MustCompile(`\b\d{1,3}(\.\d{1,3}){3}\b`),
	"a line of a file":        regexp.MustCompile(`(^|[\s(])(/|[A-Z]:\\)[^\s:]+:\d`),
	"a date or time":          regexp.MustCompile(`\b\d{4}-\d\d-\d\d|\b\d\d:\d\d\b`),
	"a numbered hop or rule":  regexp.MustCompile(`\b(hop|rule) \d`),
	"a hole":                  regexp.MustCompile(`\bADDRESS\b|\bits (first|last) day\b|\bsome days\b|[a-z]/32\b`),
	"a gap":                   regexp.MustCompile(`  | [,.;)]|\(\)|[,:;]\.|,,|^$`),
	"one of the environments": regexp.MustCompile(`\bof the (live|test) environment\b|\bfor (live|test)\b`),
}

// rightAnyway are facts of the service and commands to be typed.
var rightAnyway = strings.NewReplacer("--resolver 1.1.1.1", "it", "127.0.0.1", "it", "127.0.0.53", "it",
	"--egress-ip ADDRESS", "it", "rr-n1-tor.opensrs.net:55443", "it", "horizon.opensrs.net:55443", "it")

func TestPagesInventNothing(t *testing.T) {
	for _, c := range diagnose.Causes() {
		p := PageOf(c)
		for _, text := range append([]string{p.Summary, p.Means, p.Recognised}, p.Fixes...) {
			for what, pattern := range invented {
				if pattern.MatchString(rightAnyway.Replace(text)) {
					t.Errorf("%s: %s in a text that is about no run: %s", c.ID, what, text)
				}
			}
		}
	}
}

// A word that only a run knows is in no text that has no words of its own for the general case.
func TestWhatOnlyARunKnowsIsSaidInGeneral(t *testing.T) {
	for _, c := range diagnose.Causes() {
		for _, text := range append([]string{c.Summary}, c.Fixes...) {
			for _, found := range prose.Placeholder.Regexp().FindAllString(prose.InGeneral(text), -1) {
				if prose.Vocabulary.Get()[strings.Trim(found, "{}")] == "" {
					t.Errorf("%s: there is no general word for %s: %s", c.ID, found, text)
				}
			}
			run, rest, two := strings.Cut(text, prose.General)
			if two && (!strings.Contains(run, "{") || strings.Contains(rest, prose.General)) {
				t.Errorf("%s: words of its own for the general case, and nothing that only a run knows: %s", c.ID, text)
			}
		}
	}
}

func TestExplainAllPages(t *testing.T) {
	var pages, one strings.Builder
	for _, c := range diagnose.Causes() {
		if err := Explain(&pages, c.ID, screen.Options{}); err != nil {
			t.Fatal(err)
		}
		pages.WriteString("\n" + strings.Repeat("-", 80) + "\n\n")
	}
	golden.Check(t, "explain/pages.txt", pages.String())
	if err := ExplainJSON(&one, "dns.hosts-override"); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "explain/page.json", one.String())
}

package signature

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode"

	"opensrs-doctor/probes/inspect"
	"opensrs-doctor/probes/mistakes"
	"opensrs-doctor/report/screen"
)

// TestMistakeWords: every mistake has its words, once; each form that has a sentence exists; each has a way out
// in every language that clients are written in, or in none.
func TestMistakeWords(t *testing.T) {
	var told []string
	for _, words := range mistakeWords.Get() {
		told = append(told, words.id)
		if words.summary == "" || words.means == "" || words.fix == "" {
			t.Errorf("%s: words are missing", words.id)
		}
		if len(words.summary) > 70 || strings.HasSuffix(words.summary, ".") || unicode.IsUpper(rune(words.summary[0])) &&
			!strings.HasPrefix(words.summary, "MD5") && !strings.HasPrefix(words.summary, "SHA-") &&
			!strings.HasPrefix(words.summary, "HMAC") && !strings.HasPrefix(words.summary, "Content-") {
			t.Errorf("%s: this is no line for a log: %s", words.id, words.summary)
		}
		for form, sentence := range words.forms {
			if !slices.Contains(mistakes.FormsOf(words.id), form) {
				t.Errorf("%s: words for the form %q, which does not exist", words.id, form)
			}
			if !strings.HasSuffix(sentence, ".") {
				t.Errorf("%s: no sentence: %s", words.id, sentence)
			}
		}
		if languages := len(words.fixes().Languages); languages != 5 && languages != 0 {
			t.Errorf("%s: fixes in %d languages", words.id, languages)
		}
		for _, text := range append(flatFixes([]Fix{words.fixes()}), words.means) {
			if !strings.HasSuffix(text, ".") || text != screen.Clean(text) {
				t.Errorf("%s: no sentence: %q", words.id, text)
			}
		}
	}
	want := append(mistakes.Mistakes(), inspect.FindingIDs()...)
	slices.Sort(told)
	slices.Sort(want)
	want = slices.Compact(want) // two are seen with the signature and without
	if !slices.Equal(told, want) {
		t.Errorf("words for %v\nmistakes  %v", told, want)
	}
}

func TestExplainMistakes(t *testing.T) {
	explanation, fixes := ExplainMistakes([]string{mistakes.BodyHTMLEscaped, mistakes.KeyQuoted}, []string{"go", "double"})
	for _, part := range []string{"&lt;", "Go's html.EscapeString", "quotation marks around the key"} {
		if !strings.Contains(explanation, part) {
			t.Errorf("%q is not in %q", part, explanation)
		}
	}
	if len(fixes) != 12 || !strings.HasPrefix(fixes[1], "PHP: ") || !strings.HasPrefix(fixes[11], "Perl: ") {
		t.Errorf("%q", fixes)
	}
	if MistakeSummary(mistakes.SingleMD5) != "MD5 was taken once instead of twice" || MistakeSummary("a\x1bb") != "ab" {
		t.Error("summaries")
	}
}

func TestExplainFinding(t *testing.T) {
	for _, test := range []struct {
		finding inspect.Finding
		want    string
	}{
		{inspect.Finding{ID: inspect.ContentLengthWrong, Said: 9, Came: 7}, "It says 9, and 7 bytes are there; unless the capture was cut"},
		{inspect.Finding{ID: inspect.ContentLengthWrong, Said: 7, Came: 9}, "It says 7, and 9 bytes are there."},
		{inspect.Finding{ID: inspect.ContentLengthWrong, Said: -1}, "not a single number"},
		{inspect.Finding{ID: inspect.WrongContentType}, "There is none here."},
		{inspect.Finding{ID: inspect.WrongContentType, Found: "text/plain"}, "Here it is text/plain."},
		{inspect.Finding{ID: inspect.HeaderMissing, Header: "X-Username"}, "X-Username is missing."},
		{inspect.Finding{ID: inspect.HeaderName, Header: "X-Username", Found: "X-User"}, `"X-User" has to be X-Username.`},
		{inspect.Finding{ID: inspect.WrongMethod, Found: "GET"}, "Here it is GET."},
	} {
		if got := ExplainFinding(test.finding); !strings.Contains(got, test.want) {
			t.Errorf("%+v: %s", test.finding, got)
		}
	}
}

// TestTwoFindingsOneMistake: both headers wrong in one way is one mistake, told once, with the names of both.
func TestTwoFindingsOneMistake(t *testing.T) {
	check := SignatureCheck{Request: true, Findings: []inspect.Finding{
		{ID: inspect.HeaderMissing, Header: "X-Username"}, {ID: inspect.HeaderMissing, Header: "X-Signature"},
		{ID: inspect.WrongPath, Found: "/x"},
	}}
	var out strings.Builder
	if err := WriteSignatureJSON(&out, check); err != nil {
		t.Fatal(err)
	}
	var document struct {
		Mistakes    []string
		Explanation string
		Fixes       []string
	}
	if err := json.Unmarshal([]byte(out.String()), &document); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(document.Mistakes, " "); got != "header-missing path" {
		t.Errorf("mistakes: %s", got)
	}
	if !strings.Contains(document.Explanation, "X-Username is missing. X-Signature is missing.") {
		t.Error(document.Explanation)
	}
	if got := slices.Compact(slices.Clone(document.Fixes)); len(got) != 7 || len(document.Fixes) != 7 {
		t.Errorf("%d fixes: %q", len(document.Fixes), document.Fixes)
	}
}

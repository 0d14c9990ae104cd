package signature

import (
	"fmt"
	"slices"
	"strings"

	"opensrs-doctor/probes/inspect"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/report/screen"
)

// mistake is how one mistake of a client reads. The texts are in the tables of mistakes_*.go; the facts, and
// the order, are those of probes/opensrs.
type mistake struct {
	id      string
	summary string            // one line, for a headline and for the sandbox's log
	means   string            // what the client did, and why the service can't accept it
	forms   map[string]string // a sentence about a form of it, where that helps to find the place
	fix     string            // what to do, in any language
	php     string            // what makes it creep in there, and what to write instead
	python  string
	ruby    string
	node    string
	perl    string
}

var mistakeWords = lazy.Value[[]mistake]{Make: func() []mistake {
	return slices.Concat(digestMistakes.Get(), bodyMistakes.Get(), keyMistakes.Get(), requestMistakes.Get(), xmlMistakes.Get())
}}

func wordsFor(id string) (mistake, bool) {
	for _, words := range mistakeWords.Get() {
		if words.id == id {
			return words, true
		}
	}
	return mistake{}, false
}

// MistakeSummary is one line about a mistake of a client, without a full stop. An unknown ID is its own
// summary.
func MistakeSummary(id string) string {
	if words, found := wordsFor(id); found {
		return words.summary
	}
	return screen.Clean(id)
}

// Fix is one thing to do, with the way it has to be done in each language.
type Fix struct {
	Text      string
	Languages []LanguageFix // in the order in which they are shown; nil where the language does not matter
}

// LanguageFix is a fix in one language.
type LanguageFix struct{ Language, Text string }

func (m mistake) fixes() Fix {
	fix := Fix{Text: m.fix}
	for _, one := range []LanguageFix{
		{"PHP", m.php}, {"Python", m.python}, {"Ruby", m.ruby}, {"Node", m.node}, {"Perl", m.perl},
	} {
		if one.Text != "" {
			fix.Languages = append(fix.Languages, one)
		}
	}
	return fix
}

// ExplainMistakes says what a client did wrong, and what helps. forms are those of a verdict, in the order of
// ids, or nil. The fixes are a flat list: for each mistake what to do, then a line a language, which begins
// with its name.
func ExplainMistakes(ids, forms []string) (explanation string, fixes []string) {
	var texts []string
	var all []Fix
	for i, id := range ids {
		form := ""
		if i < len(forms) {
			form = forms[i]
		}
		words, found := wordsFor(id)
		if !found {
			continue
		}
		texts = append(texts, words.means)
		if more := words.forms[form]; more != "" {
			texts = append(texts, more)
		}
		all = append(all, words.fixes())
	}
	return strings.Join(texts, " "), flatFixes(all)
}

func flatFixes(fixes []Fix) []string {
	flat := []string{}
	for _, fix := range fixes {
		flat = append(flat, fix.Text)
		for _, one := range fix.Languages {
			flat = append(flat, one.Language+": "+one.Text)
		}
	}
	return flat
}

// ExplainFinding says what is wrong with a request, with the values that were found there.
func ExplainFinding(f inspect.Finding) string {
	words, _ := wordsFor(f.ID)
	return strings.TrimSpace(words.means + " " + findingDetail(f))
}

// findingDetail is the part of the explanation that two findings of one mistake do not share.
func findingDetail(f inspect.Finding) string {
	found := screen.Clean(f.Found)
	detail := ""
	switch f.ID {
	case inspect.ContentLengthWrong:
		switch {
		case f.Said < 0:
			detail = "Its value is not a single number."
		case f.Came < f.Said:
			detail = fmt.Sprintf("It says %d, and %d bytes are there; unless the capture was cut, the client counted wrong.",
				f.Said, f.Came)
		default:
			detail = fmt.Sprintf("It says %d, and %d bytes are there.", f.Said, f.Came)
		}
	case inspect.WrongContentType:
		detail = "There is none here."
		if found != "" {
			detail = "Here it is " + found + "."
		}
	case inspect.HeaderMissing:
		detail = f.Header + " is missing."
	case inspect.HeaderName:
		detail = "It has to be " + f.Header + "."
		if found != "" {
			detail = fmt.Sprintf("\"%s\" has to be %s.", found, f.Header)
		}
	case inspect.WrongMethod, inspect.WrongPath:
		if found != "" {
			detail = "Here it is " + found + "."
		}
	default:
		detail = bodyDetail(f)
	}
	return detail
}

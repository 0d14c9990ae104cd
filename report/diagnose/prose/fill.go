package prose

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"opensrs-doctor/probes/lazy"
)

// Placeholder is a name in braces, as the catalogue's texts hold it.
var Placeholder = lazy.Pattern{Text: `\{[a-z][a-z0-9_]*\}`}

// General parts a row's text for a run from its words for no run: "Ask {sender}.", General, " Ask the sender."
// It is there where the first reads wrong without the run's values; most texts have one wording for both. Without words
// after it, the text is for a run only: another one says it in general.
const General = "\nIn general:"

// ForRun is a row's text with the run's placeholders in it.
func ForRun(text string) string {
	run, _, _ := strings.Cut(text, General)
	return run
}

// detail is what a title says at its end of one run: "No proxy answers: {proxy}", "authentication failed ({code})".
var detail = lazy.Pattern{Text: `(: \{[a-z][a-z0-9_]*\}| \(\{[a-z][a-z0-9_]*\}\))+$`}

// InGeneral is a row's text for somebody who has no run at hand: its words for that case, else the same words without
// the detail. The vocabulary has words for the placeholders that are left.
func InGeneral(text string) string {
	run, words, two := strings.Cut(text, General)
	if two {
		return strings.TrimSpace(words)
	}
	return detail.Regexp().ReplaceAllString(run, "")
}

// Fill puts values in the place of the placeholders of a row's text for a run. It is false if one of them has no
// value, or an empty one; the text is then of no use and the caller leaves it out. A value is never searched
// for placeholders: it may quote a peer.
func Fill(text string, values Values) (string, bool) {
	complete := true
	filled := Placeholder.Regexp().ReplaceAllStringFunc(ForRun(text), func(found string) string {
		value := values[found[1:len(found)-1]]
		if value == "" {
			complete = false
		}
		return value
	})
	if !complete {
		return "", false
	}
	return filled, true
}

// FillGeneric gives a row's text in general, with the vocabulary's words in the place of the placeholders that
// have no value. Where such a word begins a sentence it gets a capital letter. A placeholder that the vocabulary
// does not know stays as it is.
func FillGeneric(text string, values Values) string {
	text = InGeneral(text)
	var out strings.Builder
	last := 0
	for _, at := range Placeholder.Regexp().FindAllStringIndex(text, -1) {
		out.WriteString(text[last:at[0]])
		name := text[at[0]+1 : at[1]-1]
		switch word := Vocabulary.Get()[name]; {
		case values[name] != "":
			out.WriteString(values[name])
		case word == "":
			out.WriteString(text[at[0]:at[1]])
		case at[0] == 0, strings.HasSuffix(text[:at[0]], ". "):
			out.WriteString(capitalized(word))
		default:
			out.WriteString(word)
		}
		last = at[1]
	}
	out.WriteString(text[last:])
	return out.String()
}

// capitalized turns an ordinary first word into the beginning of a sentence. Names and commands, which
// are not words of the language, keep their form.
func capitalized(text string) string {
	first, rest, _ := strings.Cut(text, " ")
	if rest == "" || strings.ContainsAny(first, "./:_0123456789") {
		return text
	}
	r, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(r)) + text[size:]
}

// Values fill the placeholders of a row's texts.
type Values map[string]string

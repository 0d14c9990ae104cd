package report

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// placeholder is a name in braces, as the catalogue's texts hold it.
var placeholder = regexp.MustCompile(`\{[a-z][a-z0-9_]*\}`)

// fill puts values in the place of the text's {placeholders}. It is false if one of them has no value,
// or an empty one; the text is then of no use and the caller leaves it out. A value is never searched
// for placeholders: it may quote a peer.
func fill(text string, values Values) (string, bool) {
	complete := true
	filled := placeholder.ReplaceAllStringFunc(text, func(found string) string {
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

// fillGeneric puts the vocabulary's words in the place of the placeholders, for a text that is about no
// run. Where such a word begins a sentence it gets a capital letter. A placeholder that the vocabulary
// does not know stays as it is.
func fillGeneric(text string) string {
	var out strings.Builder
	last := 0
	for _, at := range placeholder.FindAllStringIndex(text, -1) {
		before := text[last:at[0]]
		out.WriteString(before)
		word, known := vocabulary[text[at[0]+1:at[1]-1]]
		switch {
		case !known:
			word = text[at[0]:at[1]]
		case at[0] == 0, strings.HasSuffix(text[:at[0]], ". "):
			word = capitalized(word)
		}
		out.WriteString(word)
		last = at[1]
	}
	out.WriteString(text[last:])
	return out.String()
}

// capitalized turns an ordinary first word into the beginning of a sentence. Names and commands, which
// are no words of the language, keep their form.
func capitalized(text string) string {
	first, rest, _ := strings.Cut(text, " ")
	if rest == "" || strings.ContainsAny(first, "./:_0123456789") {
		return text
	}
	r, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(r)) + text[size:]
}

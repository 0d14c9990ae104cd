package console

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/opensrs"
)

// Say writes one line to standard error behind a lead, "error: ", "hint: ", "note: " or "". It is the one way there
// for words: whatever is in them, of an argument, a path, a variable or a file, it stays one line without a character
// that a terminal obeys, and without the opening of a CI system's command.
func (s *Streams) Say(lead, text string) {
	fmt.Fprintln(s.Stderr, lead+foreign.Disarm(escaped(text)))
}

// Note says what is worth knowing.
func (s *Streams) Note(format string, args ...any) { s.Tell("note: ", fmt.Sprintf(format, args...)) }

// Tell says what may repeat a word of the user's: the key that is in the environment, and the signature of the one
// call, are kept back. A command line may have them where something else belongs.
func (s *Streams) Tell(lead, text string) { s.Say(lead, s.withoutKey(text)) }

// withoutKey takes no short key out: that is none, and may be a word of ours.
func (s *Streams) withoutKey(text string) string {
	key := strings.TrimSpace(s.Getenv(evidence.KeyVariable))
	if len(key) < 16 {
		return text
	}
	scrub := &foreign.Scrubber{}
	scrub.Add(key)
	scrub.Add(opensrs.Sign(opensrs.GetBalanceBody(), []byte(key)))
	return scrub.Scrub(text)
}

// escaped writes what is not printable in text as Go writes it inside quotes.
func escaped(text string) string {
	if Printable(text) {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); {
		_, size := utf8.DecodeRuneInString(text[i:])
		if part := text[i : i+size]; Printable(part) {
			out.WriteString(part)
		} else {
			quoted := strconv.Quote(part)
			out.WriteString(quoted[1 : len(quoted)-1])
		}
		i += size
	}
	return out.String()
}

// Printable reports whether a text is UTF-8 of nothing but printable characters; the end of a line is none.
func Printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !strconv.IsPrint(r) })
}

// Package foreign holds the words that others wrote: peers, resolvers, certificates, files. They may hold a secret
// that the peer was sent, or found elsewhere, and marks that a terminal or a log reader obeys. So they come in by one
// gate, Scrubber.Quote, and what comes out is a Text, which no other way makes.
//
// The order at the gate matters and is kept in one place: decode, clean, scrub, and only then cut short. What is
// cleaned away after scrubbing joins a secret again, and what is cut before it hides the rest of one.
package foreign

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text is words of somebody else, fit to be shown: one line, without a secret, and without anything that a terminal
// obeys. The zero Text is no words.
type Text struct{ shown string }

func (t Text) String() string { return t.shown }

// Empty reports whether there are no words.
func (t Text) Empty() bool { return t.shown == "" }

// IsZero is Empty, for omitzero of package encoding/json.
func (t Text) IsZero() bool { return t.shown == "" }

// MarshalText gives the words.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.shown), nil }

// UnmarshalText takes the words of a saved report. Whoever saved it has scrubbed them; they are cleaned again.
func (t *Text) UnmarshalText(text []byte) error {
	t.shown = Clean(string(text))
	return nil
}

// words are a constant of ours: no other package can make one of anything but a literal.
type words string

// Ours are words of the tool's own, which no secret is looked for in: a password may be one of them.
func Ours(text words) Text { return Text{string(text)} }

// Oursf fills words of ours with numbers and Texts, as fmt.Sprintf does.
func Oursf[T int | Text](format words, args ...T) Text {
	anys := make([]any, len(args))
	for i, arg := range args {
		anys[i] = arg
	}
	return Text{fmt.Sprintf(string(format), anys...)}
}

// Quote is the gate: what somebody else said as a Text of at most limit characters.
func (s *Scrubber) Quote(said string, limit int) Text {
	return Text{cut(s.Scrub(Clean(said)), limit)}
}

// QuoteSent is Quote for the free words of a peer that was sent a secret: it may dress that up in ways that nobody
// thought of, so that whatever looks like a token is taken out too.
func (s *Scrubber) QuoteSent(said string, limit int) Text {
	return Text{cut(HideTokens(s.Scrub(Clean(said))), limit)}
}

// Clean makes text one line of plain characters: every run of white space becomes one space, and what is unfit to be
// shown becomes a middle dot, so that words which it parted stay apart.
func Clean(text string) string {
	var out strings.Builder
	space := false
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		if unicode.IsSpace(r) || r == '\u2028' || r == '\u2029' {
			space = out.Len() > 0
			continue
		}
		if space {
			out.WriteByte(' ')
			space = false
		}
		if r == utf8.RuneError || Harmful(r) {
			r = '·'
		}
		out.WriteRune(r)
	}
	return out.String()
}

// Harmful reports whether a terminal or a reader could be deceived by r: control characters (C1 too, U+009B starts an
// escape sequence), format characters such as the bidirectional overrides, the separators that end a line, what is for
// private use, and noncharacters such as U+FFFE, which XML, HTML and YAML forbid.
func Harmful(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Noncharacter_Code_Point) ||
		r == '\u2028' || r == '\u2029'
}

// cut keeps limit characters.
func cut(text string, limit int) string {
	count := 0
	for i := range text {
		if count++; count > limit {
			return text[:i] + "…"
		}
	}
	return text
}

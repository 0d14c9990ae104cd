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
// obeys. Words of ours may be around them. The zero Text is no words.
type Text struct{ marked string } // what is ours is between the marks, which no foreign words hold: Clean takes them out

const beginOurs, endOurs = "\uE000", "\uE001"

// String gives the words.
func (t Text) String() string {
	if !strings.Contains(t.marked, beginOurs) {
		return t.marked
	}
	return strings.NewReplacer(beginOurs, "", endOurs, "").Replace(t.marked)
}

// Empty reports whether there are no words.
func (t Text) Empty() bool { return t.marked == "" }

// IsZero is Empty, for omitzero of package encoding/json.
func (t Text) IsZero() bool { return t.marked == "" }

// MarshalText gives the words.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText takes the words of a saved report. Whoever saved it has scrubbed them; they are cleaned again.
func (t *Text) UnmarshalText(text []byte) error {
	t.marked = Clean(string(text))
	return nil
}

// words are a constant of ours: no other package can make one of anything but a literal.
type words string

// Ours are words of the tool's own, which no secret is looked for in: a password may be one of them.
func Ours(text words) Text {
	if text == "" {
		return Text{}
	}
	return Text{beginOurs + string(text) + endOurs}
}

// Oursf fills words of ours with numbers and Texts, as fmt.Sprintf does.
func Oursf[T int | Text](format words, args ...T) Text {
	anys := make([]any, len(args))
	for i, arg := range args {
		switch arg := any(arg).(type) {
		case Text:
			anys[i] = endOurs + arg.marked + beginOurs
		default:
			anys[i] = arg
		}
	}
	return Text{beginOurs + fmt.Sprintf(string(format), anys...) + endOurs}
}

// Join puts Texts one behind the other, with a space between two that hold words.
func Join(texts ...Text) (joined Text) {
	for _, text := range texts {
		if joined.marked != "" && text.marked != "" {
			joined.marked += " "
		}
		joined.marked += text.marked
	}
	return joined
}

// Strings are the words of several Texts.
func Strings(texts []Text) []string {
	var all []string
	for _, text := range texts {
		all = append(all, text.String())
	}
	return all
}

// Clean makes text one line of plain characters: every run of white space becomes one space, and what is unfit to be
// shown becomes a middle dot, so that words which it parted stay apart.
func Clean(text string) string {
	cleaned, _ := clean(text, len(text))
	return cleaned
}

// clean is Clean of so much of the text that at most so many bytes come of it; more says that this is not all.
func clean(text string, most int) (cleaned string, more bool) {
	var out strings.Builder
	space := false
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		if unicode.IsSpace(r) || r == '\u2028' || r == '\u2029' {
			space = out.Len() > 0
			continue
		}
		if most < len(text) && out.Len()+1+size > most {
			return out.String(), true
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
	return out.String(), false
}

// Harmful reports whether a terminal or a reader could be deceived by r: control characters (C1 too, U+009B starts an
// escape sequence), format characters such as the bidirectional overrides, the separators that end a line, what is for
// private use, variation selectors, which hide bytes in nothing to see, and noncharacters such as U+FFFE, which XML, HTML
// and YAML forbid.
func Harmful(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Noncharacter_Code_Point, unicode.Variation_Selector) ||
		r == '\u2028' || r == '\u2029'
}

// cut keeps limit characters, the last of which is … where there were more.
func cut(text string, limit int) string {
	count, last := 0, 0
	for i := range text {
		if count++; count > limit {
			return text[:last] + "…"
		}
		last = i
	}
	return text
}

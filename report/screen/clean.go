package screen

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/lazy"
)

// Clean makes text that came from elsewhere safe to print: a peer's reply, a certificate or a saved
// report may hold terminal escapes, line ends or marks that turn the direction of writing. Line ends,
// tabs and every other white space become one space; control and format characters, what Unicode keeps
// for no character at all, and what is not UTF-8 go. What a CI system would obey is parted. Everything that reaches a
// screen passes through here.
func Clean(text string) string {
	if plainASCII(text) {
		return foreign.Disarm(text)
	}
	var out strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		switch {
		case r == utf8.RuneError && size <= 1:
		case unicode.IsSpace(r), r == '\u2028', r == '\u2029':
			out.WriteByte(' ')
		case foreign.Harmful(r):
		default:
			out.WriteRune(r)
		}
	}
	return foreign.Disarm(strings.Join(strings.Fields(out.String()), " "))
}

// plainASCII is the common case: printable, no two spaces in a row, none at the ends.
func plainASCII(text string) bool {
	space := true
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c < ' ' || c > '~' || c == ' ' && space {
			return false
		}
		space = c == ' '
	}
	return !space || text == ""
}

// asciiSigns are the signs beyond ASCII that the tool's own words use, for screens that have none.
var asciiSigns = lazy.Value[*strings.Replacer]{Make: func() *strings.Replacer {
	return strings.NewReplacer(
		"✓", "ok", "✗", "x", "·", "-", "–", "-", "—", "-", "…", "...", "→", "->", "×", "x",
		"“", `"`, "”", `"`, "„", `"`, "‘", "'", "’", "'", "\u00a0", " ", "≥", ">=", "≤", "<=",
	)
}}

// asciiOnly spells text in ASCII; what has no spelling becomes a question mark.
func asciiOnly(text string) string {
	return strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII {
			return '?'
		}
		return r
	}, asciiSigns.Get().Replace(text))
}

// Digit reports whether a byte is one of 0 to 9.
func Digit(c byte) bool { return '0' <= c && c <= '9' }

// Lower turns ASCII letters small and keeps the length of the text, which strings.ToLower does not promise.
func Lower(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
}

// WordByte reports whether c belongs to a word or a name: letters, digits and what is beyond ASCII.
func WordByte(c byte) bool {
	return Digit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == '-' || c >= 0x80
}

package probes

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// printable makes text from a peer fit to be quoted: one line, no control or formatting characters, at
// most limit runes. Scrub secrets before it, not after.
func printable(text string, limit int) string {
	var out strings.Builder
	space, count := false, 0
	for _, r := range text {
		switch {
		case r == utf8.RuneError, unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r):
			r = '·'
		case unicode.IsSpace(r):
			space = out.Len() > 0
			continue
		case unicode.IsControl(r):
			r = '·'
		}
		if count >= limit {
			out.WriteString("…")
			break
		}
		if space {
			out.WriteByte(' ')
			space, count = false, count+1
		}
		out.WriteRune(r)
		count++
	}
	return out.String()
}

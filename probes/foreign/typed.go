package foreign

import (
	"net/netip"
	"strings"
)

// keyRun is from how many hex digits on a value may be a key: the oldest keys of the service have so many.
const keyRun = 16

// MayBeSecret reports whether a value that the user typed, or has in a file, may be a key or a login put
// into the wrong place: a run of hex digits, also with separators between them, an "@", or another token. An error about
// such a value does not repeat it; errors end up in logs.
func MayBeSecret(text string) bool {
	if strings.Contains(text, "@") || hexRun(text) >= keyRun || HideTokens(text) != text {
		return true
	}
	var rest strings.Builder
	for _, word := range strings.Fields(text) {
		address, _, _ := strings.Cut(word, "/")
		if _, err := netip.ParseAddr(strings.Trim(address, "[](),;\"'")); err != nil {
			rest.WriteString(word)
		}
	}
	joined := strings.Map(func(c rune) rune {
		if c < '0' || c > 'z' || c > '9' && c < 'A' || c > 'Z' && c < 'a' {
			return -1
		}
		return c
	}, strings.NewReplacer("0x", "", `\x`, "").Replace(rest.String()))
	return hexRun(joined) >= keyRun && !allDigits(longestHex(joined))
}

// LooksLikeKey reports whether a value has the form of an API key: 32 hex digits or more in a row.
func LooksLikeKey(text string) bool { return hexRun(text) >= 2*keyRun }

// hexRun is the length of the longest run of hex digits.
func hexRun(text string) int { return len(longestHex(text)) }

func longestHex(text string) (longest string) {
	begin := 0
	for i := 0; i <= len(text); i++ {
		if i < len(text) && strings.IndexByte("0123456789abcdefABCDEF", text[i]) >= 0 {
			continue
		}
		if i-begin > len(longest) {
			longest = text[begin:i]
		}
		begin = i + 1
	}
	return longest
}

// allDigits is for dates, times and numbers, which no key consists of.
func allDigits(text string) bool { return strings.Trim(text, "0123456789") == "" }

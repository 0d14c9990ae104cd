package foreign

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// tokenLength is from how many characters on a word of letters and digits mixed is taken for a token.
const tokenLength = 20

// HideTokens writes "[token, N characters]" in the place of every word of 20 or more characters that mixes letters and
// digits, unless it is a host name, an address, a date or a UUID. A word ends at white space; of a URL every part is a
// word.
func HideTokens(text string) string {
	parts := strings.Split(text, " ")
	for i, word := range parts {
		parts[i] = hideToken(word)
	}
	return strings.Join(parts, " ")
}

func hideToken(word string) string {
	core := strings.Trim(word, `.,;:!?()[]{}<>"'`+"`“”‘’„«»")
	switch {
	case utf8.RuneCountInString(core) < tokenLength, !mixed(core), known(core), known(strings.TrimRight(word, ".,;:!?)")):
		return word
	case strings.Contains(core, "://"):
		var out strings.Builder
		rest := word
		for rest != "" {
			end := strings.IndexAny(rest, "/?&=#@")
			if end < 0 {
				end = len(rest)
			}
			if part := rest[:end]; utf8.RuneCountInString(part) >= tokenLength && mixed(part) && !known(part) {
				out.WriteString(token(part))
			} else {
				out.WriteString(part)
			}
			out.WriteString(rest[end:min(end+1, len(rest))])
			rest = rest[min(end+1, len(rest)):]
		}
		return out.String()
	}
	return strings.Replace(word, core, token(core), 1)
}

func token(word string) string {
	return fmt.Sprintf("[token, %d characters]", utf8.RuneCountInString(word))
}

func mixed(word string) bool {
	return strings.ContainsFunc(word, unicode.IsLetter) && strings.ContainsFunc(word, unicode.IsDigit)
}

// known reports whether a word is of a form that says what it is.
func known(word string) bool {
	if _, err := netip.ParseAddr(strings.Trim(word, "[]")); err == nil {
		return true
	}
	if _, err := netip.ParseAddrPort(word); err == nil {
		return true
	}
	if _, err := netip.ParsePrefix(word); err == nil {
		return true
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04:05.999999999",
		"2006-01-02T15:04:05.999999999Z0700"} {
		if _, err := time.Parse(layout, word); err == nil {
			return true
		}
	}
	return isUUID(word) || isHostName(word) || isRayID(word)
}

// isRayID takes the number that Cloudflare gives a request, with the airport of the place that answered.
func isRayID(word string) bool {
	number, place, found := strings.Cut(word, "-")
	return found && len(number) == 16 && len(place) == 3 && strings.Trim(place, letters) == "" &&
		strings.Trim(number, digits+small[:6]) == ""
}

func isUUID(word string) bool {
	if len(word) != 36 {
		return false
	}
	for i, c := range []byte(word) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || !dash && hexDigits.Get()[c] < 0 {
			return false
		}
	}
	return true
}

// isHostName takes a name with a dot, whose labels are not tokens themselves, with or without a port.
func isHostName(word string) bool {
	if host, port, ok := strings.Cut(word, ":"); ok && port != "" && strings.Trim(port, digits) == "" {
		word = host
	}
	labels := strings.Split(strings.TrimSuffix(word, "."), ".")
	for _, label := range labels {
		plain := strings.Trim(strings.ToLower(label), small+digits+"-_") == ""
		if label == "" || len(label) > 63 || !plain || len(label) >= tokenLength && mixed(label) && unbroken(label) {
			return false
		}
	}
	last := labels[len(labels)-1]
	return len(labels) > 1 && len(word) <= 253 && strings.Trim(last, digits) != ""
}

// unbroken reports whether a label has a stretch between hyphens that is a token by itself.
func unbroken(label string) bool {
	for _, part := range strings.FieldsFunc(label, func(r rune) bool { return r == '-' || r == '_' }) {
		if len(part) >= tokenLength && mixed(part) {
			return true
		}
	}
	return false
}

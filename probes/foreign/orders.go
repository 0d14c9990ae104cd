package foreign

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Disarm parts, by a space, what whoever reads a log takes for an order, so that the words stay readable and order
// nothing:
//
//   - "##[error]", "##vso[task.setvariable]" and "##teamcity[…]" wherever they are: Azure Pipelines, TeamCity and
//     GitHub's older form find them inside a line too,
//   - "::error::" and every other word that begins with two colons, which GitHub Actions obeys at the beginning of a
//     line, behind white space; an IPv6 address or prefix stays as it is,
//   - "<0>" at the beginning of a word: systemd's journal takes it for a priority, and shows an emergency to everybody.
//
// Any word counts as the beginning of a line: wrapping may make it one. What is given may hold several lines. Text of
// the tool's own holds none of these, so that finished output can pass through here as a whole, and once more.
func Disarm(text string) string {
	if !strings.Contains(text, "##") && !strings.Contains(text, "::") && !strings.Contains(text, "<") {
		return text
	}
	var out strings.Builder
	begins := true // of a word
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		rest := text[i:]
		switch {
		case r == '#':
			size = runOf(rest, '#')
			if size > 1 && bracketed(rest[size:]) {
				out.WriteString(rest[:size-1] + " #")
			} else {
				out.WriteString(rest[:size])
			}
		case begins && r == ':' && strings.HasPrefix(rest, "::") && !isAddress(rest):
			size = runOf(rest, ':')
			out.WriteString(strings.Repeat(": ", size-1) + ":")
		case begins && r == '<' && isPriority(rest):
			out.WriteString("< ")
		default:
			out.WriteString(rest[:size])
		}
		begins = unicode.IsSpace(r) || r > unicode.MaxASCII // a line may end beside a wide character
		i += size
	}
	return out.String()
}

// runOf is how often c is repeated at the beginning.
func runOf(text string, c byte) int {
	return len(text) - len(strings.TrimLeft(text, string(c)))
}

// bracketed reports whether a text begins with a bracket, or with a name and a bracket.
func bracketed(text string) bool {
	name := strings.TrimLeftFunc(text, func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.", r)
	})
	return strings.HasPrefix(name, "[")
}

// isAddress reports whether the first word is an IPv6 address or prefix, with what a sentence puts behind it. One of
// letters alone could be a command as well, and does not count.
func isAddress(text string) bool {
	text = text[:min(len(text), 64)] // the longest has 49 characters
	if end := strings.IndexFunc(text, unicode.IsSpace); end >= 0 {
		text = text[:end]
	}
	text = strings.TrimRight(text, ".,;!?)\"'”’]|·…")
	if text != "::" && !strings.ContainsAny(text, digits) {
		return false
	}
	if _, err := netip.ParsePrefix(text); err == nil {
		return true
	}
	address, err := netip.ParseAddr(text)
	return err == nil && address.Zone() == ""
}

// isPriority reports whether a text begins with a number of at most three digits in angle brackets.
func isPriority(text string) bool {
	number := strings.TrimLeft(text[1:], digits)
	length := len(text) - 1 - len(number)
	return 1 <= length && length <= 3 && strings.HasPrefix(number, ">")
}

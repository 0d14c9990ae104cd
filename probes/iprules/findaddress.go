package iprules

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"

	"opensrs-doctor/probes/lazy"
)

// parseAddressLine reads one line; said is false where it is empty, a comment, or a line drawn in a table.
func parseAddressLine(text []byte, long bool) (line AddressLine, said bool) {
	if line, ok := plainLine(text); ok {
		return line, true
	}
	return anyLine(text, long)
}

// anyLine reads a line without a shortcut.
func anyLine(text []byte, long bool) (line AddressLine, said bool) {
	text, comment := cutComment(text)
	text = bytes.TrimSpace(text)
	switch {
	case len(text) == 0 && long && !comment:
		return AddressLine{Why: fmt.Sprintf("the line begins with more than %d KiB of white space", maxAddressLine/2>>10)}, true
	case len(bytes.Trim(text, "+-=|_:,;. \t")) == 0 && !bytes.Contains(text, []byte("::")):
		return AddressLine{}, false
	}
	six := AddressLine{}
	if word := firstWord(text); bytes.IndexByte(word, ':') >= 0 {
		if p, why := parsePrefix(string(word)); why == "" {
			six = AddressLine{Prefix: p, Bare: bytes.IndexByte(word, '/') < 0}
		}
	}
	for at := 0; at < len(text); {
		line, start, end, found := nextAddress(text, at)
		switch {
		case !found:
			at = len(text)
		case !six.Prefix.IsValid() || start > 0 && bytes.IndexByte([]byte(" \t,;|\""), text[start-1]) >= 0:
			line.More = line.Why == "" && anotherFollows(text, end, line.Prefix)
			return line, true
		default: // in a log of an IPv6 client, a part of a URL or of a program's name
			at = end
		}
	}
	if six.Prefix.IsValid() {
		return six, true
	}
	return noAddress(text), true
}

// nextAddress is the first IPv4 address or prefix from at on, with where it starts and where to go on after it.
func nextAddress(text []byte, at int) (line AddressLine, start, end int, found bool) {
	for !found && at < len(text) {
		if start = nextDigit(text, at); start < 0 {
			break
		}
		line, at, found = addressAt(text, start)
	}
	return line, start, at, found
}

// plainLine reads a line that begins with an IPv4 address or prefix after which nothing needs a closer look: most
// lines do.
func plainLine(text []byte) (line AddressLine, ok bool) {
	ip, n, ok := fastIPv4(text)
	if !ok {
		return line, false
	}
	bits, length := fastLength(text[n:])
	line = AddressLine{Prefix: netip.PrefixFrom(netip.AddrFrom4(ip), bits), Bare: length == 0}
	rest := text[n+length:]
	if len(rest) == 0 {
		return line, true
	}
	if !isSpace(rest[0]) && rest[0] != ',' && rest[0] != ';' || rangeEnd(rest) > 0 {
		return line, false
	}
	text, _ = cutComment(text)
	line.More = anotherFollows(text, n+length, line.Prefix)
	return line, true
}

// cutComment cuts off what follows a # at the beginning of a word.
func cutComment(text []byte) (before []byte, found bool) {
	for at, c := range text {
		if c == '#' && (at == 0 || isSpace(text[at-1])) {
			return text[:at], true
		}
	}
	return text, false
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
func isDigit(c byte) bool { return c-'0' <= 9 }
func isWord(c byte) bool  { return isDigit(c) || c|0x20-'a' < 26 || c == '_' }

// firstWord is what comes before a space, of an address in brackets what is in them. It is none where it ends a column:
// in the next one an IPv4 address may follow.
func firstWord(text []byte) []byte {
	text = text[:min(len(text), maxWord)]
	if end := bytes.IndexAny(text, " ,;\t"); end >= 0 {
		if text[end] != ' ' {
			return nil
		}
		text = text[:end]
	}
	if end := bytes.IndexByte(text, ']'); end > 0 && text[0] == '[' {
		return text[1:end]
	}
	return text
}

// maxWord is longer than any address, and than what an error repeats, in bytes.
const maxWord = 256

// nextDigit is the first digit from at on with which a number begins; -1: none.
func nextDigit(text []byte, at int) int {
	for ; at < len(text); at++ {
		if isDigit(text[at]) && (at == 0 || !isWord(text[at-1]) && text[at-1] != '.') {
			return at
		}
	}
	return -1
}

// addressAt reads the IPv4 address or prefix that begins at a digit, and says where to go on where there is none. A
// found line may be a bad one: a range, a prefix length that is none.
func addressAt(text []byte, at int) (line AddressLine, end int, found bool) {
	end = at
	for end < len(text) && (isDigit(text[end]) || text[end] == '.' && end+1 < len(text) && isDigit(text[end+1])) {
		end++
	}
	ip, n, ok := fastIPv4(text[at:])
	if !ok || at+n != end || !standsAlone(text, at, end) {
		return line, end, false
	}
	if p, embedded := ipv6Around(text, at); embedded && !p.Is4() {
		return line, end, false
	}
	line = AddressLine{Prefix: netip.PrefixFrom(netip.AddrFrom4(ip), 32), Bare: true}
	rest := text[end:]
	if len(rest) > 1 && rest[0] == '/' && isDigit(rest[1]) && !bytes.HasSuffix(text[:at], []byte("//")) {
		length := 1
		for length < len(rest) && (isDigit(rest[length]) || rest[length] == '.') {
			length++
		}
		word := string(text[at : end+length])
		p, why := parsePrefix(word)
		if why != "" {
			return AddressLine{Text: word, Why: why}, end, true
		}
		line.Prefix, line.Bare, rest = p, false, rest[length:]
		end += length
	}
	if to := rangeEnd(rest); to > 0 {
		return AddressLine{Text: string(text[at : len(text)-len(rest)+to]),
			Why: "this is a range; write it as prefixes such as 203.0.113.0/25, or one address a line"}, end, true
	}
	return line, end, true
}

// standsAlone reports whether what is around four numbers leaves them an address: not a version such as
// nginx/1.24.0.1, 5.10.0.1-generic or v1.2.3.4, not a part of a name.
func standsAlone(text []byte, at, end int) bool {
	if at > 1 && (text[at-1] == '/' || text[at-1] == '-') && (isWord(text[at-2]) || text[at-2] == '.') {
		return false
	}
	rest := text[end:]
	switch {
	case len(rest) == 0:
		return true
	case isWord(rest[0]), rest[0] == '*':
		return false
	case rest[0] == '.' || rest[0] == '-':
		return len(rest) == 1 || !isWord(rest[1]) && rest[1] != '*' || rest[0] == '-' && isDigit(rest[1])
	}
	return true
}

// ipv6Around is the IPv6 address that ends in an IPv4 one, as of an IPv4 address where it only maps that.
func ipv6Around(text []byte, at int) (ip netip.Addr, found bool) {
	start := at
	for start > 0 && (text[start-1] == ':' || isHex(text[start-1])) {
		start--
	}
	if at-start < 2 {
		return ip, false
	}
	end := at
	for end < len(text) && (isDigit(text[end]) || text[end] == '.') {
		end++
	}
	ip, err := netip.ParseAddr(strings.TrimRight(string(text[start:end]), "."))
	return ip.Unmap(), err == nil
}

func isHex(c byte) bool { return isDigit(c) || c|0x20-'a' < 6 }

// rangeEnd is where a range ends that rest goes on with: "-9", "-203.0.113.9", " - 203.0.113.9"; 0: it is none. In a log
// " - " is an empty field, so that there nothing may follow.
func rangeEnd(rest []byte) int {
	at := skipSpace(rest, 0)
	spaced := at > 0
	switch {
	case at < len(rest) && rest[at] == '-':
		at++
	case bytes.HasPrefix(rest[at:], []byte("–")):
		at += len("–")
	default:
		return 0
	}
	at = skipSpace(rest, at)
	start := at
	for at < len(rest) && (isDigit(rest[at]) || rest[at] == '.') {
		at++
	}
	whole := bytes.Count(rest[start:at], []byte(".")) == 3
	if at == start || at < len(rest) && isWord(rest[at]) || spaced && !whole {
		return 0
	}
	if after := skipSpace(rest, at); spaced && after < len(rest) && bytes.IndexByte([]byte(",;|#"), rest[after]) < 0 {
		return 0
	}
	return at
}

func skipSpace(text []byte, at int) int {
	for at < len(text) && isSpace(text[at]) {
		at++
	}
	return at
}

// anotherFollows reports whether there is another address than the first one from at on.
func anotherFollows(text []byte, at int, first netip.Prefix) bool {
	for {
		line, _, end, found := nextAddress(text, at)
		if !found || line.Why != "" || line.Prefix != first {
			return found
		}
		at = end
	}
}

// noAddress is a line without an IPv4 address, and what is there instead.
func noAddress(text []byte) AddressLine {
	words := bytes.FieldsFunc(text[:min(len(text), maxAddressLine/2)], func(r rune) bool {
		return r == ' ' || r >= '\t' && r <= '\r' || strings.ContainsRune(`,;|"'()<>[]=`, r)
	})
	nearest := []byte(nil)
	for _, word := range words {
		word = word[:min(len(word), maxWord)]
		if bytes.Count(word, []byte(":")) > 1 {
			if p, why := parsePrefix(string(word)); why == "" {
				return AddressLine{Prefix: p, Bare: bytes.IndexByte(word, '/') < 0}
			}
		}
		if nearest == nil && nearlyAddress(word) {
			nearest = word
		}
	}
	if len(words) == 0 {
		words = [][]byte{text}
	}
	if nearest == nil && len(words) == 1 {
		nearest = words[0]
	}
	if _, why := parsePrefix(string(nearest)); nearest != nil && why != "" {
		return AddressLine{Text: clip(nearest), Why: why}
	}
	return AddressLine{Text: clip(words[0]), Why: "there is no IPv4 address in this line"}
}

// clip is as much of a word as an error may need.
func clip(word []byte) string { return string(word[:min(len(word), maxWord)]) }

// nearlyAddress reports whether a word is numbers with at least three dots, or an address with a wildcard in it.
func nearlyAddress(word []byte) bool {
	return bytes.Count(word, []byte(".")) >= 3 && len(bytes.Trim(word, "0123456789.*/-")) == 0
}

// headings are words of a column's name that say that there are addresses in it.
var headings = lazy.Value[map[string]bool]{Make: func() map[string]bool {
	return map[string]bool{"ip": true, "ips": true, "ipv4": true, "cidr": true, "host": true, "hosts": true,
		"hostname": true, "server": true, "servers": true, "client": true, "source": true, "src": true, "network": true,
		"subnet": true, "prefix": true, "sep": true}
}}

// isHeader reports whether a line without an address names columns, one of them for addresses.
func isHeader(text []byte) bool {
	if len(text) > maxLine {
		return false
	}
	names := false
	for _, word := range strings.FieldsFunc(strings.ToLower(string(text)), func(r rune) bool {
		return r < 0x80 && r != '.' && !isWord(byte(r)) || r == '_'
	}) {
		if word = strings.TrimRight(word, "."); strings.Contains(word, ".") || strings.Trim(word, "0123456789") == "" {
			return false // a host's name, a number
		}
		names = names || headings.Get()[word] || strings.HasPrefix(word, "addr") || strings.HasPrefix(word, "adres")
	}
	return names
}

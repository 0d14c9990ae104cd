package mistakes

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf8"

	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/xmltext"
)

// target is a digest that a signature may stand for, and the mistakes that were made in writing it so.
type target struct {
	digest []byte
	ids    []string
}

// maxSignature is the longest text that is looked at as a signature, in bytes. A SHA-256 has 64.
const maxSignature = 4096

// targets reads a signature in every way that the table knows, the plainest first.
func targets(signature string) []target {
	type reading struct {
		text string
		ids  []string
	}
	if signature = strings.TrimSpace(signature); len(signature) > maxSignature {
		return nil
	}
	var found []target
	seen := map[string]bool{signature: true}
	for next := []reading{{text: signature}}; len(next) > 0; next = next[1:] {
		now := next[0]
		if lowerHexDigest.Regexp().MatchString(now.text) {
			digest, _ := hex.DecodeString(now.text)
			found = append(found, target{digest, now.ids})
		}
		for _, row := range mistakes.Get() {
			for _, form := range row.forms {
				if form.read == nil || slices.Contains(now.ids, row.id) {
					continue
				}
				if plainer, ok := form.read(now.text); ok && !seen[plainer] {
					seen[plainer] = true
					next = append(next, reading{plainer, append(slices.Clone(now.ids), row.id)})
				}
			}
		}
	}
	return found
}

var (
	lowerHexDigest = lazy.Pattern{Text: `^([0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$`}
	hexDigest      = lazy.Pattern{Text: `(?i)^([0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$`}
	hexInside      = lazy.Pattern{Text: `(?i)\b([0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})\b`}
	zerosLost      = lazy.Pattern{Text: `(?i)^[0-9a-f]{24,31}$`}
)

func readUppercase(text string) (string, bool) {
	lower := strings.ToLower(text)
	return lower, lower != text && hexDigest.Regexp().MatchString(text)
}

// readBase64 takes base64 of the raw digest, or of a text with its hex digits, in either alphabet, padded or not.
func readBase64(text string) (string, bool) {
	plain := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	bytes, err := base64.RawStdEncoding.DecodeString(plain)
	switch {
	case err != nil:
		return "", false
	case hexDigest.Regexp().Match(bytes):
		return string(bytes), true
	case xmltext.ASCII(bytes):
		if _, is := undecorated(string(bytes), hexDigest.Regexp().MatchString); is {
			return string(bytes), true
		}
	}
	for a := range algorithm(algorithms) {
		if len(bytes) == a.size() {
			return hex.EncodeToString(bytes), true
		}
	}
	return "", false
}

// readDecorated takes a digest out of what is around and inside it: 0x, quotation marks, spaces, dashes
// and colons between the bytes, the file name that md5sum prints. It is what is left when all of one of these
// goes, or the one word that is a digest.
func readDecorated(text string) (string, bool) {
	return undecorated(text, func(plain string) bool {
		_, is64 := readBase64(plain)
		return is64 || hexDigest.Regexp().MatchString(plain)
	})
}

func undecorated(text string, isDigest func(string) bool) (string, bool) {
	inner := strings.Trim(text, "\"'<> \t\r\n")
	inner = strings.TrimPrefix(strings.TrimPrefix(inner, "0x"), "0X")
	words := strings.Fields(inner)
	for _, plain := range append([]string{inner, separators.Get().Replace(inner), strings.Join(words, "")}, words...) {
		if plain != text && isDigest(plain) {
			return plain, true
		}
	}
	if all := hexInside.Regexp().FindAllString(text, 2); len(all) == 1 && all[0] != text {
		return all[0], true
	}
	return "", false
}

var separators = lazy.Value[*strings.Replacer]{Make: func() *strings.Replacer {
	return strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "", ":", "", "-", "")
}}

// readZerosLost puts zeros back that a number does not keep: Java's BigInteger.toString(16) drops them.
func readZerosLost(text string) (string, bool) {
	if !zerosLost.Regexp().MatchString(text) {
		return "", false
	}
	return strings.Repeat("0", 2*withMD5.size()-len(text)) + text, true
}

// SignatureShape is what a signature looks like, for somebody to whom nothing else can be said about it.
type SignatureShape struct {
	Hex    bool // all of it is hex digits
	Length int  // in characters, without white space around it
	Others int  // how many of them are not hex digits
}

// ShapeOf looks at a signature.
func ShapeOf(signature string) SignatureShape {
	signature = strings.TrimSpace(signature)
	shape := SignatureShape{Length: utf8.RuneCountInString(signature)}
	for _, r := range signature {
		if !strings.ContainsRune("0123456789abcdefABCDEF", r) {
			shape.Others++
		}
	}
	shape.Hex = shape.Others == 0
	return shape
}

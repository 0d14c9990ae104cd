package opensrs

import (
	"bytes"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"
)

// KeyProblem is one way in which a text can't be an API key.
type KeyProblem string

// The problems of a malformed key. Each stops the call: the signature could only be wrong.
const (
	KeyEmpty       KeyProblem = "empty"
	KeyQuotes      KeyProblem = "quotes"             // quotation marks around it
	KeySpaces      KeyProblem = "spaces"             // white space inside it
	KeyPlaceholder KeyProblem = "placeholder"        // words that stand in for a key
	KeyBOM         KeyProblem = "byte-order-mark"    // an editor's mark before it
	KeyControl     KeyProblem = "control-characters" // NUL and the like, as in a UTF-16 file
)

// placeholders are words that examples and templates put where a key belongs. None can be written in hex
// digits, so a real key has none of them. Repeated characters are no evidence: they may be a test's key.
var placeholders = []string{
	"your", "changeme", "change-me", "change_me", "xxx", "example", "placeholder", "api-key", "api_key",
	"apikey", "private-key", "private_key", "privatekey", "secret", "insert", "replace", "todo", "key-here",
	"key_here", "<", "${", "{{",
}

var byteOrderMarks = [][]byte{{0xEF, 0xBB, 0xBF}, {0xFF, 0xFE}, {0xFE, 0xFF}}

// CheckKey gives everything that makes key malformed, nil where nothing does. The key is taken as read,
// with white space around it already trimmed; a usual length is KeyLengthUsual's business.
func CheckKey(key []byte) []KeyProblem {
	var problems []KeyProblem
	for _, mark := range byteOrderMarks {
		if bytes.HasPrefix(key, mark) {
			problems = append(problems, KeyBOM)
			key = key[len(mark):]
			break
		}
	}
	key = bytes.TrimSpace(key)
	if len(key) == 0 {
		return append(problems, KeyEmpty)
	}
	text := string(key)
	if quoted(text) {
		problems = append(problems, KeyQuotes)
	}
	if strings.ContainsFunc(text, unicode.IsSpace) {
		problems = append(problems, KeySpaces)
	}
	if strings.ContainsFunc(text, control) {
		problems = append(problems, KeyControl)
	}
	lower := strings.ToLower(text)
	for _, word := range placeholders {
		if strings.Contains(lower, word) {
			return append(problems, KeyPlaceholder)
		}
	}
	return problems
}

// quoted reports a quotation mark at either end: half a pair is a mistake of copying too.
func quoted(text string) bool {
	const marks = "\"'`“”‘’«»"
	first, _ := utf8.DecodeRuneInString(text)
	last, _ := utf8.DecodeLastRuneInString(text)
	return strings.ContainsRune(marks, first) || strings.ContainsRune(marks, last)
}

func control(r rune) bool {
	const zeroWidthSpace, innerMark = '\u200b', '\ufeff'
	return r == zeroWidthSpace || r == innerMark || unicode.IsControl(r) && !unicode.IsSpace(r)
}

// Lengths of real keys, in hex characters.
const (
	keyLength    = 112
	oldKeyLength = 16
)

// KeyLengthUsual reports whether key looks like those that the control panel makes: 112 hex characters, or
// 16 as very old ones have. Anything else is suspicious, not wrong.
func KeyLengthUsual(key []byte) bool {
	_, err := hex.DecodeString(string(key))
	return err == nil && (len(key) == keyLength || len(key) == oldKeyLength)
}

package opensrs

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"opensrs-doctor/probes/lazy"
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
	KeyAssignment  KeyProblem = "assignment"         // a line of a settings file, with a name before the key
)

// placeholders are words that examples and templates put where a key belongs. None can be written in hex
// digits, so a real key has none of them. Repeated characters are not evidence: they may be a test's key.
var placeholders = []string{
	"your", "changeme", "change-me", "change_me", "xxx", "example", "placeholder", "api-key", "api_key",
	"apikey", "private-key", "private_key", "privatekey", "secret", "insert", "replace", "todo", "key-here",
	"key_here", "<", "${", "{{",
}

var byteOrderMarks = [][]byte{{0xEF, 0xBB, 0xBF}, {0xFF, 0xFE}, {0xFE, 0xFF}}

// CheckKey gives everything that makes key malformed, nil where nothing does. The key is taken as read,
// with white space around it already trimmed; a usual length is FormOf's business.
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
	if value, is := assigned(text); is { // what else there is belongs to the line, and not to the key
		problems = append(problems, KeyAssignment)
		if placeholder(value) {
			problems = append(problems, KeyPlaceholder)
		}
		return problems
	}
	if quoted(text) {
		problems = append(problems, KeyQuotes)
	}
	if strings.ContainsFunc(text, unicode.IsSpace) {
		problems = append(problems, KeySpaces)
	}
	if strings.ContainsFunc(text, control) {
		problems = append(problems, KeyControl)
	}
	if placeholder(text) {
		problems = append(problems, KeyPlaceholder)
	}
	return problems
}

func placeholder(text string) bool {
	lower := strings.ToLower(text)
	return slices.ContainsFunc(placeholders, func(word string) bool { return strings.Contains(lower, word) })
}

// assignment is a line of a settings file: NAME=key, export NAME="key", $name = 'key';, name: key, "name" => "key" or
// define('NAME', 'key'). No name is made of hex digits alone, so that a key in pairs (ab:cd) is none.
var assignment = lazy.Value[*regexp.Regexp]{Make: func() *regexp.Regexp {
	return regexp.MustCompile(`(?im)^(?:[\t ]*<\?(?:php\b)?)?[\t {,]*(?:(?:export|set|setx|const|let|var|my|local|declare -x)\s+)?` +
		`(?:define\s*\(\s*["']\w+["']\s*,|["']?\$?[\w.\-\[\]"']*[g-z_][\w.\-]*["'\]]*\s*(?:=>|:=|=|:))\s*(["'].*|\w.*)$`)
}}

// assigned is what the first line that assigns anything gives to its name; false where no line does.
func assigned(text string) (value string, is bool) {
	if !strings.ContainsAny(text, "=:,") {
		return "", false
	}
	found := assignment.Get().FindStringSubmatch(text)
	if found == nil {
		return "", false
	}
	return found[1], true
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
	KeyLength    = 112
	OldKeyLength = 16
)

// Form is what can be said of a key without showing any of it.
type Form struct {
	Length int   `json:"length"`           // characters
	NotHex int   `json:"not_hex"`          // how many of them are not hex digits
	Places []int `json:"places,omitempty"` // of the first of those, from 1
	Twice  bool  `json:"twice,omitempty"`  // the second half is the first once more
}

// mostPlaces is how many places of wrong characters are told.
const mostPlaces = 3

// FormOf describes a key. White space around it is trimmed already.
func FormOf(key []byte) Form {
	form := Form{Twice: len(key) > 0 && len(key)%2 == 0 && bytes.Equal(key[:len(key)/2], key[len(key)/2:])}
	for _, c := range string(key) {
		form.Length++
		if strings.ContainsRune("0123456789abcdefABCDEF", c) {
			continue
		}
		if form.NotHex++; form.NotHex <= mostPlaces {
			form.Places = append(form.Places, form.Length)
		}
	}
	form.Twice = form.Twice && form.Length != KeyLength && form.Length != OldKeyLength
	return form
}

// Usual reports whether the form is that of the keys that the control panel makes: 112 hex characters, or 16 as very
// old ones have. Any other is suspicious, not wrong.
func (f Form) Usual() bool {
	return f.NotHex == 0 && (f.Length == KeyLength || f.Length == OldKeyLength)
}

// Around is white space that stood around a key.
type Around string

// Where it stood. A program that reads the same file whole has it in its key.
const (
	LineEndAfter Around = "line-end-after"
	SpaceBefore  Around = "space-before"
	SpaceAfter   Around = "space-after" // more than one line end
)

// AroundKey says what white space is around the key in a text, nil where none does or where there is no key.
func AroundKey(text []byte) (around []Around) {
	key := bytes.TrimSpace(text)
	if len(key) == 0 || len(key) == len(text) {
		return nil
	}
	at := bytes.Index(text, key)
	if at > 0 {
		around = append(around, SpaceBefore)
	}
	switch after := string(text[at+len(key):]); after {
	case "":
	case "\n", "\r\n":
		around = append(around, LineEndAfter)
	default:
		around = append(around, SpaceAfter)
	}
	return around
}

var hexRun = lazy.Pattern{Text: `[0-9A-Fa-f]{8}`}

// KeyRun reports whether a text has eight hex digits in a row: they may be a part of a key, or of a signature, so the text
// is not repeated.
func KeyRun(text string) bool { return hexRun.Regexp().MatchString(text) }

package explain

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Words of a form or of a paste that stand for something.
const (
	gapWord    = "..."    // in a form: up to maxGap words
	numberWord = "<n>"    // in a form: any number
	pathWord   = "<path>" // a file's name
	urlWord    = "<url>"
	timeWord   = "<time>" // 10:15:02
)

const maxGap = 12

// pastedWords are the words of a paste.
type pastedWords struct {
	words  []string
	places []wordPlace  // of each word
	cut    map[int]bool // after these words the paste is cut off: an ellipsis, or its end
	ours   bool         // it is about OpenSRS, so that words which others use too count
}

// wordPlace is where a word of a paste is.
type wordPlace struct {
	reply  int  // counts what begins or ends one reply of a log: its envelope, a time of day
	line   int  // counts the lines, but for those that go on with the reply of the line before
	within bool // in an envelope
}

// formWords are the words of a form.
func formWords(form string) []string {
	var out []string
	for i, part := range strings.Split(form, gapWord) {
		if i > 0 {
			out = append(out, gapWord)
		}
		for _, field := range strings.Fields(part) {
			switch field {
			case numberWord, pathWord, urlWord:
				out = append(out, field)
			default:
				out = append(out, splitWords(field).words...)
			}
		}
	}
	return out
}

// readable turns back what terminals, web pages and logs make of a text.
func readable(text string) string {
	text = html.UnescapeString(html.UnescapeString(withoutEscapes(text)))
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\' && i+1 < len(text) && strings.IndexByte("nrt", text[i+1]) >= 0: // a log in JSON
			out.WriteByte(' ')
			i++
		case c == '\\' && i+5 < len(text) && text[i+1] == 'u' && hexByte(text[i+2:i+4]) == 0 && hexByte(text[i+4:i+6]) > 0:
			out.WriteByte(byte(hexByte(text[i+4 : i+6])))
			i += 5
		case c == '%' && i+2 < len(text) && hexByte(text[i+1:i+3]) >= ' ' && hexByte(text[i+1:i+3]) < 0x7f:
			out.WriteByte(byte(hexByte(text[i+1 : i+3])))
			i += 2
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}

// hexByte is the value of two hex digits, or -1.
func hexByte(digits string) int {
	value := 0
	for i := range 2 {
		at := strings.IndexByte("0123456789abcdef", digits[i]|0x20)
		if at < 0 {
			return -1
		}
		value = value<<4 | at
	}
	return value
}

// withoutEscapes takes out what colours a terminal: ESC [ … letter, and the same as a log spells it.
func withoutEscapes(text string) string {
	for _, spelled := range []string{"^[[", `\e[`, `\033[`, `\x1b[`, `\u001b[`, "\u009b"} {
		text = strings.ReplaceAll(text, spelled, "\x1b[")
	}
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, "\x1b")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		if rest, is := strings.CutPrefix(after, "["); is {
			after = strings.TrimLeft(rest, "0123456789;?:")
			_, size := utf8.DecodeRuneInString(after)
			after = after[size:]
		}
		text = after
	}
}

// splitWords gives the words of a text: runs of letters and digits in lower case. An apostrophe inside a word is left
// out, a dot between two digits is part of it. A URL and a file's name are one word each, so that their parts are not
// taken for words.
func splitWords(text string) pastedWords {
	p := pastedWords{cut: map[int]bool{}}
	var word strings.Builder
	var place wordPlace
	add := func(word string) {
		p.words = append(p.words, word)
		p.places = append(p.places, place)
	}
	end := func() {
		if word.Len() > 0 {
			add(word.String())
			word.Reset()
		}
	}
	before := ' ' // the character before
	for i := 0; i < len(text); {
		switch envelope := envelopeTag(text[i:]); {
		case envelope != 0:
			end()
			place.reply++
			place.within = envelope > 0
		case text[i] == '\n' && !place.within && !goesOn(text[i+1:]):
			end()
			place.line++
		}
		if kind, length := named(text[i:], before); length > 0 {
			end()
			if kind == timeWord && !place.within {
				place.reply++
			}
			add(kind)
			i, before = i+length, ' '
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch next, _ := utf8.DecodeRuneInString(text[i+size:]); {
		case r == utf8.RuneError:
			end()
		case unicode.IsLetter(r), unicode.IsDigit(r):
			word.WriteRune(unicode.ToLower(r))
		case r == '.' && unicode.IsDigit(before) && unicode.IsDigit(next): // an address, a version: curl 7.88 is not error 7
			word.WriteRune(r)
		case strings.ContainsRune("'’ʼ", r) && word.Len() > 0 && unicode.IsLetter(next):
		case unicode.In(r, unicode.Cf, unicode.Mn): // a soft hyphen, a joiner
		case r == '…', strings.HasPrefix(text[i:], "..."):
			end()
			p.cut[len(p.words)] = true
		default:
			end()
		}
		i, before = i+size, r
	}
	end()
	p.cut[len(p.words)] = true
	p.ours = aboutOpenSRS(p.words) || strings.Contains(strings.ToLower(text), "opensrs")
	return p
}

// envelopeTag is 1 where text begins with the envelope of a reply, and -1 where it ends there.
func envelopeTag(text string) int {
	for i, tag := range [...]string{"</OPS_envelope", "<OPS_envelope"} {
		if len(text) >= len(tag) && strings.EqualFold(text[:len(tag)], tag) {
			return 2*i - 1
		}
	}
	return 0
}

// goesOn reports whether a line goes on with the reply that the line before it began.
func goesOn(line string) bool {
	if line == "" || strings.IndexByte(" \t\r\n<>", line[0]) >= 0 {
		return true
	}
	line = strings.ToLower(strings.TrimLeft(line[:min(len(line), 16)], `["'`))
	return strings.HasPrefix(line, "response_") || strings.HasPrefix(line, "is_success")
}

// named recognises a URL, a file's name or a time of day at the beginning of text, and gives its length in bytes.
func named(text string, before rune) (kind string, length int) {
	if len(text) >= 8 && !unicode.IsDigit(before) && text[2] == ':' && text[5] == ':' &&
		isNumber(text[:2]) && isNumber(text[3:5]) && isNumber(text[6:8]) {
		return timeWord, 8
	}
	if unicode.IsLetter(before) || unicode.IsDigit(before) || !strings.ContainsAny(text[:1], "/~abcdefghijklmnopqrstuvwxyz"+
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		return "", 0
	}
	scheme := 0
	for scheme < len(text) && scheme < 16 && (text[scheme]|0x20 >= 'a' && text[scheme]|0x20 <= 'z' ||
		scheme > 0 && (text[scheme] >= '0' && text[scheme] <= '9' || text[scheme] == '+')) {
		scheme++
	}
	switch rest := text[scheme:]; {
	case scheme > 1 && strings.HasPrefix(rest, "://"):
		return urlWord, until(text, " \t\r\n\"'<>)]},;`|")
	case scheme == 1 && (strings.HasPrefix(rest, `:\`) || strings.HasPrefix(rest, ":/")): // C:\…
		return pathWord, until(text[2:], "\t\r\n\"'<>)]},;`|: ") + 2
	case scheme == 0 && len(text) > 1 && (text[0] == '/' || strings.HasPrefix(text, "~/")) && before != '<' && before != '/' &&
		before != '.' && (text[1] == '.' || text[1] == '_' || text[1] == '/' || text[1]|0x20 >= 'a' && text[1]|0x20 <= 'z'):
		return pathWord, until(text, "\t\r\n\"'<>)]},;`|:( ")
	}
	return "", 0
}

// until is how many bytes come before any of the stops.
func until(text, stops string) int {
	if at := strings.IndexAny(text, stops); at >= 0 {
		return at
	}
	return len(text)
}

// unwrapped joins words that a line's end cut in two, as a narrow terminal leaves them; "" where there are none.
func unwrapped(text string) string {
	var out strings.Builder
	changed := false
	for i := 0; i < len(text); i++ {
		if text[i] != '\n' {
			out.WriteByte(text[i])
			continue
		}
		end := i
		for end+1 < len(text) && strings.IndexByte("\r\n", text[end+1]) >= 0 {
			end++
		}
		before := strings.TrimSuffix(text[:i], "\r")
		if end+1 < len(text) && before != "" && inWord(before[len(before)-1]) && inWord(text[end+1]) &&
			!goesOn(text[end+1:]) {
			changed = true
		} else {
			out.WriteByte(' ')
		}
		i = end
	}
	if !changed {
		return ""
	}
	return out.String()
}

func inWord(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= utf8.RuneSelf
}

package foreign

import (
	"bytes"
	"html"
	"strconv"
	"strings"
)

// unescaped undoes what stands for single characters within a text, and leaves out what a reader does not see: tags,
// comments, and the sequences that a terminal takes for colours.
func (v view) unescaped() view {
	out, found := v.empty(len(v.text)), false
	for i := 0; i < len(v.text); {
		value, size := escape(v.text[i:])
		if size == 0 {
			out.add(v.text[i], v, i, i)
			i++
			continue
		}
		found = true
		for _, b := range []byte(value) {
			out.add(b, v, i, i+size-1)
		}
		i += size
	}
	if !found {
		return view{}
	}
	return out
}

// escape gives what the beginning of a text stands for, and its length; 0 where it stands for itself.
func escape(text []byte) (value string, size int) {
	switch text[0] {
	case '%':
		if len(text) > 1 && text[1]|' ' == 'u' {
			return hexEscape(text, 2, 4, 4)
		}
		return hexEscape(text, 1, 2, 2)
	case '=':
		return hexEscape(text, 1, 2, 2)
	case '\\':
		return backslash(text)
	case '&':
		if end := bytes.IndexByte(text[:min(len(text), longestReference)], ';'); end > 0 {
			if value := html.UnescapeString(string(text[:end+1])); value != string(text[:end+1]) {
				return value, end + 1
			}
		}
	case '<':
		return "", tag(text[:min(len(text), longestTag)])
	case '\x1b':
		if length := sequence(text[1:min(len(text), longestTag)]); length > 0 {
			return "", 1 + length
		}
	case "·"[0]: // what Clean writes for the escape character
		if rest, found := bytes.CutPrefix(text, []byte("·")); found {
			if length := sequence(rest[:min(len(rest), longestTag)]); length > 0 {
				return "", len("·") + length
			}
		}
	}
	return "", 0
}

// Bounds of what is one character, and of what is none.
const longestReference, longestTag = 40, 1 << 10

// hexEscape reads from least to most hex digits at a place of a text.
func hexEscape(text []byte, from, most, least int) (value string, size int) {
	end := from
	for end < len(text) && end < from+most && hexDigits.Get()[text[end]] >= 0 {
		end++
	}
	if end-from < least {
		return "", 0
	}
	n, err := strconv.ParseUint(string(text[from:end]), 16, 32)
	if err != nil {
		return "", 0
	}
	return character(n), end
}

// backslash reads the escapes of programming languages: \x61, \u0061, \u{61}, \U00000061, \141, \n.
func backslash(text []byte) (value string, size int) {
	if len(text) < 2 {
		return "", 0
	}
	switch second := text[1]; {
	case second == 'x':
		return hexEscape(text, 2, 2, 2)
	case second == 'u' && len(text) > 2 && text[2] == '{':
		if value, size = hexEscape(text, 3, 6, 1); size > 0 && size < len(text) && text[size] == '}' {
			return value, size + 1
		}
		return "", 0
	case second == 'u':
		return hexEscape(text, 2, 4, 4)
	case second == 'U':
		return hexEscape(text, 2, 8, 8)
	case strings.IndexByte("abefnrtv0", second) >= 0 && (len(text) < 4 || second != '0' || hexDigits.Get()[text[2]] < 0):
		return "", 2
	case len(text) >= 4:
		if n, err := strconv.ParseUint(string(text[1:4]), 8, 8); err == nil {
			return character(n), 4
		}
	}
	return "", 0
}

// tag is the length of a tag or a comment at the beginning of a text, 0 where none ends in it.
func tag(text []byte) int {
	if bytes.HasPrefix(text, []byte("<!--")) {
		if end := bytes.Index(text, []byte("-->")); end > 0 {
			return end + len("-->")
		}
	}
	quote := byte(0)
	for i, c := range text {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i + 1
		}
	}
	return bytes.IndexByte(text, '>') + 1
}

// sequence is the length of what follows the escape character in a terminal's sequence, 0 where it is none.
func sequence(text []byte) int {
	if len(text) > 0 && (text[0] == ']' || text[0] == 'P' || text[0] == '_' || text[0] == '^') { // it ends in BEL or ST
		if end := bytes.Index(text, []byte("·")); end > 0 {
			if end += len("·"); end < len(text) && text[end] == '\\' {
				end++
			}
			return end
		}
		return 0
	}
	i := 0
	if i < len(text) && text[i] == '[' {
		i++
	}
	for i < len(text) && ' ' <= text[i] && text[i] <= '?' {
		i++
	}
	if i < len(text) && '@' <= text[i] && text[i] <= '~' {
		return i + 1
	}
	return 0
}

// character is the byte of a number below 256, else the character as UTF-8.
func character(n uint64) string {
	if n < 256 {
		return string([]byte{byte(n)})
	}
	return string(rune(n))
}

package foreign

import (
	"bytes"
	"html"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// view is a text as something reads it: decoded, folded, reversed. Byte i came from the original's bytes from[i] to
// to[i], so that what is found in the view can be taken out of the original.
type view struct {
	text     []byte
	from, to []int32
}

func whole(text string) view {
	v := view{text: []byte(text), from: make([]int32, len(text)), to: make([]int32, len(text))}
	for i := range text {
		v.from[i], v.to[i] = int32(i), int32(i)+1
	}
	for i := 0; i < len(text); { // a character is taken out whole
		_, size := utf8.DecodeRuneInString(text[i:])
		for n := range size {
			v.from[i+n], v.to[i+n] = int32(i), int32(i+size)
		}
		i += size
	}
	return v
}

// add appends a byte that bytes first to last of another view stand for.
func (v *view) add(b byte, of view, first, last int) {
	v.text = append(v.text, b)
	v.from = append(v.from, min(of.from[first], of.from[last]))
	v.to = append(v.to, max(of.to[first], of.to[last]))
}

// part is the view of the bytes from first up to, and without, end.
func (v view) part(first, end int) view {
	return view{v.text[first:end], v.from[first:end], v.to[first:end]}
}

func (v view) lower() view { return view{lowerASCII(v.text), v.from, v.to} }

func lowerASCII(text []byte) []byte {
	lower := bytes.Clone(text)
	for i, c := range lower {
		if 'A' <= c && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	return lower
}

func (v view) reverse() view {
	var out view
	for i := len(v.text) - 1; i >= 0; i-- {
		out.add(v.text[i], v, i, i)
	}
	return out
}

// fold keeps the letters and digits, in lower case and in their plain form: a full-width digit is the digit, an
// accent goes.
func (v view) fold() view {
	out := view{make([]byte, 0, len(v.text)), make([]int32, 0, len(v.text)), make([]int32, 0, len(v.text))}
	for i := 0; i < len(v.text); {
		c := v.text[i]
		if c < utf8.RuneSelf {
			switch {
			case 'A' <= c && c <= 'Z':
				out.add(c+'a'-'A', v, i, i)
			case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
				out.add(c, v, i, i)
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(v.text[i:])
		if r != utf8.RuneError {
			for _, plain := range norm.NFKD.String(string(r)) {
				if isLetterOrDigit(plain) {
					for _, b := range []byte(string(unicode.ToLower(plain))) {
						out.add(b, v, i, i+size-1)
					}
				}
			}
		}
		i += size
	}
	return out
}

func isLetterOrDigit(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// apart reports whether bytes from first up to end of a folded view are a whole word of v, which it was folded from.
func (v view) apart(first, end int, of view) bool {
	edge := func(at int32, before bool) bool {
		for i := range of.text { // short texts only, and only where a word was found
			if before && of.to[i] == at || !before && of.from[i] == at {
				return !letterAt(of.text, startOfRune(of.text, i))
			}
		}
		return true
	}
	low, high := min(v.from[first], v.from[end-1]), max(v.to[first], v.to[end-1])
	return edge(low, true) && edge(high, false)
}

func startOfRune(text []byte, at int) int {
	for at > 0 && !utf8.RuneStart(text[at]) {
		at--
	}
	return at
}

// readable are the stretches of a decoded view that are text themselves. What does not decode to text is noise, and
// nothing is looked for in the encodings of noise.
func (v view) readable() (runs []view) {
	var run view
	end := func() {
		if len(run.text) >= window {
			runs = append(runs, run)
		}
		run = view{}
	}
	for i, c := range v.text {
		switch {
		case c == 0: // every other byte of UTF-16
		case c == '\t', c == '\n', c == '\r', ' ' <= c && c <= '~':
			run.add(c, v, i, i)
		default:
			end()
		}
	}
	end()
	return runs
}

// decoded are the views that a reader who knows the usual encodings gets of a text.
func (v view) decoded() []view {
	out := v.bits(hexDigits, 4)
	out = append(out, v.bits(base32Digits, 5)...)
	out = append(out, v.bits(base64Digits, 6)...)
	if bytes.ContainsAny(v.text, "+/-_") { // or these are what was put between the digits
		out = append(out, v.bits(wordDigits, 6)...)
	}
	for _, base := range []int{16, 10, 8} {
		out = append(out, v.numbers(base))
	}
	return append(out, v.unescaped(), v.reverse())
}

// digitValues gives a byte's value in an alphabet, -1 for a byte that is none of its digits.
type digitValues [256]int8

func alphabet(digits ...string) *digitValues {
	var values digitValues
	for i := range values {
		values[i] = -1
	}
	for _, form := range digits {
		for value, digit := range []byte(form) {
			if digit != ' ' {
				values[digit] = int8(value)
			}
		}
	}
	return &values
}

const letters, digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"

var (
	small        = strings.ToLower(letters)
	hexDigits    = alphabet(digits+letters[:6], digits+small[:6])
	base32Digits = alphabet(letters+digits[2:8], small+digits[2:8])
	base64Digits = alphabet(letters+small+digits+"+/", letters+small+digits+"-_")
	wordDigits   = alphabet(letters + small + digits)
)

// bits decodes digits of some bits each, passing over everything else, from every digit that the encoding of a secret
// may begin at.
func (v view) bits(values *digitValues, width int) (out []view) {
	var at []int
	for i, c := range v.text {
		if values[c] >= 0 {
			at = append(at, i)
		}
	}
	group := 8 // digits after which a byte begins with a digit again
	for group*width%8 == 0 && group > 1 && group/2*width%8 == 0 {
		group /= 2
	}
	for start := 0; start < group && start < len(at); start++ {
		var decoded view
		held, count, first := uint32(0), 0, start
		for n := start; n < len(at); n++ {
			if count == 0 {
				first = n
			}
			held = held<<width | uint32(values[v.text[at[n]]])
			if count += width; count < 8 {
				continue
			}
			count -= 8
			decoded.add(byte(held>>count), v, at[first], at[n])
			held &= 1<<count - 1
			first = n
		}
		out = append(out, decoded)
	}
	return out
}

// numbers reads the words of a text that are numbers of a base as characters: 97, 0x61, \x61, U+0061.
func (v view) numbers(base int) (out view) {
	for i := 0; i < len(v.text); {
		if !letterAt(v.text, i) {
			i++
			continue
		}
		end := i
		for end < len(v.text) && letterAt(v.text, end) {
			end++
		}
		word := strings.TrimLeft(strings.ToLower(string(v.text[i:end])), "ux")
		if base == 16 {
			word = strings.TrimPrefix(word, "0x")
		}
		value := byte(' ') // any other word keeps its neighbours apart
		if n, err := strconv.ParseUint(word, base, 8); err == nil && len(word) <= 6 {
			value = byte(n)
		}
		out.add(value, v, i, end-1)
		i = end
	}
	return out
}

// unescaped undoes what stands for single characters within a text, and leaves out tags: %61, =61, \x61, \u0061,
// \141, &#97;, &#x61;, &amp;.
func (v view) unescaped() (out view) {
	found := false
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
	hex := func(from, most, least int) (string, int) {
		end := from
		for end < len(text) && end < from+most && hexDigits[text[end]] >= 0 {
			end++
		}
		n, err := strconv.ParseUint(string(text[from:end]), 16, 32)
		if err != nil || end-from < least {
			return "", 0
		}
		return character(n), end
	}
	switch head := lowerASCII(text[:min(len(text), 3)]); {
	case bytes.HasPrefix(head, []byte("%u")), bytes.HasPrefix(head, []byte(`\u`)):
		return hex(2, 4, 4)
	case bytes.HasPrefix(head, []byte(`\x`)):
		return hex(2, 2, 2)
	case head[0] == '%', head[0] == '=':
		return hex(1, 2, 2)
	case head[0] == '\\' && len(text) >= 4:
		if n, err := strconv.ParseUint(string(text[1:4]), 8, 8); err == nil {
			return character(n), 4
		}
	case head[0] == '&':
		if end := bytes.IndexByte(text[:min(len(text), 16)], ';'); end > 0 {
			if value := html.UnescapeString(string(text[:end+1])); value != string(text[:end+1]) {
				return value, end + 1
			}
		}
	case head[0] == '<':
		if end := bytes.IndexByte(text, '>'); end > 0 {
			return "", end + 1
		}
	}
	return "", 0
}

// character is the byte of a number below 256, else the character as UTF-8.
func character(n uint64) string {
	if n < 256 {
		return string([]byte{byte(n)})
	}
	return string(rune(n))
}

package foreign

import (
	"bytes"
	"iter"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// view is a text as something reads it: decoded, folded, reversed. Where it is mapped, byte i came from the original's
// bytes from[i] to to[i], so that what is found in the view can be taken out of the original.
type view struct {
	text     []byte
	mapped   bool
	from, to []int32
}

func whole(text string, mapped bool) view {
	v := view{text: []byte(text), mapped: mapped}
	if !mapped {
		return v
	}
	v.from, v.to = make([]int32, len(text)), make([]int32, len(text))
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
	if !v.mapped {
		return
	}
	v.from = append(v.from, min(of.from[first], of.from[last]))
	v.to = append(v.to, max(of.to[first], of.to[last]))
}

// part is the view of the bytes from first up to, and without, end.
func (v view) part(first, end int) view {
	if !v.mapped {
		return view{text: v.text[first:end]}
	}
	return view{v.text[first:end], true, v.from[first:end], v.to[first:end]}
}

// empty is a view of the same original with room for some bytes.
func (v view) empty(size int) view {
	out := view{text: make([]byte, 0, size), mapped: v.mapped}
	if v.mapped {
		out.from, out.to = make([]int32, 0, size), make([]int32, 0, size)
	}
	return out
}

// emptied is a view without its bytes, to be filled anew.
func (v view) emptied() view {
	if v.text = v.text[:0]; v.mapped {
		v.from, v.to = v.from[:0], v.to[:0]
	}
	return v
}

func (v view) lower() view { return view{lowerASCII(v.text), v.mapped, v.from, v.to} }

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
	out := v.empty(len(v.text))
	for i := len(v.text) - 1; i >= 0; i-- {
		out.add(v.text[i], v, i, i)
	}
	return out
}

// fold keeps the letters and digits, in lower case and in their plain form: a full-width digit is the digit, an
// accent goes.
func (v view) fold() view {
	out := v.empty(len(v.text))
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
		for _, b := range foldedRune(r) {
			out.add(b, v, i, i+size-1)
		}
		i += size
	}
	return out
}

// foldedRune is what a character above ASCII is folded to.
func foldedRune(r rune) []byte {
	if r == utf8.RuneError {
		return nil
	}
	var out []byte
	for _, plain := range plainForm(r) {
		if isLetterOrDigit(plain) {
			out = utf8.AppendRune(out, unicode.ToLower(plain))
		}
	}
	return out
}

// plainForm is what a reader takes a character for: the letter in a circle or a square is the letter, and the digits of
// every script are digits.
func plainForm(r rune) string {
	for _, first := range []rune{0x1F130, 0x1F150, 0x1F170, 0x1F1E6} {
		if first <= r && r < first+26 {
			return string('a' + r - first)
		}
	}
	if unicode.IsDigit(r) && len(norm.NFKD.String(string(r))) > 1 {
		for value := rune(0); value < 10; value++ { // ten in a row each, and no row begins within another one
			if !unicode.IsDigit(r-value-1) || value == 9 {
				return string('0' + value)
			}
		}
	}
	return norm.NFKD.String(string(r))
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
func (v view) readable() iter.Seq[view] {
	return func(yield func(view) bool) {
		for i := 0; i < len(v.text); {
			end, telling := i, 0
			for end < len(v.text) && legible(v.text[end]) {
				if isLetterOrDigit(rune(v.text[end])) {
					telling++
				}
				end++
			}
			if telling >= window {
				run := v.part(i, end)
				if bytes.IndexByte(run.text, 0) >= 0 { // every other byte of UTF-16
					without := v.empty(end - i)
					for k, c := range run.text {
						if c != 0 {
							without.add(c, run, k, k)
						}
					}
					run = without
				}
				if !yield(run) {
					return
				}
			}
			i = end + 1
		}
	}
}

func legible(c byte) bool {
	return c == 0 || c == '\t' || c == '\n' || c == '\r' || ' ' <= c && c <= '~'
}

package foreign

import (
	"bytes"
	"iter"
	"math/big"
	"math/bits"
	"strconv"

	"opensrs-doctor/probes/lazy"
)

// decoded are the views that a reader who knows the usual encodings gets of a text.
func (v view) decoded() iter.Seq[view] {
	return func(yield func(view) bool) {
		alphabets := []struct {
			values *digitValues
			width  int
		}{{hexDigits.Get(), 4}, {base32Digits.Get(), 5}, {base64Digits.Get(), 6}, {wordDigits.Get(), 6}, {binaryDigits.Get(), 1}}
		if !bytes.ContainsAny(v.text, "+/-_") { // else these may be what was put between the digits
			alphabets[3].values = nil
		}
		for _, alphabet := range alphabets {
			if alphabet.values == nil {
				continue
			}
			for decoded := range v.bits(alphabet.values, alphabet.width) {
				if !yield(decoded) {
					return
				}
			}
		}
		for _, base := range []int{16, 10, 8, 2} {
			if !yield(v.numbers(base)) {
				return
			}
		}
		for _, base := range []int{8, 10} {
			for start := range 3 {
				if !yield(v.triples(base, start)) {
					return
				}
			}
		}
		if !yield(v.integers()) {
			return
		}
		for _, base := range []int{10, 36} {
			for _, parted := range []bool{false, true} {
				for number := range v.bigNumbers(base, parted) {
					if !yield(number) {
						return
					}
				}
			}
		}
		if escaped := v.unescaped(); len(escaped.text) > 0 && !yield(escaped) {
			return
		}
		yield(v.reverse())
	}
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

const letters, small, digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", "0123456789"

var (
	hexDigits = lazy.Value[*digitValues]{Make: func() *digitValues {
		return alphabet(digits+letters[:6], digits+small[:6])
	}}
	base32Digits = lazy.Value[*digitValues]{Make: func() *digitValues {
		return alphabet(letters+digits[2:8], small+digits[2:8])
	}}
	base64Digits = lazy.Value[*digitValues]{Make: func() *digitValues {
		return alphabet(letters+small+digits+"+/", letters+small+digits+"-_")
	}}
	wordDigits = lazy.Value[*digitValues]{Make: func() *digitValues {
		return alphabet(letters + small + digits)
	}}
	binaryDigits = lazy.Value[*digitValues]{Make: func() *digitValues {
		return alphabet("01")
	}}
)

// bits decodes digits of some bits each, passing over everything else, from every digit that the encoding of a secret
// may begin at.
func (v view) bits(values *digitValues, width int) iter.Seq[view] {
	return func(yield func(view) bool) {
		var at []int
		for i, c := range v.text {
			if values[c] >= 0 {
				at = append(at, i)
			}
		}
		if len(at)*width < shortest*8 {
			return
		}
		group := 8 // digits after which a byte begins with a digit again
		for group*width%8 == 0 && group > 1 && group/2*width%8 == 0 {
			group /= 2
		}
		decoded := v.empty(len(at)*width/8 + 1)
		for start := 0; start < group && start < len(at); start++ {
			decoded = decoded.emptied()
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
			if !yield(decoded) {
				return
			}
		}
	}
}

// numbers reads the words of a text that are numbers of a base as characters: 97, 0x61, \x61, U+0061.
func (v view) numbers(base int) view {
	out := v.empty(len(v.text) / 2)
	for i := 0; i < len(v.text); {
		if !letterAt(v.text, i) {
			i++
			continue
		}
		end := i
		for end < len(v.text) && letterAt(v.text, end) {
			end++
		}
		out.add(numbered(v.text[i:end], base), v, i, end-1)
		i = end
	}
	return out
}

// numbered is the character that a word gives the number of; any other word keeps its neighbours apart.
func numbered(word []byte, base int) byte {
	if len(word) > 10 {
		return ' '
	}
	word = bytes.TrimLeft(word, "uUxX")
	if base == 16 && len(word) > 2 && word[0] == '0' && word[1]|' ' == 'x' {
		word = word[2:]
	}
	value := 0
	for _, c := range word {
		digit := int(hexDigits.Get()[c])
		if digit < 0 || digit >= base || value > 0xff {
			return ' '
		}
		value = value*base + digit
	}
	if value > 0xff || len(word) == 0 {
		return ' '
	}
	return byte(value)
}

// triples reads the digits of a text, without what is between them, three at a time as characters: 098055101.
func (v view) triples(base, start int) view {
	out := v.empty(len(v.text) / 3)
	value, count, first := 0, 0, 0
	for i, c := range v.text {
		if c < '0' || int(c-'0') >= base {
			continue
		}
		if start > 0 {
			start--
			continue
		}
		if count == 0 {
			first = i
		}
		value = value*base + int(c-'0')
		if count++; count == 3 {
			if value <= 0xff {
				out.add(byte(value), v, first, i)
			}
			value, count = 0, 0
		}
	}
	return out
}

// integers are the bytes of the decimal words of a text that are too big for one byte, in their order: a secret as 32-bit
// numbers.
func (v view) integers() view {
	out := v.empty(len(v.text))
	for i := 0; i < len(v.text); {
		end := i
		for end < len(v.text) && '0' <= v.text[end] && v.text[end] <= '9' {
			end++
		}
		if end-i >= 5 && end-i <= 19 {
			number, _ := strconv.ParseUint(string(v.text[i:end]), 10, 64)
			for shift := (bits.Len64(number) + 7) / 8 * 8; shift > 0; shift -= 8 {
				out.add(byte(number>>(shift-8)), v, i, end-1)
			}
		}
		i = max(end, i+1)
	}
	return out
}

// bigNumbers are the bytes, and the hex digits, of each long word that can be read as one number of a base. parted says
// that other characters than spaces may be between its digits.
func (v view) bigNumbers(base int, parted bool) iter.Seq[view] {
	return func(yield func(view) bool) {
		var digits []byte
		for i := 0; i < len(v.text); {
			end := i
			digits = digits[:0]
			for end < len(v.text) && (numeral(v.text[end], base) || parted && len(digits) > 0 && ' ' < v.text[end] && v.text[end] <= '~') {
				if numeral(v.text[end], base) {
					digits = append(digits, v.text[end])
				}
				end++
			}
			if len(digits) >= longNumber && len(digits) <= longestNumber && (!parted || len(digits) < end-i) {
				number, _ := new(big.Int).SetString(string(digits), base)
				for _, form := range [][]byte{number.Bytes(), number.Append(nil, 16)} {
					out := v.empty(len(form))
					for _, b := range form {
						out.add(b, v, i, end-1)
					}
					if !yield(out) {
						return
					}
				}
			}
			i = max(end, i+1)
		}
	}
}

// Digits of a number that can hold a telling part of a secret, and of one that is worth the time.
const longNumber, longestNumber = 13, 400

func numeral(c byte, base int) bool {
	return '0' <= c && c <= '9' || base > 10 && ('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z')
}

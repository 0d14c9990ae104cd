// Package dressed is for tests: it writes a secret as a hostile or careless peer may, so that it is not recognised.
package dressed

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"math/big"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Ways are the ways in which a peer may send a secret back, by their names.
func Ways() map[string]func(string) string {
	every := func(n int, between string) func(string) string {
		return func(text string) string {
			var out strings.Builder
			for i, r := range []rune(text) {
				if i > 0 && i%n == 0 {
					out.WriteString(between)
				}
				out.WriteRune(r)
			}
			return out.String()
		}
	}
	each := func(form string) func(string) string {
		return func(text string) string {
			var out strings.Builder
			for _, b := range []byte(text) {
				fmt.Fprintf(&out, form, b)
			}
			return out.String()
		}
	}
	then := func(first, second func(string) string) func(string) string {
		return func(text string) string { return second(first(text)) }
	}
	b64 := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	hexed := func(text string) string { return hex.EncodeToString([]byte(text)) }
	reversed := func(text string) string {
		runes := []rune(text)
		for i, j := 0, len(runes)-1; i < j; i, j = i+1, j-1 {
			runes[i], runes[j] = runes[j], runes[i]
		}
		return string(runes)
	}
	wide := func(text string) string {
		return strings.Map(func(r rune) rune {
			if '!' <= r && r <= '~' {
				return r + 0xFEE0
			}
			return r
		}, text)
	}
	utf16LE := func(text string) string {
		var out []byte
		for _, unit := range utf16.Encode([]rune(text)) {
			out = append(out, byte(unit), byte(unit>>8))
		}
		return string(out)
	}
	utf16BE := func(text string) string {
		var out []byte
		for _, unit := range utf16.Encode([]rune(text)) {
			out = append(out, byte(unit>>8), byte(unit))
		}
		return string(out)
	}
	from := func(first rune) func(string) string {
		return func(text string) string {
			return strings.Map(func(r rune) rune {
				if 'a' <= r && r <= 'z' {
					return first + r - 'a'
				}
				return r
			}, text)
		}
	}
	raw := func(text string) string { // a secret that is not hex has no such form: then as it is
		if bytes, err := hex.DecodeString(text); err == nil {
			return string(bytes)
		}
		return text
	}
	rawOf := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(raw(text))) }
	circled, squared := from(0x24D0), from(0x1F170)
	return map[string]func(string) string{
		"as it is":                              func(text string) string { return text },
		"capitals":                              strings.ToUpper,
		"small letters":                         strings.ToLower,
		"reversed":                              reversed,
		"spaced":                                every(1, " "),
		"two by two with colons":                every(2, ":"),
		"four by four with dashes":              every(4, "-"),
		"seven by seven with a nonchar":         every(7, "\uFDD0"),
		"seven by seven, zero width":            every(7, "\u200b"),
		"soft hyphens":                          every(5, "\u00ad"),
		"line ends":                             every(6, "\r\n"),
		"tags between":                          every(3, "<b></b>"),
		"a comment between":                     every(3, "<!-- x -->"),
		"full width":                            wide,
		"base64":                                b64,
		"base64, second alignment":              func(text string) string { return b64("x" + text) },
		"base64, third alignment":               func(text string) string { return b64("xy" + text) },
		"base64 without padding":                func(text string) string { return base64.RawStdEncoding.EncodeToString([]byte(text + "!")) },
		"base64 for URLs":                       func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte("??" + text)) },
		"base64 in lines":                       then(b64, every(20, "\n")),
		"base64 spaced":                         then(b64, every(1, " ")),
		"base64 of base64":                      then(b64, b64),
		"base64 of hex":                         then(hexed, b64),
		"base64 of the reverse":                 then(reversed, b64),
		"base64, reversed":                      then(b64, reversed),
		"base64 of UTF-16":                      then(utf16LE, b64),
		"base32":                                func(text string) string { return base32.StdEncoding.EncodeToString([]byte(text)) },
		"base32, second alignment":              func(text string) string { return base32.StdEncoding.EncodeToString([]byte("z" + text)) },
		"hex":                                   hexed,
		"hex, capitals":                         then(hexed, strings.ToUpper),
		"hex, an odd digit in front":            func(text string) string { return "f" + hexed(text) },
		"hex with colons":                       then(hexed, every(2, ":")),
		"hex of hex":                            then(hexed, hexed),
		"hex words":                             each("0x%02x, "),
		"decimal numbers":                       each("%d,"),
		"octal escapes":                         each(`\%03o`),
		"hex escapes":                           each(`\x%02x`),
		"code points":                           each("U+%04X "),
		"JSON escapes":                          each(`\u%04x`),
		"percent, every byte":                   each("%%%02X"),
		"percent":                               url.QueryEscape,
		"percent twice":                         then(each("%%%02x"), url.QueryEscape),
		"quoted-printable":                      each("=%02X"),
		"entities":                              html.EscapeString,
		"decimal references":                    each("&#%d;"),
		"hex references":                        each("&#x%x;"),
		"UTF-16":                                utf16LE,
		"backspaces":                            every(1, "\b"),
		"colours":                               every(7, "\x1b[1;31m"),
		"colours, cleaned":                      every(5, "·[1;31m"),
		"colours by C1, cleaned":                every(6, "·31m"),
		"titles, cleaned":                       every(6, "·]0;x y·"),
		"quoted by Go, backspaces":              then(every(3, "\b"), strconv.Quote),
		"quoted by Go, tags":                    then(every(3, "\U000e0061"), strconv.Quote),
		"quoted by Go, noncharacters":           then(every(3, "\ufdd0"), strconv.Quote),
		"code points in braces":                 each(`\u{%x}`),
		"long code points":                      each(`\U%08x`),
		"named references between":              every(2, "&NegativeVeryThinSpace;"),
		"a comment with a tag between":          every(3, "<!-- > x -->"),
		"attributes between":                    every(3, `<i title=">">`),
		"lines quoted-printable":                every(7, "=\r\n"),
		"binary digits":                         each("%08b"),
		"binary numbers":                        each("%b "),
		"one decimal number":                    func(text string) string { return new(big.Int).SetBytes([]byte(text)).String() },
		"one number of base 36":                 func(text string) string { return new(big.Int).SetBytes([]byte(text)).Text(36) },
		"digits of another script":              strings.NewReplacer("0", "٠", "1", "١", "2", "٢", "3", "٣", "4", "٤", "5", "٥", "6", "٦", "7", "٧", "8", "٨", "9", "٩").Replace,
		"letters in circles":                    circled,
		"letters in squares":                    squared,
		"UTF-7":                                 func(text string) string { return "+" + strings.TrimRight(b64(utf16BE(text)), "=") + "-" },
		"accents":                               every(1, "\u0301"),
		"ASCII codes without ends":              each("%03d"),
		"octal codes without ends":              each("%03o"),
		"what hex digits stand for, base64":     then(rawOf, every(8, " ")),
		"what hex digits stand for, in decimal": then(raw, each("%d ")),
		"what hex digits stand for, in quads": func(text string) string {
			return strings.ReplaceAll(strings.TrimSpace(each("%d ")(raw(text))), " ", ".")
		},
		"what hex digits stand for, base32": func(text string) string { return base32.StdEncoding.EncodeToString([]byte(raw(text))) },
		"variation selectors":               every(1, "\U000e0101"),
		"JSON list":                         func(text string) string { return `["` + strings.Join(strings.Split(text, ""), `","`) + `"]` },
	}
}

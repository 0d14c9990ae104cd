package foreign

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"math/big"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
)

const (
	exampleKey      = "0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeeff"
	examplePassword = "Tr0ub4dor&3 zebra-crossing"
	shortPassword   = "hunter2"
)

func TestScrub(t *testing.T) {
	scrub := &Scrubber{}
	for _, secret := range []string{exampleKey, "pa$$", "$$!!", "call", "x"} {
		scrub.Add(secret)
	}
	for text, want := range map[string]string{
		"nothing to hide, x":                    "nothing to hide, x",
		"key=" + exampleKey + ".":               "key=[redacted].",
		"KEY " + strings.ToUpper(exampleKey):    "KEY [redacted]",
		"the first part, " + exampleKey[:20]:    "the first part, [redacted]",
		"the middle, " + exampleKey[9:17] + "!": "the middle, [redacted]!",
		"seven characters, " + exampleKey[:7]:   "seven characters, " + exampleKey[:7],
		"user:pa$$@proxy, twice pa$$":           "user:[redacted]@proxy, twice [redacted]",
		"no word: spa$$s, recalls":              "no word: spa$$s, recalls",
		"ſ is one letter and two bytes: pa$$":   "ſ is one letter and two bytes: [redacted]",
		"a call":                                "a [redacted]",
		"signs $$!! alone":                      "signs [redacted] alone",
	} {
		if got := scrub.Scrub(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	var none *Scrubber
	if none.Add("abc"); none.Scrub("abc") != "abc" || none.Holds([]byte("abc")) {
		t.Error("a nil Scrubber is not silent")
	}
}

// dressings are the ways in which a peer may send a secret back.
func dressings() map[string]func(string) string {
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
	circled, squared := from(0x24D0), from(0x1F170)
	return map[string]func(string) string{
		"as it is":                      func(text string) string { return text },
		"capitals":                      strings.ToUpper,
		"small letters":                 strings.ToLower,
		"reversed":                      reversed,
		"spaced":                        every(1, " "),
		"two by two with colons":        every(2, ":"),
		"four by four with dashes":      every(4, "-"),
		"seven by seven with a nonchar": every(7, "\uFDD0"),
		"seven by seven, zero width":    every(7, "\u200b"),
		"soft hyphens":                  every(5, "\u00ad"),
		"line ends":                     every(6, "\r\n"),
		"tags between":                  every(3, "<b></b>"),
		"a comment between":             every(3, "<!-- x -->"),
		"full width":                    wide,
		"base64":                        b64,
		"base64, second alignment":      func(text string) string { return b64("x" + text) },
		"base64, third alignment":       func(text string) string { return b64("xy" + text) },
		"base64 without padding":        func(text string) string { return base64.RawStdEncoding.EncodeToString([]byte(text + "!")) },
		"base64 for URLs":               func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte("??" + text)) },
		"base64 in lines":               then(b64, every(20, "\n")),
		"base64 spaced":                 then(b64, every(1, " ")),
		"base64 of base64":              then(b64, b64),
		"base64 of hex":                 then(hexed, b64),
		"base64 of the reverse":         then(reversed, b64),
		"base64, reversed":              then(b64, reversed),
		"base64 of UTF-16":              then(utf16LE, b64),
		"base32":                        func(text string) string { return base32.StdEncoding.EncodeToString([]byte(text)) },
		"base32, second alignment":      func(text string) string { return base32.StdEncoding.EncodeToString([]byte("z" + text)) },
		"hex":                           hexed,
		"hex, capitals":                 then(hexed, strings.ToUpper),
		"hex, an odd digit in front":    func(text string) string { return "f" + hexed(text) },
		"hex with colons":               then(hexed, every(2, ":")),
		"hex of hex":                    then(hexed, hexed),
		"hex words":                     each("0x%02x, "),
		"decimal numbers":               each("%d,"),
		"octal escapes":                 each(`\%03o`),
		"hex escapes":                   each(`\x%02x`),
		"code points":                   each("U+%04X "),
		"JSON escapes":                  each(`\u%04x`),
		"percent, every byte":           each("%%%02X"),
		"percent":                       url.QueryEscape,
		"percent twice":                 then(each("%%%02x"), url.QueryEscape),
		"quoted-printable":              each("=%02X"),
		"entities":                      html.EscapeString,
		"decimal references":            each("&#%d;"),
		"hex references":                each("&#x%x;"),
		"UTF-16":                        utf16LE,
		"backspaces":                    every(1, "\b"),
		"colours":                       every(7, "\x1b[1;31m"),
		"colours, cleaned":              then(every(5, "\x1b[1;31m"), Clean),
		"colours by C1, cleaned":        then(every(6, "\u009b31m"), Clean),
		"titles, cleaned":               then(every(6, "\x1b]0;x y\a"), Clean),
		"quoted by Go, backspaces":      then(every(3, "\b"), strconv.Quote),
		"quoted by Go, tags":            then(every(3, "\U000e0061"), strconv.Quote),
		"quoted by Go, noncharacters":   then(every(3, "\ufdd0"), strconv.Quote),
		"code points in braces":         each(`\u{%x}`),
		"long code points":              each(`\U%08x`),
		"named references between":      every(2, "&NegativeVeryThinSpace;"),
		"a comment with a tag between":  every(3, "<!-- > x -->"),
		"attributes between":            every(3, `<i title=">">`),
		"lines quoted-printable":        every(7, "=\r\n"),
		"binary digits":                 each("%08b"),
		"binary numbers":                each("%b "),
		"one decimal number":            func(text string) string { return new(big.Int).SetBytes([]byte(text)).String() },
		"one number of base 36":         func(text string) string { return new(big.Int).SetBytes([]byte(text)).Text(36) },
		"digits of another script":      strings.NewReplacer("0", "٠", "1", "١", "2", "٢", "3", "٣", "4", "٤", "5", "٥", "6", "٦", "7", "٧", "8", "٨", "9", "٩").Replace,
		"letters in circles":            circled,
		"letters in squares":            squared,
		"UTF-7":                         func(text string) string { return "+" + strings.TrimRight(b64(utf16BE(text)), "=") + "-" },
		"accents":                       every(1, "\u0301"),
		"JSON list":                     func(text string) string { return `["` + strings.Join(strings.Split(text, ""), `","`) + `"]` },
	}
}

func TestEveryDressingIsSeenThrough(t *testing.T) {
	scrub := &Scrubber{}
	secrets := []string{exampleKey, examplePassword, shortPassword}
	for _, secret := range secrets {
		scrub.Add(secret)
	}
	for name, dress := range dressings() {
		for _, secret := range secrets {
			text := "Denied: " + dress(secret) + " (reference 17)."
			got := scrub.Scrub(text)
			if secret == shortPassword && short[name] {
				continue
			}
			if !strings.Contains(got, Redacted) {
				t.Errorf("%s: %q passes", name, text)
				continue
			}
			if left := strings.ReplaceAll(got, Redacted, ""); strings.Contains(text, "Denied: "+dress(secret)) && len(left) > len("Denied: ")+len(" (reference 17).")+2*len(dress("1234567"))+8 {
				t.Errorf("%s: of %q is left %q", name, text, got)
			}
			if !strings.HasPrefix(got, "Denied: ") && name != "base64 spaced" || !strings.HasSuffix(got, "(reference 17).") {
				t.Errorf("%s: more than the secret is taken out: %q", name, got)
			}
		}
	}
}

// short are the dressings in which a short secret is part of a longer word, and stays.
var short = map[string]bool{
	"base64, second alignment": true, "base64, third alignment": true, "base32, second alignment": true,
	"one number of base 36": true,
}

func TestOrdinaryTextStays(t *testing.T) {
	scrub := &Scrubber{}
	scrub.Add(exampleKey)
	scrub.Add(examplePassword)
	for _, text := range []string{
		"Access denied: invalid IP address", "CN=FortiGate CA, O=Fortinet", "Ray ID: 8f3a2b1c9d4e5f60",
		"support ID 1234567890123456789", "2001:db8:85a3::8a2e:370:7334", "2026-11-26T05:44:58Z",
		"0f1e2d3", "0f1e2d3 c4b5", "zebras cross", "Let's Encrypt Authority X3", strings.Repeat("A1b2", 4000),
	} {
		if text != "0f1e2d3 c4b5" && scrub.Scrub(text) != text {
			t.Errorf("%q became %q", text, scrub.Scrub(text))
		}
	}
}

// FuzzScrub puts a part of a secret, dressed, into any text: it never comes out.
func FuzzScrub(f *testing.F) {
	f.Add("before ", " after", 0, 20)
	f.Add("\uFDD0", "=\\u", 40, 9)
	f.Fuzz(func(t *testing.T, before, after string, from, length int) {
		if len(before)+len(after) > 4<<10 {
			return
		}
		from, length = abs(from)%(len(exampleKey)-window), window+abs(length)%32
		part := exampleKey[from:min(from+length, len(exampleKey))]
		scrub := &Scrubber{}
		scrub.Add(exampleKey)
		got := scrub.Scrub(before + part + after)
		for i := 0; i+window <= len(exampleKey); i++ {
			if strings.Contains(strings.ToLower(got), exampleKey[i:i+window]) {
				t.Fatalf("%q + %q + %q became %q", before, part, after, got)
			}
		}
	})
}

func abs(n int) int { return max(n, -(n + 1)) }

func BenchmarkScrub(b *testing.B) {
	scrub := &Scrubber{}
	scrub.Add(exampleKey)
	scrub.Add(exampleKey[:32])
	certificate := make([]byte, 900)
	rand.NewChaCha8([32]byte{}).Read(certificate)
	for name, text := range map[string]string{"words": "Access denied: invalid IP address ", "name": "CN=GlobalSign RSA OV SSL CA 2018,O=GlobalSign nv-sa,C=BE",
		"certificate": string(certificate), "page": strings.Repeat("A page of words, 12. ", 200)} {
		b.Run(name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				scrub.Scrub(fmt.Sprint(text, i)) // not the same twice, which would be known
			}
		})
	}
}

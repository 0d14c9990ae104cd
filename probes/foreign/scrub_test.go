package foreign

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"opensrs-doctor/probes/foreign/dressed"
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

func TestEveryDressingIsSeenThrough(t *testing.T) {
	scrub := &Scrubber{}
	secrets := []string{exampleKey, examplePassword, shortPassword}
	for _, secret := range secrets {
		scrub.Add(secret)
	}
	for name, dress := range dressed.Ways() {
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

// TestScrubBeside: what the scrubbed text says anyway stays, a long secret never does.
func TestScrubBeside(t *testing.T) {
	s := &Scrubber{}
	s.Add("proxy")
	s.Add("s3cret")
	s.Add(strings.Repeat("0a1b2c3d", 14))
	got := s.ScrubBeside("the proxy says s3cret, 0a1b2c3d0a1b2c3d0a1b", "through the proxy, 0a1b2c3d0a1b2c3d0a1b")
	if want := "the proxy says [redacted], [redacted]"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

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

// A key in pieces with words between them, in their order, and the complement of what its digits stand for.
func TestPiecesInOrder(t *testing.T) {
	scrub := &Scrubber{}
	scrub.Add("0f1e2d3c4b5a69788796a5b4c3d2e1f0")
	for said, want := range map[string]string{
		"part0=0f1e2d then 3c4b5a69 and 788796": "part0=[redacted] then [redacted] and [redacted]",
		"f0e1d2c3 b4a59687":                     "[redacted]",
		"0f1e2d and 3c4b5a":                     "0f1e2d and 3c4b5a", // too little to tell
	} {
		if got := scrub.Scrub(said); got != want {
			t.Errorf("%q became %q, want %q", said, got, want)
		}
	}
}

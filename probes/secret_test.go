package probes

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const exampleKey = "0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeeff"

func TestSecretPrintsRedacted(t *testing.T) {
	secret := NewSecret([]byte("  " + exampleKey + "\r\n"))
	if string(secret.Reveal()) != exampleKey {
		t.Errorf("white space around the key stays: %q", secret.Reveal())
	}
	document, err := json.Marshal(map[string]any{"a": secret, "b": &secret})
	if err != nil {
		t.Fatal(err)
	}
	printed := string(document)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p"} {
		printed += fmt.Sprintf(verb, secret) + fmt.Sprintf(verb, struct{ S Secret }{secret})
	}
	if strings.Contains(strings.ToLower(printed), exampleKey[:8]) || strings.Contains(printed, fmt.Sprintf("%x", exampleKey[:8])) {
		t.Errorf("the key is printed: %s", printed)
	}
}

func TestFingerprintOnlyOfKeys(t *testing.T) {
	for text, given := range map[string]bool{
		exampleKey[:62]: true, exampleKey[:32]: true, exampleKey[:30]: false, "": false,
		"correct horse battery staple, again": false, exampleKey[:31]: false,
	} {
		if got := NewSecret([]byte(text)).Fingerprint(); (got != nil) != given {
			t.Errorf("%q: a fingerprint is given: %v", text, got != nil)
		}
	}
}

func TestScrub(t *testing.T) {
	scrub := &Scrubber{}
	scrub.Add(exampleKey)
	scrub.Add("pa$$")
	scrub.Add("x") // too short to be told from other text
	for text, want := range map[string]string{
		"nothing to hide, x":                    "nothing to hide, x",
		"key=" + exampleKey + ".":               "key=[redacted].",
		"KEY " + strings.ToUpper(exampleKey):    "KEY [redacted]",
		"the first part, " + exampleKey[:20]:    "the first part, [redacted]",
		"the middle, " + exampleKey[9:17] + "!": "the middle, [redacted]!",
		"seven characters, " + exampleKey[:7]:   "seven characters, " + exampleKey[:7],
		"user:pa$$@proxy, twice pa$$":           "user:[redacted]@proxy, twice [redacted]",
		"ſ is one letter and two bytes: pa$$":   "ſ is one letter and two bytes: [redacted]",
	} {
		if got := scrub.Scrub(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	var none *Scrubber
	none.Add("secret")
	if got := none.Scrub("secret"); got != "secret" {
		t.Errorf("no scrubber changed a text to %q", got)
	}
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"  two\r\n\tlines ":             "two lines",
		"\x1b[31mred\x1b[0m":            "·[31mred·[0m",
		"right\u202eto left":            "right·to left",
		"not \xff UTF-8":                "not · UTF-8",
		"a tone of voice: " + "é…":      "a tone of voice: é…",
		strings.Repeat("long ", 50)[:9]: "long long",
	} {
		if got := printable(text, 100); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	if got := printable("abcdef", 3); got != "abc…" {
		t.Errorf("cut to %q", got)
	}
}

func FuzzScrub(f *testing.F) {
	f.Add("key " + exampleKey)
	f.Add("\xff\xfe" + exampleKey[:16])
	scrub := &Scrubber{}
	scrub.Add(exampleKey)
	f.Fuzz(func(t *testing.T, text string) {
		got := asciiLower(scrub.Scrub(text))
		for i := 0; i+window <= len(exampleKey); i++ {
			if strings.Contains(got, exampleKey[i:i+window]) {
				t.Fatalf("%q still shows %q", got, exampleKey[i:i+window])
			}
		}
	})
}

package foreign

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestQuoteCleansBeforeItScrubsAndCutsAfter(t *testing.T) {
	scrub := &Scrubber{}
	scrub.Add(exampleKey)
	for said, want := range map[string]string{
		"a\tb\r\n\x1b[31mc":                   "a b ·[31mc",
		"ab" + exampleKey:                     "ab[redacted]",
		strings.Repeat("x ", 14) + exampleKey: strings.Repeat("x ", 14) + "[…",
		"k" + strings.Join(strings.Split(exampleKey, ""), "\u2060"): "k[redacted]",
		"0f1e2d3\ufdd0c4b5a69\ufffe788796a":                         "[redacted]",
	} {
		if got := scrub.Quote(said, 30).String(); got != want {
			t.Errorf("%q became %q, want %q", said, got, want)
		}
	}
}

func TestHideTokens(t *testing.T) {
	for _, text := range []string{
		"Ray ID: 8f3a2b1c9d4e5f60", "The requested URL was rejected. Your support ID is: 12345678901234567890123",
		"Let's Encrypt Authority X3", "2001:db8:85a3:1234:5678:8a2e:370:7334", "[2001:db8:85a3:1234:5678:8a2e:370:7334]:443",
		"at 2026-11-26T05:44:58.123456+01:00.", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
		"ec2-203-0-113-10.compute-1.amazonaws.com", "proxy1.example.internal:3128", "198.51.100.200/32 255.255.255.255:65535",
		"internationalization-without-a-digit", "https://support.example.com/articles/tls-1.3",
	} {
		if got := HideTokens(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	for text, want := range map[string]string{
		"denied (a1b2c3d4e5f6a7b8c9d0e1).":                    "denied ([token, 22 characters]).",
		"a1b2c3d4e5f6a7b8c9d0e1.example.com":                  "[token, 34 characters]",
		"https://login.example.com/?to=Zx9Zx9Zx9Zx9Zx9Zx9Zx9": "https://login.example.com/?to=[token, 21 characters]",
		"key=0f-1e-2d-3c-4b-5a-69-78":                         "[token, 27 characters]",
	} {
		if got := HideTokens(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestDecode(t *testing.T) {
	for _, one := range []struct{ body, contentType, want string }{
		{"plain", "", "plain"},
		{"\xef\xbb\xbfmarked", "text/html", "marked"},
		{"\xff\xfeh\x00i\x00", "", "hi"},
		{"\xfe\xff\x00h\x00i", "text/html; charset=utf-8", "hi"},
		{"h\x00i\x00", `text/html; charset="UTF-16"`, "hi"},
		{"\x00h\x00i", "text/html; charset=utf-16be", "hi"},
		{"<\x00h\x00t\x00m\x00l\x00>\x00", "", "<html>"},
		{"caf\xe9", "text/html; charset=iso-8859-1", "café"},
		{"\xff", "", "ÿ"},
		{"", "text/html; charset=utf-16", ""},
	} {
		if got := Decode([]byte(one.body), one.contentType); got != one.want {
			t.Errorf("%q as %q became %q, want %q", one.body, one.contentType, got, one.want)
		}
	}
}

func TestTextOfASavedReportIsCleaned(t *testing.T) {
	var saved struct{ Text Text }
	if err := json.Unmarshal([]byte(`{"Text": "a\u001b[31m\u202eb"}`), &saved); err != nil || saved.Text.String() != "a·[31m·b" {
		t.Errorf("%q, %v", saved.Text, err)
	}
}

func FuzzQuote(f *testing.F) {
	f.Add("\x1b[2J\ufdd0::error::", "text/html; charset=utf-16", 20)
	f.Fuzz(func(t *testing.T, said, contentType string, limit int) {
		if len(said) > 4<<10 {
			return
		}
		limit = abs(limit) % 300
		scrub := &Scrubber{}
		scrub.Add(exampleKey)
		got := scrub.QuoteSent(Decode([]byte(said), contentType), limit).String()
		if !utf8.ValidString(got) || strings.ContainsFunc(got, Harmful) || strings.Contains(got, "  ") ||
			utf8.RuneCountInString(got) > limit+1 {
			t.Errorf("%q became %q", said, got)
		}
	})
}

// TestAgain: a secret that became known after words came in is taken out of them, and not out of ours beside them.
func TestAgain(t *testing.T) {
	scrub := &Scrubber{}
	scrub.Add(exampleKey)
	type inner struct {
		Said Text
		All  []Text
		PEM  PEM
	}
	evidence := &struct {
		Inner *inner
		None  *inner
		Other any
	}{Inner: &inner{
		Said: Oursf("hunter2 is ours, %s is not", scrub.Quote("hunter2", 100)),
		All:  []Text{scrub.Quote("a hunter2", 100), Ours("hunter2"), Join(Oursf("%d", 7), scrub.Quote("hunter2", 100))},
		PEM:  scrub.PEM([]byte("0123 hunter2 4567")),
	}, Other: 7}
	before := *evidence.Inner
	if scrub.Again(evidence); evidence.Inner.Said != before.Said || evidence.Inner.PEM != before.PEM {
		t.Errorf("nothing was added, and the evidence changed: %+v", evidence.Inner)
	}
	scrub.Add(shortPassword)
	scrub.Again(evidence)
	got := evidence.Inner.Said.String() + ", " + strings.Join(Strings(evidence.Inner.All), ", ") + evidence.Inner.PEM.String()
	if want := "hunter2 is ours, [redacted] is not, a [redacted], hunter2, 7 [redacted]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPEMIsLeftOutWithASecretInIt(t *testing.T) {
	scrub := &Scrubber{}
	scrub.Add(exampleKey)
	good := scrub.PEM([]byte("nothing"))
	if good.IsZero() || !scrub.PEM([]byte("\x30\x82"+exampleKey[3:30])).IsZero() {
		t.Error("a certificate with a secret in it is kept, or one without is not")
	}
	document, err := json.Marshal(struct {
		PEM  PEM `json:"pem,omitzero"`
		None PEM `json:"none,omitzero"`
	}{PEM: good})
	if err != nil || !strings.HasPrefix(string(document), `{"pem":"-----BEGIN CERTIFICATE-----\n`) || strings.Contains(string(document), "none") {
		t.Errorf("%s, %v", document, err)
	}
	var read PEM
	for text, kept := range map[string]bool{good.String(): true, "::error::\n" + good.String(): true, "words": false, "": false} {
		if err := read.UnmarshalText([]byte(text)); err != nil || read.IsZero() == kept || kept && read != good {
			t.Errorf("%q is read as %q, %v", text, read, err)
		}
	}
}

package report_test

import (
	"testing"

	"opensrs-doctor/report/diagnose/prose"
)

func TestFill(t *testing.T) {
	values := prose.Values{"port": "55443", "quote": "{port} {", "empty": ""}
	for _, test := range []struct {
		text, want string
		ok         bool
	}{
		{"Port {port}.", "Port 55443.", true},
		{"It said {quote}.", "It said {port} {.", true},
		{"No {empty} here", "", false},
		{"No {such} here", "", false},
		{"A { brace } and {}", "A { brace } and {}", true},
	} {
		got, ok := prose.Fill(test.text, values)
		if got != test.want || ok != test.ok {
			t.Errorf("fill(%q) is %q, %v; want %q, %v", test.text, got, ok, test.want, test.ok)
		}
	}
}

func TestFillGeneric(t *testing.T) {
	for text, want := range map[string]string{
		"{proxy} refuses {port}. {resolver} too": "The proxy refuses 55443. The resolver too",
		"Ask {sender}; {nothing} known":          "Ask " + prose.Vocabulary.Get()["sender"] + "; {nothing} known",
		"{resolvers_by} names it":                "/etc/resolv.conf names it",
	} {
		if got := prose.FillGeneric(text, nil); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

package screen

import (
	"strings"
	"testing"
)

func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"plain text":               "plain text",
		"":                         "",
		" two  spaces\tand\nmore ": "two spaces and more",
		"Zürich 名前 ✓":              "Zürich 名前 ✓",
		"\x1b[31mred\x1b[0m":       "[31mred[0m",
		"a\u202Eb\u2069c\u200fd":   "abcd",
		"a\xffb\u009bc\x7fd":       "abcd",
		"one\u2028two":             "one two",
	} {
		if got := Clean(text); got != want {
			t.Errorf("clean(%q) is %q, want %q", text, got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, test := range []struct {
		text  string
		width int
		want  string
	}{
		{"", 10, ""},
		{"one two three", 7, "one two|three"},
		{"a-word-that-is-too-wide fits not", 8, "a-word-that-is-too-wide|fits not"},
		{"名前 名前 名前", 9, "名前 名前|名前"},
		{"by 東京都認証局第二ルート証明書, not public", 10, "by|東京都認証|局第二ルー|ト証明書,|not public"},
		{"ab東京cd", 4, "ab東|京cd"},
		{"東京都example-name-that-is-long東", 6, "東京都|example-name-that-is-long|東"},
	} {
		if got := strings.Join(Wrap(test.text, test.width), "|"); got != test.want {
			t.Errorf("wrap(%q, %d) is %q, want %q", test.text, test.width, got, test.want)
		}
	}
}

package typo

import (
	"strings"
	"testing"
)

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"format", "format", 0},
		{"fromat", "format", 1},
		{"forma", "format", 1},
		{"formats", "format", 1},
		{"farmat", "format", 1},
		{"kitten", "sitting", 3},
		{strings.Repeat("a", 64), strings.Repeat("b", 64), 64},
		{strings.Repeat("a", 65), strings.Repeat("a", 65), 64},
	} {
		if got, back := Distance(test.a, test.b), Distance(test.b, test.a); got != test.want || back != test.want {
			t.Errorf("%q and %q: %d and %d, want %d", test.a, test.b, got, back, test.want)
		}
	}
}

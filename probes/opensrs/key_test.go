package opensrs

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFormOf: what is said of a key is its length, where it has other characters than hex digits, and whether it stands
// there twice; never a character of it.
func TestFormOf(t *testing.T) {
	key := strings.Repeat("0f", 28) + strings.Repeat("a1", 28)
	for name, c := range map[string]struct {
		key   string
		want  Form
		usual bool
	}{
		"as it should be": {key, Form{Length: 112}, true},
		"old":             {"0123456789ABCDEF", Form{Length: 16}, true},
		"a digit short":   {key[1:], Form{Length: 111}, false},
		"pasted twice":    {key + key, Form{Length: 224, Twice: true}, false},
		"one of repeats":  {strings.Repeat("0f", 56), Form{Length: 112}, true},
		"a letter o":      {key[:56] + "o" + key[57:], Form{Length: 112, NotHex: 1, Places: []int{57}}, false},
		"no hex at all":   {strings.Repeat("zz", 4), Form{Length: 8, NotHex: 8, Places: []int{1, 2, 3}, Twice: true}, false},
		"no ASCII":        {"é0", Form{Length: 2, NotHex: 1, Places: []int{1}}, false},
		"none":            {"", Form{}, false},
	} {
		got := FormOf([]byte(c.key))
		if diff := cmp.Diff(c.want, got); diff != "" || got.Usual() != c.usual {
			t.Errorf("%s: usual %v, %s", name, got.Usual(), diff)
		}
	}
}

func TestAroundKey(t *testing.T) {
	for text, want := range map[string][]Around{
		"abc": nil, "": nil, " \n": nil, "abc\n": {LineEndAfter}, "abc\r\n": {LineEndAfter}, "abc\n\n": {SpaceAfter},
		" abc": {SpaceBefore}, "\tabc \n": {SpaceBefore, SpaceAfter}, "abc ": {SpaceAfter}, "a b c": nil,
	} {
		if diff := cmp.Diff(want, AroundKey([]byte(text))); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

package console

import (
	"strings"
	"testing"
)

func TestShownHidesSecrets(t *testing.T) {
	for _, text := range []string{"0123456789abcdef", "http://bob:hunter2@x", "x" + strings.Repeat("ab", 56)} {
		if got := Shown(text); strings.Contains(got, text) {
			t.Errorf("%s is shown", text)
		}
	}
	if got := Shown("calll"); got != `"calll"` {
		t.Error(got)
	}
}

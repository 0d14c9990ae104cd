package wording

import "testing"

func TestCount(t *testing.T) {
	for n, want := range map[uint64]string{0: "0 addresses", 1: "1 address", 2: "2 addresses", 1 << 32: "4294967296 addresses"} {
		if got := Count(n, "address", "addresses"); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int]string{0: "are", 1: "is", 2: "are"} {
		if got := Agree(n, "is", "are"); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestJoin(t *testing.T) {
	items := []string{"A", "B", "C"}
	for n, want := range []string{"", "A", "A or B", "A, B or C"} {
		if got := Join(items[:n], "or"); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

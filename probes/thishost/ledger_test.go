package thishost

import (
	"testing"

	"opensrs-doctor/probes/evidence"
)

// TestFramesOfOthers: what a bridge takes in for others is not an answer that this host drops; the same frames where nothing
// else arrives are.
func TestFramesOfOthers(t *testing.T) {
	ledger := func(still, once, twice int) *evidence.Ledger {
		return &evidence.Ledger{To: "198.51.100.10:55443", Protocol: evidence.LedgerTCP, N: 20, Background: evidence.Counts{Arrived: still},
			Once: evidence.Counts{Arrived: once}, Twice: evidence.Counts{Arrived: twice}}
	}
	for _, test := range []struct {
		still, once, twice int
		want               string
	}{
		{0, 20, 40, evidence.LostBelow},
		{1, 23, 44, evidence.LostBelow},
		{300, 325, 345, evidence.LostNowhere}, // by chance as many more
		{0, 0, 0, evidence.LostNowhere},
		{0, 20, 20, evidence.LostNowhere},
		{0, 400, 800, evidence.LostNowhere},
	} {
		if got, _ := ledger(test.still, test.once, test.twice).Lost(); got != test.want {
			t.Errorf("%d, %d, %d: %q, want %q", test.still, test.once, test.twice, got, test.want)
		}
	}
}

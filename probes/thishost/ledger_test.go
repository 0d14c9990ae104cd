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
		{6, 27, 47, evidence.LostBelow},       // with answers to earlier packets, sent again
		{300, 325, 345, evidence.LostNowhere}, // by chance as many more
		{20, 22, 25, evidence.LostNowhere},
		{0, 0, 0, evidence.LostNowhere},
		{0, 20, 20, evidence.LostNowhere},
		{0, 400, 800, evidence.LostNowhere},
	} {
		if got, _ := ledger(test.still, test.once, test.twice).Lost(); got != test.want {
			t.Errorf("%d, %d, %d: %q, want %q", test.still, test.once, test.twice, got, test.want)
		}
	}
}

// TestAnswersLost: beside answers to earlier packets, which a service sends again, ours are counted one by one.
func TestAnswersLost(t *testing.T) {
	dropped := func(n int) evidence.Counts { return evidence.Counts{InReceives: n, Arrived: n} }
	for _, test := range []struct {
		still, once, twice int
		want               string
		sure               bool
	}{
		{0, 20, 40, evidence.LostComingIn, true},
		{6, 28, 48, evidence.LostComingIn, true},
		{8, 22, 41, evidence.LostComingIn, true},   // none of them came a second time
		{8, 44, 48, evidence.LostComingIn, false},  // a burst of others'
		{12, 32, 52, evidence.LostComingIn, false}, // others' all the time
		{8, 14, 41, evidence.LostNowhere, false},
		{8, 8, 8, evidence.LostNowhere, false},
	} {
		l := &evidence.Ledger{Protocol: evidence.LedgerTCP, N: 20, Background: dropped(test.still), Once: dropped(test.once), Twice: dropped(test.twice), CameIn: "eth0"}
		if got, sure := l.Lost(); got != test.want || sure != test.sure {
			t.Errorf("%d, %d, %d: %q, sure %t, want %q, %t", test.still, test.once, test.twice, got, sure, test.want, test.sure)
		}
	}
}

// TestHellosLost: a stray packet that is dropped is no lost hello, and segments that leave as one packet are none either.
func TestHellosLost(t *testing.T) {
	sent := func(requests, transmits int) evidence.Counts {
		return evidence.Counts{OutSegments: 2 * requests, OutRequests: requests, OutTransmits: &transmits, InReceives: requests, InDelivers: requests}
	}
	old := func(requests int) evidence.Counts {
		return evidence.Counts{OutSegments: 2 * requests, OutRequests: requests, InReceives: requests, InDelivers: requests}
	}
	for name, test := range map[string]struct {
		still, once, twice evidence.Counts
		want               string
		sure               bool
	}{
		"all dropped":                  {sent(0, 0), sent(5, 0), sent(10, 0), evidence.LostGoingOut, true},
		"and sent again":               {sent(0, 0), sent(12, 0), sent(31, 0), evidence.LostGoingOut, true},
		"while others are dropped too": {sent(4, 0), sent(9, 0), sent(14, 0), evidence.LostGoingOut, false},
		"a stray packet":               {sent(0, 0), sent(5, 4), sent(10, 8), evidence.LostNowhere, false},
		"none dropped":                 {sent(0, 0), sent(5, 5), sent(10, 10), evidence.LostNowhere, false},
		"a kernel that counts less":    {old(0), old(5), old(10), evidence.LostNowhere, false},
	} {
		l := &evidence.Ledger{Protocol: evidence.LedgerHello, N: 5, Background: test.still, Once: test.once, Twice: test.twice, WentOut: "eth0"}
		if got, sure := l.Lost(); got != test.want || sure != test.sure {
			t.Errorf("%s: %q, sure %t", name, got, sure)
		}
	}
}

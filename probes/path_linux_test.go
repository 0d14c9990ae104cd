package probes

import "testing"

func TestTidyWalk(t *testing.T) {
	answers := map[int]string{1: HopTimeExceeded, 3: HopTimeExceeded, 4: HopRefused, 5: HopRefused}
	var hops []Hop
	for ttl := 8; ttl >= 1; ttl-- { // they come in any order
		hop := Hop{TTL: ttl, Answer: HopSilence}
		if known := answers[ttl]; known != "" {
			hop.Answer = known
		}
		hops = append(hops, hop)
	}
	got := tidy(hops)
	if len(got) != 4 || got[0].TTL != 1 || got[1].Answer != HopSilence || got[3].Answer != HopRefused {
		t.Errorf("what lies behind the end is kept: %+v", got)
	}
	silent := tidy([]Hop{{TTL: 1, Answer: HopTimeExceeded}, {TTL: 2, Answer: HopSilence}, {TTL: 3, Answer: HopSilence},
		{TTL: 4, Answer: HopSilence}, {TTL: 5, Answer: HopSilence}})
	if len(silent) != 4 {
		t.Errorf("of the silence at the end, three are enough: %+v", silent)
	}
}

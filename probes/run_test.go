package probes

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"opensrs-doctor/probes/evidence"
)

func TestPlan(t *testing.T) {
	for name, test := range map[string]struct {
		o    Options
		want string // of each probe: C counts, r runs only, - neither
	}{
		"all":             {Options{}, "CCCCCC"},
		"only tls":        {Options{Only: []string{"tls"}}, "--rrC-"},
		"only rules":      {Options{Only: []string{"rules"}}, "rC----"},
		"only call":       {Options{Only: []string{"call"}}, "--rrrC"},
		"skip call":       {Options{Skip: []string{"call"}}, "CCCCC-"},
		"skip dns":        {Options{Skip: []string{"dns"}}, "CCrCCC"},
		"skip egress":     {Options{Skip: []string{"egress"}}, "rCCCCC"},
		"only, less skip": {Options{Only: []string{"dns", "port"}, Skip: []string{"port"}}, "--C---"},
	} {
		got := ""
		plan := planOf(test.o)
		for _, probe := range evidence.Names {
			switch {
			case plan[probe].counts:
				got += "C"
			case plan[probe].runs:
				got += "r"
			default:
				got += "-"
			}
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestBudget(t *testing.T) {
	for timeout, want := range map[time.Duration][2]time.Duration{ // the whole, and the call's share
		2 * time.Second:  {1900 * time.Millisecond, 1652 * time.Millisecond},
		30 * time.Second: {11500 * time.Millisecond, 10 * time.Second},
		90 * time.Second: {71500 * time.Millisecond, 70 * time.Second},
	} {
		b := newBudget(timeout)
		if call := b.scaled(b.call).Truncate(time.Millisecond); b.whole != want[0] || call != want[1] {
			t.Errorf("%s: whole %s, call %s, want %s", timeout, b.whole, call, want)
		}
	}
}

// TestNoTimeForAStep: steps that answered slowly took the time of the run. The next ones are not begun, since their
// silence would show nothing but the end of the time, and the run says that it is incomplete. A step that waits for a
// failed one does so as before, which is no cut.
func TestNoTimeForAStep(t *testing.T) {
	r := newRun(t.Context(), Options{Timeout: 2 * time.Second}, nil)
	r.budget.begun = time.Now().Add(-2 * time.Second)
	ran := func(context.Context) (evidence.Status, *evidence.Failure) { return evidence.Pass, nil }
	r.step("rules", "", ran)
	r.step("tls", "port", ran)
	if r.ev.Interrupted {
		t.Errorf("cut short by a step that waited for another: %+v", r.ev.Steps)
	}
	r.step("call", "", ran)
	want := []evidence.Step{{Probe: "rules", Status: evidence.Pass, Counts: true}, {Probe: "tls", Status: evidence.Skip, WaitedFor: "port", Counts: true},
		{Probe: "call", Status: evidence.Skip, WaitedFor: evidence.WaitTimeout, Counts: true}}
	if diff := cmp.Diff(want, r.ev.Steps, cmpopts.IgnoreFields(evidence.Step{}, "Took")); diff != "" || !r.ev.Interrupted {
		t.Errorf("interrupted: %v, %s", r.ev.Interrupted, diff)
	}
	for _, timeout := range []time.Duration{time.Second, 30 * time.Second, time.Hour} {
		for _, probe := range evidence.Names {
			if !newBudget(timeout).fair(probe) {
				t.Errorf("--timeout %s has no time for %s from the beginning", timeout, probe)
			}
		}
	}
}

func TestHosts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hosts")
	text := "# a comment\r\n127.0.0.1 localhost\n\n198.51.100.7\tOther api.example.  # why\n" +
		"2001:db8::7 API.example\n::ffff:198.51.100.8 api.example\nbroken api.example\n198.51.100.9 notapi.example\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	pinned, on := readHosts(path, "api.example")
	want := []netip.Addr{netip.MustParseAddr("198.51.100.7"), netip.MustParseAddr("2001:db8::7"), netip.MustParseAddr("198.51.100.8")}
	if diff := cmp.Diff(want, pinned, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" || !slices.Equal(on, []int{4, 5, 6}) {
		t.Errorf("on %v: %s", on, diff)
	}
	if pinned, on := readHosts(path, "nobody.example"); pinned != nil || on != nil {
		t.Errorf("a name that is not there: %v, %v", pinned, on)
	}
	if pinned, _ := readHosts(filepath.Join(path, "missing"), "api.example"); pinned != nil {
		t.Errorf("a file that is not there: %v", pinned)
	}
}

func TestClockSummary(t *testing.T) {
	local := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var notes clockNotes
	if notes.summary(local) != nil {
		t.Error("nobody told the time, and there is a summary")
	}
	for peer, ahead := range map[string]time.Duration{"a": time.Hour, "b": time.Hour + 20*time.Second, "c": 0} {
		date := local.Add(ahead)
		notes.note(peer, &date, local, true)
		later := date.Add(24 * time.Hour)
		notes.note(peer, &later, local, true) // of one peer the first counts
	}
	notes.note("d", nil, local, true)
	got := notes.summary(local)
	if len(got.Samples) != 3 || got.Agreeing != 2 || got.OffsetMS < 3600e3 || got.OffsetMS > 3621e3 {
		t.Errorf("%+v", got)
	}
}

// A clock that is set while the run is on is not called wrong by what peers said before, nor right by what they said
// after: a certificate that was judged by the other one would be blamed with their word.
func TestClockSetDuringTheRun(t *testing.T) {
	begun := time.Now()
	for jump, counts := range map[time.Duration]bool{0: true, 20 * time.Second: true, -20 * time.Second: true,
		time.Hour: false, -time.Hour: false} {
		notes := &clockNotes{begun: begun}
		for _, peer := range []string{"a", "b"} {
			date := begun.Add(time.Hour)
			notes.note(peer, &date, begun, true)
		}
		if got := notes.summary(time.Now().Add(jump)); (got != nil) != counts {
			t.Errorf("set by %s: %+v", jump, got)
		}
	}
}

func TestExpiresSoon(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	for _, test := range []struct {
		lifetime, left time.Duration
		want           bool
	}{
		{90 * day, 15 * day, false}, {90 * day, 13 * day, true}, {90 * day, -day, false},
		{6 * day, 3 * day, false}, {6 * day, 47 * time.Hour, true},
	} {
		trust := &evidence.Trust{FirstToEnd: &evidence.Certificate{NotBefore: now.Add(test.left - test.lifetime), NotAfter: now.Add(test.left)}}
		if got := trust.ExpiresSoon(now); got != test.want {
			t.Errorf("%s of %s left: %v", test.left, test.lifetime, got)
		}
	}
}

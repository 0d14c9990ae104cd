//go:build linux

package lab

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// Budgets are shown beside the figures and never fail: a machine that is busy with something else is no
// fault of the tool's.

// able skips a benchmark where there is no lab.
func able(b *testing.B) {
	b.Helper()
	if unavailable != "" {
		b.Skipf("no lab on this machine: %s", unavailable)
	}
}

// wall runs the real binary in a world, over and over, and gives the median of its time. verdict is what
// each run must come to, for a run that went another way would be another measurement.
func wall(b *testing.B, verdict string, change func(*World)) time.Duration {
	b.Helper()
	if buildError != nil {
		b.Fatal(buildError)
	}
	w := NewWorld(b)
	change(w)
	w.Start()
	var took []time.Duration
	for b.Loop() {
		result := w.Diagnose(binary)
		if result.Report.Verdict != verdict {
			b.Fatalf("verdict %s, want %s\n%s", result.Report.Verdict, verdict, result.Stdout)
		}
		took = append(took, result.Took)
	}
	slices.Sort(took)
	return took[len(took)/2]
}

// figures shows a time with its budget, instead of the mean that testing would print.
func figures(b *testing.B, took, budget time.Duration) {
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(took.Microseconds())/1000, "ms")
	b.ReportMetric(float64(budget.Milliseconds()), "budget-ms")
}

// BenchmarkHealthyCheck is the wall time of check where all is well, process start included: TLS 1.3, egress
// sources and controls by address, the endpoint by name, one resolver. The budget is 7 round trips and 50 ms.
// roundtrips is what the distance alone costs: (wall - wall without distance) / round trip.
func BenchmarkHealthyCheck(b *testing.B) {
	able(b)
	var near time.Duration
	for _, trip := range []int{0, 50, 150, 300} {
		b.Run(fmt.Sprintf("R=%dms", trip), func(b *testing.B) {
			delay := time.Duration(trip) * time.Millisecond
			took := wall(b, "pass", func(w *World) { w.Delay = delay })
			figures(b, took, 7*delay+50*time.Millisecond)
			switch {
			case trip == 0:
				near = took
			case near > 0: // else -bench left out the run to compare with
				b.ReportMetric(float64(took-near)/float64(delay), "roundtrips")
				b.ReportMetric(7, "budget-roundtrips")
			}
		})
	}
}

// BenchmarkSilence is how long check and ticket take with its default flags where an answer never comes.
func BenchmarkSilence(b *testing.B) {
	able(b)
	for _, silence := range []struct {
		name   string
		change func(*World)
	}{
		{"everything", func(w *World) { w.Gateway.Filter("prerouting", `iifname "lan0" drop`) }},
		{"tls", func(w *World) { w.API.Raw = RawSilence }},
		{"call", func(w *World) { w.API.Reply = Silence }},
		{"each-step-in-turn", func(w *World) { // so that none of them ends the run early
			w.Delay = 300 * time.Millisecond
			w.Sources[0].Dead, w.Sources[1].Dead = true, true
			w.Resolvers = append([]*Resolver{{Address: "192.0.2.54", Dead: true}}, w.Resolvers...)
			w.API.Reply = Silence
		}},
	} {
		for _, command := range []string{"check", "ticket"} { // the deeper facts overlap with the waiting
			b.Run(command+"-"+silence.name, func(b *testing.B) {
				took := wall(b, "fail", func(w *World) { w.Command = command; silence.change(w) })
				figures(b, took, 12*time.Second)
			})
		}
	}
}

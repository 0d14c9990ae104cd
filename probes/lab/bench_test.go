//go:build linux

package lab

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"opensrs-doctor/probes/sandbox"
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
// each run must come to, for a run that went another way would be another measurement. beside is run after each.
func wall(b *testing.B, verdict string, change func(*World), beside ...func(*World)) time.Duration {
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
		for _, other := range beside {
			other(w)
		}
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

// asByDefault gives a world sources as those that a run has which names none: by name over HTTPS, and by DNS of servers
// that are named by their address.
func asByDefault(w *World) {
	w.Sources = nil
	for i, name := range []string{"one.example", "two.example", "three.example"} {
		address := fmt.Sprintf("192.0.2.%d", 11+i)
		w.Zone[name] = []string{address}
		certificate := Issue(controlIssuer(), 0, sandbox.Template{Names: []string{name}})
		w.Sources = append(w.Sources, &Peer{Address: address + ":443", Secure: true, Certificate: certificate})
		w.Flags = append(w.Flags, "--egress-source", "https://"+name+"/")
	}
	for _, source := range []string{"192.0.2.53/whoami.example", "192.0.2.53/WHOAMI.example"} {
		w.Flags = append(w.Flags, "--egress-source", "dns://"+source+"?type=A")
	}
	w.Named = true
}

// BenchmarkHealthyCheck is the wall time of check where all is well, process start included, with sources as those by
// default, beside one call by curl in the same world, which resolves the name, connects, shakes hands and posts. The
// budget is 5 round trips and 50 ms. roundtrips is what the distance alone costs: (wall - wall without distance) / round trip.
func BenchmarkHealthyCheck(b *testing.B) {
	able(b)
	var near time.Duration
	for _, trip := range []int{0, 20, 50, 100, 200, 300} {
		b.Run(fmt.Sprintf("R=%dms", trip), func(b *testing.B) {
			delay := time.Duration(trip) * time.Millisecond
			var curl []time.Duration
			took := wall(b, "pass", func(w *World) { asByDefault(w); w.Delay = delay }, func(w *World) {
				result := w.Exec("/usr/bin/curl", "-sS", "--cacert", w.file("public.pem", w.PublicRoots), "-H", "Content-Type: text/xml",
					"--data", "<OPS_envelope/>", "https://"+Host+":55443/")
				if result.Exit != 0 {
					b.Fatalf("curl: %s", result.Stderr)
				}
				curl = append(curl, result.Took)
			})
			figures(b, took, 5*delay+50*time.Millisecond)
			slices.Sort(curl)
			b.ReportMetric(float64(curl[len(curl)/2].Microseconds())/1000, "curl-ms")
			b.ReportMetric(float64(took)/float64(curl[len(curl)/2]), "of-curl")
			switch {
			case trip == 0:
				near = took
			case near > 0: // else -bench left out the run to compare with
				b.ReportMetric(float64(took-near)/float64(delay), "roundtrips")
			}
		})
	}
}

// BenchmarkSilence is how long check and ticket take with its default flags where an answer never comes.
func BenchmarkSilence(b *testing.B) {
	able(b)
	for _, silence := range []struct {
		name   string
		budget time.Duration
		change func(*World)
	}{
		{"port", 2200 * time.Millisecond, func(w *World) { w.ISP.Filter("forward", "tcp dport 55443 drop") }},
		{"port-300-ms-away", 0, func(w *World) { w.Delay = 300 * time.Millisecond; w.ISP.Filter("forward", "tcp dport 55443 drop") }},
		{"everything", 3500 * time.Millisecond, func(w *World) { w.Gateway.Filter("prerouting", `iifname "lan0" drop`) }},
		{"tls", 0, func(w *World) { w.API.Raw = RawSilence }},
		{"call", 0, func(w *World) { w.API.Reply = Silence }},
		{"each-step-in-turn", 0, func(w *World) { // so that none of them ends the run early
			w.Delay = 300 * time.Millisecond
			w.Sources[0].Dead, w.Sources[1].Dead = true, true
			w.Resolvers = append([]*Resolver{{Address: "192.0.2.54", Dead: true}}, w.Resolvers...)
			w.API.Reply = Silence
		}},
	} {
		for _, command := range []string{"check", "ticket"} { // the deeper facts overlap with the waiting
			b.Run(command+"-"+silence.name, func(b *testing.B) {
				took := wall(b, "fail", func(w *World) { w.Command = command; silence.change(w) })
				budget := 12 * time.Second
				if command == "check" {
					budget = cmp.Or(silence.budget, budget)
				}
				figures(b, took, budget)
			})
		}
	}
}

// BenchmarkHealthyTicket is the wall time of ticket where all is well: as it is, with the language runtimes of this
// machine, and without them, as an anonymized bundle has it.
func BenchmarkHealthyTicket(b *testing.B) {
	able(b)
	for name, flags := range map[string][]string{"clients": nil, "no-clients": {"--anonymize"}} {
		b.Run(name, func(b *testing.B) {
			took := wall(b, "pass", func(w *World) { asByDefault(w); w.Command, w.Flags = "ticket", append(w.Flags, flags...) })
			figures(b, took, 700*time.Millisecond)
		})
	}
}

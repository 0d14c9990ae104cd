package probes

import (
	"slices"

	"opensrs-doctor/probes/evidence"
)

// need is whether a probe runs, and whether what it finds counts.
type need struct{ runs, counts bool }

// planOf applies --only and --skip: what a chosen probe needs runs too, and does not count.
func planOf(o Options) map[string]need {
	plan := map[string]need{}
	chosen := func(name string) bool {
		return (len(o.Only) == 0 || slices.Contains(o.Only, name)) && !slices.Contains(o.Skip, name)
	}
	for _, name := range evidence.Names {
		if !chosen(name) {
			continue
		}
		plan[name] = need{true, true}
		for _, needed := range evidence.Needs.Get()[name] {
			if !plan[needed].runs {
				plan[needed] = need{true, chosen(needed)}
			}
		}
	}
	return plan
}

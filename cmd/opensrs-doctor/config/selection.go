package config

import (
	"slices"
	"strings"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/evidence"
)

// selection validates --only, --skip and --require against the probes and each other.
func (s *Settings) selection(r *Request) error {
	o := &r.Options
	for at, target := range []*[]string{&o.Only, &o.Skip, &o.Require} {
		name := []string{"only", "skip", "require"}[at] // in this order: of two mistakes the first is told
		for i, one := range s.merged[name].values {
			for _, probe := range strings.Split(one.text, ",") {
				probe = strings.TrimSpace(probe)
				if !slices.Contains(evidence.Names, probe) {
					return s.Bad(name, i, "%s is not a probe; the probes are %s", console.Shown(probe),
						strings.Join(evidence.Names, ", ")).WithNearest(probe, evidence.Names)
				}
				if !slices.Contains(*target, probe) {
					*target = append(*target, probe)
				}
			}
		}
	}
	runs := map[string]bool{}
	for _, probe := range evidence.Names {
		if slices.Contains(o.Skip, probe) || len(o.Only) > 0 && !slices.Contains(o.Only, probe) {
			continue
		}
		runs[probe] = true
		for _, needed := range evidence.Needs.Get()[probe] {
			runs[needed] = true
		}
	}
	for _, probe := range o.Only {
		if slices.Contains(o.Skip, probe) {
			return console.Usagef("--only %s and --skip %s contradict each other", probe, probe)
		}
	}
	for _, probe := range o.Require {
		switch {
		case slices.Contains(o.Skip, probe):
			return console.Usagef("--require %s and --skip %s contradict each other", probe, probe)
		case !runs[probe]:
			return console.Usagef("--require %s contradicts --only %s, which leaves it out", probe, strings.Join(o.Only, ","))
		}
	}
	if len(runs) == 0 {
		return console.Usagef("--skip leaves nothing to run")
	}
	return nil
}

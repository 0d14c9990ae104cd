package fleet

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
)

// Merge gives the answer, without the plan.
func (m *Merger) Merge() *Fleet {
	all, replaced := m.machines()
	f := &Fleet{Schema: Schema, Hosts: len(all), Verdict: report.VerdictPass, Verdicts: map[string]int{},
		Unreadable: m.unreadable, Unread: m.unread, Examples: map[string]string{}}
	for _, verdict := range report.Verdicts {
		f.Verdicts[verdict] = 0
	}
	for _, h := range all {
		f.Verdicts[h.verdict]++
		if f.From.IsZero() || h.at.Before(f.From) {
			f.From = h.at
		}
		if h.at.After(f.Until) {
			f.Until = h.at
		}
		if len(f.Grid) < MaxGrid && h.cause != "" {
			f.Grid = append(f.Grid, GridHost{h.name, h.verdict, h.causes})
		}
	}
	for _, verdict := range []string{report.VerdictWarn, report.VerdictIncomplete, report.VerdictFail} {
		if f.Verdicts[verdict] > 0 {
			f.Verdict = verdict
		}
	}
	if len(all) == 0 { // nothing is known, and that is no pass
		f.Verdict = report.VerdictIncomplete
	}
	m.causes(f, all)
	m.uses(f, all)
	m.notes(f, all, replaced)
	slices.SortFunc(f.Unreadable, func(a, b Unreadable) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return f
}

// causes groups the hosts by their root cause, and looks for what parts each group from the healthy hosts.
func (m *Merger) causes(f *Fleet, all []*entry) {
	groups, passing, working := map[string][]*entry{}, []*entry{}, []*entry{}
	for _, h := range all {
		switch h.verdict {
		case report.VerdictPass:
			passing, working = append(passing, h), append(working, h)
		case report.VerdictWarn:
			working = append(working, h)
		}
		if h.cause != "" {
			groups[h.cause] = append(groups[h.cause], h)
		}
	}
	for cause, hosts := range groups {
		one := Cause{Cause: cause, Severity: hosts[0].severity, Hosts: len(hosts), Summary: hosts[0].summary, Fix: hosts[0].fix, Examples: names(hosts, MaxExamples)}
		f.Causes = append(f.Causes, one)
	}
	slices.SortFunc(f.Causes, func(a, b Cause) int {
		return cmp.Or(cmp.Compare(severityRank(a.Severity), severityRank(b.Severity)), -cmp.Compare(a.Hosts, b.Hosts), strings.Compare(a.Cause, b.Cause))
	})
	sets := min(len(f.Causes), mostSets)
	for _, cause := range f.Causes[:sets] {
		hosts := groups[cause.Cause]
		healthy := passing
		if cause.Severity == string(report.Fail) { // a host with a warning works
			healthy = working
		}
		found, tried := m.table.separate(cause.Cause, hosts[0].probe, sets, hosts, healthy)
		f.Tried += tried
		if found != nil {
			f.Separating = append(f.Separating, *found)
		}
	}
	if len(f.Causes) > 0 && len(passing) > 0 {
		f.Compare = []string{groups[f.Causes[0].Cause][0].place(), passing[0].place()}
	}
}

func severityRank(severity string) int {
	return slices.Index([]string{string(report.Fail), string(report.Warn), string(report.Info)}, severity)
}

func names(hosts []*entry, most int) []string {
	all := []string{}
	for _, h := range hosts[:min(len(hosts), most)] {
		all = append(all, h.name)
	}
	return all
}

// uses are keys, addresses, issuers, versions and clocks with their hosts.
func (m *Merger) uses(f *Fleet, all []*entry) {
	keys, addresses, issuers, versions := map[string][]*entry{}, map[string][]*entry{}, map[string][]*entry{}, map[string]int{}
	for _, h := range all {
		if h.keySource != "" || h.key != "" {
			keys[h.key] = append(keys[h.key], h)
		}
		for _, address := range h.egress {
			addresses[address] = append(addresses[address], h)
		}
		if h.issuer != "" {
			issuers[h.issuer] = append(issuers[h.issuer], h)
		}
		versions[h.version]++
		if math.Abs(h.offsetMS) >= 60_000 {
			f.Clocks = append(f.Clocks, Clock{h.name, h.offsetMS})
		}
	}
	for key, hosts := range keys {
		sources := map[string]bool{}
		for _, h := range hosts {
			if h.keySource != "" && len(sources) < MaxExamples {
				sources[h.keySource] = true
			}
		}
		f.Keys = append(f.Keys, Key{key, len(hosts), names(hosts, MaxNames), slices.Sorted(maps.Keys(sources))})
	}
	for address, hosts := range addresses {
		one := Address{address, len(hosts), names(hosts, MaxNames), hosts[0].rules}
		for _, h := range hosts {
			switch {
			case h.rules == "":
			case one.Verdict == "":
				one.Verdict = h.rules
			case one.Verdict != h.rules:
				one.Verdict = "mixed"
			}
		}
		one.Verdict = cmp.Or(one.Verdict, "unknown")
		f.Egress = append(f.Egress, one)
	}
	for issuer, hosts := range issuers {
		f.Chains = append(f.Chains, Chain{issuer, len(hosts), names(hosts, MaxExamples)})
	}
	for version, hosts := range versions {
		f.Versions = append(f.Versions, Version{version, hosts})
	}
	slices.SortFunc(f.Keys, func(a, b Key) int {
		return cmp.Or(-cmp.Compare(a.Hosts, b.Hosts), strings.Compare(a.Fingerprint, b.Fingerprint))
	})
	slices.SortFunc(f.Egress, func(a, b Address) int {
		return cmp.Or(-cmp.Compare(a.Hosts, b.Hosts), strings.Compare(a.Address, b.Address))
	})
	slices.SortFunc(f.Chains, func(a, b Chain) int {
		return cmp.Or(-cmp.Compare(a.Hosts, b.Hosts), strings.Compare(a.Issuer, b.Issuer))
	})
	slices.SortFunc(f.Versions, func(a, b Version) int {
		return cmp.Or(-cmp.Compare(a.Hosts, b.Hosts), strings.Compare(a.Version, b.Version))
	})
	slices.SortFunc(f.Clocks, func(a, b Clock) int {
		return cmp.Or(-cmp.Compare(math.Abs(a.OffsetMS), math.Abs(b.OffsetMS)), strings.Compare(a.Host, b.Host))
	})
}

// notes say what was left out of the answer, and what keeps reports from being compared.
func (m *Merger) notes(f *Fleet, all []*entry, replaced int) {
	say := func(format string, args ...any) { f.Notes = append(f.Notes, fmt.Sprintf(format, args...)) }
	if m.doubled > 0 {
		first := ""
		for run := range m.twice {
			if file := m.runs[run]; first == "" || file < first {
				first = file
			}
		}
		say("%s, such as that of %s. Each run counts once.", screen.CountWords(m.doubled, "report was given twice", "reports were given twice"), first)
	}
	if replaced += m.replaced; replaced > 0 {
		say("%s left out, because a newer one of the same host counts.", screen.CountWords(replaced, "older report was", "older reports were"))
	}
	if m.table.full {
		say("The reports hold too many different facts: %d are compared, and those that came later are not.", len(m.table.facts))
	}
	if m.anonymous > 0 {
		say("%s anonymized: a token stands for something else in each of them, so tokens are not compared, and each counts as a host of its own.",
			screen.CountWords(m.anonymous, "report is", "reports are"))
	}
	old := 0
	example := ""
	for _, h := range all {
		if f.Until.Sub(h.at) > oldAfter {
			if old++; old == 1 {
				example = fmt.Sprintf("%s of %s", h.name, h.at.UTC().Format("2006-01-02 15:04 UTC"))
			}
		}
	}
	if old > 0 {
		say("%s more than a day older than the newest, as that of %s: what it says may be mended.", screen.CountWords(old, "report is", "reports are"), example)
	}
}

// Addresses are the public addresses of the fleet, with the rules that most of its reports name; nil where none does.
func (m *Merger) Addresses(f *Fleet) (addresses, rules []string) {
	for _, one := range f.Egress {
		addresses = append(addresses, one.Address)
	}
	counts, lists := map[string]int{}, map[string][]string{}
	for _, h := range m.hosts {
		if len(h.ruleList) > 0 {
			name := strings.Join(h.ruleList, "\n")
			counts[name]++
			lists[name] = h.ruleList
		}
	}
	best := ""
	for name, count := range counts {
		if best == "" || count > counts[best] || count == counts[best] && name < best {
			best = name
		}
	}
	return addresses, lists[best]
}

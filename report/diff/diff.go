// Package diff compares two saved reports: what changed between a run that worked and one that does not.
package diff

import (
	"io"
	"slices"
	"time"

	"opensrs-doctor/report"
	"opensrs-doctor/report/anonymize"
	"opensrs-doctor/report/render"
	"opensrs-doctor/report/screen"
)

// DiffSchema names the form of the JSON that WriteDiffJSON writes.
const DiffSchema = "opensrs-doctor/diff/v1"

// Diff is what differs between two reports, most telling first: the same two reports give the same Diff, and
// every list has a fixed order.
type Diff struct {
	Schema  string   `json:"schema"`
	Same    bool     `json:"same"` // nothing below differs
	Old     DiffSide `json:"old"`
	New     DiffSide `json:"new"`
	Notes   []string `json:"notes"` // why the two may not be comparable
	Causes  Causing  `json:"causes"`
	Changes []Change `json:"changes"` // of what has one value
	Lists   []Moved  `json:"lists"`   // of what has several
	Timing  []Timing `json:"timing"`  // what took far longer, or far shorter
}

// DiffSide is one of the two reports.
type DiffSide struct {
	RunID     string    `json:"run_id"`
	StartedAt time.Time `json:"started_at"`
	Verdict   string    `json:"verdict"`
	Target    string    `json:"target"` // "live, rr-n1-tor.opensrs.net:55443"
	Version   string    `json:"version"`
}

// Causing is what became of the causes. Those that another one explains do not count.
type Causing struct {
	Appeared []CauseSeen `json:"appeared"` // in the order of the new report
	Gone     []CauseSeen `json:"gone"`     // in the order of the old one
	Stayed   []CauseSeen `json:"stayed"`   // in the order of the new one, and in its words
}

// CauseSeen is a cause as one report tells it.
type CauseSeen struct {
	Cause    string          `json:"cause"`
	Severity report.Severity `json:"severity"`
	Was      report.Severity `json:"was,omitempty"` // of one that stayed, where the severity is another one now
	Summary  string          `json:"summary"`
}

// Change is a value that is another one now. "" is: none, or not known. What a probe found is compared where
// both found something: that it found nothing is told by its status.
type Change struct {
	Field string `json:"field"`
	Old   string `json:"old"`
	New   string `json:"new"`
}

// Moved is a list in which not all is as it was, both being known. Order does not matter.
type Moved struct {
	Field   string   `json:"field"`
	Added   []string `json:"added"`
	Removed []string `json:"removed"`
	Kept    []string `json:"kept"`
}

// Timing is a duration that changed so much that it can matter.
type Timing struct {
	Field string  `json:"field"`
	OldMS float64 `json:"old_ms"`
	NewMS float64 `json:"new_ms"`
}

// A duration counts as another one from this factor and this difference on; less is the network's weather.
const (
	timingFactor = 2
	timingLeast  = 100 // ms
)

// Compare tells what differs between two reports.
func Compare(before, after *report.Report) *Diff {
	d := &Diff{Schema: DiffSchema, Old: sideOf(before), New: sideOf(after), Notes: []string{},
		Changes: []Change{}, Lists: []Moved{}, Timing: []Timing{}}
	named := d.comparable(before, after)
	d.causes(before.Diagnoses, after.Diagnoses)
	was, is := valuesOf(before), valuesOf(after)
	for i := range is { // the same fields on both sides
		reached := !is[i].probed || was[i].text != "" && is[i].text != ""
		if was[i].text != is[i].text && reached && (named || !is[i].names) {
			d.Changes = append(d.Changes, Change{is[i].field, was[i].text, is[i].text})
		}
	}
	wasLists, isLists := listsOf(before), listsOf(after)
	for i := range isLists {
		before, after := Cleaned(wasLists[i].texts), Cleaned(isLists[i].texts)
		if named && len(before) > 0 && len(after) > 0 && !slices.Equal(before, after) {
			d.Lists = append(d.Lists, moves(isLists[i].field, before, after))
		}
	}
	d.timing(before, after)
	severity := slices.ContainsFunc(d.Causes.Stayed, func(c CauseSeen) bool { return c.Was != "" })
	d.Same = !severity && len(d.Causes.Appeared)+len(d.Causes.Gone)+len(d.Changes)+len(d.Lists)+len(d.Timing) == 0
	return d
}

func sideOf(r *report.Report) DiffSide {
	return DiffSide{RunID: screen.Clean(r.RunID), StartedAt: r.StartedAt.UTC(), Verdict: r.Verdict,
		Target: screen.Clean(render.Service(r)) + ", " + render.Endpoint(r), Version: screen.Clean(r.Tool.Version)}
}

// comparable notes what keeps two reports from being compared. It is false where names and addresses say nothing: one of
// the two has tokens in their place.
func (d *Diff) comparable(before, after *report.Report) bool {
	if d.Old.Target != d.New.Target {
		d.Notes = append(d.Notes, "The two runs were about different targets.")
	}
	if before.Host.Hostname != after.Host.Hostname && anonymize.Anonymous(before) == anonymize.Anonymous(after) {
		d.Notes = append(d.Notes, "The two runs were made on different hosts: "+screen.Clean(before.Host.Hostname)+", and "+
			screen.Clean(after.Host.Hostname)+".")
	}
	if before.StartedAt.After(after.StartedAt) {
		d.Notes = append(d.Notes, "The first of the two is the later run.")
	}
	for _, side := range []struct {
		name string
		r    *report.Report
	}{{"first", before}, {"second", after}} {
		if side.r.Interrupted {
			d.Notes = append(d.Notes, "The "+side.name+" run was cut short: what its later probes would have shown is not known.")
		}
	}
	switch {
	case anonymize.Anonymous(before) && anonymize.Anonymous(after):
		d.Notes = append(d.Notes, "Both reports are anonymized: a token is the same thing within one report, and not in both.")
	case anonymize.Anonymous(before) || anonymize.Anonymous(after):
		d.Notes = append(d.Notes, "One of the reports is anonymized: names and addresses are not compared.")
		return false
	}
	return true
}

func (d *Diff) causes(before, after []report.Diagnosis) {
	d.Causes = Causing{Appeared: []CauseSeen{}, Gone: []CauseSeen{}, Stayed: []CauseSeen{}}
	was, is := placesOf(before), placesOf(after)
	for _, now := range after {
		c := CauseSeen{Cause: screen.Clean(now.Cause), Severity: now.Severity, Summary: render.HeadlineOf(now)}
		at, known := was[now.Cause]
		if !known {
			d.Causes.Appeared = append(d.Causes.Appeared, c)
			continue
		}
		if before[at].Severity != now.Severity {
			c.Was = before[at].Severity
		}
		d.Causes.Stayed = append(d.Causes.Stayed, c)
	}
	for _, then := range before {
		if _, stayed := is[then.Cause]; !stayed {
			d.Causes.Gone = append(d.Causes.Gone, CauseSeen{Cause: screen.Clean(then.Cause), Severity: then.Severity, Summary: render.HeadlineOf(then)})
		}
	}
}

// placesOf is where each cause is in a list for the first time.
func placesOf(list []report.Diagnosis) map[string]int {
	at := map[string]int{}
	for i, d := range list {
		if _, twice := at[d.Cause]; !twice {
			at[d.Cause] = i
		}
	}
	return at
}

func moves(field string, was, is []string) Moved {
	m := Moved{Field: field, Added: []string{}, Removed: []string{}, Kept: []string{}}
	before, after := setOf(was), setOf(is)
	for _, text := range is {
		if before[text] {
			m.Kept = append(m.Kept, text)
		} else {
			m.Added = append(m.Added, text)
		}
	}
	for _, text := range was {
		if !after[text] {
			m.Removed = append(m.Removed, text)
		}
	}
	return m
}

func setOf(texts []string) map[string]bool {
	set := make(map[string]bool, len(texts))
	for _, text := range texts {
		set[text] = true
	}
	return set
}

// Cleaned are the texts without what is empty, sorted, each once.
func Cleaned(texts []string) []string {
	var all []string
	for _, text := range texts {
		if text = screen.Clean(text); text != "" {
			all = append(all, text)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// timing compares the durations of the run and of each probe that ended well both times: how long a failure
// takes is the length of a time limit.
func (d *Diff) timing(before, after *report.Report) {
	compare := func(field string, was, is float64) {
		longer, shorter := max(was, is), min(was, is)
		if longer >= timingFactor*shorter && longer-shorter >= timingLeast {
			d.Timing = append(d.Timing, Timing{field, was, is})
		}
	}
	for i, row := range after.Probes {
		if i < len(before.Probes) && render.Ended(before, row.Name) && render.Ended(after, row.Name) {
			compare(row.Name+".duration_ms", before.Probes[i].DurationMS, row.DurationMS)
		}
	}
	if before.Verdict == after.Verdict && !after.Interrupted {
		compare("duration_ms", before.DurationMS, after.DurationMS)
	}
}

// WriteDiffJSON writes the differences as one JSON document.
func WriteDiffJSON(w io.Writer, d *Diff) error {
	return report.WriteDocument(w, d)
}

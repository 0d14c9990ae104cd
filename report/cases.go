package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
)

// result is how a case of a test report ends.
type result int

const (
	passed result = iota
	failed
	skipped
	errored // it says nothing of the service: the run was cut short
)

// testCase is a probe as a test report shows it, or a cause that belongs to no probe which failed.
type testCase struct {
	name      string // the probe's, or the cause
	result    result
	summary   string      // one line: what was seen; of a skipped one, what it waited for
	ms        float64     // how long it took
	diagnoses []Diagnosis // what is to be told there; of a failed one, why it failed
}

// testCases are the probes in their order, each once, and behind them the causes that would be told nowhere
// else. A case fails if and only if a failure was found: a probe may fail under a verdict of warn, and a
// verdict of fail need not be that of a probe (a required one was skipped). A run that was cut short ends in an
// error of its own.
func testCases(r *Report) []testCase {
	var root *Diagnosis
	fails := r.found() == VerdictFail
	if fails && len(r.Diagnoses) > 0 && r.Diagnoses[0].Severity == Fail {
		root = &r.Diagnoses[0]
	}
	told := map[string]bool{} // causes
	cases := make([]testCase, 0, len(r.Probes)+1)
	for _, row := range r.Probes {
		c := testCase{name: clean(row.Name), summary: clean(row.Summary), ms: max(row.DurationMS, 0)}
		switch {
		case row.Status == evidence.Skip:
			c.result, c.summary = skipped, waited(row)
		case row.Status == evidence.Fail && fails && counts(row):
			c.result = failed
		}
		explained := false
		for _, d := range r.Diagnoses {
			elsewhere := d.Severity == Fail && fails && c.result != failed // a case of its own
			if d.Probe == row.Name && !elsewhere {
				explained = explained || d.Severity == Fail
				told[d.Cause] = true
				c.diagnoses = append(c.diagnoses, d)
			}
		}
		if c.result == failed && !explained && root != nil { // its own cause is hidden by that one
			told[root.Cause] = true
			c.diagnoses = slices.Insert(c.diagnoses, 0, *root)
		}
		cases = append(cases, c)
	}
	for _, d := range r.Diagnoses {
		if d.Severity == Fail && fails && !told[d.Cause] {
			cases = append(cases, testCase{name: clean(d.Cause), result: failed, summary: clean(d.Summary),
				diagnoses: []Diagnosis{d}})
		}
	}
	if fails && !slices.ContainsFunc(cases, func(c testCase) bool { return c.result == failed }) {
		cases = append(cases, testCase{name: "verdict", result: failed, summary: "the verdict is fail"})
	}
	if cut := r.CutWords(); cut != "" {
		cases = append(cases, testCase{name: "run", result: errored, summary: cut})
	}
	return cases
}

// waited is why a probe was skipped: its own words, which say more than the name of what it waited for.
func waited(row Probe) string {
	if text := clean(row.Summary); text != "" || row.WaitedFor == "" {
		return cmp.Or(text, "not run")
	}
	return "waited for " + clean(row.WaitedFor)
}

// inFull is a diagnosis as plain lines: what is wrong, why, what to do. Nothing is wrapped.
func (d Diagnosis) inFull() []string {
	lines := []string{
		headlineOf(d),
		fmt.Sprintf("cause: %s (%s)", clean(d.Cause), d.qualified(clean(string(d.Severity)))),
	}
	section := func(heading string, texts []string, bullet func(int) string) {
		first := true
		n := 0
		for _, text := range texts {
			if text = clean(text); text == "" {
				continue
			}
			if first {
				lines = append(lines, "", heading)
				first = false
			}
			n++
			lines = append(lines, bullet(n)+text)
		}
	}
	if text := clean(d.Explanation); text != "" {
		lines = append(lines, "", text)
	}
	section("Evidence:", d.Evidence, func(int) string { return "- " })
	section("What to do:", d.Fixes, func(n int) string { return fmt.Sprintf("%d. ", n) })
	section("More:", d.Docs, func(int) string { return "- " })
	return lines
}

// headlineOf is what is wrong, in one line.
func headlineOf(d Diagnosis) string { return cmp.Or(clean(d.Summary), clean(d.Cause)) }

// allInFull is several diagnoses, one below the other.
func allInFull(diagnoses []Diagnosis) string {
	var lines []string
	for i, d := range diagnoses {
		if i > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, d.inFull()...)
	}
	return strings.Join(lines, "\n")
}

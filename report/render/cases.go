package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
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
	summary   string             // one line: what was seen; of a skipped one, what it waited for
	ms        float64            // how long it took
	diagnoses []report.Diagnosis // what is to be told there; of a failed one, why it failed
}

// TestCases are the probes in their order, each once, and behind them the verdict, with what would be told nowhere
// else, and whether the run came to its end. A case fails if and only if a failure was found: a probe may fail under a verdict of warn, and a
// verdict of fail need not be that of a probe (a required one was skipped). A run that was cut short
// ends in an error.
func TestCases(r *report.Report) []testCase {
	var root *report.Diagnosis
	fails := r.Found() == report.VerdictFail
	if fails && len(r.Diagnoses) > 0 && r.Diagnoses[0].Severity == report.Fail {
		root = &r.Diagnoses[0]
	}
	told := map[string]bool{} // causes
	cases := make([]testCase, 0, len(r.Probes)+1)
	for _, row := range r.Probes {
		c := testCase{name: screen.Clean(row.Name), summary: screen.Clean(row.Summary), ms: max(row.DurationMS, 0)}
		switch {
		case row.Status == evidence.Skip:
			c.result, c.summary = skipped, Waited(row)
		case row.Status == evidence.Fail && fails && report.Counts(row):
			c.result = failed
		}
		explained := false
		for _, d := range r.Diagnoses {
			elsewhere := d.Severity == report.Fail && fails && c.result != failed // a case of its own
			if d.Probe == row.Name && !elsewhere {
				explained = explained || d.Severity == report.Fail
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
	return append(cases, verdictCase(r, cases, fails, told), runCase(r))
}

// runCase is whether the run came to its end.
func runCase(r *report.Report) testCase {
	c := testCase{name: "run", summary: "the run came to its end"}
	if cut := r.CutWords(); cut != "" {
		c.result, c.summary = errored, cut
	}
	return c
}

// verdictCase is the case behind the probes, there in every run, as runCase: so their number never depends on the outcome.
// It holds the failures that no probe's case tells.
func verdictCase(r *report.Report, probes []testCase, fails bool, told map[string]bool) testCase {
	c := testCase{name: "verdict", summary: "the verdict is " + r.Verdict}
	for _, d := range r.Diagnoses {
		if d.Severity == report.Fail && fails && !told[d.Cause] {
			c.result, c.diagnoses = failed, append(c.diagnoses, d)
		}
	}
	if len(c.diagnoses) > 0 {
		c.summary = screen.Clean(c.diagnoses[0].Summary)
	} else if fails && !slices.ContainsFunc(probes, func(c testCase) bool { return c.result == failed }) {
		c.result, c.summary = failed, "the verdict is fail"
	}
	return c
}

// Waited is why a probe was skipped: its own words, which say more than the name of what it waited for.
func Waited(row report.Probe) string {
	if text := screen.Clean(row.Summary); text != "" || row.WaitedFor == "" {
		return cmp.Or(text, "not run")
	}
	return "waited for " + screen.Clean(string(row.WaitedFor))
}

// inFull is a diagnosis as plain lines: what is wrong, why, what to do. Nothing is wrapped.
func inFull(d report.Diagnosis) []string {
	lines := []string{
		HeadlineOf(d),
		fmt.Sprintf("cause: %s (%s)", screen.Clean(d.Cause), d.Qualified(screen.Clean(string(d.Severity)))),
	}
	section := func(heading string, texts []string, bullet func(int) string) {
		first := true
		n := 0
		for _, text := range texts {
			if text = screen.Clean(text); text == "" {
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
	if text := screen.Clean(d.Explanation); text != "" {
		lines = append(lines, "", text)
	}
	section("Evidence:", d.Evidence, func(int) string { return "- " })
	section("What to do:", d.Fixes, func(n int) string { return fmt.Sprintf("%d. ", n) })
	section("More:", d.Docs, func(int) string { return "- " })
	return lines
}

// HeadlineOf is what is wrong, in one line.
func HeadlineOf(d report.Diagnosis) string {
	return cmp.Or(screen.Clean(d.Summary), screen.Clean(d.Cause))
}

// allInFull is several diagnoses, one below the other.
func allInFull(diagnoses []report.Diagnosis) string {
	var lines []string
	for i, d := range diagnoses {
		if i > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, inFull(d)...)
	}
	return strings.Join(lines, "\n")
}

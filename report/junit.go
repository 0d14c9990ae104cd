package report

import (
	"bytes"
	"encoding/xml"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"opensrs-doctor/probes/evidence"
)

// WriteJUnit writes the report as a JUnit XML document with one suite: a test case a probe, and one for each
// cause of a failure that belongs to no failed probe. Times are in seconds. Something fails in it if and only
// if a failure was found; a run that was cut short has one error. What is worth a warning stands in the case's
// system-out.
func WriteJUnit(w io.Writer, r *Report) error {
	suite := junit.Testsuite{Name: "opensrs-doctor", Package: "opensrs-doctor", Hostname: clean(r.Host.Hostname),
		Time: seconds(r.DurationMS), Timestamp: r.StartedAt.UTC().Format("2006-01-02T15:04:05")} // UTC, and no zone by its schema
	for _, property := range junitProperties(r) {
		if value := clean(property.value); value != "" {
			suite.AddProperty(property.key, value)
		}
	}
	for _, c := range testCases(r) {
		suite.AddTestcase(junitCase(c))
	}
	suites := junit.Testsuites{Name: "opensrs-doctor", Time: suite.Time}
	suites.AddSuite(suite)
	var out bytes.Buffer
	out.WriteString(xml.Header)
	if err := suites.WriteXML(&out); err != nil {
		return err
	}
	_, err := w.Write(out.Bytes())
	return err
}

// junitProperties are the run: what a person looks for who finds the file weeks later.
func junitProperties(r *Report) []fact {
	properties := []fact{
		{"verdict", r.Verdict},
		{"run_id", r.RunID},
		{"started_at", r.StartedAt.UTC().Format(time.RFC3339)},
		{"target", evidence.HostPort{Host: r.Target.Host, Port: r.Target.Port}.String()},
		{"environment", r.Target.Environment},
		{"username", r.Target.Username},
		{"version", r.Tool.Version},
	}
	if r.Target.KeyFingerprint != nil {
		properties = append(properties, fact{"key_fingerprint", *r.Target.KeyFingerprint})
	}
	if len(r.Diagnoses) > 0 {
		properties = append(properties, fact{"cause", r.Diagnoses[0].Cause})
	}
	if addresses := seen[egressSeen](r, "egress").addresses(); len(addresses) > 0 {
		properties = append(properties, fact{"egress", strings.Join(addresses, " ")})
	}
	if r.Interrupted {
		properties = append(properties, fact{"interrupted", "true"})
	}
	return properties
}

func junitCase(c testCase) junit.Testcase {
	out := junit.Testcase{Name: clean(c.name), Classname: "opensrs-doctor", Time: seconds(c.ms)}
	text := allInFull(c.diagnoses)
	switch c.result {
	case failed:
		failure := &junit.Result{Message: clean(c.summary), Data: text}
		if len(c.diagnoses) > 0 {
			failure.Message, failure.Type = clean(headlineOf(c.diagnoses[0])), clean(c.diagnoses[0].Cause)
			failure.Data = text
			if summary := clean(c.summary); summary != failure.Message {
				failure.Data = summary + "\n\n" + text
			}
		}
		out.Failure = failure
		return out
	case errored:
		out.Error = &junit.Result{Message: clean(c.summary), Type: VerdictIncomplete}
	case skipped:
		out.Skipped = &junit.Result{Message: clean(c.summary)}
	case passed:
		text = strings.TrimRight(clean(c.summary)+"\n\n"+text, "\n")
	}
	if text != "" {
		out.SystemOut = &junit.Output{Data: text}
	}
	return out
}

// seconds is a number of milliseconds as seconds, to the millisecond.
func seconds(ms float64) string { return strconv.FormatFloat(max(ms, 0)/1000, 'f', 3, 64) }

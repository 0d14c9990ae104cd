package render

import (
	"bytes"
	"encoding/xml"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
)

// WriteJUnit writes the report as a JUnit XML document with one suite: a test case a probe, and one for each
// cause of a failure that belongs to no failed probe. Times are in seconds. Something fails in it if and only
// if a failure was found; a run that was cut short has one error. What is worth a warning is in the case's
// system-out.
func WriteJUnit(w io.Writer, r *report.Report) error {
	suite := junit.Testsuite{Name: "opensrs-doctor", Package: "opensrs-doctor", Hostname: screen.Clean(r.Host.Hostname),
		Time: seconds(r.DurationMS), Timestamp: r.StartedAt.UTC().Format("2006-01-02T15:04:05")} // UTC, and no zone by its schema
	for _, property := range junitProperties(r) {
		if value := screen.Clean(property.Value); value != "" {
			suite.AddProperty(property.Key, value)
		}
	}
	for _, c := range TestCases(r) {
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
func junitProperties(r *report.Report) []Fact {
	properties := []Fact{
		{"verdict", r.Verdict},
		{"run_id", r.RunID},
		{"started_at", r.StartedAt.UTC().Format(time.RFC3339)},
		{"target", netaddr.HostPort{Host: r.Target.Host, Port: r.Target.Port}.String()},
		{"environment", r.Target.Environment},
		{"username", r.Target.Username},
		{"version", r.Tool.Version},
	}
	if r.Target.KeyFingerprint != nil {
		properties = append(properties, Fact{"key_fingerprint", *r.Target.KeyFingerprint})
	}
	if len(r.Diagnoses) > 0 {
		properties = append(properties, Fact{"cause", r.Diagnoses[0].Cause})
	}
	if addresses := report.SeenFrom(r); len(addresses) > 0 {
		properties = append(properties, Fact{"egress", strings.Join(addresses, " ")})
	}
	if r.Interrupted {
		properties = append(properties, Fact{"interrupted", "true"})
	}
	return properties
}

func junitCase(c testCase) junit.Testcase {
	out := junit.Testcase{Name: screen.Clean(c.name), Classname: "opensrs-doctor", Time: seconds(c.ms)}
	text := allInFull(c.diagnoses)
	switch c.result {
	case failed:
		failure := &junit.Result{Message: screen.Clean(c.summary), Data: text}
		if len(c.diagnoses) > 0 {
			failure.Message, failure.Type = screen.Clean(HeadlineOf(c.diagnoses[0])), screen.Clean(c.diagnoses[0].Cause)
			failure.Data = text
			if summary := screen.Clean(c.summary); summary != failure.Message {
				failure.Data = summary + "\n\n" + text
			}
		}
		out.Failure = failure
		return out
	case errored:
		out.Error = &junit.Result{Message: screen.Clean(c.summary), Type: report.VerdictIncomplete}
	case skipped:
		out.Skipped = &junit.Result{Message: screen.Clean(c.summary)}
	case passed:
		text = strings.TrimRight(screen.Clean(c.summary)+"\n\n"+text, "\n")
	}
	if text != "" {
		out.SystemOut = &junit.Output{Data: text}
	}
	return out
}

// seconds is a number of milliseconds as seconds, to the millisecond.
func seconds(ms float64) string { return strconv.FormatFloat(max(ms, 0)/1000, 'f', 3, 64) }

package render

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
)

// WriteTAP writes the report in the Test Anything Protocol: a test a probe, and one for each cause of a failure
// that belongs to no failed probe. Something is "not ok" if and only if the verdict is fail or incomplete. What is
// to be told stands below its test as YAML. The version is 13, which readers of version 14 take too.
func WriteTAP(w io.Writer, r *report.Report) error {
	cases := TestCases(r)
	var out bytes.Buffer
	fmt.Fprintf(&out, "TAP version 13\n1..%d\n", len(cases))
	fmt.Fprintf(&out, "# opensrs-doctor %s, %s, %s, run %s of %s\n", screen.Clean(r.Tool.Version), screen.Clean(Service(r)),
		Endpoint(r), screen.Clean(r.RunID), r.StartedAt.UTC().Format(time.RFC3339))
	for i, c := range cases {
		switch c.result {
		case failed, errored:
			fmt.Fprintf(&out, "not ok %d - %s\n", i+1, TapText(c.name))
		case skipped:
			fmt.Fprintf(&out, "ok %d - %s # SKIP %s\n", i+1, TapText(c.name), TapText(c.summary))
		default:
			fmt.Fprintf(&out, "ok %d - %s\n", i+1, TapText(c.name))
		}
		tapDiagnostics(&out, c)
	}
	fmt.Fprintf(&out, "# verdict: %s\n", r.Verdict)
	return screen.WriteLines(w, out.String())
}

// tapDiagnostics is the YAML block of a test, two columns in. Only the forms are used that the small YAML of
// TAP readers knows: block mappings and lists, numbers, and texts in double quotes.
func tapDiagnostics(out *bytes.Buffer, c testCase) {
	out.WriteString("  ---\n")
	fmt.Fprintf(out, "  message: %s\n", yamlText(c.summary))
	if c.result != skipped {
		fmt.Fprintf(out, "  duration_ms: %.3f\n", c.ms)
	}
	if len(c.diagnoses) > 0 {
		out.WriteString("  diagnoses:\n")
	}
	for _, d := range c.diagnoses {
		fmt.Fprintf(out, "    - cause: %s\n", yamlText(d.Cause))
		for _, pair := range []Fact{
			{"severity", string(d.Severity)}, {"confidence", string(d.Confidence)}, {"summary", HeadlineOf(d)},
			{"explanation", d.Explanation},
		} {
			if screen.Clean(pair.Value) != "" {
				fmt.Fprintf(out, "      %s: %s\n", pair.Key, yamlText(pair.Value))
			}
		}
		yamlList(out, "evidence", d.Evidence)
		yamlList(out, "fixes", d.Fixes)
		yamlList(out, "docs", d.Docs)
	}
	out.WriteString("  ...\n")
}

func yamlList(out *bytes.Buffer, name string, texts []string) {
	if len(texts) == 0 {
		return
	}
	fmt.Fprintf(out, "      %s:\n", name)
	for _, text := range texts {
		fmt.Fprintf(out, "        - %s\n", yamlKeyLike.Regexp().ReplaceAllString(yamlText(text), `$1\x3a$2`))
	}
}

// yamlKeyLike is a text in a list that prove's reader takes for a mapping: it looks for a colon behind the first word,
// also inside quotes. Written as an escape it is the same text to every reader.
var yamlKeyLike = lazy.Pattern{Text: `^("\S*?\s*):(\s)`}

// yamlText is text in double quotes. JSON's quoting is YAML's, and clean text needs no escape but that of the
// quote and the backslash.
func yamlText(text string) string {
	quoted, err := report.Encode(screen.Clean(text), "")
	if err != nil {
		return `""`
	}
	return strings.TrimRight(string(quoted), "\n")
}

// tapDirective is a directive: some readers see it behind a backslash too.
var tapDirective = lazy.Pattern{Text: `(?i)#(\s*(?:skip|todo))`}

// TapText is text on a test line, where # would begin a directive.
func TapText(text string) string {
	return strings.NewReplacer(`\`, `\\`, "#", `\#`).Replace(tapDirective.Regexp().ReplaceAllString(screen.Clean(text), "#·$1"))
}

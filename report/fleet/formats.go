package fleet

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"

	"opensrs-doctor/report"
	"opensrs-doctor/report/render"
)

// listed is a copy with empty lists in the place of none.
func (f *Fleet) listed() *Fleet {
	full := report.Listed(reflect.ValueOf(f)).Interface().(*Fleet)
	if len(full.Plan) == 0 {
		full.Plan = json.RawMessage("null")
	}
	return full
}

// WriteMarkdown writes the answer for a ticket or a page of notes.
func WriteMarkdown(w io.Writer, f *Fleet, plan string) error {
	var out strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	say("## opensrs-doctor fleet: %s\n\n%s\n", f.Verdict, render.MdText(f.Headline()))
	if len(f.Causes) > 0 {
		say("| cause | hosts | such as | what |\n|---|---|---|---|")
		for _, c := range f.Causes {
			say("| %s | %d | %s | %s |", render.MdText(c.Cause), c.Hosts, render.MdText(strings.Join(c.Examples[:min(len(c.Examples), mostNamed)], ", ")), render.MdText(c.Summary))
		}
		say("")
		for _, s := range f.Separating {
			say("- **%s**: %s", render.MdText(s.Cause), render.MdText(s.Words()))
		}
		if len(f.Separating) == 0 {
			say("%s", render.MdText(f.NoPattern()))
		}
		say("")
	}
	table := func(title string, n int, line func(int) string) {
		if n == 0 {
			return
		}
		say("**%s**\n", title)
		for i := range min(n, MaxExamples) {
			say("- %s", render.MdText(line(i)))
		}
		if n > MaxExamples {
			say("- and %d more", n-MaxExamples)
		}
		say("")
	}
	table("API keys", len(f.Keys), func(i int) string { return f.Keys[i].words() })
	table("Public addresses", len(f.Egress), func(i int) string { return f.Egress[i].words() })
	table("Not read", len(f.Unreadable), func(i int) string { return f.Unreadable[i].words() })
	table("Notes", len(f.Notes), func(i int) string { return f.Notes[i] })
	if plan != "" {
		say("**Access rules for the whole fleet**\n")
		for line := range strings.Lines(plan) {
			say("    %s", strings.TrimRight(line, "\n"))
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// WritePrometheus writes the answer as metrics for the textfile collector: gauges.
func WritePrometheus(w io.Writer, f *Fleet) error {
	var out strings.Builder
	escape := strings.NewReplacer("\\", `\\`, "\n", `\n`, `"`, `\"`)
	family := func(name, help string) {
		fmt.Fprintf(&out, "# HELP opensrs_doctor_fleet_%s %s\n# TYPE opensrs_doctor_fleet_%[1]s gauge\n", name, help)
	}
	add := func(name string, value float64, labels ...string) {
		var pairs []string
		for i := 0; i+1 < len(labels); i += 2 {
			pairs = append(pairs, labels[i]+`="`+escape.Replace(labels[i+1])+`"`)
		}
		in := ""
		if len(pairs) > 0 {
			in = "{" + strings.Join(pairs, ",") + "}"
		}
		fmt.Fprintf(&out, "opensrs_doctor_fleet_%s%s %s\n", name, in, strconv.FormatFloat(value, 'g', -1, 64))
	}
	family("hosts", "Hosts by verdict.")
	for _, verdict := range report.Verdicts {
		add("hosts", float64(f.Verdicts[verdict]), "verdict", verdict)
	}
	if len(f.Causes) > 0 {
		family("cause_hosts", "Hosts by root cause.")
		for _, c := range f.Causes {
			add("cause_hosts", float64(c.Hosts), "cause", c.Cause, "severity", c.Severity)
		}
	}
	if len(f.Keys) > 0 {
		family("key_hosts", "Hosts by the fingerprint of their API key.")
		for _, k := range f.Keys {
			add("key_hosts", float64(k.Hosts), "fingerprint", k.Fingerprint)
		}
	}
	family("unreadable_reports", "Reports that could not be read.")
	add("unreadable_reports", float64(f.Unread))
	if !f.Until.IsZero() {
		family("newest_report_timestamp_seconds", "When the newest report was made.")
		add("newest_report_timestamp_seconds", float64(f.Until.Unix()))
		family("oldest_report_timestamp_seconds", "When the oldest report that counts was made.")
		add("oldest_report_timestamp_seconds", float64(f.From.Unix()))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

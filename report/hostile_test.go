package report_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/anonymize"
	"opensrs-doctor/report/diagnose/steps"
	"opensrs-doctor/report/diff"
	"opensrs-doctor/report/render"
	"opensrs-doctor/report/render/page"
	"opensrs-doctor/report/screen"
	"opensrs-doctor/report/ticket"
)

// everyWriter is all that is made of a saved report.
var everyWriter = map[string]func(io.Writer, *report.Report) error{
	"json": report.WriteJSON, "junit": render.WriteJUnit, "tap": render.WriteTAP, "markdown": render.WriteMarkdown, "html": page.WriteHTML,
	"prometheus": render.WritePrometheus, "nagios": render.WriteNagios, "github": render.WriteGitHub,
	"human": func(w io.Writer, r *report.Report) error { return render.WriteText(w, r, screen.Options{}) },
	"verbose": func(w io.Writer, r *report.Report) error {
		return render.WriteText(w, r, screen.Options{Verbose: true, Color: true, Width: 30})
	},
	"ticket": func(w io.Writer, r *report.Report) error {
		files, err := ticket.TicketFiles(r, false, nil)
		for _, file := range files {
			w.Write(file.Content)
		}
		return err
	},
	"anonymized": func(w io.Writer, r *report.Report) error { return report.WriteJSON(w, anonymize.Anonymize(r)) },
	"diff-json":  func(w io.Writer, r *report.Report) error { return diff.WriteDiffJSON(w, diff.Compare(r, otherThan(r))) },
	"diff": func(w io.Writer, r *report.Report) error {
		return diff.WriteDiffText(w, diff.Compare(otherThan(r), r), screen.Options{})
	},
}

// otherThan is a report in which nothing is as in r.
func otherThan(*report.Report) *report.Report {
	return &report.Report{Schema: report.Schema, Verdict: report.VerdictPass, Probes: steps.ProbeRows(&evidence.Evidence{})}
}

// blownUp is a saved report in which every text is longer by filler, and every list is as long as it may be, until
// the document has most bytes.
func blownUp(t testing.TB, document []byte, list int, filler func(i int) string, most int) []byte {
	t.Helper()
	for aim := most; ; aim -= 100 << 10 {
		if grown := grownTo(t, document, list, filler, aim); len(grown) <= most {
			return grown
		}
	}
}

func grownTo(t testing.TB, document []byte, list int, filler func(i int) string, most int) []byte {
	t.Helper()
	tree, err := report.ParseTree(document)
	if err != nil {
		t.Fatal(err)
	}
	room, values, count := most-2*len(document), report.MaxValues-5000, 0
	var grow func(key string, value any) any
	grow = func(key string, value any) any {
		switch v := value.(type) {
		case report.Object:
			for i, m := range v {
				v[i].Value = grow(m.Name, m.Value)
			}
			return v
		case []any:
			if len(v) == 0 || key == "probes" {
				for i := range v {
					v[i] = grow("", v[i])
				}
				return v
			}
			size, inside := sizeOf(v[0])
			var all []any
			for len(all) < list && room > size && values > inside {
				var one any
				if text, ok := v[len(all)%len(v)].(string); ok && !closedLists()[key] {
					one = text + filler(count)
				} else {
					copied, _ := report.ParseTree(textOf(v[len(all)%len(v)]))
					one = growTexts(key, copied, filler, &count)
				}
				count++
				size, inside = sizeOf(one)
				room, values = room-size-1, values-inside
				all = append(all, one)
			}
			return append(all, v...)
		case string:
			more := filler(count)
			if !closedLists()[key] && key != "name" && !isTime(v) && room > len(more) {
				count++
				room -= len(textOf(v+more)) - len(v)
				return v + more
			}
		}
		return value
	}
	return textOf(grow("", tree))
}

func growTexts(key string, value any, filler func(i int) string, count *int) any {
	switch v := value.(type) {
	case report.Object:
		for i, m := range v {
			v[i].Value = growTexts(m.Name, m.Value, filler, count)
		}
	case []any:
		for i := range v {
			v[i] = growTexts(key, v[i], filler, count)
		}
	case string:
		if !closedLists()[key] && key != "name" && !isTime(v) {
			*count++
			return v + filler(*count)
		}
	}
	return value
}

func isTime(text string) bool { _, err := time.Parse(time.RFC3339, text); return err == nil }

func textOf(value any) []byte {
	var out bytes.Buffer
	if err := report.WriteTree(&out, value); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func sizeOf(value any) (bytes, values int) {
	var count func(any)
	count = func(value any) {
		values++
		switch v := value.(type) {
		case report.Object:
			for _, m := range v {
				count(m.Value)
			}
		case []any:
			for _, one := range v {
				count(one)
			}
		}
	}
	count(value)
	return len(textOf(value)), values
}

// hostileReports are the largest that Read takes, each bad for something else.
func hostileReports(t testing.TB) map[string][]byte {
	t.Helper()
	document := jsonOf(t, reportOf(fixtureOf(t, "tls.incomplete-chain")))
	reports := map[string][]byte{}
	for kind, filler := range map[string]func(int) string{
		"words":   func(int) string { return strings.Repeat(" ab.c", 12<<10) },
		"markup":  func(int) string { return strings.Repeat("&|`*_[:::", 7<<10) },
		"unicode": func(int) string { return strings.Repeat("\u202e\u00e9\U000e0041 ", 5<<10) },
		"names": func(i int) string { // each begins like the next
			return fmt.Sprintf(" 10.%d.%d.%d https://%sx%d.example.net/ ", i>>16&255, i>>8&255, i&255, strings.Repeat("a-", i%250), i)
		},
		"short": func(i int) string { return fmt.Sprint(" ", i) },
	} {
		reports[kind] = blownUp(t, document, report.MaxList-20, filler, report.MaxBytes)
	}
	return reports
}

// Whatever a saved report of the largest size holds, each format is made of it in memory that goes with its size.
func TestHostileReportsAreBounded(t *testing.T) {
	for kind, document := range hostileReports(t) {
		var r *report.Report
		took := allocated(func() (err error) { r, err = report.Read(bytes.NewReader(document)); return })
		if took.err != nil {
			t.Errorf("%s: %v", kind, took.err)
			continue
		}
		if took.bytes > 8*report.MaxBytes {
			t.Errorf("%s: to be read, %d bytes take %d MiB", kind, len(document), took.bytes>>20)
		}
		for name, write := range everyWriter {
			var out counter
			took := allocated(func() error { return write(&out, r) })
			if took.err != nil || took.bytes > 64*report.MaxBytes || out > 8*report.MaxBytes {
				t.Errorf("%s as %s: %v, %d MiB for %d MiB of output", kind, name, took.err, took.bytes>>20, out>>20)
			}
		}
	}
}

type allocation struct {
	bytes uint64 // in all, whether they were given back meanwhile or not
	err   error
}

func allocated(do func() error) allocation {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := do()
	runtime.ReadMemStats(&after)
	return allocation{after.TotalAlloc - before.TotalAlloc, err}
}

// counter counts what is written.
type counter int

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

// A report beyond a bound is refused, with the bound and the place; one within it is read.
func TestReadNamesTheBound(t *testing.T) {
	good := jsonOf(t, reportOf(fixtureOf(t, "rules.not-allowed")))
	with := func(facts string) string { // in the place of the first probe's facts
		before, rest, _ := strings.Cut(string(good), `"facts": {`)
		return before + `"facts": {"x": ` + facts + ", " + rest
	}
	list := func(n int) string { return "[" + strings.Repeat("1, ", n-1) + "1]" }
	object := func(n int) string { return `{"a": 1` + strings.Repeat(`, "a": 1`, n-1) + "}" }
	nested := func(n int) string { return strings.Repeat(`{"a":[`, n/2) + strings.Repeat("]}", n/2) }
	for _, one := range []struct{ inside, beyond, want string }{
		{with(list(report.MaxList)), with(list(report.MaxList + 1)), "probes[0].facts.x: a list of more than 10,000 elements"},
		{with(object(report.MaxList)), with(object(report.MaxList + 1)), "probes[0].facts.x: an object of more than 10,000 members"},
		{with(`"` + strings.Repeat("x", report.MaxText) + `"`), with(`["", "` + strings.Repeat("x", report.MaxText+1) + `"]`),
			"probes[0].facts.x[1]: a text of more than 64 KiB"},
		{with(`"` + strings.Repeat(`\u202e`, report.MaxText/3) + `"`), with(`"` + strings.Repeat(`\u202e`, report.MaxText/3+1) + `"`),
			"probes[0].facts.x: a text of more than 64 KiB"},
		{with(`"` + strings.Repeat(`\ud83d\ude00`, report.MaxText/4) + `"`), with(`"` + strings.Repeat(`\"`, report.MaxText+1) + `"`),
			"probes[0].facts.x: a text of more than 64 KiB"},
		{with(`{"` + strings.Repeat("x", report.MaxText) + `": 1}`), with(`{"` + strings.Repeat("x", report.MaxText+1) + `": 1}`),
			"probes[0].facts.x: a name of more than 64 KiB"},
		{with(strings.Repeat("1", 1000)), with(strings.Repeat("1", report.MaxText+1)), "probes[0].facts.x: a number or word of more than 64 KiB"},
		{with(nested(96)), with(nested(98)), "more than 100 lists and objects one inside another"},
		{with("[" + list(report.MaxList) + strings.Repeat(","+list(report.MaxList), 18) + "]"),
			with("[" + list(report.MaxList) + strings.Repeat(","+list(report.MaxList), 20) + "]"), "the report has more than 200,000 values"},
		{string(good) + strings.Repeat(" ", report.MaxBytes-len(good)), string(good) + strings.Repeat(" ", report.MaxBytes-len(good)+1),
			"larger than 8 MiB"},
	} {
		if _, err := report.Read(strings.NewReader(one.inside)); err != nil {
			t.Errorf("within %q: %v", one.want, err)
		}
		took := allocated(func() error { _, err := report.Read(strings.NewReader(one.beyond)); return err })
		if took.err == nil || !strings.Contains(took.err.Error(), one.want) {
			t.Errorf("got %v, want %q", took.err, one.want)
		}
		if took.bytes > 4*report.MaxBytes {
			t.Errorf("%q takes %d MiB", one.want, took.bytes>>20)
		}
	}
	for _, broken := range []string{"[", "{", `{"a`, `{"a"`, `{"a":`, `{"a":1`, `"\`, `"\u12`, "[1", "[1,", "[1 2]", "]", ",", ":", "[:]",
		`{1:2}`, "[\"a\" \"b\"]", "tru", "\x00", "[\x00]", "{}{}", "{},", strings.Repeat("[", report.MaxDepth), `{"\ud800":`} {
		if _, err := report.Read(strings.NewReader(broken)); err == nil || !strings.Contains(err.Error(), "not a report") {
			t.Errorf("%q: %v", broken, err)
		}
	}
}

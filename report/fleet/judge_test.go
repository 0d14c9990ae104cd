package fleet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
)

// schema is the one that is published.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// fleetOf is a fleet in which one host in ten asks another resolver, and fails for it.
func fleetOf(hosts int) *Merger {
	m := NewMerger()
	for i := range hosts {
		r := made(fmt.Sprintf("web%04d", i), i%60, "")
		if i%10 == 3 {
			r = made(fmt.Sprintf("web%04d", i), i%60, "dns.nxdomain")
			r.Diagnoses[0].Probe = "dns"
			r.Host.Resolvers, r.Host.LocalAddress = []string{"10.0.0.3:53"}, ""
			r.Probes[2].Status = evidence.Fail
		}
		fingerprint := fmt.Sprintf("%08x", i%3)
		r.Target.KeyFingerprint, r.Target.KeySource = &fingerprint, "/etc/opensrs/api.key"
		r.Probes[0].Facts = json.RawMessage(fmt.Sprintf(`{"given": false, "ipv4": ["203.0.113.%d"], "ipv6": []}`, i%200))
		r.Probes[1].Facts = json.RawMessage(`{"rules": ["allow 203.0.113.0/25"], "verdict": "allow"}`)
		r.Probes[4].Facts = json.RawMessage(fmt.Sprintf(`{"version": "TLS 1.2", "chain": [{"issuer": "CN=one"}, {"issuer": "CN=Root %d"}], "clock": {"offset_ms": %d}}`, i%2, i%5*40000))
		r.RunID = fmt.Sprint("run-", i)
		m.put(hostOf(r, Document{File: fmt.Sprintf("reports/web%04d.json", i)}))
	}
	return m
}

// TestSchema: every answer is valid, also the one about nothing.
func TestSchema(t *testing.T) {
	broken := fleetOf(30)
	broken.Bad(Unreadable{"a.json", 0, "not JSON"})
	broken.Bad(Unreadable{"b.jsonl", 7, "not JSON"})
	planned := fleetOf(12).Merge()
	planned.Plan = json.RawMessage(`{"rules": [], "covered": 0, "uncovered": [], "excess": 0, "rejected": [], "steps": []}`)
	for name, f := range map[string]*Fleet{"nothing": NewMerger().Merge(), "three": fleetOf(3).Merge(), "many": fleetOf(1000).Merge(), "broken": broken.Merge(), "planned": planned} {
		var out bytes.Buffer
		if err := WriteJSON(&out, f); err != nil {
			t.Fatal(err)
		}
		instance, err := jsonschema.UnmarshalJSON(&out)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema(t).Validate(instance); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		instance.(map[string]any)["verdict"] = "perhaps"
		if schema(t).Validate(instance) == nil {
			t.Error("the schema takes a verdict that there is none of")
		}
	}
}

// TestWhatFailsPartsNothing: the resolver is named, and not that these hosts have no address of their own, which comes of
// the failure.
func TestWhatFailsPartsNothing(t *testing.T) {
	f := fleetOf(100).Merge()
	if len(f.Separating) != 1 || f.Separating[0].Fact != "host.resolvers" || f.Separating[0].Value != "10.0.0.3:53" ||
		f.Separating[0].With != (Count{10, 10}) || f.Separating[0].Without != (Count{0, 90}) {
		t.Errorf("%+v", f.Separating)
	}
	m := NewMerger()
	for i := range 100 {
		r := made(fmt.Sprint("web", i), i%60, "")
		if i%10 == 3 {
			r = made(fmt.Sprint("web", i), i%60, "host.offline")
			r.Diagnoses[0].Probe, r.Host.LocalAddress, r.Target.Addresses = "egress", "", nil
			r.Probes[0].Status, r.Probes[0].Facts = evidence.Fail, json.RawMessage(`{"given": false, "asked_nobody": true}`)
		}
		m.put(hostOf(r, Document{File: fmt.Sprint(i)}))
	}
	if f := m.Merge(); len(f.Separating) != 0 || f.Hosts != 100 {
		t.Errorf("%d hosts, %+v", f.Hosts, f.Separating)
	}
}

// TestOneMachineTwice: a run that connected nothing does not know its own address, and is of its host anyway. The order in
// which reports come does not matter.
func TestOneMachineTwice(t *testing.T) {
	failed, before := made("web1", 20, "host.offline"), made("web1", 10, "")
	failed.Host.LocalAddress = ""
	other := made("web1", 15, "")
	other.Host.LocalAddress = "10.0.0.2"
	for _, test := range []struct {
		reports   []*report.Report
		hosts     int
		failing   int
		replaced  bool
		firstTold string
	}{
		{[]*report.Report{failed, before}, 1, 1, true, "1 older report was left out"},
		{[]*report.Report{failed, before, other}, 3, 1, false, ""},
		{[]*report.Report{other, before}, 2, 0, false, ""},
	} {
		var first string
		for turn := range len(test.reports) {
			m := NewMerger()
			for i := range test.reports {
				m.put(hostOf(test.reports[(i+turn)%len(test.reports)], Document{File: "x.json"}))
			}
			f := m.Merge()
			if f.Hosts != test.hosts || f.Verdicts[report.VerdictFail] != test.failing || test.replaced != strings.Contains(strings.Join(f.Notes, " "), "older report") {
				t.Errorf("%d hosts, %v, %q", f.Hosts, f.Verdicts, f.Notes)
			}
			var out bytes.Buffer
			if err := WriteJSON(&out, f); err != nil {
				t.Fatal(err)
			}
			if first == "" {
				first = out.String()
			}
			if first != out.String() {
				t.Error("another order gives another answer")
			}
		}
	}
}

// TestOneScreen: three hosts and three thousand fit one, and a page about a thousand stays small.
func TestOneScreen(t *testing.T) {
	for _, hosts := range []int{3, 30, 3000} {
		var out bytes.Buffer
		if err := WriteText(&out, fleetOf(hosts).Merge(), "", optionsOf()); err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(out.String(), "\n"); lines > 50 {
			t.Errorf("%d hosts: %d lines\n%s", hosts, lines, out.String())
		}
		for line := range strings.Lines(out.String()) {
			if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 {
				t.Errorf("%d columns: %s", n, line)
			}
		}
	}
	var page bytes.Buffer
	if err := WriteHTML(&page, fleetOf(1000).Merge(), ""); err != nil {
		t.Fatal(err)
	}
	if size := page.Len(); size > 500_000 || !strings.Contains(page.String(), "web0993") || !strings.Contains(page.String(), "10.0.0.3:53") {
		t.Errorf("the page has %d bytes", size)
	}
}

// TestPromtool: a program of other people reads the metrics.
func TestPromtool(t *testing.T) {
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skip("promtool is not installed")
	}
	hostile := NewMerger()
	r := made("x", 1, "a\"b\\c\n{}")
	key := "\"\\\n"
	r.Target.KeyFingerprint, r.Target.KeySource = &key, "y"
	hostile.put(hostOf(r, Document{File: "x"}))
	for name, m := range map[string]*Merger{"none": NewMerger(), "many": fleetOf(300), "hostile": hostile} {
		var out bytes.Buffer
		if err := WritePrometheus(&out, m.Merge()); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		command := exec.CommandContext(t.Context(), "promtool", "check", "metrics")
		command.Stdin = &out
		if words, err := command.CombinedOutput(); err != nil || len(words) > 0 {
			t.Errorf("%s: %v\n%s\n%s", name, err, words, text)
		}
	}
}

// TestHostileMemory: reports of which every text is long and another one cost bounded memory each.
func TestHostileMemory(t *testing.T) {
	const hosts = 20_000
	long := func(of string, i int) string { return strings.Repeat(of, 180) + fmt.Sprintf("%09d", i) }
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	m := NewMerger()
	for i := range hosts {
		r := made(long("n", i), i%60, long("c", i))
		r.RunID, r.Tool.Version, r.Target.KeySource = long("r", i), long("v", i), long("k", i)
		r.Diagnoses[0].Summary, r.Diagnoses[0].Fixes = long("s", i), []string{long("f", i)}
		for j := range 10 {
			r.Host.Resolvers = append(r.Host.Resolvers, long("d", i*10+j))
		}
		m.put(hostOf(r, Document{File: fmt.Sprint(i)}))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	used := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / (1 << 20)
	t.Logf("%d hosts: %d MiB", hosts, used)
	if f := m.Merge(); f.Hosts != hosts || used > 160 || !strings.Contains(strings.Join(f.Notes, " "), "too many different facts") {
		t.Errorf("%d hosts, %d MiB, %q", f.Hosts, used, f.Notes)
	}
}

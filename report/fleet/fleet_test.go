package fleet

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
)

// made is a report as a host would write it.
func made(name string, at int, cause string) *report.Report {
	r := &report.Report{Schema: report.Schema, RunID: fmt.Sprintf("%s-%d", name, at), StartedAt: time.Date(2026, 11, 1, 0, at, 0, 0, time.UTC), Verdict: report.VerdictPass}
	r.Tool = report.Tool{Name: "opensrs-doctor", Version: "1.0.0"}
	r.Target = report.Target{Environment: "live", Host: "rr-n1-tor.opensrs.net", Port: 55443, Username: "reseller", Addresses: []string{"198.51.100.10"}}
	r.Host = report.Host{Hostname: name, OS: "linux/amd64", LocalAddress: "10.0.0.1", Resolvers: []string{"10.0.0.1:53"}, ResolversBy: "/etc/resolv.conf"}
	for _, probe := range evidence.Names {
		r.Probes = append(r.Probes, report.Probe{Name: probe, Status: evidence.Pass, Facts: json.RawMessage("{}")})
	}
	if cause != "" {
		r.Verdict = report.VerdictFail
		r.Diagnoses = []report.Diagnosis{{Cause: cause, Severity: report.Fail, Confidence: report.Certain, Probe: "port", Summary: "It is " + cause, Fixes: []string{"Mend it."}}}
	}
	return r
}

func text(t testing.TB, r *report.Report) []byte {
	t.Helper()
	out, err := json.Marshal(report.Complete(r))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSeparatingInManyFleets: in synthetic fleets of 20 to 300 hosts the true fact is found in 95 of 100, and where there is
// none at most one in 100 claims one.
func TestSeparatingInManyFleets(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 11))
	const fleets = 2000
	found, planted, claimed, empty := 0, 0, 0, 0
	for range fleets {
		hosts := 20 + random.IntN(281)
		failing := 5 + random.IntN(hosts/3)
		truth := random.IntN(2) == 0
		which := random.IntN(20)
		m := NewMerger()
		for i := range hosts {
			h := &host{name: fmt.Sprint("host-", i), same: fmt.Sprint(i), runID: fmt.Sprint(i), verdict: report.VerdictPass, probe: -1}
			fails := i < failing
			if fails {
				h.verdict, h.cause, h.severity = report.VerdictFail, "port.filtered", "fail"
			}
			for f := range 20 {
				value := fmt.Sprint(random.IntN(2 + f%7))
				if truth && f == which { // one host in 30 is an exception
					if value = "good"; fails != (random.IntN(30) == 0) {
						value = "bad"
					}
				}
				h.facts = append(h.facts, fact{fmt.Sprintf("fact.%02d", f), value, -1, true})
			}
			m.put(h)
		}
		answer := m.Merge()
		switch {
		case truth:
			planted++
			if len(answer.Separating) == 1 && answer.Separating[0].Fact == fmt.Sprintf("fact.%02d", which) && answer.Separating[0].Value == "bad" {
				found++
			} else if len(answer.Separating) > 0 {
				claimed++
			}
		default:
			empty++
			claimed += len(answer.Separating)
		}
	}
	t.Logf("found %d of %d, false %d of %d", found, planted, claimed, fleets)
	if found*100 < planted*95 || claimed*100 > fleets {
		t.Errorf("found %d of %d, false %d of %d", found, planted, claimed, fleets)
	}
}

// TestFactsOfFailing: what only a failure looks into, and what tells how it failed, parts nothing.
func TestFactsOfFailing(t *testing.T) {
	m := NewMerger()
	for i := range 40 {
		r := made(fmt.Sprint("web", i), i, "")
		if i < 10 {
			r = made(fmt.Sprint("web", i), i, "port.filtered")
			r.Probes[3].Status, r.Probes[3].Facts = evidence.Fail, json.RawMessage(`{"path": "walked", "position": "hop 2"}`)
			r.Probes[4].Status = evidence.Skip
		}
		m.Add(Document{"x", i + 1, text(t, r)})
	}
	if answer := m.Merge(); len(answer.Separating) > 0 {
		t.Errorf("claimed %+v", answer.Separating)
	}
}

// TestTwoTogether: neither of two facts parts the hosts, both together do.
func TestTwoTogether(t *testing.T) {
	m := NewMerger()
	for i := range 200 {
		old, proxy := i%2 == 0, i%4 < 2
		h := &host{name: fmt.Sprint(i), same: fmt.Sprint(i), runID: fmt.Sprint(i), verdict: report.VerdictPass, probe: -1,
			facts: []fact{{"tool.version", map[bool]string{true: "1", false: "2"}[old], -1, true}, {"host.proxy", map[bool]string{true: "p", false: "none"}[proxy], -1, true}}}
		if old && proxy {
			h.verdict, h.cause, h.severity = report.VerdictFail, "proxy.denied", "fail"
		}
		m.put(h)
	}
	answer := m.Merge()
	if len(answer.Separating) != 1 || answer.Separating[0].And == nil || answer.Separating[0].Without.Hosts != 0 {
		t.Fatalf("found %+v", answer.Separating)
	}
}

// TestFisher: against tables whose chance is known.
func TestFisher(t *testing.T) {
	for _, test := range []struct {
		with, without Count
		p             float64
	}{
		{Count{3, 3}, Count{0, 3}, 1.0 / 20}, {Count{3, 4}, Count{1, 4}, 17.0 / 70}, {Count{0, 4}, Count{4, 4}, 1}, {Count{8, 10}, Count{1, 6}, 0.0244755},
	} {
		if p := math.Exp(logChance(test.with, test.without)); math.Abs(p-test.p) > 1e-6 {
			t.Errorf("%v %v: %v, want %v", test.with, test.without, p, test.p)
		}
	}
}

// TestBadInput: what is not a report is named with its line, and stops nothing.
func TestBadInput(t *testing.T) {
	good := string(text(t, made("a", 1, "")))
	lines := good + "\n{\"schema\": \"opensrs-doctor/report/v9\"}\nnonsense\n" + string(text(t, made("b", 2, "port.filtered"))) + "\n" + good + "\n"
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	w.Write([]byte(lines))
	w.Close()
	indented, _ := json.MarshalIndent(json.RawMessage(good), "", "  ")
	for name, from := range map[string]string{"plain": lines, "gzip": zipped.String()} {
		m := NewMerger()
		Split(name, strings.NewReader(from), func(d Document) bool { m.Add(d); return true }, m.Bad)
		answer := m.Merge()
		if answer.Hosts != 2 || answer.Unread != 2 || answer.Unreadable[0].Line != 2 || !strings.Contains(answer.Unreadable[0].Why, "v9") || answer.Unreadable[1].Line != 3 {
			t.Errorf("%s: %d hosts, %+v", name, answer.Hosts, answer.Unreadable)
		}
		if len(answer.Notes) == 0 || !strings.Contains(answer.Notes[0], "twice") {
			t.Errorf("%s: %q", name, answer.Notes)
		}
	}
	for name, from := range map[string]string{"empty": "", "cut short": string(indented[:len(indented)/2]), "not a report": "[1,2]", "broken gzip": "\x1f\x8bnonsense", "deep": strings.Repeat("[", 100000),
		"unending": "{\"a\": \"" + strings.Repeat("x", report.MaxBytes+10)} {
		m := NewMerger()
		Split(name, strings.NewReader(from), func(d Document) bool { m.Add(d); return true }, m.Bad)
		if answer := m.Merge(); answer.Hosts != 0 || answer.Unread != 1 {
			t.Errorf("%s: %d hosts, %+v", name, answer.Hosts, answer.Unreadable)
		}
	}
	m := NewMerger()
	Split("two", strings.NewReader(string(indented)+"\n"+string(indented[:0])+string(text(t, made("c", 3, "")))), func(d Document) bool { m.Add(d); return true }, m.Bad)
	if answer := m.Merge(); answer.Hosts != 2 || answer.Unread != 0 {
		t.Errorf("two behind one another: %d hosts, %+v", answer.Hosts, answer.Unreadable)
	}
}

// TestAnonymized: tokens of two reports are not the same thing.
func TestAnonymized(t *testing.T) {
	m := NewMerger()
	for i := range 20 {
		r := made("host-1", i, map[bool]string{true: "port.filtered"}[i < 8])
		r.Host.LocalAddress, r.Target.Username = "address-1", "user-1"
		r.Host.Resolvers = []string{map[bool]string{true: "address-2", false: "address-3"}[i < 8]}
		m.Add(Document{fmt.Sprint(i, ".json"), 0, text(t, r)})
	}
	answer := m.Merge()
	if answer.Hosts != 20 || len(answer.Separating) > 0 || !strings.Contains(strings.Join(answer.Notes, " "), "anonymized") {
		t.Errorf("%d hosts, %+v, %q", answer.Hosts, answer.Separating, answer.Notes)
	}
}

// TestHostile: no text of a report reaches a page, a terminal or metrics as anything but text.
func TestHostile(t *testing.T) {
	m := NewMerger()
	for i := range 6 {
		r := made("<script>alert(1)</script>\x1b[31m"+fmt.Sprint(i), i, "port.filtered")
		r.Diagnoses[0].Summary = "</style><img src=x onerror=alert(1)>"
		r.Host.Resolvers = []string{"\"><svg onload=alert(1)>"}
		m.Add(Document{"x\x1b]0;evil\a.json", i + 1, text(t, r)})
	}
	answer := m.Merge()
	var page, screenText, metrics, notes bytes.Buffer
	if err := WriteHTML(&page, answer, "<b>"); err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"<script", "<img", "<svg", "<b>"} {
		if strings.Contains(page.String(), tag) {
			t.Errorf("the page holds %s", tag)
		}
	}
	_ = WriteText(&screenText, answer, "", optionsOf())
	_ = WritePrometheus(&metrics, answer)
	_ = WriteMarkdown(&notes, answer, "")
	for _, out := range []string{page.String(), screenText.String(), metrics.String(), notes.String()} {
		if strings.ContainsAny(out, "\x1b\a") {
			t.Errorf("a control character: %q", out[strings.IndexAny(out, "\x1b\a"):][:20])
		}
	}
}

func optionsOf() screen.Options { return screen.Options{Width: 80} }

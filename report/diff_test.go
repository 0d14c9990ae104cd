package report_test

import (
	"bytes"
	"encoding/json"
	"math/rand"
	"strings"
	"testing"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/anonymize"
	"opensrs-doctor/report/diff"
	"opensrs-doctor/report/internal/golden"
	"opensrs-doctor/report/screen"
)

func diffText(t *testing.T, d *diff.Diff) string {
	t.Helper()
	var out strings.Builder
	if err := diff.WriteDiffText(&out, d, screen.Options{}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func diffJSON(t *testing.T, d *diff.Diff) string {
	t.Helper()
	var out bytes.Buffer
	if err := diff.WriteDiffJSON(&out, d); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// A good run and a bad one, as a person and a program read what changed.
func TestDiffReads(t *testing.T) {
	good := reportOf(healthy())
	for _, cause := range []string{"rules.not-allowed", "tls.intercepted", "port.filtered", "egress.unstable"} {
		e := fixtureOf(t, cause)
		e.RunID, e.StartedAt = "a17d55e60c9b8f32", fixedStart.AddDate(0, 0, 1)
		e.Steps[2].Took = ms(412)
		d := diff.Compare(good, reportOf(e))
		golden.Check(t, "diff/"+cause+".txt", diffText(t, d))
		golden.Check(t, "diff/"+cause+".json", diffJSON(t, d))
	}
}

// Each thing that can differ is found, and called by its field.
func TestDiffFinds(t *testing.T) {
	for field, change := range map[string]func(e *evidence.Evidence){
		"target.environment":     func(e *evidence.Evidence) { e.Target.Environment = "test" },
		"target.endpoint":        func(e *evidence.Evidence) { e.Target.Port = 55000 },
		"target.username":        func(e *evidence.Evidence) { e.Target.Username = "other" },
		"target.key_fingerprint": func(e *evidence.Evidence) { e.Target.KeyFingerprint = nil },
		"host.hostname":          func(e *evidence.Evidence) { e.Host.Hostname = "web2.example.com" },
		"host.local_address":     func(e *evidence.Evidence) { e.Host.LocalAddress = ip("10.1.0.3") },
		"host.source_ip":         func(e *evidence.Evidence) { e.Host.SourceIP = ip("10.1.0.3") },
		"host.proxy": func(e *evidence.Evidence) {
			e.Host.Proxy = &evidence.Proxy{URL: "http://proxy.example.com:3128", From: "HTTPS_PROXY"}
		},
		"host.resolvers":         func(e *evidence.Evidence) { e.Host.Resolvers = []string{"192.0.2.54:53"} },
		"dns.used":               func(e *evidence.Evidence) { e.DNS.Used = "192.0.2.54:53" },
		"rules.verdict":          func(e *evidence.Evidence) { e.Rules.Verdict = "ambiguous" },
		"tls.version":            func(e *evidence.Evidence) { e.TLS.Version = "TLS 1.3" },
		"tls.subject":            func(e *evidence.Evidence) { e.TLS.Chain[0].Subject = said("CN=other") },
		"tls.issuer":             func(e *evidence.Evidence) { e.TLS.Chain[0].Issuer = said("CN=other") },
		"tls.sha256":             func(e *evidence.Evidence) { e.TLS.Chain[0].SHA256 = strings.Repeat("0f", 32) },
		"tls.not_after":          func(e *evidence.Evidence) { e.TLS.Chain[0].NotAfter = fixedStart.AddDate(1, 0, 0) },
		"tls.issuers":            func(e *evidence.Evidence) { e.TLS.Chain[1].SHA256 = strings.Repeat("0f", 32) },
		"call.http_status":       func(e *evidence.Evidence) { e.Call.HTTPStatus = 201 },
		"call.response_code":     func(e *evidence.Evidence) { e.Call.Code = said("201") },
		"call.response_text":     func(e *evidence.Evidence) { e.Call.Text = said("Well") },
		"tool.public_roots_date": func(e *evidence.Evidence) { e.Asked.RootsDate = fixedStart },
		"egress.addresses":       func(e *evidence.Evidence) { e.Egress = seenFrom("direct", otherIP) },
		"target.addresses":       func(e *evidence.Evidence) { e.Target.Addresses = append(e.Target.Addresses, ip("198.51.100.11")) },
		"rules.rules":            func(e *evidence.Evidence) { setRules(e, "allow 203.0.113.10/32") },
		"port.status":            func(e *evidence.Evidence) { e.Steps[3].Status = evidence.Warn },
		"tls.duration_ms":        func(e *evidence.Evidence) { e.Steps[4].Took = ms(122.1) },
		"duration_ms":            func(e *evidence.Evidence) { e.Took = ms(1200) },
	} {
		e := healthy()
		change(e)
		d := diff.Compare(reportOf(healthy()), reportOf(e))
		if d.Same || !strings.Contains(diffJSON(t, d), `"field": "`+field+`"`) {
			t.Errorf("%s: not found:\n%s", field, diffJSON(t, d))
		}
		if words := diff.DiffWords(field); !strings.Contains(diffText(t, d), words) || diff.FieldWords.Get()[field] == "" && strings.Contains(words, ".") {
			t.Errorf("%s: nowhere is %q:\n%s", field, words, diffText(t, d))
		}
	}
}

// What is the network's weather, or was not reached, is no difference.
func TestDiffLeavesOut(t *testing.T) {
	e := healthy()
	e.RunID, e.StartedAt = "another", fixedStart.AddDate(0, 0, 3)
	e.Steps[2].Took, e.Steps[3].Took = ms(110), ms(35) // ten times 12 ms, and twice 18 ms: less than 100 ms each
	e.Target.Addresses = nil                           // not known
	if d := diff.Compare(reportOf(healthy()), reportOf(e)); !d.Same {
		t.Errorf("it found\n%s", diffJSON(t, d))
	}
	d := diff.Compare(reportOf(healthy()), reportOf(fixtureOf(t, "port.filtered")))
	for _, c := range d.Changes {
		if strings.HasPrefix(c.Field, "tls.") && c.Field != "tls.status" || len(d.Timing) > 0 {
			t.Errorf("it found %+v and %+v", c, d.Timing)
		}
	}
}

// Anonymized reports: tokens are compared with tokens only.
func TestDiffOfAnonymized(t *testing.T) {
	open, bad := reportOf(healthy()), reportOf(fixtureOf(t, "rules.not-allowed"))
	mixed := diff.Compare(open, anonymize.Anonymize(bad))
	for _, c := range mixed.Changes {
		if strings.HasPrefix(c.Field, "target.") || strings.HasPrefix(c.Field, "host.") {
			t.Errorf("it found %+v", c)
		}
	}
	if len(mixed.Lists) > 0 || len(mixed.Causes.Appeared) != 1 || !strings.Contains(strings.Join(mixed.Notes, " "), "not compared") {
		t.Errorf("it found\n%s", diffJSON(t, mixed))
	}
	both := diff.Compare(anonymize.Anonymize(open), anonymize.Anonymize(bad))
	if len(both.Causes.Appeared) != 1 || !strings.Contains(strings.Join(both.Notes, " "), "token") {
		t.Errorf("it found\n%s", diffJSON(t, both))
	}
}

// A report equals itself; what appeared one way is gone the other way; the same two give the same bytes.
func TestGeneratedDiffs(t *testing.T) {
	t.Parallel()
	before := reportOf(healthy())
	n := 0
	eachGenerated(t, func(t *testing.T, _ *rand.Rand, e *evidence.Evidence) {
		if n++; n%4 != 0 {
			return
		}
		after := reportOf(e)
		if d := diff.Compare(after, after); !d.Same {
			t.Errorf("differs from itself:\n%s", diffJSON(t, d))
		}
		there, back := diff.Compare(before, after), diff.Compare(after, before)
		if len(there.Causes.Appeared) != len(back.Causes.Gone) || len(there.Changes) != len(back.Changes) ||
			len(there.Lists) != len(back.Lists) || len(there.Timing) != len(back.Timing) || there.Same != back.Same {
			t.Errorf("there\n%s\nand back\n%s", diffJSON(t, there), diffJSON(t, back))
		}
		again, err := report.Read(bytes.NewReader(jsonOf(t, after)))
		if err != nil {
			t.Fatal(err)
		}
		if diffJSON(t, diff.Compare(before, again)) != diffJSON(t, there) {
			t.Error("read again, it differs in another way")
		}
		var document map[string]any
		if err := json.Unmarshal([]byte(diffJSON(t, there)), &document); err != nil {
			t.Error(err)
		}
		diffText(t, there)
		before = after
	})
}

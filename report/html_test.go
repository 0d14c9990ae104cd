package report

import (
	"iter"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"opensrs-doctor/probes"
)

func mapsKeys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }

func htmlOf(t *testing.T, r *Report) string {
	t.Helper()
	var out strings.Builder
	if err := WriteHTML(&out, r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// savedReports are the reports of testdata, by cause, read as render reads them.
func savedReports(t *testing.T) map[string]*Report {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatal("no saved report", err)
	}
	reports := map[string]*Report{}
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		r, err := Read(file)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		reports[strings.TrimSuffix(filepath.Base(path), ".json")] = r
	}
	return reports
}

// awkwardReports are those that a page could stumble over.
func awkwardReports(t *testing.T) map[string]*Report {
	t.Helper()
	skipped := healthy()
	for _, name := range probes.Names {
		skip(skipped, name, "--only")
	}
	skipped.Egress, skipped.Rules, skipped.DNS, skipped.Port, skipped.TLS, skipped.Call = nil, nil, nil, nil, nil, nil
	interrupted := healthy()
	interrupted.Interrupted, interrupted.Steps = true, interrupted.Steps[:3]
	interrupted.Port, interrupted.TLS, interrupted.Call = nil, nil, nil
	wide := savedReports(t)["port.filtered"]
	wide.Target.Host = strings.Repeat("averyveryverylongname.", 10) + "example"
	wide.Host.Hostname = strings.Repeat("x", 200)
	wide.Diagnoses[0].Summary = strings.Repeat("Unbrechbareswort", 12)
	wide.Diagnoses[0].Fixes = append(wide.Diagnoses[0].Fixes, strings.Repeat("0123456789abcdef:", 40), "発行者の証明書は東京都のものです。")
	wide.Probes[4].Summary = "certificate by 東京都認証局, not a public authority, " + strings.Repeat("W", 300)
	wide.Probes[3].Facts = []byte(strings.ReplaceAll(string(wide.Probes[3].Facts), "203.0.113.1\"", "2001:db8:1234:5678:9abc:def0:1234:5678\""))
	return map[string]*Report{
		"skipped":     reportOf(skipped),
		"interrupted": reportOf(interrupted),
		"wide":        wide,
		"anonymized":  Anonymize(savedReports(t)["port.filtered"]),
		"bare":        bare(savedReports(t)["port.filtered"]),
	}
}

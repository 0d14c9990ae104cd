//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"opensrs-doctor/report"
)

// benchReports is how many reports the budget is about.
const benchReports = 100_000

// reportLine is a saved report on one line of about 5 kB, with places for what is another one on each host.
func reportLine(b *testing.B, name string) string {
	b.Helper()
	text, err := os.ReadFile("../../report/testdata/" + name)
	if err != nil {
		b.Fatal(err)
	}
	saved, err := report.ReadDocument(text)
	if err != nil {
		b.Fatal(err)
	}
	saved.RunID, saved.Host.Hostname, saved.Host.LocalAddress = "RUN", "HOSTNAME", "LOCAL"
	saved.Host.Resolvers = []string{"RESOLVER"}
	for i := range saved.Probes {
		var facts map[string]json.RawMessage
		if err := json.Unmarshal(saved.Probes[i].Facts, &facts); err != nil {
			b.Fatal(err)
		}
		for _, long := range []string{"sightings", "controls", "other", "cross_check"} {
			delete(facts, long)
		}
		if saved.Probes[i].Facts, err = json.Marshal(facts); err != nil {
			b.Fatal(err)
		}
	}
	var line bytes.Buffer
	if err := json.NewEncoder(&line).Encode(report.Complete(saved)); err != nil {
		b.Fatal(err)
	}
	return strings.ReplaceAll(line.String(), "203.0.113.10", "PUBLIC")
}

// BenchmarkFleetMerge merges 100,000 reports, one a line, of which some fail and ask another resolver, beside jq, which only
// counts their verdicts.
func BenchmarkFleetMerge(b *testing.B) {
	good, bad := reportLine(b, "client.dns-differs.json"), reportLine(b, "call.auth-failed.json")
	path := filepath.Join(b.TempDir(), "reports.jsonl")
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	out, size := bufio.NewWriter(file), 0
	for i := range benchReports {
		line, resolver := good, "10.0.0.1:53"
		if i%14 == 0 {
			line, resolver = bad, "10.0.0.3:53"
		}
		n, _ := strings.NewReplacer("RUN", fmt.Sprintf("%016x", i), "HOSTNAME", fmt.Sprintf("web%d.example.com", i), "RESOLVER", resolver,
			"LOCAL", address4(10<<24|uint32(i)), "PUBLIC", address4(0xcb000000|uint32(i))).WriteString(out, line)
		size += n
	}
	if err := out.Flush(); err != nil {
		b.Fatal(err)
	}
	program := released(b)
	args := []string{"fleet", "merge", "-f", "json", path}
	var took []time.Duration
	for b.Loop() {
		begun := time.Now()
		answer, _ := exec.Command(program, args...).Output() // 1: some fail
		took = append(took, time.Since(begun))
		if !bytes.Contains(answer, []byte(`"value": "10.0.0.3:53"`)) {
			b.Fatalf("the resolver is not named in %d bytes", len(answer))
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(size)/benchReports, "bytes/report")
	b.ReportMetric(median(took), "ms")
	b.ReportMetric(20_000, "budget-ms")
	b.ReportMetric(256, "budget-MiB-resident")
	orTrue := append([]string{"-c", `"$0" "$@" || true`, program}, args...) // it ends with 1: some fail
	b.ReportMetric(float64(peak(b, "/bin/sh", orTrue...))/1024, "MiB-resident")
	jq, err := exec.LookPath("jq")
	if err != nil {
		b.Log("jq is not installed, so there is nothing to compare with: apt-get install jq")
		return
	}
	begun := time.Now()
	if err := exec.Command(jq, "-n", "reduce inputs.verdict as $v ({}; .[$v] += 1)", path).Run(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(time.Since(begun).Milliseconds()), "jq-ms")
}

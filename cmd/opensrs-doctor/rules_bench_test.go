//go:build linux

package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// benchLines is how many lines the budgets are about.
const benchLines = 1000000

var benchRules = []string{"203.0.113.0/25", "198.51.100.0/25", "192.0.2.64/26", "203.0.113.200/32", "198.51.100.192/28"}

// writeLines writes an input file, a line for each number.
func writeLines(b *testing.B, name string, line func(i int) string) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), name)
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	out := bufio.NewWriter(file)
	for i := range benchLines {
		out.WriteString(line(i))
		out.WriteByte('\n')
	}
	if err := out.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := file.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

// released is the stripped binary in a file.
func released(b *testing.B) string {
	b.Helper()
	content, err := stripped()
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), "opensrs-doctor")
	if err := os.WriteFile(path, content, 0o755); err != nil {
		b.Fatal(err)
	}
	return path
}

// measure runs the command over and over, in processes of their own, beside grepcidr with the same file.
func measure(b *testing.B, budget float64, file string, args ...string) {
	b.Helper()
	path := released(b)
	var took []time.Duration
	for b.Loop() {
		begun := time.Now()
		if err := exec.Command(path, append(args, "--ips", file)...).Run(); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(begun))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(took), "ms")
	b.ReportMetric(budget, "budget-ms")
	b.ReportMetric(float64(peak(b, path, append(args, "--ips", file)...))/1024, "MiB-resident")
	b.ReportMetric(256, "budget-MiB-resident")
	grepcidr, err := exec.LookPath("grepcidr")
	if err != nil {
		b.Log("grepcidr is not installed, so there is nothing to compare with: apt-get install grepcidr")
		return
	}
	begun := time.Now()
	exec.Command(grepcidr, strings.Join(benchRules, " "), file).Run() // 1 where nothing matches
	b.ReportMetric(float64(time.Since(begun).Milliseconds()), "grepcidr-ms")
}

func address4(n uint32) string { return fmt.Sprintf("%d.%d.%d.%d", n>>24, n>>16&255, n>>8&255, n&255) }

// BenchmarkRulesCheck judges a million lines, all of them allowed: bare addresses, and an access log.
func BenchmarkRulesCheck(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	args := []string{"rules", "check", "-f", "json"}
	for _, rule := range benchRules {
		args = append(args, "--rule", "allow "+rule)
	}
	next := func() string { return "203.0.113." + fmt.Sprint(random.IntN(128)) }
	b.Run("addresses", func(b *testing.B) {
		measure(b, 1000, writeLines(b, "ips", func(int) string { return next() }), args...)
	})
	b.Run("access log", func(b *testing.B) {
		measure(b, 1000, writeLines(b, "log", func(i int) string {
			return fmt.Sprintf(`%s - - [10/Oct/2026:13:55:36 +0000] "GET /index.html?%d HTTP/1.1" 200 1234 "-" "curl/8.5.0"`, next(), i)
		}), args...)
	})
}

// BenchmarkRulesPlan plans for a million lines: all over IPv4, one in each of a million /25 blocks, crowded, wide
// ranges, and no address at all.
func BenchmarkRulesPlan(b *testing.B) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, input := range []struct {
		name string
		line func(i int) string
	}{
		{"scattered", func(int) string { return address4(random.Uint32()) }},
		{"a million blocks", func(i int) string { return address4(uint32(i)<<7 | random.Uint32N(128)) }},
		{"crowded", func(int) string { return address4(0xcb000000 | random.Uint32N(1<<20)) }},
		{"ranges", func(int) string { return address4(random.Uint32()) + fmt.Sprintf("/%d", 8+random.IntN(25)) }},
		{"IPv6", func(i int) string { return fmt.Sprintf("2001:db8::%x", i&0xffff) }},
	} {
		b.Run(input.name, func(b *testing.B) {
			path := writeLines(b, "ips", input.line)
			if input.name == "IPv6" { // without one address the exit status is 1
				file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
				if err != nil {
					b.Fatal(err)
				}
				fmt.Fprintln(file, "203.0.113.7")
				file.Close()
			}
			measure(b, 2000, path, "rules", "plan", "-f", "json")
		})
	}
}

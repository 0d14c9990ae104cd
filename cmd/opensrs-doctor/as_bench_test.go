//go:build linux

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// BenchmarkAs is a check that passes, from this shell and as another user, in turn: ms, and as-ms with --as. The pairs run
// one after the other, so that a busy machine slows both; as-more-ms is the median of their differences.
func BenchmarkAs(b *testing.B) {
	if os.Geteuid() != 0 {
		b.Skip("needs root: only root speaks for another user")
	}
	content, err := stripped()
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	path, ready := filepath.Join(dir, "opensrs-doctor"), filepath.Join(dir, "ready.json")
	if err := os.WriteFile(path, content, 0o755); err != nil {
		b.Fatal(err)
	}
	service := exec.Command(path, "sandbox", "--ready-file", ready)
	if err := service.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { service.Process.Signal(syscall.SIGTERM); service.Wait() })
	var at sandboxReady
	for deadline := time.Now().Add(longestWait); ; time.Sleep(10 * time.Millisecond) {
		if document, err := os.ReadFile(ready); err == nil && json.Unmarshal(document, &at) == nil {
			break
		}
		if time.Now().After(deadline) {
			b.Fatal("the sandbox did not begin")
		}
	}
	plain := []string{"--config", os.DevNull, "--endpoint", at.URL, "--ca-file", at.CAFile, "--username", at.Username,
		"--api-key-file", at.APIKeyFile, "--no-third-parties", "--proxy", "none"}
	timed := func(args []string) time.Duration {
		begun := time.Now()
		out, err := exec.Command(path, args...).CombinedOutput()
		if err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		return time.Since(begun)
	}
	var here, as, more []time.Duration
	for b.Loop() {
		here = append(here, timed(plain))
		as = append(as, timed(append([]string{"--as", "user:nobody"}, plain...)))
		more = append(more, as[len(as)-1]-here[len(here)-1])
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(here), "ms")
	b.ReportMetric(median(as), "as-ms")
	b.ReportMetric(median(more), "as-more-ms")
	b.ReportMetric(20, "budget-more-ms")
}

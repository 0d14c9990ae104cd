package main

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
)

func TestPanicTellsNoValue(t *testing.T) {
	var stderr strings.Builder
	s := &console.Streams{Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: &stderr, Lookup: func(string) (string, bool) { panic("hunter2hunter2") }}
	if status := run([]string{"check"}, s); status != console.ExitInternal {
		t.Errorf("status %d", status)
	}
	if text := stderr.String(); strings.Contains(text, "hunter2") || !strings.Contains(text, "config") {
		t.Error(text)
	}
}

// TestHelpIsNarrow keeps the help within 80 columns, and every key in it.
func TestHelpIsNarrow(t *testing.T) {
	var out strings.Builder
	s := &console.Streams{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Lookup: func(string) (string, bool) { return "", false }}
	for _, command := range []string{"", "check", "render", "explain", "version", "completion"} {
		run([]string{"help", command}[:min(2, 1+len(command))], s)
	}
	run([]string{"check", "--help-all"}, s)
	for _, line := range strings.Split(out.String(), "\n") {
		if len([]rune(line)) > console.PlainWidth {
			t.Errorf("%d columns: %s", len([]rune(line)), line)
		}
	}
	for _, key := range config.KeysOf("check") {
		if !strings.Contains(out.String(), "--"+key.Name) {
			t.Errorf("--%s is not in the help", key.Name)
		}
	}
}

// The whole command is bounded as its parser is, also where it looks for the formats of a broken file.
func TestHostileConfigInACommand(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	s := &console.Streams{Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard, Lookup: func(string) (string, bool) { return "", false }}
	for _, text := range []string{strings.Repeat("[", 60000), strings.Repeat("- ", 32000), "a: &a {x: 1}\nb: {<<: [*a,*a,*a]}\n"} {
		write(t, path, text)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		status := run([]string{"check", "--config", path}, s)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; status != console.ExitUsage || took > 64<<20 {
			t.Errorf("%.10s: exit status %d, %d MiB", text, status, took>>20)
		}
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

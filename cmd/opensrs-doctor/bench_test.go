//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Budgets are shown beside the figures and never fail.

// stripped builds the binary as it is released, once, and gives its bytes.
var stripped = sync.OnceValues(func() ([]byte, error) {
	return built(func(path string) *exec.Cmd { return exec.Command("make", "-C", "../..", "build", "OUT="+path) })
})

// greeting is the least that a Go program is: it prints one line.
var greeting = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "opensrs-doctor-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte("package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"hello, world\") }\n"), 0o600); err != nil {
		return nil, err
	}
	return built(func(path string) *exec.Cmd {
		return exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, source)
	})
})

// built is the program that a command puts at a path.
func built(command func(path string) *exec.Cmd) ([]byte, error) {
	dir, err := os.MkdirTemp("", "opensrs-doctor-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "program")
	build := command(path)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", build.Path, err, out)
	}
	return os.ReadFile(path)
}

// placed writes a program to where it can be run.
func placed(b *testing.B, built func() ([]byte, error)) string {
	b.Helper()
	content, err := built()
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), "program")
	if err := os.WriteFile(path, content, 0o755); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkVersionCold is a new process for each run: ms with the binary in the kernel's page cache,
// uncached-ms with the binary read from its disk (where its file system has one), hello-ms a Go program that prints a
// line. Beside the times stand the millions of instructions of both, where valgrind is there to count them.
func BenchmarkVersionCold(b *testing.B) {
	path, hello := placed(b, stripped), placed(b, greeting)
	var warm, cold, least []time.Duration
	for b.Loop() {
		if err := uncache(path); err != nil {
			b.Fatal(err)
		}
		cold = append(cold, runOnce(b, path, "version"))
		warm = append(warm, runOnce(b, path, "version"))
		least = append(least, runOnce(b, hello))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(warm), "ms")
	b.ReportMetric(median(cold), "uncached-ms")
	b.ReportMetric(median(least), "hello-ms")
	b.ReportMetric(3.5, "budget-ms")
	b.ReportMetric(float64(peak(b, path, "version"))/1024, "MiB-resident")
	b.ReportMetric(9, "budget-MiB-resident")
	b.ReportMetric(float64(peak(b, hello))/1024, "hello-MiB-resident")
	if _, err := exec.LookPath("valgrind"); err != nil {
		b.Logf("instructions are not counted: %v", err)
		return
	}
	b.ReportMetric(instructions(b, path, "version"), "Minstr")
	b.ReportMetric(3, "budget-Minstr")
	b.ReportMetric(instructions(b, hello), "hello-Minstr")
}

// instructions is how many millions of them a program runs from its start to its end.
func instructions(b *testing.B, path string, args ...string) float64 {
	b.Helper()
	counts := filepath.Join(b.TempDir(), "counts")
	counted := exec.Command("valgrind", append([]string{"--tool=callgrind", "--callgrind-out-file=" + counts, path}, args...)...)
	counted.Env = append(os.Environ(), "GODEBUG=asyncpreemptoff=1") // its signals are more than callgrind can take
	out, err := counted.CombinedOutput()
	if err != nil {
		b.Fatalf("valgrind: %v\n%s", err, out)
	}
	content, err := os.ReadFile(counts)
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := bytes.Cut(content, []byte("\nsummary: "))
	var count float64
	if _, err := fmt.Fscan(bytes.NewReader(rest), &count); err != nil {
		b.Fatalf("valgrind wrote no summary: %v", err)
	}
	return count / 1e6
}

// BenchmarkBinarySize is the size of the stripped binary.
func BenchmarkBinarySize(b *testing.B) {
	content, err := stripped()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(len(content))/(1<<20), "MiB")
	b.ReportMetric(14, "budget-MiB")
}

func runOnce(b *testing.B, path string, args ...string) time.Duration {
	b.Helper()
	begun := time.Now()
	out, err := exec.Command(path, args...).CombinedOutput()
	took := time.Since(begun)
	if err != nil {
		b.Fatalf("%s: %v\n%s", path, err, out)
	}
	return took
}

// median is in milliseconds.
func median(took []time.Duration) float64 {
	slices.Sort(took)
	return float64(took[len(took)/2].Microseconds()) / 1000
}

// uncache drops a file from the page cache. Pages that were never written to disk cannot be dropped.
func uncache(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := file.Sync(); err != nil {
		return err
	}
	return unix.Fadvise(int(file.Fd()), 0, 0, unix.FADV_DONTNEED)
}

// peak is the greatest resident size of a command in KiB. Linux counts in a process's figure what its
// parent had when it was started, and this one has much: so a shell, which has little, starts it and
// leaves it to this process to wait for.
func peak(b *testing.B, path string, args ...string) int64 {
	b.Helper()
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		b.Fatal(err)
	}
	defer unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
	shell := exec.Command("sh", append([]string{"-c", `"$0" "$@" >/dev/null & echo $!`, path}, args...)...)
	out, err := shell.Output()
	if err != nil {
		b.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscan(bytes.NewReader(out), &pid); err != nil {
		b.Fatal(err)
	}
	var status unix.WaitStatus
	var usage unix.Rusage
	if _, err := unix.Wait4(pid, &status, 0, &usage); err != nil || status.ExitStatus() != 0 {
		b.Fatalf("%s: %v, exit status %d", path, err, status.ExitStatus())
	}
	return usage.Maxrss
}

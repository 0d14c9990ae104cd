//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"opensrs-doctor/cmd/opensrs-doctor/console"
)

// liveSandbox is the built program's sandbox, as its own process.
type liveSandbox struct {
	sandboxReady
	process   *exec.Cmd
	readyFile string
	home      string // of its temporary files
	ended     chan struct{}

	mu      sync.Mutex
	stdout  strings.Builder
	stderr  bytes.Buffer
	entries chan string // of the log, in their order
}

// longestWait bounds what a test waits for. It guards against hanging, and measures nothing.
const longestWait = 20 * time.Second

// startSandbox runs the sandbox until the test ends, and returns when it is ready.
func startSandbox(t *testing.T, args ...string) *liveSandbox {
	t.Helper()
	return startSandboxAs(t, nil, nil, args...)
}

// startSandboxAs has the program run by another one, such as unshare, and with more in its environment.
func startSandboxAs(t *testing.T, by, environment []string, args ...string) *liveSandbox {
	t.Helper()
	path, err := theBinary()
	if err != nil {
		t.Fatal(err)
	}
	l := &liveSandbox{home: t.TempDir(), ended: make(chan struct{}), entries: make(chan string, 4096)}
	l.readyFile = filepath.Join(t.TempDir(), "ready.json")
	line := append(append(append([]string{}, by...), path, "sandbox", "--ready-file", l.readyFile), args...)
	l.process = exec.Command(line[0], line[1:]...)
	l.process.Env = append([]string{"HOME=" + l.home, "TMPDIR=" + l.home, "PATH=" + os.Getenv("PATH")}, environment...)
	l.process.Stderr = &l.stderr
	out, err := l.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.process.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() { defer close(read); l.read(bufio.NewReader(out)) }()
	go func() { <-read; l.process.Wait(); close(l.ended) }()
	t.Cleanup(func() { l.process.Process.Signal(syscall.SIGTERM); l.await(t) })
	l.awaitReady(t)
	return l
}

// awaitReady reads the ready file once it is there: whole, for it is put there whole.
func (l *liveSandbox) awaitReady(t *testing.T) {
	t.Helper()
	deadline := time.After(longestWait)
	for {
		if document, err := os.ReadFile(l.readyFile); err == nil {
			if err := json.Unmarshal(document, &l.sandboxReady); err != nil {
				t.Fatalf("the ready file: %v\n%s", err, document)
			}
			return
		}
		select {
		case <-l.ended:
			t.Fatalf("the sandbox ended: %s", l.stderr.String())
		case <-deadline:
			t.Fatal("the sandbox does not get ready")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

var entryStart = regexp.MustCompile(`^\d\d:\d\d:\d\d  `)

// read takes the output apart: a blank line ends an entry of the log.
func (l *liveSandbox) read(out *bufio.Reader) {
	var entry strings.Builder
	for {
		line, err := out.ReadString('\n')
		l.mu.Lock()
		l.stdout.WriteString(line)
		l.mu.Unlock()
		switch {
		case err != nil:
			close(l.entries)
			return
		case entryStart.MatchString(line), entry.Len() > 0 && line != "\n":
			entry.WriteString(line)
		case entry.Len() > 0:
			l.entries <- entry.String()
			entry.Reset()
		}
	}
}

// entry is the next one of the log.
func (l *liveSandbox) entry(t *testing.T) string {
	t.Helper()
	select {
	case entry, ok := <-l.entries:
		if !ok {
			t.Fatal("the log has ended")
		}
		return entry
	case <-time.After(longestWait):
		t.Fatal("the log says nothing")
	}
	return ""
}

// request is the next entry that is about a request: some clients open a connection and leave it.
func (l *liveSandbox) request(t *testing.T) string {
	t.Helper()
	for {
		if entry := l.entry(t); strings.Contains(entry, "  request ") {
			return entry
		}
	}
}

// said is all that was printed so far.
func (l *liveSandbox) said() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stdout.String()
}

// stop ends the sandbox with a signal, and gives its exit status and all that it printed.
func (l *liveSandbox) stop(t *testing.T, signal os.Signal) (status int, printed string) {
	t.Helper()
	if err := l.process.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	l.await(t)
	return l.process.ProcessState.ExitCode(), l.said() + l.stderr.String()
}

func (l *liveSandbox) await(t *testing.T) {
	t.Helper()
	select {
	case <-l.ended:
	case <-time.After(longestWait):
		l.process.Process.Kill()
		t.Error("the sandbox does not end")
	}
}

// leavesNothing fails the test where a file of the sandbox's is still there.
func (l *liveSandbox) leavesNothing(t *testing.T) {
	t.Helper()
	if left, _ := filepath.Glob(filepath.Join(l.home, "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := os.Stat(l.readyFile); err == nil {
		t.Error("the ready file is still there")
	}
}

// shell runs a command line as its text stands there.
func shell(t *testing.T, line string, environment ...string) outcome {
	t.Helper()
	command := exec.CommandContext(t.Context(), "sh", "-c", line)
	command.Env = append([]string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}, environment...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Fatal(err)
	}
	return outcome{status: command.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}
}

// names fails the test where the report's first cause is another one; "" is a full pass.
func (o outcome) names(t *testing.T, cause string) {
	t.Helper()
	report := o.report(t)
	if report.cause() != cause || cause == "" && o.status != console.ExitOK {
		t.Errorf("cause %q with exit status %d, want %q: %+v", report.cause(), o.status, cause, report.Diagnoses)
	}
	if cause != "" {
		return
	}
	for _, probe := range report.Probes {
		if probe.Status != "pass" {
			t.Errorf("%s: %s", probe.Name, probe.Status)
		}
	}
}

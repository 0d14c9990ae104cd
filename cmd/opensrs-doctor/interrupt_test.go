//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"opensrs-doctor/report"
	"opensrs-doctor/report/render"
)

// TestInterrupt sends SIGINT while the TLS handshake waits for a peer that says nothing: the report of what
// is known is still written, and the exit status is 3.
func TestInterrupt(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	command := exec.Command("opensrs-doctor", "--endpoint", listener.Addr().String(), "--no-third-parties",
		"--proxy", "none", "-f", "json")
	command.Env = append(os.Environ(), "HOME="+t.TempDir(), "XDG_CONFIG_HOME=", "OPENSRS_CONFIG=")
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Read(make([]byte, 1)); err != nil { // the handshake has begun
		t.Fatal(err)
	}
	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	var status *exec.ExitError
	if err := command.Wait(); !errors.As(err, &status) || status.ExitCode() != exitInternal {
		t.Errorf("%v, want exit status 3", err)
	}
	if saved := stdout.String(); !strings.Contains(saved, `"verdict": "incomplete"`) {
		t.Errorf("the report: %s", saved)
	}
	if _, err := report.Read(&stdout); err != nil {
		t.Errorf("the report: %v", err)
	}
	if !strings.Contains(stderr.String(), "interrupted") {
		t.Errorf("standard error: %q", stderr.String())
	}
}

// TestInterruptAfterARound: the signal comes when a round is complete, before the next one or with none to come.
// The exit status is 3 then, so the report says so too, and a plugin's line is UNKNOWN.
func TestInterruptAfterARound(t *testing.T) {
	for _, cause := range []string{"rules.propagating", "port.refused"} { // one that can pass by itself, one that cannot
		ctx, interrupt := context.WithCancel(t.Context())
		result := (&request{wait: time.Hour}).repeat(ctx, &streams{}, func() *report.Report {
			interrupt()
			return &report.Report{Verdict: report.VerdictFail,
				Diagnoses: []report.Diagnosis{{Cause: cause, Severity: report.Fail}}}
		})
		if result.Verdict != report.VerdictIncomplete || !result.Interrupted || render.StateOf(result) != render.NagiosUnknown ||
			len(result.Diagnoses) != 1 {
			t.Errorf("%s: interrupted %v, %s, %s", cause, result.Interrupted, result.Verdict, render.StateOf(result))
		}
	}
}

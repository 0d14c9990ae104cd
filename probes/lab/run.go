//go:build linux

package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Result is one run of a program on the client's machine.
type Result struct {
	Exit   int // -1: killed by the lab, it ran for more than a minute
	Stdout []byte
	Stderr []byte
	Took   time.Duration
	Report Report // of opensrs-doctor
}

// Report is what the lab reads of a JSON report. It is its own type on purpose: the lab takes the
// document as any other program would.
type Report struct {
	Schema     string      `json:"schema"`
	Verdict    string      `json:"verdict"`
	DurationMS float64     `json:"duration_ms"`
	Diagnoses  []Diagnosis `json:"diagnoses"`
	Probes     []struct {
		Name    string          `json:"name"`
		Status  string          `json:"status"`
		Summary string          `json:"summary"`
		Facts   json.RawMessage `json:"facts"`
	} `json:"probes"`
}

// Diagnosis is one entry of a report.
type Diagnosis struct {
	Cause       string   `json:"cause"`
	Severity    string   `json:"severity"`
	Confidence  string   `json:"confidence"`
	Summary     string   `json:"summary"`
	Explanation string   `json:"explanation"`
	Evidence    []string `json:"evidence"`
	Fixes       []string `json:"fixes"`
	Hides       []string `json:"hides"`
	Culprit     struct {
		Kind, Name, At, Text, File string
		Manager                    string
	} `json:"culprit"`
	NotEvaluated []string `json:"not_evaluated"`
}

// Words are everything that a person reads of a diagnosis.
func (d Diagnosis) Words() string {
	parts := []string{d.Summary, d.Explanation, strings.Join(d.Evidence, "\n"), strings.Join(d.Fixes, "\n")}
	return strings.Join(parts, "\n")
}

// Causes are the IDs in their order.
func (r Report) Causes() []string {
	causes := make([]string, len(r.Diagnoses))
	for i, diagnosis := range r.Diagnoses {
		causes[i] = diagnosis.Cause
	}
	return causes
}

// Probe gives the status of a probe.
func (r Report) Probe(name string) string {
	for _, probe := range r.Probes {
		if probe.Name == name {
			return probe.Status
		}
	}
	return ""
}

// Exec runs a program on the client's machine, with its files and its environment.
func (w *World) Exec(path string, args ...string) Result {
	w.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, path, args...)
	if w.Descriptors != 0 {
		cmd = exec.CommandContext(ctx, "prlimit", append([]string{fmt.Sprintf("--nofile=%d", w.Descriptors), path}, args...)...)
	}
	cmd.Dir, cmd.Env = w.dir, w.Environ()
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if w.Group != "" {
		group, err := os.Open(w.Group)
		if err != nil {
			w.tb.Fatal(err)
		}
		defer group.Close()
		cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(group.Fd())}
	}
	files := w.Files()
	if w.User != 0 {
		w.become(path, cmd)
	}
	began := time.Now()
	if err := w.Client.Command(files, cmd)(); err != nil {
		w.tb.Fatalf("start %s: %v", path, err)
	}
	w.Running.Store(int32(cmd.Process.Pid))
	err := cmd.Wait()
	result := Result{Stdout: stdout.Bytes(), Stderr: stderr.Bytes(), Took: time.Since(began)}
	var status *exec.ExitError
	switch {
	case errors.As(err, &status):
		result.Exit = status.ExitCode()
	case err != nil:
		w.tb.Fatalf("run %s: %v", path, err)
	}
	return result
}

// become lets the program at path run as the world's user, who owns the files that it is given; /etc stays root's.
func (w *World) become(path string, cmd *exec.Cmd) {
	w.tb.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: w.User, Gid: w.User}}
	files, err := filepath.Glob(filepath.Join(w.dir, "*"))
	for _, file := range files {
		if filepath.Base(file) != "etc" && err == nil {
			err = os.Chown(file, int(w.User), int(w.User))
		}
	}
	for _, dir := range []string{w.dir, filepath.Dir(w.dir), filepath.Dir(path)} { // of the test alone, and made for its user
		if err == nil {
			err = os.Chmod(dir, 0o755)
		}
	}
	if err != nil {
		w.tb.Fatal(err)
	}
}

// Diagnose runs opensrs-doctor with the world's flags and reads its report.
func (w *World) Diagnose(binary string) Result {
	w.tb.Helper()
	args := w.Args()
	if w.Target != nil {
		args = append(args, "--as", w.Target.start(w, binary))
	}
	result := w.Exec(binary, args...)
	decoder := json.NewDecoder(bytes.NewReader(result.Stdout))
	if err := decoder.Decode(&result.Report); err != nil {
		w.tb.Fatalf("standard output is no report: %v, exit %d, %q\n%s", err, result.Exit, result.Stderr, result.Stdout)
	}
	if decoder.More() {
		w.tb.Errorf("something follows the report on standard output:\n%s", result.Stdout)
	}
	return result
}

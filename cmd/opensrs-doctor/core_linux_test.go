package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A run that ends in a dump leaves no core file, and its memory belongs to nobody who could read it.
func TestMemoryStaysPrivate(t *testing.T) {
	program, err := theBinary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "key"), strings.Repeat("0123456789abcdef", 7))
	// A shell that allows core files, and a run that waits for its standard input's end, the key in its memory.
	run := exec.Command("sh", "-c", `ulimit -c unlimited; exec "$0" "$@"`, program, "sandbox", "--username", "x", "--api-key-file", "key")
	run.Dir, run.Env = dir, append(os.Environ(), "GOTRACEBACK=crash")
	out, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	defer run.Process.Kill()
	if _, err := out.Read(make([]byte, 1)); err != nil { // it listens
		t.Fatal(err)
	}
	proc := fmt.Sprintf("/proc/%d/", run.Process.Pid)
	limits, err := os.ReadFile(proc + "limits")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(limits)) {
		if fields := strings.Fields(line); strings.HasPrefix(line, "Max core file size") && (fields[4] != "0" || fields[5] == "0") {
			t.Errorf("the soft limit should be 0, the hard one as it was: %s", line)
		}
	}
	if info, err := os.Stat(proc + "mem"); err != nil || info.Sys().(*syscall.Stat_t).Uid != 0 {
		t.Errorf("another process of this user may read its memory: %v", err)
	}
	if err := run.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- run.Wait() }()
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Fatal("it goes on after SIGQUIT")
	}
	if status := run.ProcessState.Sys().(syscall.WaitStatus); status.CoreDump() {
		t.Error("a core was dumped")
	}
	if cores, _ := filepath.Glob(filepath.Join(dir, "core*")); len(cores) > 0 {
		t.Errorf("there is %v", cores)
	}
}

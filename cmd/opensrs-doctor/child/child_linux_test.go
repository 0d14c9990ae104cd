package child

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A program of the user's has the limit that the user set.
func TestChildKeepsItsLimit(t *testing.T) {
	before := coreLimit
	defer func() { coreLimit = before }()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(4, &limit); err != nil { // RLIMIT_CORE
		t.Fatal(err)
	}
	changed := limit
	if changed.Cur = min(4096, limit.Max); changed.Cur == 0 {
		t.Skip("the hard limit is 0")
	}
	if err := syscall.Setrlimit(4, &changed); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(4, &limit)
	KeepMemory()
	defer dumpable(t)
	child := exec.Command("sh", "-c", "read go; ulimit -c")
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	child.Stdout = &out
	if err := Start(child); err != nil {
		t.Fatal(err)
	}
	in.Write([]byte("\n"))
	if err := child.Wait(); err != nil || strings.TrimSpace(out.String()) == "0" {
		t.Errorf("the child's limit is %q, %v", out.String(), err)
	}
}

// dumpable gives this test's process its dumps back, which other tests need.
func dumpable(t *testing.T) {
	t.Helper()
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
}

// Package child starts the programs that a user names, with the limits that the user set and in a process group that can
// be ended as a whole; and it keeps this program's own memory from them, and from core files.
package child

import (
	"os/exec"

	"golang.org/x/sys/unix"
)

// coreLimit is what the soft limit for core files was before KeepMemory, for children.
var coreLimit *unix.Rlimit

// KeepMemory keeps this process's memory, which holds the key, out of core files and from other processes of the same
// user. Only main calls it: tests and the lab make user namespaces, which a process without dumps may not.
func KeepMemory() {
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_CORE, &limit) != nil || limit.Cur == 0 {
		return
	}
	before := limit
	if limit.Cur = 0; unix.Setrlimit(unix.RLIMIT_CORE, &limit) == nil {
		coreLimit = &before
	}
}

// Start starts a program of the user's with the limit for core files that the user set. Its memory is its own
// business; that it can be dumped comes back by itself with the new program.
func Start(child *exec.Cmd) error {
	err := child.Start()
	if err == nil && coreLimit != nil {
		_ = unix.Prlimit(child.Process.Pid, unix.RLIMIT_CORE, coreLimit, nil)
	}
	return err
}

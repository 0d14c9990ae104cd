//go:build unix

package child

import (
	"os/exec"
	"syscall"
)

// InGroup gives a command a process group of its own, and lets its end be that of the group.
func InGroup(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
}

// EndGroup ends what a command has left running.
func EndGroup(command *exec.Cmd) { _ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }

//go:build unix

package runtimes

import (
	"os/exec"
	"syscall"
)

// grouped makes a command the head of a process group that ends with it: a wrapper's children too.
func grouped(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return endGroup(command) }
}

// endGroup ends what is left of the command's group.
func endGroup(command *exec.Cmd) error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }

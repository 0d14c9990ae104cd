//go:build !unix

package runtimes

import "os/exec"

func grouped(*exec.Cmd) {}

func endGroup(command *exec.Cmd) error { return command.Process.Kill() }

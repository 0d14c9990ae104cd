//go:build !unix

package child

import "os/exec"

// InGroup does nothing: this system has no process groups; the command itself is ended.
func InGroup(*exec.Cmd) {}

// EndGroup does nothing.
func EndGroup(*exec.Cmd) {}

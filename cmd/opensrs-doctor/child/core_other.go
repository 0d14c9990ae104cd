//go:build !linux

package child

import "os/exec"

// KeepMemory does nothing: this system has no way for it that this program uses.
func KeepMemory() {}

// Start starts a program of the user's.
func Start(child *exec.Cmd) error { return child.Start() }

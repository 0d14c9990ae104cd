//go:build !linux

package main

import "os/exec"

// keepMemory does nothing: this system has no way for it that this program uses.
func keepMemory() {}

// startChild starts a program of the user's.
func startChild(child *exec.Cmd) error { return child.Start() }

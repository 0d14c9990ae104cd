//go:build !unix

package main

import (
	"os"
	"syscall"
)

// forwarded are the signals that this program takes: of a console, which sends them to the command too.
var forwarded = []os.Signal{os.Interrupt, syscall.SIGTERM}

func (c *companion) setApart() {}

// forward reports that the command has been told to end: the console has done that.
func (c *companion) forward(os.Signal) (toEnd bool) { return true }

func (c *companion) kill() { c.command.Process.Kill() }

func (c *companion) endRest() {}

func (c *companion) exitStatus() int { return c.command.ProcessState.ExitCode() }

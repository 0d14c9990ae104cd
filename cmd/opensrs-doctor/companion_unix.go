//go:build unix

package main

import (
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// forwarded are the signals that the command gets from this program.
var forwarded = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2}

// setApart gives the command a process group of its own, so that what it starts can be ended with it. On a terminal
// it stays in this program's: there the shell that has started this program stops, continues and interrupts both.
func (c *companion) setApart() {
	terminal, err := os.OpenFile("/dev/tty", os.O_RDONLY|unix.O_NOCTTY, 0)
	if err == nil {
		terminal.Close()
		return
	}
	c.apart = true
	c.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// forward passes a signal on, and reports whether the command has been told to end by it.
func (c *companion) forward(one os.Signal) (toEnd bool) {
	number := one.(syscall.Signal)
	if !c.apart && (number == syscall.SIGINT || number == syscall.SIGQUIT) && inForeground() {
		return false // the terminal has sent it to the command too
	}
	c.send(number)
	return number != syscall.SIGUSR1 && number != syscall.SIGUSR2
}

// inForeground reports whether this program's group is the one that the terminal sends its signals to.
func inForeground() bool {
	terminal, err := os.OpenFile("/dev/tty", os.O_RDONLY|unix.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	defer terminal.Close()
	group, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

func (c *companion) send(number syscall.Signal) error {
	if c.apart {
		return syscall.Kill(-c.command.Process.Pid, number)
	}
	return c.command.Process.Signal(number)
}

func (c *companion) kill() { c.send(syscall.SIGKILL) }

// endRest ends what the command has left running in its group.
func (c *companion) endRest() {
	if !c.apart || c.send(syscall.SIGTERM) != nil {
		return
	}
	for range 100 {
		if errors.Is(c.send(0), syscall.ESRCH) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	c.kill()
}

// exitStatus is the command's, or 128 and the number of the signal that has ended it.
func (c *companion) exitStatus() int {
	if status, is := c.command.ProcessState.Sys().(syscall.WaitStatus); is && status.Signaled() {
		return exitBySignal + int(status.Signal())
	}
	return c.command.ProcessState.ExitCode()
}

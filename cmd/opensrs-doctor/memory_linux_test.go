package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// startMeasured starts a program and gives what waits for its end and tells the most of its memory that was resident at
// once, in bytes. It has to be asked before the program is waited for, which would take the tracer's stops. The program is traced for that: the kernel stops it at its end, while its memory can still be asked for. The
// ru_maxrss of a parent's wait is no use, for it counts the memory that the parent had when it started the program; and
// who looks now and then misses a short run.
func startMeasured(command *exec.Cmd) (peak func() int64, err error) {
	started, ended := make(chan error), make(chan int64, 1)
	go func() {
		runtime.LockOSThread() // a program is traced by the thread that started it; this one ends with the function
		command.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
		if err := command.Start(); err != nil {
			started <- err
			return
		}
		pid := command.Process.Pid
		var status unix.WaitStatus
		_, err := unix.Wait4(pid, &status, 0, nil) // stopped at its first instruction
		err = errors.Join(err, unix.PtraceSetOptions(pid, unix.PTRACE_O_TRACEEXIT|unix.PTRACE_O_EXITKILL), unix.PtraceCont(pid, 0))
		started <- err
		ended <- traceToEnd(pid)
	}()
	return func() int64 { return <-ended }, <-started
}

// traceToEnd hands on the signals of a traced program until it ends, and leaves its exit status to be waited for.
func traceToEnd(pid int) (most int64) {
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WSTOPPED|unix.WNOWAIT, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil || info.Code != cldTrapped && info.Code != cldStopped:
			return most
		}
		var status unix.WaitStatus
		if _, err := unix.Wait4(pid, &status, unix.WNOHANG, nil); err != nil || !status.Stopped() {
			continue
		}
		signal := int(status.StopSignal())
		if status.TrapCause() == unix.PTRACE_EVENT_EXIT {
			most, signal = memoryOf(pid), 0
		}
		_ = unix.PtraceCont(pid, signal)
	}
}

// The codes of SIGCHLD for a program that did not end: see sigaction(2).
const (
	cldTrapped = 4
	cldStopped = 5
)

// memoryOf is the high-water mark of a process that runs, or is stopped at its end.
func memoryOf(pid int) int64 {
	status, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kilobytes int64
	fmt.Sscan(rest, &kilobytes)
	return kilobytes << 10
}

//go:build unix

package infile

import (
	"os"

	"golang.org/x/sys/unix"
)

const nonblocking = unix.O_NONBLOCK

// writerLeft reports whether a pipe without a writer has had one.
func writerLeft(pipe *os.File) (left bool) {
	conn, err := pipe.SyscallConn()
	if err != nil {
		return true
	}
	_ = conn.Control(func(fd uintptr) {
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		_, err := unix.Poll(poll, 0)
		left = err != nil || poll[0].Revents&unix.POLLHUP != 0
	})
	return left
}

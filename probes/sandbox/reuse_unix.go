//go:build unix

package sandbox

import "syscall"

// reuse lets a port be taken whose last connections have ended a moment ago, as a listener does.
func reuse(_, _ string, conn syscall.RawConn) error {
	var failed error
	err := conn.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	})
	if err == nil {
		err = failed
	}
	return err
}

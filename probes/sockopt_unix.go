//go:build linux || darwin

package probes

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// setSegmentSize sets how many bytes one TCP segment may carry. The error says that the experiment cannot be made.
func setSegmentSize(raw syscall.RawConn, bytes int) error {
	var failed error
	err := raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, bytes)
	})
	if err != nil {
		return err
	}
	if failed != nil {
		return notMade("this system refuses to set the segment size: " + failed.Error())
	}
	return nil
}

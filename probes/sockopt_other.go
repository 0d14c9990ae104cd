//go:build !linux

package probes

import (
	"errors"
	"net"
	"syscall"
)

// retransmits is not available here.
func retransmits(net.Conn) *int { return nil }

// smallSegments is not available here; the experiment says so.
func smallSegments(string, string, syscall.RawConn) error {
	return errors.New("a segment size can't be set on this system")
}

//go:build linux || darwin

package probes

import (
	"errors"
	"net"
	"testing"
)

func TestSegmentSizeRefused(t *testing.T) {
	conn, err := net.Dial("tcp", hangsUp(t).String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var not notMade
	if err := setSegmentSize(raw, 1<<30); !errors.As(err, &not) {
		t.Errorf("a segment of 1 GiB: %v", err)
	}
	if err := setSegmentSize(raw, 536); err != nil {
		t.Error(err)
	}
}

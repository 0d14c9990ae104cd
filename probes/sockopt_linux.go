package probes

import (
	"context"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// retransmits is how many TCP segments the kernel had to send again on a connection, the SYN included; nil where
// it can't be asked. Those that the peer then reported as needless duplicates (DSACK, RFC 2883) were late and
// not lost, and do not count. It sees through the layers that have a NetConn method.
func retransmits(conn net.Conn) *int {
	for {
		inner, wrapped := conn.(interface{ NetConn() net.Conn })
		if !wrapped {
			break
		}
		conn = inner.NetConn()
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	var count *int
	raw.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			total := max(int(info.Total_retrans)-int(info.Dsack_dups), 0)
			count = &total
		}
	})
	return count
}

// smallOneWay: here both ends send small segments.
const smallOneWay = ""

// connectSmall connects so that both ends send segments of at most 536 bytes (RFC 879's default): with those, a black
// hole for big packets has nothing to swallow.
func (w *world) connectSmall(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	return w.dialer(func(_, _ string, raw syscall.RawConn) error {
		return setSegmentSize(raw, 536)
	}).DialContext(ctx, "tcp", to.String())
}

package probes

import (
	"context"
	"math"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// retransmits is how many TCP segments the kernel had to send again on a connection, the SYN included; nil where
// it can't be asked. Those that the peer then reported as needless duplicates (DSACK, RFC 2883) were late and
// not lost, and do not count. It sees through the layers that have a NetConn method.
func retransmits(conn net.Conn) *int {
	info := tcpInfo(conn)
	if info == nil {
		return nil
	}
	count := max(int(info.Total_retrans)-int(info.Dsack_dups), 0)
	return &count
}

// unconfirmed is how many packets the other end has not confirmed; 0 where that can't be asked. What a firewall of this
// host drops counts as not sent yet, and then as one.
func unconfirmed(conn net.Conn) int {
	info := tcpInfo(conn)
	switch {
	case info == nil:
		return 0
	case info.Notsent_bytes > 0:
		return int(info.Unacked) + 1
	}
	return int(info.Unacked)
}

// shortestTrip is the shortest round trip that TCP measured on a connection; 0 where it measured none.
func shortestTrip(conn net.Conn) time.Duration {
	if info := tcpInfo(conn); info != nil && info.Min_rtt != math.MaxUint32 {
		return time.Duration(info.Min_rtt) * time.Microsecond
	}
	return 0
}

func tcpInfo(conn net.Conn) *unix.TCPInfo {
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
	var info *unix.TCPInfo
	raw.Control(func(fd uintptr) {
		info, _ = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	})
	return info
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

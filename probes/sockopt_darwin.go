package probes

import (
	"context"
	"net"
	"net/netip"
)

// smallOneWay is what a failure with small segments leaves open here. The kernel announces the size of its own
// segments to the peer by the interface's MTU alone (tcp_mssopt in xnu's tcp_input.c), so the peer's stay big.
const smallOneWay = "only packets to the server can be made small on this system"

// connectSmall connects, and then makes this end send segments of at most 512 bytes; what is set before the
// connection is made, its handshake sets anew.
func (w *world) connectSmall(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	conn, err := w.connect(ctx, to)
	if err != nil {
		return nil, err
	}
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err == nil {
		err = setSegmentSize(raw, 512)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

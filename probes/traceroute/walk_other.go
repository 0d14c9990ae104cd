//go:build !linux

package traceroute

import (
	"context"
	"net/netip"
	"time"

	"opensrs-doctor/probes/evidence"
)

// HopTime is how long one hop may take to answer.
const HopTime = time.Second

// OneHop needs the error queue of Linux sockets.
func OneHop(context.Context, netip.Addr, netip.AddrPort, int, func() time.Duration) *evidence.Hop {
	return nil
}

// Walk needs the error queue of Linux sockets; elsewhere it says so.
func Walk(_ context.Context, _ netip.Addr, _ netip.AddrPort, compareTo uint16, _ *evidence.Hop) (*evidence.Path, int) {
	return &evidence.Path{Why: evidence.NotAvailable, ComparedTo: compareTo}, 0
}

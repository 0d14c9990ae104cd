//go:build !linux

package probes

import (
	"context"
	"net/netip"
)

// walk needs the error queue of Linux sockets; elsewhere it says so.
func (w *world) walk(_ context.Context, _ netip.AddrPort, compareTo uint16, _ bool) *Path {
	return &Path{Why: "not available on this system", ComparedTo: compareTo}
}

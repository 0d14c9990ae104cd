//go:build !linux && !darwin

package probes

import (
	"context"
	"net"
	"net/netip"

	"opensrs-doctor/probes/evidence"
)

const smallOneWay = ""

// connectSmall: no size of segments can be set here.
func (w *world) connectSmall(context.Context, netip.AddrPort) (net.Conn, error) {
	return nil, notMade(evidence.NotAvailable)
}

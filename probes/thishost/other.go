//go:build !linux

package thishost

import (
	"context"
	"net/netip"
	"time"

	"opensrs-doctor/probes/evidence"
)

// Look is not available on this system.
func Look(netip.AddrPort, netip.Addr) *evidence.ThisHost { return nil }

// Keep is not available on this system.
func Keep(context.Context, netip.AddrPort, netip.Addr, time.Duration) *evidence.Ledger {
	return &evidence.Ledger{Why: evidence.NotAvailable}
}

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
func Keep(_ context.Context, to netip.AddrPort, protocol string, _ netip.Addr, _ time.Duration) *evidence.Ledger {
	return &evidence.Ledger{To: to.String(), Protocol: protocol, Why: evidence.NotAvailable}
}

// Rules are not available on this system.
type Rules struct{}

// ReadRules is not available on this system.
func ReadRules() *Rules { return nil }

// Since is not available on this system.
func (r *Rules) Since(*evidence.Ledger) *evidence.Firewall { return nil }

// Trace is not available on this system.
func Trace(*evidence.Firewall, *evidence.Ledger, netip.AddrPort, netip.Addr, time.Duration) {}

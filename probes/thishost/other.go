//go:build !linux

package thishost

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"opensrs-doctor/probes/evidence"
)

// Look is not available on this system.
func (Here) Look(netip.AddrPort, netip.Addr) *evidence.ThisHost { return nil }

// Keep is not available on this system.
func Keep(_ context.Context, to netip.AddrPort, protocol string, _ netip.Addr, _ time.Duration, _ Eyes) *evidence.Ledger {
	return &evidence.Ledger{To: to.String(), Protocol: protocol, Why: evidence.NotAvailable}
}

// Hellos is not available on this system.
func Hellos(_ context.Context, to netip.AddrPort, _ []byte, _ netip.Addr, _ time.Duration, _ Eyes) *evidence.Ledger {
	return &evidence.Ledger{To: to.String(), Protocol: evidence.LedgerHello, Why: evidence.NotAvailable}
}

// Counters are not available on this system.
func (Here) Counters() (Counters, bool) { return Counters{}, false }

// ReadRules is not available on this system.
func (Here) ReadRules() RulesThen { return noRules{} }

type noRules struct{}

func (noRules) Since(*evidence.Ledger) *evidence.Firewall { return nil }

// Follow is not available on this system.
func (Here) Follow(netip.AddrPort, *evidence.Ledger, []uint16) (Followed, error) {
	return nil, errors.New(evidence.NotAvailable)
}

// Trace is not available on this system.
func Trace(Eyes, *evidence.Firewall, *evidence.Ledger, netip.AddrPort, netip.Addr, time.Duration) {}

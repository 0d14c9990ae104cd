//go:build !linux

package probes

import (
	"context"
	"net"
	"net/netip"
	"time"

	"opensrs-doctor/probes/evidence"
)

const walkHop = time.Second

// ordinaryHop needs the error queue of Linux sockets.
func (w *world) ordinaryHop(context.Context, netip.AddrPort, func() time.Duration) *evidence.Hop {
	return nil
}

// walk needs the error queue of Linux sockets; elsewhere it says so.
func (w *world) walk(_ context.Context, _ netip.AddrPort, compareTo uint16, _ *evidence.Hop) (*evidence.Path, int) {
	return &evidence.Path{Why: evidence.NotAvailable, ComparedTo: compareTo}, 0
}

// retransmits would be read from TCP_INFO, which is Linux's.
func retransmits(net.Conn) *int { return nil }

func ecnInTheWay(net.Conn, *evidence.Failure) bool { return false }

func unconfirmed(net.Conn) int { return 0 }

func shortestTrip(net.Conn) time.Duration { return 0 }

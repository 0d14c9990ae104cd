//go:build !linux

package probes

import (
	"net"
	"time"

	"opensrs-doctor/probes/evidence"
)

// retransmits would be read from TCP_INFO, which is Linux's.
func retransmits(net.Conn) *int { return nil }

func ecnInTheWay(net.Conn, *evidence.Failure) bool { return false }

func unconfirmed(net.Conn) int { return 0 }

func shortestTrip(net.Conn) time.Duration { return 0 }

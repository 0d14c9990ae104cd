//go:build !windows

package probes

import (
	"runtime"
	"syscall"

	"opensrs-doctor/probes/evidence"
)

// systemKind is what the error number of a socket operation means on this system; KindUnclassified for one that
// says nothing about the peer or the way to it.
func systemKind(op string, errno syscall.Errno) evidence.Kind {
	switch errno {
	case syscall.ECONNREFUSED:
		return evidence.KindRefused
	case syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED:
		return evidence.KindReset
	case syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ENETDOWN,
		syscall.EPROTO, syscall.ENOPROTOOPT: // the last two: ICMP "parameter problem" and "protocol unreachable"
		return evidence.KindUnreachable
	case syscall.EPERM, syscall.EACCES:
		return evidence.KindNotPermitted
	case syscall.EINVAL:
		if op == "connect" && runtime.GOOS == "linux" { // a route of type blackhole
			return evidence.KindNotPermitted
		}
	case syscall.EADDRNOTAVAIL:
		return evidence.KindNoAddress
	case syscall.EADDRINUSE:
		return evidence.KindInUse
	case syscall.EMFILE, syscall.ENFILE:
		return evidence.KindNoDescriptors
	case syscall.ENOBUFS, syscall.ENOMEM:
		return evidence.KindExhausted
	case syscall.ETIMEDOUT:
		return evidence.KindTimeout
	}
	return evidence.KindUnclassified
}

//go:build !windows

package probes

import (
	"runtime"
	"syscall"
)

// systemKind is what the error number of a socket operation means on this system; KindUnclassified for one that
// says nothing about the peer or the way to it.
func systemKind(op string, errno syscall.Errno) Kind {
	switch errno {
	case syscall.ECONNREFUSED:
		return KindRefused
	case syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED:
		return KindReset
	case syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ENETDOWN,
		syscall.EPROTO, syscall.ENOPROTOOPT: // the last two: ICMP "parameter problem" and "protocol unreachable"
		return KindUnreachable
	case syscall.EPERM, syscall.EACCES:
		return KindNotPermitted
	case syscall.EINVAL:
		if op == "connect" && runtime.GOOS == "linux" { // a route of type blackhole
			return KindNotPermitted
		}
	case syscall.EADDRNOTAVAIL:
		return KindNoAddress
	case syscall.EADDRINUSE:
		return KindInUse
	case syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM:
		return KindExhausted
	case syscall.ETIMEDOUT:
		return KindTimeout
	}
	return KindUnclassified
}

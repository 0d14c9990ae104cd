//go:build !windows

package classify

import (
	"runtime"
	"strings"
	"syscall"

	"opensrs-doctor/probes/evidence"
)

// systemKind is what the error number of a socket operation means on this system, where call is the system call that
// gave it, as systemCall says; KindUnclassified for one that says nothing about the peer or the way to it.
func systemKind(op evidence.Op, call string, errno syscall.Errno) evidence.Kind {
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
		if strings.HasPrefix(call, "connect") && runtime.GOOS == "linux" { // a route of type blackhole
			return evidence.KindNotPermitted
		}
	case syscall.EADDRNOTAVAIL:
		if call == "connect" {
			return evidence.KindNoPort
		}
		return evidence.KindNoAddress
	case syscall.EADDRINUSE:
		if op != evidence.OpListen { // all others leave the port to the system
			return evidence.KindNoPort
		}
		return evidence.KindInUse
	case syscall.EAGAIN:
		if strings.HasPrefix(call, "connect") { // UDP, on Linux
			return evidence.KindNoPort
		}
	case syscall.EMFILE, syscall.ENFILE:
		return evidence.KindNoDescriptors
	case syscall.ENOBUFS, syscall.ENOMEM:
		return evidence.KindExhausted
	case syscall.ETIMEDOUT:
		return evidence.KindTimeout
	}
	return evidence.KindUnclassified
}

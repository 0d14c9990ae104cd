package classify

import (
	"syscall"

	"golang.org/x/sys/windows"

	"opensrs-doctor/probes/evidence"
)

// systemKind is what the error number of a socket operation means on this system; KindUnclassified for one that
// says nothing about the peer or the way to it. The names of package syscall, such as ECONNREFUSED, are invented
// numbers here: Winsock returns its own, and operations that overlap with others those of Win32.
// https://learn.microsoft.com/windows/win32/winsock/windows-sockets-error-codes-2
func systemKind(op evidence.Op, _ string, errno syscall.Errno) evidence.Kind {
	switch errno {
	case windows.WSAECONNREFUSED, windows.ERROR_CONNECTION_REFUSED, windows.ERROR_PORT_UNREACHABLE:
		return evidence.KindRefused
	case windows.WSAECONNRESET, windows.WSAECONNABORTED, windows.WSAENETRESET, windows.WSAESHUTDOWN,
		windows.ERROR_NETNAME_DELETED, windows.ERROR_CONNECTION_ABORTED, windows.ERROR_BROKEN_PIPE:
		return evidence.KindReset
	case windows.WSAEHOSTUNREACH, windows.WSAENETUNREACH, windows.WSAEHOSTDOWN, windows.WSAENETDOWN,
		windows.ERROR_HOST_UNREACHABLE, windows.ERROR_NETWORK_UNREACHABLE, windows.ERROR_PROTOCOL_UNREACHABLE,
		windows.ERROR_HOST_DOWN:
		return evidence.KindUnreachable
	case windows.WSAEACCES, windows.ERROR_ACCESS_DENIED: // what the Windows firewall gives for a rule that blocks
		return evidence.KindNotPermitted
	case windows.WSAEADDRNOTAVAIL:
		return evidence.KindNoAddress
	case windows.WSAEADDRINUSE:
		if op != evidence.OpListen { // all others leave the port to the system
			return evidence.KindNoPort
		}
		return evidence.KindInUse
	case windows.WSAEMFILE:
		return evidence.KindNoDescriptors
	case windows.WSAENOBUFS, windows.ERROR_NOT_ENOUGH_MEMORY, windows.ERROR_NO_SYSTEM_RESOURCES:
		return evidence.KindExhausted
	case windows.WSAETIMEDOUT, windows.ERROR_SEM_TIMEOUT:
		return evidence.KindTimeout
	case windows.WSAEDISCON, windows.ERROR_GRACEFUL_DISCONNECT:
		return evidence.KindHungUp
	}
	return evidence.KindUnclassified
}

//go:build !windows

package classify

import (
	"net"
	"net/netip"
	"os"
	"runtime"
	"syscall"
	"testing"

	"opensrs-doctor/probes/evidence"
)

var systemErrors = map[evidence.Kind][]syscall.Errno{
	evidence.KindRefused:       {syscall.ECONNREFUSED},
	evidence.KindReset:         {syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED},
	evidence.KindUnreachable:   {syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ENETDOWN, syscall.ENOPROTOOPT},
	evidence.KindNotPermitted:  {syscall.EPERM, syscall.EACCES},
	evidence.KindNoPort:        {syscall.EADDRNOTAVAIL, syscall.EADDRINUSE, syscall.EAGAIN},
	evidence.KindExhausted:     {syscall.ENOBUFS, syscall.ENOMEM},
	evidence.KindNoDescriptors: {syscall.EMFILE, syscall.ENFILE},
	evidence.KindTimeout:       {syscall.ETIMEDOUT},
	evidence.KindUnclassified:  {syscall.ENOENT, syscall.EINTR, syscall.EAFNOSUPPORT},
}

// connectErrors are the numbers that mean something else in one operation than in the others.
var connectErrors = map[evidence.Op]map[syscall.Errno]evidence.Kind{
	"connect":   {syscall.EINVAL: map[bool]evidence.Kind{true: evidence.KindNotPermitted, false: evidence.KindUnclassified}[runtime.GOOS == "linux"]},
	"handshake": {syscall.EINVAL: evidence.KindUnclassified},
	"listen":    {syscall.EADDRINUSE: evidence.KindInUse, syscall.EADDRNOTAVAIL: evidence.KindNoAddress},
}

// An address of IPv6 that this host has no way to is no lack of ports.
func TestNoAddressOfIPv6(t *testing.T) {
	for address, want := range map[string]evidence.Kind{"[2001:db8::1]:53": evidence.KindNoAddress, "192.0.2.1:53": evidence.KindNoPort} {
		err := &net.OpError{Op: "dial", Net: "udp", Addr: net.UDPAddrFromAddrPort(netip.MustParseAddrPort(address)),
			Err: os.NewSyscallError("connect", syscall.EADDRNOTAVAIL)}
		if got := Error(evidence.OpQuery, err, nil).Kind; got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}

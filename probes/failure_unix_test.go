//go:build !windows

package probes

import (
	"runtime"
	"syscall"
)

var systemErrors = map[Kind][]syscall.Errno{
	KindRefused:      {syscall.ECONNREFUSED},
	KindReset:        {syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED},
	KindUnreachable:  {syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ENETDOWN, syscall.ENOPROTOOPT},
	KindNotPermitted: {syscall.EPERM, syscall.EACCES},
	KindNoAddress:    {syscall.EADDRNOTAVAIL},
	KindInUse:        {syscall.EADDRINUSE},
	KindExhausted:    {syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM},
	KindTimeout:      {syscall.ETIMEDOUT},
	KindUnclassified: {syscall.ENOENT, syscall.EINTR, syscall.EAFNOSUPPORT},
}

// connectErrors are the numbers that mean something else in one operation than in the others.
var connectErrors = map[string]map[syscall.Errno]Kind{
	"connect":   {syscall.EINVAL: map[bool]Kind{true: KindNotPermitted, false: KindUnclassified}[runtime.GOOS == "linux"]},
	"handshake": {syscall.EINVAL: KindUnclassified},
}

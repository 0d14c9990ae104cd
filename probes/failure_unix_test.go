//go:build !windows

package probes

import (
	"runtime"
	"syscall"

	"opensrs-doctor/probes/evidence"
)

var systemErrors = map[evidence.Kind][]syscall.Errno{
	evidence.KindRefused:       {syscall.ECONNREFUSED},
	evidence.KindReset:         {syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED},
	evidence.KindUnreachable:   {syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ENETDOWN, syscall.ENOPROTOOPT},
	evidence.KindNotPermitted:  {syscall.EPERM, syscall.EACCES},
	evidence.KindNoAddress:     {syscall.EADDRNOTAVAIL},
	evidence.KindInUse:         {syscall.EADDRINUSE},
	evidence.KindExhausted:     {syscall.ENOBUFS, syscall.ENOMEM},
	evidence.KindNoDescriptors: {syscall.EMFILE, syscall.ENFILE},
	evidence.KindTimeout:       {syscall.ETIMEDOUT},
	evidence.KindUnclassified:  {syscall.ENOENT, syscall.EINTR, syscall.EAFNOSUPPORT},
}

// connectErrors are the numbers that mean something else in one operation than in the others.
var connectErrors = map[string]map[syscall.Errno]evidence.Kind{
	"connect":   {syscall.EINVAL: map[bool]evidence.Kind{true: evidence.KindNotPermitted, false: evidence.KindUnclassified}[runtime.GOOS == "linux"]},
	"handshake": {syscall.EINVAL: evidence.KindUnclassified},
}

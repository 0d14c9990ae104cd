package probes

import (
	"syscall"
	"testing"

	"golang.org/x/sys/windows"
)

var systemErrors = map[Kind][]syscall.Errno{
	KindRefused: {10061, windows.ERROR_CONNECTION_REFUSED, windows.ERROR_PORT_UNREACHABLE},
	KindReset: {10054, 10053, 10052, 10058, windows.ERROR_NETNAME_DELETED, windows.ERROR_CONNECTION_ABORTED,
		windows.ERROR_BROKEN_PIPE},
	KindUnreachable: {10051, 10065, 10064, 10050, windows.ERROR_NETWORK_UNREACHABLE, windows.ERROR_HOST_UNREACHABLE,
		windows.ERROR_PROTOCOL_UNREACHABLE, windows.ERROR_HOST_DOWN},
	KindNotPermitted: {10013, windows.ERROR_ACCESS_DENIED},
	KindNoAddress:    {10049},
	KindExhausted:    {10024, 10055, windows.ERROR_NOT_ENOUGH_MEMORY, windows.ERROR_NO_SYSTEM_RESOURCES},
	KindTimeout:      {10060, windows.ERROR_SEM_TIMEOUT},
	KindHungUp:       {10101, windows.ERROR_GRACEFUL_DISCONNECT},
	KindUnclassified: {windows.ERROR_FILE_NOT_FOUND, 10045, 10047},
}

// connectErrors are the numbers that mean something else in one operation than in the others.
var connectErrors = map[string]map[syscall.Errno]Kind{
	"connect": {10048: KindExhausted},
	"listen":  {10048: KindInUse},
}

// The numbers that package syscall invents are what no socket returns here.
func TestInventedNumbers(t *testing.T) {
	for _, invented := range []syscall.Errno{syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EHOSTUNREACH, syscall.EACCES} {
		if invented < syscall.APPLICATION_ERROR {
			t.Errorf("%d is no invented number any more: does systemKind know it?", int(invented))
		}
	}
}

package classify

import (
	"syscall"
	"testing"

	"golang.org/x/sys/windows"

	"opensrs-doctor/probes/evidence"
)

var systemErrors = map[evidence.Kind][]syscall.Errno{
	evidence.KindRefused: {10061, windows.ERROR_CONNECTION_REFUSED, windows.ERROR_PORT_UNREACHABLE},
	evidence.KindReset: {10054, 10053, 10052, 10058, windows.ERROR_NETNAME_DELETED, windows.ERROR_CONNECTION_ABORTED,
		windows.ERROR_BROKEN_PIPE},
	evidence.KindUnreachable: {10051, 10065, 10064, 10050, windows.ERROR_NETWORK_UNREACHABLE, windows.ERROR_HOST_UNREACHABLE,
		windows.ERROR_PROTOCOL_UNREACHABLE, windows.ERROR_HOST_DOWN},
	evidence.KindNotPermitted:  {10013, windows.ERROR_ACCESS_DENIED},
	evidence.KindNoAddress:     {10049},
	evidence.KindNoDescriptors: {10024},
	evidence.KindExhausted:     {10055, windows.ERROR_NOT_ENOUGH_MEMORY, windows.ERROR_NO_SYSTEM_RESOURCES},
	evidence.KindTimeout:       {10060, windows.ERROR_SEM_TIMEOUT},
	evidence.KindHungUp:        {10101, windows.ERROR_GRACEFUL_DISCONNECT},
	evidence.KindUnclassified:  {windows.ERROR_FILE_NOT_FOUND, 10045, 10047},
}

// connectErrors are the numbers that mean something else in one operation than in the others.
var connectErrors = map[evidence.Op]map[syscall.Errno]evidence.Kind{
	"connect": {10048: evidence.KindNoPort},
	"listen":  {10048: evidence.KindInUse},
}

// The numbers that package syscall invents are what no socket returns here.
func TestInventedNumbers(t *testing.T) {
	for _, invented := range []syscall.Errno{syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EHOSTUNREACH, syscall.EACCES} {
		if invented < syscall.APPLICATION_ERROR {
			t.Errorf("%d is no invented number any more: does systemKind know it?", int(invented))
		}
	}
}

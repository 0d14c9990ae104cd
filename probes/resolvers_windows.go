package probes

import (
	"net/netip"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/windows"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
)

// systemResolvers asks Windows for the DNS servers of every adapter that is up, in its order. Which of them Windows asks
// for a name is its own affair: systemLookup lets it.
func systemResolvers(*foreign.Scrubber) (servers []netip.AddrPort, from string, problem *evidence.ResolversProblem) {
	size := uint32(16 << 10)
	for range 4 { // the list may grow between the calls
		buffer := make([]byte, size)
		first := (*windows.IpAdapterAddresses)(unsafe.Pointer(&buffer[0]))
		flags := uint32(windows.GAA_FLAG_SKIP_UNICAST | windows.GAA_FLAG_SKIP_ANYCAST | windows.GAA_FLAG_SKIP_MULTICAST)
		err := windows.GetAdaptersAddresses(windows.AF_UNSPEC, flags, 0, first, &size)
		if err == windows.ERROR_BUFFER_OVERFLOW {
			continue
		}
		if err != nil {
			break
		}
		for adapter := first; adapter != nil; adapter = adapter.Next {
			if adapter.OperStatus != windows.IfOperStatusUp {
				continue
			}
			for server := adapter.FirstDnsServerAddress; server != nil; server = server.Next {
				address, ok := netip.AddrFromSlice(server.Address.IP())
				// fec0:0:0:ffff::1 to 3 are what Windows shows where no IPv6 server is set.
				if ok && !netip.MustParsePrefix("fec0::/10").Contains(address) && len(servers) < 3 {
					servers = append(servers, netip.AddrPortFrom(address.Unmap(), 53))
				}
			}
		}
		break
	}
	return servers, "the network adapters", nil
}

func hostsPath() string {
	return filepath.Join(os.Getenv("SystemRoot"), "System32", "drivers", "etc", "hosts")
}

//go:build darwin || windows

package probes

import (
	"context"
	"net"
	"net/netip"
)

// systemLookup asks as this system's other programs do: getaddrinfo of libSystem, GetAddrInfoW of Windows. Both go
// through a service that chooses the servers name by name.
var systemLookup = func(ctx context.Context, name string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", name)
}

package traceroute

import (
	"net"
	"net/netip"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
)

// Route is the way on which packets to an address leave from local, which is the address that the system chose: the
// interface, and on Linux the gateway. source is the local address that was asked for, or the zero Addr. Nothing is sent.
func Route(to, local, source netip.Addr) *evidence.Route {
	facts := &evidence.Route{To: to, LocalAddress: local}
	facts.Interface, facts.MTU = interfaceOf(local)
	askKernel(facts, source)
	return facts
}

// madeHere begin the names of interfaces that lead to containers and virtual machines of this host.
var madeHere = []string{"docker", "br-", "virbr", "veth", "cni", "flannel", "cali", "vnet", "lxc", "podman"}

// LinksDown are the interfaces that have an address and no link: switched off, or without a cable.
func LinksDown() (names []string) {
	all, _ := net.Interfaces()
	for _, one := range all {
		addresses, _ := one.Addrs()
		inside := slices.ContainsFunc(madeHere, func(begin string) bool { return strings.HasPrefix(one.Name, begin) })
		if one.Flags&net.FlagRunning == 0 && one.Flags&net.FlagLoopback == 0 && len(addresses) > 0 && !inside {
			names = append(names, one.Name)
		}
	}
	return names
}

// interfaceOf is the interface that has an address, and its MTU in bytes.
func interfaceOf(address netip.Addr) (name string, mtu int) {
	all, _ := net.Interfaces()
	for _, one := range all {
		addresses, _ := one.Addrs()
		for _, own := range addresses {
			if prefix, err := netip.ParsePrefix(own.String()); err == nil && prefix.Addr().Unmap() == address {
				return one.Name, one.MTU
			}
		}
	}
	return "", 0
}

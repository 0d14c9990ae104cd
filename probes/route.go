package probes

import (
	"net"
	"net/netip"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
)

// route is the way on which packets for the endpoint leave, or for the proxy; where no address of them is known, for
// the first of some public ones. Nothing is sent.
func (r *run) route(public []netip.Addr) *evidence.Route {
	to := public[len(public)-1]
	if len(r.target.addresses) > 0 {
		to = r.target.addresses[0].Addr()
	}
	local, has, _ := r.w.hasRoute(to)
	if !has {
		return nil
	}
	facts := &evidence.Route{To: to, LocalAddress: local}
	facts.Interface, facts.MTU = interfaceOf(local)
	askKernel(facts, r.o.SourceIP)
	return facts
}

// madeHere begin the names of interfaces that lead to containers and virtual machines of this host.
var madeHere = []string{"docker", "br-", "virbr", "veth", "cni", "flannel", "cali", "vnet", "lxc", "podman"}

// linksDown are the interfaces that have an address and no link: switched off, or without a cable.
func linksDown() (names []string) {
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

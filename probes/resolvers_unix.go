//go:build !windows

package probes

import (
	"net/netip"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
)

const resolvConf = "/etc/resolv.conf"

// systemResolvers are those of resolv.conf(5), and this host itself where it names none.
func systemResolvers(scrub *foreign.Scrubber) (servers []netip.AddrPort, from string, problem *evidence.ResolversProblem) {
	addresses, problem := readResolvConf(resolvConf, scrub)
	if problem != nil {
		addresses = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}
	}
	for _, address := range addresses {
		servers = append(servers, netip.AddrPortFrom(address, 53))
	}
	return servers, resolvConf, problem
}

func hostsPath() string { return "/etc/hosts" }

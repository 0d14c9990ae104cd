//go:build !windows

package probes

import (
	"net/netip"
	"strconv"

	"github.com/miekg/dns"
)

const resolvConf = "/etc/resolv.conf"

// systemResolvers reads resolv.conf(5): three servers at most, and this host itself where none is named.
func systemResolvers() (servers []netip.AddrPort, from string) {
	config, err := dns.ClientConfigFromFile(resolvConf)
	if err == nil {
		port, err := strconv.ParseUint(config.Port, 10, 16)
		if err != nil {
			port = 53
		}
		for _, text := range config.Servers {
			address, err := netip.ParseAddr(text)
			if err == nil && len(servers) < 3 {
				servers = append(servers, netip.AddrPortFrom(address, uint16(port)))
			}
		}
	}
	if len(servers) == 0 {
		servers = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:53")}
	}
	return servers, resolvConf
}

func hostsPath() string { return "/etc/hosts" }

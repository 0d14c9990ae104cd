package probes

import (
	"bufio"
	"net/netip"
	"strings"

	"opensrs-doctor/probes/smallfile"
)

// mostHosts is how many bytes of a hosts file are read.
const mostHosts = 8 << 20

// readHosts gives the addresses that a hosts file pins a name to, and the line, from 1, that each is on.
func readHosts(path, name string) (pinned []netip.Addr, on []int) {
	content, err := smallfile.Read(path, mostHosts)
	if err != nil {
		return nil, nil
	}
	lines := bufio.NewScanner(strings.NewReader(content))
	lines.Buffer(nil, 1<<20)
	for number := 1; lines.Scan(); number++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(text)
		if len(fields) < 2 {
			continue
		}
		for _, alias := range fields[1:] {
			if !strings.EqualFold(strings.TrimSuffix(alias, "."), strings.TrimSuffix(name, ".")) {
				continue
			}
			if address, err := netip.ParseAddr(fields[0]); err == nil {
				pinned = append(pinned, address.Unmap())
				on = append(on, number)
			}
			break
		}
	}
	return pinned, on
}

func ipv4First(addresses []netip.Addr) []netip.Addr {
	v4, v6 := splitFamilies(addresses)
	return append(v4, v6...)
}

func splitFamilies(addresses []netip.Addr) (v4, v6 []netip.Addr) {
	for _, address := range addresses {
		if address.Unmap().Is4() {
			v4 = append(v4, address.Unmap())
		} else {
			v6 = append(v6, address)
		}
	}
	return v4, v6
}

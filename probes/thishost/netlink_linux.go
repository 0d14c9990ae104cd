package thishost

import (
	"cmp"
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// What the kernel's tables hold, as netlink gives it.

// rtaNextHop is RTA_NH_ID: the next hop is an object of its own (linux/rtnetlink.h).
const rtaNextHop = 30

// dump asks the kernel for all entries of a kind. Each message has a header of so many bytes, a struct rtmsg or
// fib_rule_hdr, which are alike, or another one, and then attributes.
func dump(kind int, family byte, size int, take func(header []byte, attributes map[uint16][]byte)) error {
	answer, err := syscall.NetlinkRIB(kind, int(family))
	if err != nil {
		return err
	}
	messages, err := syscall.ParseNetlinkMessage(answer)
	if err != nil {
		return err
	}
	for _, message := range messages {
		if len(message.Data) < size || message.Data[0] != family {
			continue
		}
		take(message.Data[:size], attributesOf(message.Data[size:]))
	}
	return nil
}

func attributesOf(list []byte) map[uint16][]byte {
	attributes := map[uint16][]byte{}
	for rest := list; len(rest) >= unix.SizeofRtAttr; {
		length := int(binary.NativeEndian.Uint16(rest))
		if length < unix.SizeofRtAttr || length > len(rest) {
			break
		}
		attributes[binary.NativeEndian.Uint16(rest[2:])&^0xc000] = rest[unix.SizeofRtAttr:length]
		rest = rest[min((length+3)&^3, len(rest)):]
	}
	return attributes
}

// gatewayOf is the router of a route or a next hop; not set where there is none.
func gatewayOf(a map[uint16][]byte) netip.Addr {
	gateway, _ := netip.AddrFromSlice(a[unix.RTA_GATEWAY])
	if len(a[unix.RTA_VIA]) > 2 { // a family, and an address of it
		gateway, _ = netip.AddrFromSlice(a[unix.RTA_VIA][2:])
	}
	return gateway
}

func prefixOf(value []byte, bits byte) netip.Prefix {
	address, ok := netip.AddrFromSlice(value)
	if !ok {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(address, int(bits))
}

// membersOf are the interfaces that a bridge, a bond or the like is made of.
func membersOf(master string) (names []string) {
	above, err := net.InterfaceByName(master)
	if err != nil {
		return nil
	}
	// struct ifinfomsg: family, padding, type, index, flags, change
	_ = dump(unix.RTM_GETLINK, unix.AF_UNSPEC, unix.SizeofIfInfomsg, func(_ []byte, a map[uint16][]byte) {
		if int(u32(a[unix.IFLA_MASTER])) == above.Index {
			names = append(names, strings.TrimRight(string(a[unix.IFLA_IFNAME]), "\x00"))
		}
	})
	return names
}

func u32(value []byte) uint32 {
	if len(value) < 4 {
		return 0
	}
	return binary.NativeEndian.Uint32(value)
}

func rulesOf() (rules []rule, err error) {
	err = dump(unix.RTM_GETRULE, unix.AF_INET, unix.SizeofRtMsg, func(header []byte, a map[uint16][]byte) {
		// struct fib_rule_hdr: family, dst_len, src_len, tos, table, res1, res2, action, flags
		r := rule{action: header[7], table: uint32(header[4]), tos: header[3] != 0,
			longer: -1, inverted: binary.NativeEndian.Uint32(header[8:])&unix.FIB_RULE_INVERT != 0}
		if value := u32(a[unix.FRA_TABLE]); value != 0 {
			r.table = value
		}
		r.priority = u32(a[unix.FRA_PRIORITY])
		r.to, r.from = prefixOf(a[unix.FRA_DST], header[1]), prefixOf(a[unix.FRA_SRC], header[2])
		if value := a[unix.FRA_UID_RANGE]; len(value) == 8 {
			r.uids = &[2]uint32{u32(value), u32(value[4:])}
		}
		if value := a[unix.FRA_DPORT_RANGE]; len(value) == 4 {
			r.ports = &[2]uint16{binary.NativeEndian.Uint16(value), binary.NativeEndian.Uint16(value[2:])}
		}
		if value := a[unix.FRA_IP_PROTO]; len(value) > 0 {
			r.protocol = value[0]
		}
		if value := a[unix.FRA_SUPPRESS_PREFIXLEN]; len(value) == 4 {
			r.longer = int(int32(u32(value)))
		}
		r.sports = a[unix.FRA_SPORT_RANGE] != nil
		r.mark = u32(a[unix.FRA_FWMARK]) != 0
		r.input = strings.TrimRight(string(a[unix.FRA_IIFNAME]), "\x00")
		r.output = a[unix.FRA_OIFNAME] != nil
		rules = append(rules, r)
	})
	slices.SortStableFunc(rules, func(a, b rule) int { return cmp.Compare(a.priority, b.priority) })
	return rules, err
}

func routesOf() (routes []route, err error) {
	err = dump(unix.RTM_GETROUTE, unix.AF_INET, unix.SizeofRtMsg, func(header []byte, a map[uint16][]byte) {
		// struct rtmsg: family, dst_len, src_len, tos, table, protocol, scope, type, flags
		r := route{kind: header[7], table: uint32(header[4]), tos: header[3], metric: u32(a[unix.RTA_PRIORITY]),
			linkDown: binary.NativeEndian.Uint32(header[8:])&(unix.RTNH_F_LINKDOWN|unix.RTNH_F_DEAD|unix.RTM_F_CLONED) != 0}
		if value := u32(a[unix.RTA_TABLE]); value != 0 {
			r.table = value
		}
		if r.to = prefixOf(a[unix.RTA_DST], header[1]); !r.to.IsValid() {
			r.to = netip.PrefixFrom(netip.IPv4Unspecified(), 0)
		}
		r.gateway = gatewayOf(a)
		// struct rtnexthop: length, flags, hops, the interface, and then attributes
		for rest := a[unix.RTA_MULTIPATH]; len(rest) >= unix.SizeofRtNexthop; {
			length := int(binary.NativeEndian.Uint16(rest))
			if length < unix.SizeofRtNexthop || length > len(rest) {
				break
			}
			r.hops = append(r.hops, route{gateway: gatewayOf(attributesOf(rest[unix.SizeofRtNexthop:length])), oif: int(u32(rest[4:]))})
			rest = rest[min((length+3)&^3, len(rest)):]
		}
		r.several = a[unix.RTA_MULTIPATH] != nil || a[rtaNextHop] != nil && a[unix.RTA_OIF] == nil
		r.oif = int(u32(a[unix.RTA_OIF]))
		r.source, _ = netip.AddrFromSlice(a[unix.RTA_PREFSRC])
		routes = append(routes, r)
	})
	return routes, err
}

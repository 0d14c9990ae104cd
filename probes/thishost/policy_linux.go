package thishost

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"opensrs-doctor/probes/evidence"
)

// policy is a new TCP connection, as far as routing policy asks for it.
type policy struct {
	to, source netip.Addr
	port       uint16
	uid        uint32
}

// rule is an entry of "ip rule" (rtnetlink(7), RTM_GETRULE).
type rule struct {
	priority uint32
	action   byte
	table    uint32
	from, to netip.Prefix // not set: all
	uids     *[2]uint32
	ports    *[2]uint16 // of the destination
	sports   bool       // it asks for a source port, which is not chosen yet
	protocol byte
	mark     bool // it asks for a mark, which our packets do not carry
	inverted bool
	input    string // the interface that the packet came in by; "lo" is this host
	output   bool   // the interface that the socket is bound to
	tos      bool
}

// route is an entry of "ip route".
type route struct {
	to       netip.Prefix
	kind     byte
	table    uint32
	metric   uint32
	gateway  netip.Addr
	oif      int
	source   netip.Addr // that packets get which have none
	several  bool       // next hops, whose gateways are not looked at
	linkDown bool
	tos      byte
}

// decide finds the line of the routing policy that a connection's packets meet, as the kernel does: rule by rule, and in
// each table the longest prefix. Nil: it could not be read.
func decide(p policy) *evidence.HostRoute {
	rules, err := rulesOf()
	if err != nil {
		return nil
	}
	routes, err := routesOf()
	if err != nil {
		return nil
	}
	met, leaves := meets(rules, routes, p)
	if p.source.IsValid() || !leaves.to.IsValid() {
		return met
	}
	// Once an address is chosen for the connection the kernel asks again, now with the rules that are for it.
	if p.source = leaves.from(); p.source.IsValid() {
		met, _ = meets(rules, routes, p)
	}
	return met
}

// meets goes through the rules once. leaves is the route by which packets leave, where one is met.
func meets(rules []rule, routes []route, p policy) (met *evidence.HostRoute, leaves route) {
	for _, r := range rules {
		if !r.matches(p) {
			continue
		}
		switch r.action {
		case unix.FR_ACT_BLACKHOLE, unix.FR_ACT_UNREACHABLE, unix.FR_ACT_PROHIBIT:
			kind := map[byte]string{unix.FR_ACT_BLACKHOLE: evidence.RouteBlackhole, unix.FR_ACT_UNREACHABLE: evidence.RouteUnreachable,
				unix.FR_ACT_PROHIBIT: evidence.RouteProhibit}[r.action]
			return &evidence.HostRoute{Kind: kind, Line: r.String() + " " + kind, Rule: true}, leaves
		case unix.FR_ACT_TO_TBL:
			if found, ok := best(routes, r.table, p.to); ok && found.kind != unix.RTN_THROW {
				if found.kind == unix.RTN_UNICAST {
					leaves = found
				}
				return found.evidence(), leaves
			}
		}
	}
	return &evidence.HostRoute{Kind: evidence.RouteNone}, leaves
}

// from is the address that the kernel gives packets for this route: the route's own, else the interface's.
func (r route) from() netip.Addr {
	if r.source.IsValid() {
		return r.source
	}
	return r.own()
}

// own is the interface's address in the network of the gateway, else its first.
func (r route) own() (own netip.Addr) {
	out, err := net.InterfaceByIndex(r.oif)
	if err != nil {
		return own
	}
	addresses, _ := out.Addrs()
	for _, one := range addresses {
		prefix, err := netip.ParsePrefix(one.String())
		if err != nil || !prefix.Addr().Is4() {
			continue
		}
		if prefix.Contains(r.gateway) {
			return prefix.Addr()
		}
		if !own.IsValid() {
			own = prefix.Addr()
		}
	}
	return own
}

// matches reports whether a rule is for the connection. One that asks for what is not known here does not match.
func (r rule) matches(p policy) bool {
	if r.mark || r.output || r.sports || r.tos || r.input != "" && r.input != "lo" {
		return r.inverted
	}
	is := (!r.to.IsValid() || r.to.Contains(p.to)) &&
		(!r.from.IsValid() || p.source.IsValid() && r.from.Contains(p.source)) &&
		(r.uids == nil || p.uid >= r.uids[0] && p.uid <= r.uids[1]) &&
		(r.ports == nil || p.port >= r.ports[0] && p.port <= r.ports[1]) &&
		(r.protocol == 0 || r.protocol == unix.IPPROTO_TCP)
	return is != r.inverted
}

// String is the rule as "ip rule" prints it, without its action.
func (r rule) String() string {
	words := []string{fmt.Sprintf("%d:", r.priority)}
	if r.inverted {
		words = append(words, "not")
	}
	words = append(words, "from", prefixWords(r.from))
	if r.to.IsValid() {
		words = append(words, "to", prefixWords(r.to))
	}
	if r.uids != nil {
		words = append(words, "uidrange", fmt.Sprintf("%d-%d", r.uids[0], r.uids[1]))
	}
	if r.protocol == unix.IPPROTO_TCP {
		words = append(words, "ipproto tcp")
	}
	switch {
	case r.ports == nil:
	case r.ports[0] == r.ports[1]:
		words = append(words, "dport", fmt.Sprint(r.ports[0]))
	default:
		words = append(words, "dport", fmt.Sprintf("%d-%d", r.ports[0], r.ports[1]))
	}
	return strings.Join(words, " ")
}

func prefixWords(p netip.Prefix) string {
	switch {
	case !p.IsValid():
		return "all"
	case p.IsSingleIP():
		return p.Addr().String()
	}
	return p.String()
}

// best is the route of a table that is for the address: the longest prefix, then the lowest metric.
func best(routes []route, table uint32, to netip.Addr) (found route, ok bool) {
	for _, r := range routes {
		if r.table != table || !r.to.Contains(to) || r.linkDown || r.tos != 0 {
			continue
		}
		if !ok || cmp.Or(cmp.Compare(found.to.Bits(), r.to.Bits()), cmp.Compare(r.metric, found.metric)) < 0 {
			found, ok = r, true
		}
	}
	return found, ok
}

func (r route) evidence() *evidence.HostRoute {
	kinds := map[byte]string{unix.RTN_BLACKHOLE: evidence.RouteBlackhole, unix.RTN_PROHIBIT: evidence.RouteProhibit,
		unix.RTN_UNREACHABLE: evidence.RouteUnreachable}
	facts := &evidence.HostRoute{Kind: cmp.Or(kinds[r.kind], evidence.RouteUnicast), Table: r.table, Prefix: r.to.String()}
	words := []string{prefixWords(r.to)}
	if r.to.Bits() == 0 {
		words[0] = "default"
	}
	if facts.Kind != evidence.RouteUnicast {
		words = slices.Insert(words, 0, facts.Kind)
	} else if out, err := net.InterfaceByIndex(r.oif); err == nil {
		facts.Interface = out.Name
		facts.Tunnel = out.Flags&net.FlagPointToPoint != 0
		facts.Attached = r.kind == unix.RTN_UNICAST && !r.gateway.IsValid() && !r.several && !facts.Tunnel && r.to.Bits() > 0
		if r.gateway.IsValid() {
			facts.Gateway = r.gateway.String()
			words = append(words, "via", facts.Gateway)
		}
		words = append(words, "dev", out.Name)
		if own := r.own(); r.source.IsValid() && own.IsValid() && own != r.source {
			facts.Source, facts.Own = r.source.String(), own.String()
			words = append(words, "src", facts.Source)
		}
		counts := interfaces()
		facts.Silent = counts[out.Name][0] == 0
		for name, count := range counts {
			if name != out.Name && count[0] > counts[facts.Alive][0] {
				facts.Alive = name
			}
		}
	}
	switch r.table {
	case unix.RT_TABLE_MAIN:
	case unix.RT_TABLE_LOCAL:
		words = append(words, "table local")
	default:
		words = append(words, fmt.Sprintf("table %d", r.table))
	}
	facts.Line = strings.Join(words, " ")
	return facts
}

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
		attributes := map[uint16][]byte{}
		for rest := message.Data[size:]; len(rest) >= unix.SizeofRtAttr; {
			length := int(binary.NativeEndian.Uint16(rest))
			if length < unix.SizeofRtAttr || length > len(rest) {
				break
			}
			attributes[binary.NativeEndian.Uint16(rest[2:])&^0xc000] = rest[unix.SizeofRtAttr:length]
			rest = rest[min((length+3)&^3, len(rest)):]
		}
		take(message.Data[:size], attributes)
	}
	return nil
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
			inverted: binary.NativeEndian.Uint32(header[8:])&unix.FIB_RULE_INVERT != 0}
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
		if r.gateway, _ = netip.AddrFromSlice(a[unix.RTA_GATEWAY]); len(a[unix.RTA_VIA]) > 2 { // a family, and an address of it
			r.gateway, _ = netip.AddrFromSlice(a[unix.RTA_VIA][2:])
		}
		r.several = a[unix.RTA_MULTIPATH] != nil || a[rtaNextHop] != nil && a[unix.RTA_OIF] == nil
		r.oif = int(u32(a[unix.RTA_OIF]))
		r.source, _ = netip.AddrFromSlice(a[unix.RTA_PREFSRC])
		routes = append(routes, r)
	})
	return routes, err
}

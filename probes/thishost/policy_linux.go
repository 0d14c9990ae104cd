package thishost

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/service"
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
	longer   int    // what a route's prefix has to be longer than to be taken (suppress_prefixlength); -1: any is
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
	several  bool       // next hops
	hops     []route    // those, as far as the kernel lists them: gateway and interface
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
	met := follow(rules, routes, p)
	if p.port = service.OpenSRS.OtherPort(p.port); met.Interface != "" {
		if other := follow(rules, routes, p); other.Line != met.Line {
			met.OtherPort = other.Line
		}
	}
	return met
}

func follow(rules []rule, routes []route, p policy) *evidence.HostRoute {
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
			if found, ok := best(routes, r.table, p.to); ok && found.kind != unix.RTN_THROW && found.to.Bits() > r.longer {
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
	} else if facts.Several = r.several; r.several {
		for _, hop := range r.hops {
			words = append(words, "nexthop via", hop.gateway.String())
			if out, err := net.InterfaceByIndex(hop.oif); err == nil {
				words = append(words, "dev", out.Name)
			}
		}
	} else if out, err := net.InterfaceByIndex(r.oif); err == nil {
		facts.Interface = out.Name
		facts.Tunnel = out.Flags&net.FlagPointToPoint != 0
		facts.Attached = r.kind == unix.RTN_UNICAST && !r.gateway.IsValid() && !facts.Tunnel && r.to.Bits() > 0
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

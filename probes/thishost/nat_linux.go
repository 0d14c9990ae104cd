package thishost

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"opensrs-doctor/probes/evidence"
)

// Where this host sends packets for an address in truth: its table of connections has for each of them the addresses
// before and after a rule has changed them. Only root may read it.

// Parts of linux/netfilter/nfnetlink_conntrack.h.
const (
	ctGet        = unix.NFNL_SUBSYS_CTNETLINK<<8 | 1 // IPCTNL_MSG_CT_GET
	ctOriginal   = 1                                 // CTA_TUPLE_ORIG
	ctReply      = 2                                 // CTA_TUPLE_REPLY
	ctAddresses  = 1                                 // CTA_TUPLE_IP
	ctProtocol   = 2                                 // CTA_TUPLE_PROTO
	ctSource     = 1                                 // CTA_IP_V4_SRC
	ctTarget     = 2                                 // CTA_IP_V4_DST
	ctNumber     = 1                                 // CTA_PROTO_NUM
	ctSourcePort = 2                                 // CTA_PROTO_SRC_PORT
	ctTargetPort = 3                                 // CTA_PROTO_DST_PORT
)

// translation is what becomes of the target of connections to an address, of which one was tried a moment ago; nil where
// that cannot be read, or none is tracked.
func translation(to netip.AddrPort) *evidence.Translation {
	if os.Geteuid() != 0 || !to.Addr().Is4() {
		return nil
	}
	if count, known := number("/proc/sys/net/netfilter/nf_conntrack_count"); !known || count == 0 {
		return nil
	}
	var found *evidence.Translation
	err := netfilterDump(ctGet, unix.AF_INET, time.Now().Add(readTime), func(_ byte, list []byte) {
		if original, reply := tuples(list); original.to == to {
			if found == nil {
				found = &evidence.Translation{}
			}
			if reply.from != to && reply.from.IsValid() {
				found.To = reply.from.String()
			}
		}
	})
	if err != nil || found != nil && found.To == "" {
		return found
	}
	nft, legacy, failed := readRules()
	if found == nil { // what was refused is forgotten at once
		if failed.why != "" || failed.whyLegacy != "" {
			return nil
		}
		found = &evidence.Translation{}
	}
	to, _ = netip.ParseAddrPort(found.To)
	for _, rules := range []ruleset{nft, legacy} {
		found.Rules = append(found.Rules, rules.translating(to.Addr(), nft)...)
	}
	found.Unseen = found.To == "" && len(found.Rules) > 0
	return found
}

// tuple is one direction of a TCP connection.
type tuple struct{ from, to netip.AddrPort }

func tuples(list []byte) (original, reply tuple) {
	attributes(list, func(kind uint16, value []byte) {
		switch kind {
		case ctOriginal:
			original = tupleOf(value)
		case ctReply:
			reply = tupleOf(value)
		}
	})
	return original, reply
}

func tupleOf(list []byte) tuple {
	var from, to netip.Addr
	var ports [2]uint16
	tcp := false
	attributes(list, func(kind uint16, value []byte) {
		attributes(value, func(part uint16, value []byte) {
			switch {
			case kind == ctAddresses && part == ctSource:
				from, _ = netip.AddrFromSlice(value)
			case kind == ctAddresses && part == ctTarget:
				to, _ = netip.AddrFromSlice(value)
			case kind == ctProtocol && part == ctNumber:
				tcp = len(value) > 0 && value[0] == unix.IPPROTO_TCP
			case kind == ctProtocol && (part == ctSourcePort || part == ctTargetPort) && len(value) >= 2:
				ports[part-ctSourcePort] = binary.BigEndian.Uint16(value)
			}
		})
	})
	if !tcp {
		return tuple{}
	}
	return tuple{netip.AddrPortFrom(from, ports[0]), netip.AddrPortFrom(to, ports[1])}
}

// translating are the rules that may send packets to that address: those that name it, else those that redirect to this
// host; without an address, all that send packets elsewhere. Where several may, none is more likely than the others.
func (s ruleset) translating(to netip.Addr, nft ruleset) (found []evidence.FirewallRule) {
	naming, redirecting := []filterRule{}, []filterRule{}
	for _, r := range s.rules {
		switch {
		case r.nat == "":
		case !to.IsValid() || r.names(to):
			naming = append(naming, r)
		case r.nat == natRedirect:
			redirecting = append(redirecting, r)
		}
	}
	if len(naming) == 0 {
		naming = redirecting
	}
	for _, r := range naming {
		rule := s.managed(r.FirewallRule)
		spell(&rule, nft)
		rule.Verdict = r.nat
		found = append(found, rule)
	}
	return found
}

// names reports whether the address is one of the rule's values.
func (r filterRule) names(address netip.Addr) bool {
	words := strings.FieldsFunc(r.Text, func(c rune) bool { return strings.ContainsRune(" :-", c) })
	return bytes.Contains(r.data, address.AsSlice()) || slices.Contains(words, address.String())
}

// What a rule does with the target of a packet.
const (
	natTarget   = "dnat"
	natRedirect = "redirect"
)

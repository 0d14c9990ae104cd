package thishost

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"opensrs-doctor/probes/evidence"
)

// What is read of the kernel's rules at most, and how long. Reading them takes no lock that a manager of rules would wait
// for.
const (
	rulesBytes = 32 << 20
	readTime   = time.Second
)

var errTooManyRules = errors.New("there are too many rules to read them in a second")

// nftDump asks for all objects of a kind (nfnetlink, NFT_MSG_GETRULE and its like).
func nftDump(kind uint16, deadline time.Time, take func(family byte, attributes []byte)) error {
	return netfilterDump(unix.NFNL_SUBSYS_NFTABLES<<8|kind, unix.NFPROTO_UNSPEC, deadline, take)
}

// netfilterDump asks one of netfilter's subsystems for all objects of a kind; unix.NFPROTO_UNSPEC is all families.
func netfilterDump(message uint16, family byte, deadline time.Time, take func(family byte, attributes []byte)) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var request []byte
	request = binary.NativeEndian.AppendUint32(request, unix.SizeofNlMsghdr+4)
	request = binary.NativeEndian.AppendUint16(request, message)
	request = binary.NativeEndian.AppendUint16(request, unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	request = append(request, 1, 0, 0, 0, 0, 0, 0, 0) // sequence number, port
	request = append(request, family, 0, 0, 0)        // struct nfgenmsg
	if err := unix.Sendto(fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	whole, done := 0, false
	err = receive(fd, deadline, func(message syscall.NetlinkMessage) (bool, error) {
		switch {
		case message.Header.Type == unix.NLMSG_DONE:
			done = true
		case message.Header.Type == unix.NLMSG_ERROR && len(message.Data) >= 4:
			if errno := -int32(binary.NativeEndian.Uint32(message.Data)); errno != 0 {
				return false, syscall.Errno(errno)
			}
			done = true
		case len(message.Data) >= 4:
			if whole += len(message.Data); whole > rulesBytes {
				return false, errTooManyRules
			}
			take(message.Data[0], message.Data[4:])
		}
		return !done, nil
	})
	if err == nil && !done {
		err = errTooManyRules
	}
	return err
}

// receive hands over what comes in, until the deadline or until take wants no more.
func receive(fd int, deadline time.Time, take func(syscall.NetlinkMessage) (more bool, err error)) error {
	buffer := make([]byte, 256<<10)
	for {
		left := time.Until(deadline)
		if left <= 0 {
			return nil
		}
		patience := unix.NsecToTimeval(max(left, time.Millisecond).Nanoseconds())
		if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &patience); err != nil {
			return err
		}
		n, _, err := unix.Recvfrom(fd, buffer, 0)
		if err == unix.EAGAIN || err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		messages, err := syscall.ParseNetlinkMessage(buffer[:n])
		if err != nil {
			return err
		}
		for _, message := range messages {
			if more, err := take(message); err != nil || !more {
				return err
			}
		}
	}
}

// attributes goes over a list of netlink attributes.
func attributes(list []byte, each func(kind uint16, value []byte)) {
	for len(list) >= unix.SizeofNlAttr {
		length := int(binary.NativeEndian.Uint16(list))
		if length < unix.SizeofNlAttr || length > len(list) {
			return
		}
		each(binary.NativeEndian.Uint16(list[2:])&^0xc000, list[unix.SizeofNlAttr:length])
		list = list[min((length+3)&^3, len(list)):]
	}
}

func text(value []byte) string { return string(bytes.TrimRight(value, "\x00")) }

func be32(value []byte) uint32 {
	if len(value) < 4 {
		return 0
	}
	return binary.BigEndian.Uint32(value)
}

func be64(value []byte) uint64 {
	if len(value) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(value)
}

func familyName(family byte) string {
	names := map[byte]string{unix.NFPROTO_IPV4: "ip", unix.NFPROTO_IPV6: "ip6", unix.NFPROTO_INET: "inet", unix.NFPROTO_ARP: "arp",
		unix.NFPROTO_BRIDGE: "bridge", unix.NFPROTO_NETDEV: "netdev"}
	return names[family]
}

// nftRules are all rules of this network namespace.
func nftRules(deadline time.Time) (rules []filterRule, err error) {
	err = nftDump(unix.NFT_MSG_GETRULE, deadline, func(family byte, list []byte) {
		rule := filterRule{FirewallRule: evidence.FirewallRule{Family: familyName(family)}}
		attributes(list, func(kind uint16, value []byte) {
			switch kind {
			case unix.NFTA_RULE_TABLE:
				rule.Table = text(value)
			case unix.NFTA_RULE_CHAIN:
				rule.Chain = text(value)
			case unix.NFTA_RULE_HANDLE:
				rule.Handle = be64(value)
			case unix.NFTA_RULE_USERDATA: // records of type, length and value; type 0 is the comment
				for len(value) >= 2 && len(value) >= 2+int(value[1]) {
					if value[0] == 0 {
						rule.Comment = text(value[2 : 2+int(value[1])])
					}
					value = value[2+int(value[1]):]
				}
			case unix.NFTA_RULE_EXPRESSIONS:
				attributes(value, func(_ uint16, expression []byte) { rule.read(expression) })
			}
		})
		rules = append(rules, rule)
	})
	return rules, err
}

// read takes one expression of a rule: its counter, and what it does with a packet. A counter ahead of a condition counts
// packets that the rule does not take.
func (r *filterRule) read(expression []byte) {
	name, data := "", []byte(nil)
	attributes(expression, func(kind uint16, value []byte) {
		switch kind {
		case unix.NFTA_EXPR_NAME:
			name = text(value)
		case unix.NFTA_EXPR_DATA:
			data = value
		}
	})
	switch name {
	case "counter":
		r.counted = true
		attributes(data, func(kind uint16, value []byte) {
			if kind == unix.NFTA_COUNTER_PACKETS {
				r.packets = be64(value)
			}
		})
	case "log", "last":
	case "reject":
		r.Verdict = "reject"
	case "queue": // a program decides
		r.opaque = true
	case "nat", "redir":
		r.nat = natRedirect
		attributes(data, func(kind uint16, value []byte) {
			if name == "nat" && kind == unix.NFTA_NAT_TYPE && be32(value) == unix.NFT_NAT_DNAT {
				r.nat = natTarget
			}
		})
		if name == "nat" && r.nat != natTarget {
			r.nat = ""
		}
	case "target": // of iptables-nft
		attributes(data, func(kind uint16, value []byte) {
			if kind == unix.NFTA_TARGET_INFO {
				r.data = append(r.data, value...)
			}
			if kind != unix.NFTA_TARGET_NAME {
				return
			}
			switch text(value) {
			case "REJECT":
				r.Verdict = "reject"
			case "NFQUEUE":
				r.opaque = true
			case "DNAT":
				r.nat = natTarget
			case "REDIRECT":
				r.nat = natRedirect
			}
		})
	case "immediate":
		attributes(data, func(kind uint16, value []byte) {
			if kind == unix.NFTA_IMMEDIATE_DATA {
				attributes(value, func(kind uint16, value []byte) {
					if kind == unix.NFTA_DATA_VERDICT {
						r.decide(nftVerdict(value))
					} else {
						r.data = append(r.data, value...)
					}
				})
			}
		})
	case "lookup":
		r.counted = false
		attributes(data, func(kind uint16, value []byte) {
			if kind == unix.NFTA_LOOKUP_DREG && be32(value) == unix.NFT_REG_VERDICT { // the map holds verdicts
				r.opaque, r.anywhere = true, true
			}
		})
	default:
		r.counted = false
	}
}

func nftVerdict(list []byte) (code int32, chain string) {
	attributes(list, func(kind uint16, value []byte) {
		switch kind {
		case unix.NFTA_VERDICT_CODE:
			code = int32(be32(value))
		case unix.NFTA_VERDICT_CHAIN:
			chain = text(value)
		}
	})
	return code, chain
}

func (r *filterRule) decide(code int32, chain string) {
	switch code {
	case nfDrop:
		r.Verdict = "drop"
	case unix.NFT_JUMP, unix.NFT_GOTO:
		r.jump = chain
	}
}

// Verdicts of netfilter (linux/netfilter.h).
const (
	nfDrop   = 0
	nfAccept = 1
)

// hooks of the families ip and inet, in their order.
var hooks = []string{"prerouting", "input", "forward", "output", "postrouting"}

// nftChains are the base chains that packets of IPv4 pass.
func nftChains(deadline time.Time) (chains []baseChain, err error) {
	err = nftDump(unix.NFT_MSG_GETCHAIN, deadline, func(family byte, list []byte) {
		chain, hook := baseChain{FirewallRule: evidence.FirewallRule{Family: familyName(family)}}, -1
		attributes(list, func(kind uint16, value []byte) {
			switch kind {
			case unix.NFTA_CHAIN_TABLE:
				chain.Table = text(value)
			case unix.NFTA_CHAIN_NAME:
				chain.Chain = text(value)
			case unix.NFTA_CHAIN_POLICY:
				if be32(value) == nfDrop {
					chain.Verdict = "drop"
				}
			case unix.NFTA_CHAIN_HOOK:
				attributes(value, func(kind uint16, value []byte) {
					if kind == unix.NFTA_HOOK_HOOKNUM {
						hook = int(be32(value))
					}
				})
			}
		})
		if hook >= 0 && hook < len(hooks) && (family == unix.NFPROTO_IPV4 || family == unix.NFPROTO_INET) {
			chain.Hook = hooks[hook]
			chains = append(chains, chain)
		}
	})
	return chains, err
}

// nftLoaded reports whether this kernel has nf_tables: asking one that has none would load it.
func nftLoaded() bool {
	loaded, err := os.ReadFile("/proc/modules")
	if err != nil || strings.Contains("\n"+string(loaded), "\nnf_tables ") {
		return true // a kernel without modules has it built in, or never
	}
	var system unix.Utsname
	if unix.Uname(&system) != nil {
		return true
	}
	builtin, err := os.ReadFile("/lib/modules/" + unix.ByteSliceToString(system.Release[:]) + "/modules.builtin")
	return err != nil || strings.Contains(string(builtin), "/nf_tables.ko")
}

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

// What is read of the kernel's rules at most. Reading them takes no lock that a firewall manager would wait for.
const (
	nftBytes = 32 << 20
	nftTime  = time.Second
)

// nftRule is a rule as its counter and its verdict go.
type nftRule struct {
	evidence.FirewallRule
	counted bool
	packets uint64
}

// nftChain is a base chain: one that packets enter by themselves.
type nftChain struct {
	evidence.FirewallRule
	hook   uint32
	policy uint32
}

var errTooManyRules = errors.New("there are too many rules to read them in a second")

// nftDump asks for all objects of a kind (nfnetlink, NFT_MSG_GETRULE and its like).
func nftDump(kind uint16, take func(family byte, attributes []byte)) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	patience := unix.NsecToTimeval(nftTime.Nanoseconds())
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &patience); err != nil {
		return err
	}
	var request []byte
	request = binary.NativeEndian.AppendUint32(request, unix.SizeofNlMsghdr+4)
	request = binary.NativeEndian.AppendUint16(request, unix.NFNL_SUBSYS_NFTABLES<<8|kind)
	request = binary.NativeEndian.AppendUint16(request, unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	request = append(request, 1, 0, 0, 0, 0, 0, 0, 0)       // sequence number, port
	request = append(request, unix.NFPROTO_UNSPEC, 0, 0, 0) // struct nfgenmsg: all families
	if err := unix.Sendto(fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	deadline, whole, buffer := time.Now().Add(nftTime), 0, make([]byte, 256<<10)
	for {
		n, _, err := unix.Recvfrom(fd, buffer, 0)
		if err != nil {
			return err
		}
		if whole += n; whole > nftBytes || time.Now().After(deadline) {
			return errTooManyRules
		}
		messages, err := syscall.ParseNetlinkMessage(buffer[:n])
		if err != nil {
			return err
		}
		for _, message := range messages {
			switch {
			case message.Header.Type == unix.NLMSG_DONE:
				return nil
			case message.Header.Type == unix.NLMSG_ERROR && len(message.Data) >= 4:
				if errno := -int32(binary.NativeEndian.Uint32(message.Data)); errno != 0 {
					return syscall.Errno(errno)
				}
				return nil
			case len(message.Data) >= 4:
				take(message.Data[0], message.Data[4:])
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
func nftRules() (rules []nftRule, err error) {
	err = nftDump(unix.NFT_MSG_GETRULE, func(family byte, list []byte) {
		rule := nftRule{FirewallRule: evidence.FirewallRule{Family: familyName(family)}}
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

// read takes one expression of a rule: its counter, and what it does with a packet.
func (r *nftRule) read(expression []byte) {
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
	case "reject":
		r.Verdict = "reject"
	case "target": // of iptables-nft
		attributes(data, func(kind uint16, value []byte) {
			if kind == unix.NFTA_TARGET_NAME && text(value) == "REJECT" {
				r.Verdict = "reject"
			}
		})
	case "immediate":
		attributes(data, func(kind uint16, value []byte) {
			if kind != unix.NFTA_IMMEDIATE_DATA {
				return
			}
			attributes(value, func(kind uint16, value []byte) {
				if kind != unix.NFTA_DATA_VERDICT {
					return
				}
				attributes(value, func(kind uint16, value []byte) {
					if kind == unix.NFTA_VERDICT_CODE && int32(be32(value)) == 0 { // NF_DROP
						r.Verdict = "drop"
					}
				})
			})
		})
	}
}

// nftChains are the base chains.
func nftChains() (chains []nftChain, err error) {
	err = nftDump(unix.NFT_MSG_GETCHAIN, func(family byte, list []byte) {
		chain, base := nftChain{FirewallRule: evidence.FirewallRule{Family: familyName(family)}, policy: 1}, false
		attributes(list, func(kind uint16, value []byte) {
			switch kind {
			case unix.NFTA_CHAIN_TABLE:
				chain.Table = text(value)
			case unix.NFTA_CHAIN_NAME:
				chain.Chain = text(value)
			case unix.NFTA_CHAIN_POLICY:
				chain.policy = be32(value)
			case unix.NFTA_CHAIN_HOOK:
				base = true
				attributes(value, func(kind uint16, value []byte) {
					if kind == unix.NFTA_HOOK_HOOKNUM {
						chain.hook = be32(value)
					}
				})
			}
		})
		if base && chain.Family != "netdev" && chain.Family != "bridge" && chain.Family != "arp" && chain.Family != "ip6" {
			chains = append(chains, chain)
		}
	})
	return chains, err
}

// hooks of the families ip and inet, in their order.
var hooks = []string{"prerouting", "input", "forward", "output", "postrouting"}

// firewall compares the rules before the packets of a ledger and after them: which took at least so many. place is where
// the packets were lost.
func firewall(before []nftRule, why error, least int, place string) *evidence.Firewall {
	found := &evidence.Firewall{}
	if names := strings.TrimSpace(small("/proc/self/net/ip_tables_names")); names != "" {
		found.Legacy = true
	}
	after, err := nftRules()
	if err = errors.Join(why, err); err != nil {
		found.Why = plainError(err)
		return found
	}
	chains, err := nftChains()
	if err != nil {
		found.Why = plainError(err)
		return found
	}
	then := map[evidence.FirewallRule]uint64{}
	for _, rule := range before {
		then[rule.FirewallRule] = rule.packets
	}
	for _, rule := range after {
		if rule.Verdict == "" {
			continue
		}
		if !rule.counted {
			found.Uncounted++
			continue
		}
		if old, was := then[rule.FirewallRule]; was && rule.packets >= old+uint64(least) {
			rule.Grew = int(rule.packets - old)
			found.Took = append(found.Took, rule.FirewallRule)
		}
	}
	wanted := map[string]string{evidence.LostGoingOut: "output postrouting", evidence.LostComingIn: "prerouting input"}[place]
	for _, chain := range chains {
		if int(chain.hook) < len(hooks) && chain.policy == 0 && strings.Contains(wanted, hooks[chain.hook]) {
			chain.Hook, chain.Verdict = hooks[chain.hook], "drop"
			found.Policies = append(found.Policies, chain.FirewallRule)
		}
	}
	found.Manager = managerOf(after)
	return found
}

func plainError(err error) string {
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return "only root may read the rules"
	}
	return err.Error()
}

// managerOf is who wrote the rules, by the names that it gives its tables and chains; "" where none is known.
func managerOf(rules []nftRule) string {
	for _, rule := range rules {
		switch {
		case rule.Table == "firewalld":
			return "firewalld"
		case strings.HasPrefix(rule.Chain, "ufw-"):
			return "ufw"
		case rule.Chain == "LOCALOUTPUT" || rule.Chain == "LOGDROPOUT" || rule.Chain == "DENYOUT":
			return "csf"
		case rule.Chain == "shorewall" || rule.Chain == "fw-net" || rule.Chain == "net-fw" || rule.Chain == "fw2net":
			return "shorewall"
		}
	}
	for _, rule := range rules {
		switch {
		case strings.HasPrefix(rule.Chain, "KUBE-"):
			return "kubernetes"
		case rule.Chain == "DOCKER-USER":
			return "docker"
		}
	}
	return ""
}

// mayReadRules: without the right to, asking would only load modules for nothing.
func mayReadRules() bool { return os.Geteuid() == 0 }

// Rules are the firewall rules' counts at one moment.
type Rules struct {
	rules []nftRule
	why   error
}

// ReadRules reads the counts of this host's nftables rules, as root.
func ReadRules() *Rules {
	if !mayReadRules() {
		return &Rules{why: unix.EPERM}
	}
	rules, err := nftRules()
	return &Rules{rules, err}
}

// Since tells which rules took the packets of a ledger that was kept since then; nil where none were lost in this host.
func (r *Rules) Since(ledger *evidence.Ledger) *evidence.Firewall {
	place, _ := ledger.Lost()
	if place != evidence.LostGoingOut && place != evidence.LostComingIn {
		return nil
	}
	if !mayReadRules() {
		return &evidence.Firewall{Why: plainError(r.why)}
	}
	return firewall(r.rules, r.why, 3*ledger.N*3/4, place)
}

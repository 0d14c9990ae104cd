package thishost

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"opensrs-doctor/probes/evidence"
)

// traced is how many packets are followed: a rule may take only some of them.
const traced = 20

// traceBytes is the room for what the kernel reports of them.
const traceBytes = 4 << 20

// nftTableOwner is NFT_TABLE_F_OWNER of linux/netfilter/nf_tables.h: the table is its maker's alone, and goes when the
// maker's socket closes, however this program ends. Kernels before 5.12 refuse it.
const nftTableOwner = 2

// tracePriority is ahead of everything that may drop, and of connection tracking and translation of addresses.
const tracePriority = -450

// Trace asks the kernel which rule takes the packets, by a table that says for a moment which are to be followed: packets
// of some sockets of this process, or their answers. No mark is set: answers do not carry it, and routing may ask for it.
func Trace(host Eyes, found *evidence.Firewall, ledger *evidence.Ledger, to netip.AddrPort, source netip.Addr, answer time.Duration) {
	if found == nil || found.Why != "" || found.Outside || hooksOf(ledger) == nil {
		return
	}
	var followed Followed
	sockets, _, err := send(to, ledger.Protocol, source, traced, false, func(ports []uint16) (err error) {
		followed, err = host.Follow(to, ledger, ports)
		return err
	})
	defer func() {
		for _, socket := range sockets {
			unix.Close(socket)
		}
	}()
	if err != nil {
		found.Untraced = plainError(err)
	}
	if followed != nil {
		*found = followed.End(*found, answer)
	}
}

// Follow has the kernel follow packets, or the answers to them, as root.
func (Here) Follow(to netip.AddrPort, ledger *evidence.Ledger, ports []uint16) (Followed, error) {
	hooks := hooksOf(ledger)
	if hooks == nil || len(ports) > traced || !to.Addr().Is4() {
		return nil, errors.New("there is nothing to follow")
	}
	if !nftLoaded() {
		return nil, errors.New("the kernel has no nf_tables, so there are no rules of nftables; it would have to be loaded")
	}
	rules, _, failed := readRules() // as they are without the table
	if failed.why != "" {
		return nil, errors.New(failed.why)
	}
	f := &follower{rules: rules, owner: -1, ear: -1}
	err := f.listen()
	if err == nil {
		err = install(f.owner, traceTable(to, ledger.Protocol, hooks[0], ports))
	}
	if err == nil {
		return f, nil
	}
	f.close()
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EINVAL) {
		err = errors.New("this kernel cannot promise to remove the table: it is older than Linux 5.12")
	}
	return nil, err
}

// follower is the table, which is there as long as its owner is open, and the ear that hears of the packets.
type follower struct {
	rules      ruleset
	owner, ear int
}

func (f *follower) close() {
	unix.Close(f.owner) // and with it the table
	unix.Close(f.ear)
}

// End reads what the kernel reports of the packets.
func (f *follower) End(found evidence.Firewall, answer time.Duration) evidence.Firewall {
	defer f.close()
	end, err := listen(f.ear, time.Now().Add(min(answer+100*time.Millisecond, readTime)))
	if err != nil {
		found.Untraced = plainError(err)
		return found
	}
	if found.Traced = true; end == nil {
		return found // rules of iptables-legacy, of which the trace shows nothing
	}
	if rule, ok := f.rules.at(end); ok {
		rule.Path = end.path
		rule = f.rules.managed(rule)
		spell(&rule, f.rules)
		directRule(&rule)
		found.Took, found.Policies = []evidence.FirewallRule{rule}, nil
	}
	return found
}

// at is the rule, or the policy, at which packets ended.
func (s ruleset) at(end *traceEnd) (evidence.FirewallRule, bool) {
	for _, r := range s.rules {
		if nameOf(r.FirewallRule) == end.name {
			if r.Verdict == "" {
				r.Verdict = "drop" // by a map of verdicts, or by a program
			}
			r.Grew = end.packets
			return r.FirewallRule, true
		}
	}
	for _, b := range s.bases {
		if nameOf(b.FirewallRule) == end.name {
			b.Grew = end.packets
			return b.FirewallRule, true
		}
	}
	return evidence.FirewallRule{}, false
}

// traceEnd is where packets were dropped; a handle of 0 is the chain's policy.
type traceEnd struct {
	name    string // see nameOf
	path    []string
	packets int
}

// listen opens the sockets.
func (f *follower) listen() (err error) {
	if f.owner, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER); err != nil {
		return err
	}
	if f.ear, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER); err != nil {
		return err
	}
	if err := unix.Bind(f.ear, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	// A packet gives a message for each rule that it meets, and all packets leave before the first is read. What finds no
	// room is lost, and the first packets tell enough.
	_ = unix.SetsockoptInt(f.ear, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, traceBytes)
	if err := unix.SetsockoptInt(f.ear, unix.SOL_NETLINK, unix.NETLINK_NO_ENOBUFS, 1); err != nil {
		return err
	}
	return unix.SetsockoptInt(f.ear, unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, unix.NFNLGRP_NFTRACE)
}

// The small ones below are not inlined: the table calls them forty times, and the binary has a size to keep.

// traceTable is the table: one chain, and a rule for each of our source ports.
func traceTable(to netip.AddrPort, protocol, hook string, ports []uint16) *batch {
	b := &batch{}
	const nftables, ask = unix.NFNL_SUBSYS_NFTABLES << 8, unix.NLM_F_ACK | unix.NLM_F_CREATE
	table, chain, priority := fmt.Sprintf("opensrs_doctor_%d", os.Getpid()), "trace", int32(tracePriority)
	b.message(unix.NFNL_MSG_BATCH_BEGIN, 0, unix.AF_UNSPEC, unix.NFNL_SUBSYS_NFTABLES)
	b.end()
	b.message(nftables|unix.NFT_MSG_NEWTABLE, ask|unix.NLM_F_EXCL, unix.NFPROTO_IPV4, 0)
	b.name(unix.NFTA_TABLE_NAME, table)
	b.number(unix.NFTA_TABLE_FLAGS, nftTableOwner)
	b.end()
	b.message(nftables|unix.NFT_MSG_NEWCHAIN, ask, unix.NFPROTO_IPV4, 0)
	b.name(unix.NFTA_CHAIN_TABLE, table)
	b.name(unix.NFTA_CHAIN_NAME, chain)
	b.list(unix.NFTA_CHAIN_HOOK)
	b.number(unix.NFTA_HOOK_HOOKNUM, uint32(slices.Index(hooks, hook)))
	b.number(unix.NFTA_HOOK_PRIORITY, uint32(priority))
	b.done()
	b.name(unix.NFTA_CHAIN_TYPE, "filter")
	b.end()
	l4, address := byte(unix.IPPROTO_TCP), to.Addr().As4()
	if protocol == evidence.LedgerUDP {
		l4 = unix.IPPROTO_UDP
	}
	for _, port := range ports {
		peer, first, second := uint32(16), port, to.Port() // where a header of IPv4 has the destination, of TCP and UDP both ports
		if hook == "prerouting" {                          // an answer: the source
			peer, first, second = 12, second, first
		}
		b.message(nftables|unix.NFT_MSG_NEWRULE, ask|unix.NLM_F_APPEND, unix.NFPROTO_IPV4, 0)
		b.name(unix.NFTA_RULE_TABLE, table)
		b.name(unix.NFTA_RULE_CHAIN, chain)
		b.list(unix.NFTA_RULE_EXPRESSIONS)
		b.equal(unix.NFT_PAYLOAD_NETWORK_HEADER, 9, []byte{l4})
		b.equal(unix.NFT_PAYLOAD_NETWORK_HEADER, peer, address[:])
		b.equal(unix.NFT_PAYLOAD_TRANSPORT_HEADER, 0, []byte{byte(first >> 8), byte(first), byte(second >> 8), byte(second)})
		b.expression("immediate")
		b.number(unix.NFTA_IMMEDIATE_DREG, unix.NFT_REG_1)
		b.list(unix.NFTA_IMMEDIATE_DATA)
		b.value(unix.NFTA_DATA_VALUE, []byte{1})
		b.done()
		b.done()
		b.done()
		b.expression("meta")
		b.number(unix.NFTA_META_KEY, unix.NFT_META_NFTRACE)
		b.number(unix.NFTA_META_SREG, unix.NFT_REG_1)
		b.done()
		b.done()
		b.done()
		b.end()
	}
	b.message(unix.NFNL_MSG_BATCH_END, 0, unix.AF_UNSPEC, unix.NFNL_SUBSYS_NFTABLES)
	b.end()
	return b
}

// listen reads the trace: for each packet, under its number, every rule and policy that had a say. It ends when all
// packets are accounted for, or at the deadline. The result is what took most of them, nil if nothing did.
func listen(fd int, deadline time.Time) (*traceEnd, error) {
	paths, ends, dropped := map[uint32][]string{}, map[string]*traceEnd{}, 0
	err := receive(fd, deadline, func(message syscall.NetlinkMessage) (bool, error) {
		if message.Header.Type != unix.NFNL_SUBSYS_NFTABLES<<8|unix.NFT_MSG_TRACE || len(message.Data) < 4 {
			return true, nil
		}
		rule, id, code, jump := evidence.FirewallRule{Family: familyName(message.Data[0])}, uint32(0), int32(nfAccept), ""
		attributes(message.Data[4:], func(kind uint16, value []byte) {
			switch kind {
			case unix.NFTA_TRACE_TABLE:
				rule.Table = text(value)
			case unix.NFTA_TRACE_CHAIN:
				rule.Chain = text(value)
			case unix.NFTA_TRACE_RULE_HANDLE:
				rule.Handle = be64(value)
			case unix.NFTA_TRACE_ID:
				id = be32(value)
			case unix.NFTA_TRACE_VERDICT:
				code, jump = nftVerdict(value)
			case unix.NFTA_TRACE_POLICY:
				code = int32(be32(value))
			}
		})
		switch code {
		case unix.NFT_JUMP, unix.NFT_GOTO:
			if jump != "" {
				paths[id] = append(before(paths[id], rule.Chain), rule.Chain)
			}
		case nfAccept:
			delete(paths, id)
		case nfDrop:
			name := nameOf(rule)
			if ends[name] == nil {
				ends[name] = &traceEnd{name: name, path: slices.Clone(before(paths[id], rule.Chain))}
			}
			ends[name].packets++
			dropped++
		}
		return dropped < traced, nil
	})
	var most *traceEnd
	for _, end := range ends {
		if most == nil || end.packets > most.packets {
			most = end
		}
	}
	return most, err
}

// before is a path of chains, without those that packets came back to this one from.
func before(path []string, chain string) []string {
	if i := slices.Index(path, chain); i >= 0 {
		return path[:i]
	}
	return path
}

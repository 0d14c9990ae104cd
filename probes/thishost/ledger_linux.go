package thishost

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"opensrs-doctor/probes/evidence"
)

// packets is how many are sent in the first round; the second sends twice as many.
const packets = 20

// Keep counts what this host's kernel does with packets for a peer, and with their answers: around a silence, some packets,
// and twice as many. answer is how long an answer may take. They come from sockets of their own, which are closed
// without a word; source is --source-ip, or not set. The counters are read by host's eyes.
func Keep(ctx context.Context, to netip.AddrPort, protocol string, source netip.Addr, answer time.Duration, host Eyes) *evidence.Ledger {
	ports := &evidence.Ports{}
	kept := keep(ctx, &evidence.Ledger{To: to.String(), Protocol: protocol}, packets, answer, host, func(n int) (burst, error) {
		return burst{send: func() ([]int, denials, error) { return send(to, protocol, source, n, true, nil) },
			end: func(sockets []int) { answered(ports, sockets) }}, nil
	})
	if protocol == evidence.LedgerTCP && kept.Why == "" && len(ports.Answered) > 0 && len(ports.Silent) > 0 {
		slices.Sort(ports.Answered)
		slices.Sort(ports.Silent)
		kept.Ports = ports
	}
	return kept
}

// hellos is how many connections are made for the first round of Hellos; the service sees three times as many.
const hellos = 5

// Hellos counts likewise what the kernel does with the first message on connections that it lets be made, and with the
// answers to it. answer is how long a connection may take, too.
func Hellos(ctx context.Context, to netip.AddrPort, first []byte, source netip.Addr, answer time.Duration, host Eyes) *evidence.Ledger {
	return keep(ctx, &evidence.Ledger{To: to.String(), Protocol: evidence.LedgerHello}, hellos, answer, host, func(n int) (burst, error) {
		sockets, _, err := send(to, evidence.LedgerTCP, source, n, false, nil)
		if err == nil && n > 0 {
			err = pause(ctx, answer)
		}
		return burst{sockets: sockets, send: func() (_ []int, no denials, err error) {
			for _, fd := range sockets {
				if _, err = unix.Write(fd, first); err != nil {
					return nil, no, err
				}
			}
			return nil, no, nil
		}}, err
	})
}

// burst is what is sent at once, by sockets that are there before, or that send makes. end, where there is one, looks at
// them before they are closed.
type burst struct {
	sockets []int
	send    func() ([]int, denials, error)
	end     func(sockets []int)
}

// answered notes which source ports have a connection by now.
func answered(ports *evidence.Ports, sockets []int) {
	for _, fd := range sockets {
		bound, err := unix.Getsockname(fd)
		local, is := bound.(*unix.SockaddrInet4)
		if err != nil || !is {
			continue
		}
		if _, err := unix.Getpeername(fd); err == nil {
			ports.Answered = append(ports.Answered, uint16(local.Port))
		} else {
			ports.Silent = append(ports.Silent, uint16(local.Port))
		}
	}
}

func keep(ctx context.Context, ledger *evidence.Ledger, first int, answer time.Duration, host Eyes, prepare func(n int) (burst, error)) *evidence.Ledger {
	if to, err := netip.ParseAddrPort(ledger.To); err != nil || !to.Addr().Is4() {
		ledger.Why = "only IPv4 is counted"
		return ledger
	}
	if _, _, ok := count(host); !ok {
		ledger.Why = "the kernel's counters cannot be read"
		return ledger
	}
	for _, round := range []struct {
		send int
		into *evidence.Counts
	}{{0, &ledger.Background}, {first, &ledger.Once}, {2 * first, &ledger.Twice}} {
		ready, err := prepare(round.send)
		before, links, _ := count(host) // closing those of the round before may have sent something
		if err == nil {
			var no denials
			var more []int
			more, no, err = ready.send()
			ready.sockets = append(ready.sockets, more...)
			ledger.Forbidden += no.forbidden
			ledger.Refused += no.refused
		}
		if err == nil {
			err = pause(ctx, answer)
		}
		after, now, _ := count(host)
		if ready.end != nil {
			ready.end(ready.sockets)
		}
		for _, socket := range ready.sockets {
			unix.Close(socket)
		}
		if err != nil {
			ledger.Why = err.Error()
			return ledger
		}
		*round.into = difference(before, after)
		if round.send == 2*first {
			ledger.WentOut, ledger.CameIn = now.busiest(links, round.send)
			if now.held(links, ledger.WentOut, round.send) {
				ledger.WentOut = ""
			}
		}
	}
	ledger.N = first
	return ledger
}

// pause waits so long, or until the run ends.
func pause(ctx context.Context, wait time.Duration) error {
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// question asks a resolver for the root's name servers, which every one answers: an ID, recursion desired, one question.
var question = []byte{0x4f, 0x50, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1}

// denials are how many packets the kernel refused to send (EPERM): they came as far as the firewall, or, of them those that
// were refused where they were addressed, not even there.
type denials struct{ forbidden, refused int }

// spreadPort is a source port for one of n packets, in its n-th of the range that the kernel takes them from; 0, which
// leaves it to the kernel, where the range is not known. The kernel itself takes ports for one peer that are next to each
// other: a rule for some ports would meet all of them, or none.
func spreadPort(i, n int) int {
	first, last := portRange()
	share := (last - first + 1) / n
	if share < 1 {
		return 0
	}
	return first + i*share + rand.IntN(share)
}

// send begins connections, or asks a resolver, and waits for no answer. spread: from ports all over the range. ready, where there is one, is called with the
// source ports before the first packet leaves.
func send(to netip.AddrPort, protocol string, source netip.Addr, n int, spread bool, ready func(ports []uint16) error) (sockets []int, no denials, err error) {
	kind := unix.SOCK_STREAM
	if protocol == evidence.LedgerUDP {
		kind = unix.SOCK_DGRAM
	}
	var ports []uint16
	for i := range n {
		fd, err := unix.Socket(unix.AF_INET, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return sockets, no, err
		}
		sockets = append(sockets, fd)
		_ = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		local := &unix.SockaddrInet4{}
		if source.Is4() {
			local.Addr = source.As4()
		}
		if spread && kind == unix.SOCK_STREAM {
			local.Port = spreadPort(i, n)
			if local.Port != 0 && unix.Bind(fd, local) != nil { // somebody has it
				local.Port = 0
			}
		}
		if local.Port == 0 && (source.Is4() || ready != nil) {
			if err := unix.Bind(fd, local); err != nil {
				return sockets, no, err
			}
		}
		if bound, err := unix.Getsockname(fd); err == nil {
			if bound, is := bound.(*unix.SockaddrInet4); is {
				ports = append(ports, uint16(bound.Port))
			}
		}
	}
	if ready != nil {
		if err := ready(ports); err != nil {
			return sockets, no, err
		}
	}
	for _, fd := range sockets {
		err := unix.Connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()})
		if err == unix.EPERM {
			no.refused++
		}
		if err == nil && kind == unix.SOCK_DGRAM {
			err = unix.Send(fd, question, 0)
		}
		if err == unix.EPERM {
			no.forbidden++
		}
	}
	return sockets, no, nil
}

// Counters reads the counters of this network namespace. A kernel that tracks no connections has no file of them.
func (Here) Counters() (texts Counters, ok bool) {
	for i, name := range []string{"snmp", "netstat", "dev", "stat/nf_conntrack"} {
		text, err := os.ReadFile("/proc/thread-self/net/" + name)
		if err != nil && i < 2 {
			return texts, false
		}
		texts[i] = string(text)
	}
	return texts, true
}

// count is what host's eyes read of the counters, and the packets of each interface but the loopback.
func count(host Eyes) (map[string]int, links, bool) {
	texts, ok := host.Counters()
	interfaces := linksOf(texts[2])
	delete(interfaces, "lo")
	return countersOf(texts[0], texts[1], texts[2], texts[3]), interfaces, ok
}

// interfaces are the packets of this namespace's, without the loopback.
func interfaces() links {
	_, found, _ := count(Here{})
	return found
}

// held reports whether an interface is made of others, a bridge or a bond, none of which sent as many packets since then.
func (now links) held(then links, master string, least int) bool {
	members := membersOf(master)
	for _, name := range members {
		if now[name][1]-then[name][1] >= least {
			return false
		}
	}
	return len(members) > 0
}

// busiest are the interfaces by which most packets went out and came in since then, and at least so many.
func (now links) busiest(then links, least int) (out, in string) {
	mostOut, mostIn := least-1, least-1
	for name, count := range now {
		if grew := count[1] - then[name][1]; grew > mostOut {
			out, mostOut = name, grew
		}
		if grew := count[0] - then[name][0]; grew > mostIn {
			in, mostIn = name, grew
		}
	}
	return out, in
}

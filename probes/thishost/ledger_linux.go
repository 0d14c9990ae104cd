package thishost

import (
	"context"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"opensrs-doctor/probes/evidence"
)

// packets is how many are sent in the first round; the second sends twice as many.
const packets = 20

// Keep counts what this host's kernel does with packets for the port, and with their answers: around a silence, some SYNs,
// and twice as many. answer is how long an answer may take. The SYNs come from sockets of their own, which are closed
// without a word; source is --source-ip, or not set.
func Keep(ctx context.Context, to netip.AddrPort, source netip.Addr, answer time.Duration) *evidence.Ledger {
	ledger := &evidence.Ledger{To: to.String()}
	if !to.Addr().Is4() {
		ledger.Why = "only IPv4 is counted"
		return ledger
	}
	before, ok := count()
	if !ok {
		ledger.Why = "the kernel's counters cannot be read"
		return ledger
	}
	for _, round := range []struct {
		send int
		into *evidence.Counts
	}{{0, &ledger.Background}, {packets, &ledger.Once}, {2 * packets, &ledger.Twice}} {
		links := linkCounts()
		sockets, err := syns(to, source, round.send)
		if err == nil {
			select {
			case <-time.After(answer):
			case <-ctx.Done():
				err = ctx.Err()
			}
		}
		after, _ := count()
		for _, socket := range sockets {
			unix.Close(socket)
		}
		if err != nil {
			ledger.Why = err.Error()
			return ledger
		}
		*round.into = difference(before, after)
		if round.send == 2*packets {
			ledger.WentOut, ledger.CameIn = linkCounts().busiest(links, round.send)
		}
		before, _ = count() // closing may send something
	}
	ledger.N = packets
	return ledger
}

// syns begins connections and waits for none.
func syns(to netip.AddrPort, source netip.Addr, n int) (sockets []int, err error) {
	for range n {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return sockets, err
		}
		sockets = append(sockets, fd)
		_ = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		if source.Is4() {
			if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: source.As4()}); err != nil {
				return sockets, err
			}
		}
		_ = unix.Connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()})
	}
	return sockets, nil
}

// count reads the counters of this network namespace.
func count() (map[string]int, bool) {
	snmp, err := os.ReadFile("/proc/self/net/snmp")
	if err != nil {
		return nil, false
	}
	netstat, err := os.ReadFile("/proc/self/net/netstat")
	if err != nil {
		return nil, false
	}
	all := counters(snmp, netstat)
	if table, err := os.ReadFile("/proc/self/net/stat/nf_conntrack"); err == nil {
		all["conntrack.drop"] = conntrackDrops(string(table))
	}
	return all, true
}

// links are the packets of each interface but the loopback, in and out.
type links map[string][2]int

func linkCounts() links {
	text, _ := os.ReadFile("/proc/self/net/dev")
	counts := links{}
	for line := range strings.Lines(string(text)) {
		name, values, is := strings.Cut(line, ":")
		words := strings.Fields(values)
		if name = strings.TrimSpace(name); !is || len(words) < 10 || name == "lo" {
			continue
		}
		in, _ := strconv.Atoi(words[1])
		out, _ := strconv.Atoi(words[9])
		counts[name] = [2]int{in, out}
	}
	return counts
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

// conntrackDrops adds up the column "drop" of all processors.
func conntrackDrops(table string) (drops int) {
	column := -1
	for line := range strings.Lines(table) {
		words := strings.Fields(line)
		if column < 0 {
			for i, word := range words {
				if word == "drop" {
					column = i
				}
			}
			continue
		}
		if column < len(words) {
			n, _ := strconv.ParseInt(words[column], 16, 64)
			drops += int(n)
		}
	}
	return drops
}

func difference(before, after map[string]int) evidence.Counts {
	of := func(name string) int { return after[name] - before[name] }
	counts := evidence.Counts{
		OutSegments:   of("Tcp.OutSegs"),
		OutRequests:   of("Ip.OutRequests"),
		InReceives:    of("Ip.InReceives"),
		InDelivers:    of("Ip.InDelivers"),
		Forwarded:     of("Ip.ForwDatagrams"),
		ReversePath:   of("TcpExt.IPReversePathFilter"),
		ConntrackFull: of("conntrack.drop"),
	}
	if _, counted := after["Ip.OutTransmits"]; counted {
		sent := of("Ip.OutTransmits")
		counts.OutTransmits = &sent
	}
	return counts
}

// Package thishost asks what on this host is in the way of packets to one address: its routing policy, its
// firewall, a control group, a table that is full. It reads what the kernel says and counts, needs no privilege for
// most of it, and changes nothing. It is asked only after a connection failed.
package thishost

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"opensrs-doctor/probes/evidence"
)

// Eyes are how this host is looked at. A process that was started as another one sees less of it than the one that
// started it, and asks that one; whoever asks for itself has Here.
type Eyes interface {
	// Look reads what is known without sending anything; nil where this system shows nothing.
	Look(to netip.AddrPort, source netip.Addr) *evidence.ThisHost
	// Counters are the kernel's counters of the network namespace; false where they cannot be read.
	Counters() (Counters, bool)
	// ReadRules reads the counts of the firewall's rules, as root; nil where this system has none that can be read.
	ReadRules() RulesThen
	// Follow has the kernel report, until End, which rules the packets from these ports to an address meet, or the answers to
	// them, as a ledger shows where they are lost. The error says why it cannot.
	Follow(to netip.AddrPort, ledger *evidence.Ledger, ports []uint16) (Followed, error)
}

// Followed are packets that the kernel follows.
type Followed interface {
	// End waits for them so long as an answer takes, gives what was found with the rule that took them, and stops.
	End(found evidence.Firewall, answer time.Duration) evidence.Firewall
}

// RulesThen are the firewall rules' counts at one moment.
type RulesThen interface {
	// Since tells which rules took the packets of a ledger that was kept since then; nil where none were lost in this host.
	Since(*evidence.Ledger) *evidence.Firewall
}

// Counters are the texts of /proc/net's snmp, netstat, dev and stat/nf_conntrack.
type Counters [4]string

// Here looks from this thread: its network namespace, and the files that this process sees.
type Here struct {
	As *Identity // whose routes and control group are looked for; nil: this process's own
}

// Identity is the process that packets belong to.
type Identity struct {
	UID    uint32
	Cgroup string // its file "cgroup" in /proc
}

// countersOf understands the kernel's files of those names in /proc/net. They are read elsewhere, so that those of kernels
// that are not at hand can be tested.
func countersOf(snmp, netstat, dev, conntrack string) map[string]int {
	all := counters(snmp, netstat)
	links := linksOf(dev)
	all["conntrack.drop"], all["lo.sent"] = conntrackDrops(conntrack), links["lo"][1]
	for name, count := range links {
		if name != "lo" {
			all["links.received"] += count[0]
		}
	}
	return all
}

// counters reads files of the form of /proc/net/snmp and netstat: for each protocol a line of names and a line of values.
// The keys of the result are "Ip.InReceives".
func counters(files ...string) map[string]int {
	all := map[string]int{}
	for _, file := range files {
		var names []string
		for line := range strings.Lines(file) {
			words := strings.Fields(line)
			if len(words) < 2 {
				continue
			}
			if len(names) != len(words) || names[0] != words[0] {
				names = words
				continue
			}
			protocol := strings.TrimSuffix(words[0], ":")
			for i := 1; i < len(words); i++ {
				if value, err := strconv.ParseInt(words[i], 10, 64); err == nil {
					all[protocol+"."+names[i]] = int(value)
				}
			}
			names = nil
		}
	}
	return all
}

// links are the packets of each interface, in and out.
type links map[string][2]int

// linksOf reads /proc/net/dev: behind an interface's name eight numbers of what it received, of which the second counts
// packets, and eight of what it sent.
func linksOf(text string) links {
	counts := links{}
	for line := range strings.Lines(text) {
		name, values, is := strings.Cut(line, ":")
		words := strings.Fields(values)
		if !is || len(words) < 10 {
			continue
		}
		in, _ := strconv.Atoi(words[1])
		out, _ := strconv.Atoi(words[9])
		counts[strings.TrimSpace(name)] = [2]int{in, out}
	}
	return counts
}

// conntrackDrops adds up the column "drop" of all processors.
func conntrackDrops(table string) (drops int) {
	column := -1
	for line := range strings.Lines(table) {
		words := strings.Fields(line)
		if column < 0 {
			if column = slices.Index(words, "drop"); column < 0 {
				return 0
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
		Loopback:      of("lo.sent"),
		Arrived:       of("links.received"),
	}
	if _, counted := after["Ip.OutTransmits"]; counted {
		sent := of("Ip.OutTransmits")
		counts.OutTransmits = &sent
	}
	return counts
}

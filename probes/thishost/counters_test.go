package thishost

import (
	"testing"

	"opensrs-doctor/probes/evidence"
)

// Excerpts of the files of two kernels. The older one, Debian 12's, has no OutTransmits.
const (
	snmpNew = `Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams InUnknownProtos InDiscards InDelivers OutRequests OutDiscards OutNoRoutes ReasmTimeout ReasmReqds ReasmOKs ReasmFails FragOKs FragFails FragCreates OutTransmits
Ip: 2 64 738229 0 0 11 0 0 738200 729368 0 0 0 0 0 0 0 0 0 729360
Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors
Tcp: 1 200 120000 -1 100 50 3 2 8 600000 590000 12 0 7 0
`
	snmpOld = `Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams InUnknownProtos InDiscards InDelivers OutRequests OutDiscards OutNoRoutes ReasmTimeout ReasmReqds ReasmOKs ReasmFails FragOKs FragFails FragCreates
Ip: 1 64 500 0 0 0 0 0 480 300 0 0 0 0 0 0 0 0 0
Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors
Tcp: 1 200 120000 -1 100 50 3 2 8 400 350 12 0 7 0
`
	netstat = `TcpExt: SyncookiesSent PAWSActive IPReversePathFilter TCPTimeWaitOverflow
TcpExt: 0 0 17 0
IpExt: InNoRoutes InOctets
IpExt: 0 123456
`
	dev = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 1000     91    0    0    0     0          0         0     1000     92    0    0    0     0       0          0
  eth0:2000     20    0    0    0     0          0         0     3000     30    0    0    0     0       0          0
`
	conntrackTable = `entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error  expect_new expect_create expect_delete search_restart
00000000  00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 0000001f 00000002 00000000  00000000 00000000 00000000 00000000
00000000  00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000001 00000000 00000000  00000000 00000000 00000000 00000000
`
)

func TestCounters(t *testing.T) {
	zero := map[string]int{}
	now := difference(zero, countersOf(snmpNew, netstat, dev, conntrackTable))
	if now.OutTransmits == nil || *now.OutTransmits != 729360 {
		t.Errorf("OutTransmits: %v", now.OutTransmits)
	}
	now.OutTransmits = nil
	if want := (evidence.Counts{OutSegments: 590000, OutRequests: 729368, InReceives: 738229, InDelivers: 738200, Forwarded: 11,
		ReversePath: 17, ConntrackFull: 32, Loopback: 92, Arrived: 20}); now != want {
		t.Errorf("got  %+v\nwant %+v", now, want)
	}
	if old := difference(zero, countersOf(snmpOld, netstat, dev, "")); old.OutTransmits != nil || old.OutSegments != 350 || old.ConntrackFull != 0 {
		t.Errorf("of the older kernel: %+v", old)
	}
	if link := linksOf(dev)["eth0"]; link != [2]int{20, 30} {
		t.Errorf("eth0: %v", link)
	}
	for _, text := range []string{"", "Ip:\n", "Ip: a b\n", "Ip: a\nIp: x\n", "drop\n", "entries drop\nzz\n"} {
		countersOf(text, text, text, text) // a file of another form is no counter, and no crash
	}
}

// A ledger of an older kernel: what the output chain drops is seen, what a later chain drops is not, and no packet is ever
// said to have left.
func TestLedgerOfOlderKernels(t *testing.T) {
	of := func(segments, requests int) evidence.Counts {
		return evidence.Counts{OutSegments: segments, OutRequests: requests}
	}
	looped := func(segments, requests int) evidence.Counts {
		return evidence.Counts{OutSegments: segments, OutRequests: requests, InReceives: requests, InDelivers: requests, Loopback: requests}
	}
	for _, c := range []struct {
		name        string
		protocol    string
		n           int
		once, twice evidence.Counts
		out, place  string
	}{
		{"output chain", evidence.LedgerTCP, 20, of(20, 0), of(40, 0), "eth0", evidence.LostGoingOut},
		{"postrouting chain, or the network", evidence.LedgerTCP, 20, of(20, 20), of(40, 40), "eth0", evidence.LostNowhere},
		{"a rule that rejects", evidence.LedgerTCP, 20, looped(20, 20), looped(40, 40), "", evidence.LostGoingOut},
		{"sent to this host itself, and refused", evidence.LedgerTCP, 20, looped(40, 40), looped(80, 80), "", evidence.LostAnswered},
		{"hellos, output chain", evidence.LedgerHello, 5, of(10, 0), of(21, 0), "", evidence.LostGoingOut},
		{"hellos, a rule that resets", evidence.LedgerHello, 5, looped(10, 5), looped(20, 10), "", evidence.LostGoingOut},
		{"hellos, which left", evidence.LedgerHello, 5, of(10, 5), of(20, 10), "eth0", evidence.LostNowhere},
	} {
		l := &evidence.Ledger{N: c.n, Protocol: c.protocol, Once: c.once, Twice: c.twice, WentOut: c.out}
		if place, _ := l.Lost(); place != c.place {
			t.Errorf("%s: %q, want %q", c.name, place, c.place)
		}
		if left, known := l.Left(); left || known {
			t.Errorf("%s: left %t, known %t", c.name, left, known)
		}
	}
}

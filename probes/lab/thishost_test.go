//go:build linux

package lab

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ordinary is the user of worlds that show what the tool can say without being root.
const ordinary = 33 // www-data

// firewalled makes the client's input chain drop by default.
func firewalled(accept ...string) func(*World) {
	return func(w *World) {
		w.Client.NFT("table inet fault {\n chain in {\n type filter hook input priority filter; policy drop;\n iif lo accept\n " +
			strings.Join(accept, "\n ") + "\n }\n}\n")
	}
}

// saysNo gives the client a chain in which connections are tracked.
func saysNo(hook, policy string, rules ...string) func(*World) {
	return func(w *World) {
		w.Client.NFT("table inet fault {\n chain " + strings.TrimSuffix(hook, "put") + " {\n type filter hook " + hook + " priority filter; policy " + policy + ";\n " +
			strings.Join(rules, "\n ") + "\n }\n}\n")
	}
}

// bridged makes the client's cable a port of a bridge, which has its addresses.
func bridged(w *World) {
	w.Client.IP("link add br9 type bridge", "link set eth0 master br9", "addr flush dev eth0",
		"addr add "+ClientIP+"/24 dev br9", "link set br9 up", "route add default via "+GatewayIP)
}

// otherWay gives the client a second cable to its gateway and sends everything by it, with the address of the first.
func otherWay(w *World) {
	w.Client.link("eth1", w.Gateway, "lan1")
	w.Gateway.IP("link set lan1 up", "addr add 10.1.1.1/24 dev lan1")
	w.Client.IP("link set eth1 up", "addr add 10.1.1.2/24 dev eth1", "route replace default via 10.1.1.1 dev eth1 src "+ClientIP)
}

func sysctl(w *World, name, value string) {
	w.tb.Helper()
	if err := w.Client.Sysctl(name, value); err != nil {
		w.tb.Fatal(err)
	}
}

// claims makes an interface of the client claim a network, in which nobody is.
func claims(prefix string) func(*World) {
	return func(w *World) {
		w.Client.link("br0", w.Gateway, "nobody0")
		w.Gateway.IP("link set nobody0 up")
		w.Client.IP("link set br0 up", "addr add "+prefix+" dev br0")
	}
}

// thisHostFaults are on the client itself: what is feared is that somebody else is blamed.
var thisHostFaults = []Fault{
	{Cause: "host.reply-dropped", Name: "input-denies-tcp", Confidence: "certain", Says: []string{"eth0"}, Never: []string{"cable"},
		Break: firewalled("meta l4proto { udp, icmp } accept")},
	{Cause: "host.reply-dropped", Name: "input-denies-everything", Confidence: "certain", Never: []string{"cable"}, Break: firewalled()},
	{Cause: "host.reply-dropped", Name: "input-denies-everything-by-an-ordinary-user", Confidence: "certain", Break: func(w *World) {
		w.User = ordinary
		firewalled("meta l4proto { udp, icmp } accept")(w)
	}},
	{Cause: "host.reply-dropped", Name: "answers-from-the-port", Confidence: "certain", Break: func(w *World) {
		w.Client.Filter("input", "tcp sport 55443 drop")
	}},
	{Cause: "host.reply-dropped", Name: "answers-before-routing", Confidence: "certain", Break: func(w *World) {
		w.Client.Filter("prerouting", "tcp sport 55443 drop")
	}},
	{Cause: "host.reply-dropped", Name: "answers-from-the-address", Confidence: "certain", Break: func(w *World) {
		w.Client.Filter("input", "ip saddr "+HostIP+" drop")
	}},
	{Cause: "host.reverse-path-filter", Name: "answer-by-the-other-cable", Confidence: "certain", Says: []string{"eth1", "eth0"},
		Break: func(w *World) {
			otherWay(w)
			sysctl(w, "ipv4/conf/all/rp_filter", "1")
			sysctl(w, "ipv4/conf/eth0/rp_filter", "1")
		}},
	{Cause: "host.reverse-path-filter", Name: "for-the-service-alone", Confidence: "certain", Break: func(w *World) {
		otherWay(w)
		w.Client.IP("route replace default via "+GatewayIP, "route add "+HostIP+" via 10.1.1.1 dev eth1 src "+ClientIP)
		sysctl(w, "ipv4/conf/eth0/rp_filter", "1")
	}},
	{Name: "another-way-without-the-filter", Verdict: "pass", Break: otherWay, Or: []string{"egress.split-route"}},

	{Cause: "host.local-firewall", Name: "drops-the-address", Confidence: "certain", Break: func(w *World) {
		w.Client.Filter("output", "ip daddr "+HostIP+" drop")
	}},
	{Cause: "host.local-firewall", Name: "drops-behind-routing", Confidence: "certain", Older: "likely", Break: func(w *World) {
		w.Client.Filter("postrouting", "tcp dport 55443 drop")
	}},
	{Cause: "host.local-firewall", Name: "drops-for-an-ordinary-user", Break: func(w *World) {
		w.User = ordinary
		w.Client.Filter("output", "tcp dport 55443 drop")
	}},
	{Cause: "host.local-firewall", Name: "kill-switch", Confidence: "certain", Never: []string{"cable"}, Break: func(w *World) {
		w.Client.NFT("table inet fault {\n chain out {\n type filter hook output priority filter; policy drop;\n oif lo accept\n udp dport 53 accept\n }\n}\n")
	}},
	{Cause: "host.local-firewall", Name: "a-rule-that-counts", Confidence: "certain", Check: culprit("nft-rule", "ip fault output handle", "", "only web out"),
		Break: func(w *World) {
			w.Client.Filter("output", "tcp dport 443 counter accept", "tcp dport 55443 counter drop comment \"only web out\"")
		}},
	{Cause: "host.local-firewall", Name: "a-policy", Confidence: "certain", Check: culprit("nft-policy", "inet fault out", "", "policy drop"), Break: func(w *World) {
		w.Client.NFT("table inet fault {\n chain out {\n type filter hook output priority filter; policy drop;\n oif lo accept\n tcp dport { 80, 443 } accept\n meta l4proto { udp, icmp } accept\n }\n}\n")
	}},
	{Cause: "host.reply-dropped", Name: "a-rule-that-counts", Confidence: "certain", Check: culprit("nft-rule", "inet fault in handle", "", "drop"), Break: func(w *World) {
		firewalled("meta l4proto { udp, icmp } accept", "counter drop")(w)
	}},
	{Cause: "host.local-firewall", Name: "lets-new-connections-out-and-nothing-after", Confidence: "certain", Check: culprit("nft-policy", "inet fault out", "", "policy drop"),
		Says: []string{"ESTABLISHED"}, Never: []string{"OpenSRS Support", "TLS inspection"}, Break: saysNo("output", "drop", "oif lo accept", "udp dport 53 accept",
			"tcp dport { 80, 443 } accept", "tcp dport 55443 ct state new accept")},
	{Cause: "host.local-firewall", Name: "drops-what-is-sent-later-for-an-ordinary-user", Confidence: "certain", Break: func(w *World) {
		w.User = ordinary
		saysNo("output", "accept", "tcp dport 55443 tcp flags & psh == psh drop")(w)
	}},
	{Cause: "host.local-firewall", Name: "drops-what-is-long", Confidence: "certain", Never: []string{"MTU"}, Check: culprit("nft-rule", "inet fault out handle", "", "drop"),
		Break: saysNo("output", "accept", "tcp dport 55443 meta length > 1000 counter drop")},
	{Cause: "host.local-firewall", Name: "drops-in-its-bridge", Confidence: "likely", Break: func(w *World) {
		bridged(w)
		w.Client.NFT("table bridge fault {\n chain out {\n type filter hook output priority 0;\n ip protocol tcp tcp dport 55443 drop\n }\n}\n")
	}},
	{Cause: "host.reply-dropped", Name: "answers-in-its-bridge", Confidence: "likely", Says: []string{"ruleset bridge"}, Break: func(w *World) {
		bridged(w)
		w.Client.NFT("table bridge fault {\n chain in {\n type filter hook input priority 0;\n ip protocol tcp tcp sport 55443 drop\n }\n}\n")
	}},
	{Cause: "port.filtered", Name: "beyond-a-bridge-of-this-host", Break: both(bridged, filtered)},
	{Cause: "host.local-firewall", Name: "resets-what-is-sent-later", Confidence: "certain", Never: []string{"TLS 1.2 meanwhile"},
		Break: saysNo("output", "accept", "tcp dport 55443 meta length > 300 reject with tcp reset")},
	{Cause: "host.reply-dropped", Name: "all-but-the-first-answer", Confidence: "likely", Never: []string{"OpenSRS Support"},
		Break: saysNo("input", "accept", "tcp sport 55443 tcp flags != syn|ack drop")},
	{Cause: "host.reply-dropped", Name: "answers-that-are-long", Confidence: "likely", Never: []string{"MTU"},
		Break: saysNo("input", "accept", "tcp sport 55443 meta length > 900 drop")},
	{Cause: "tls.timeout", Name: "silence-and-a-host-that-drops-what-is-out-of-turn", Break: func(w *World) {
		w.API.Raw = RawSilence
		saysNo("input", "drop", "iif lo accept", "ct state established,related accept")(w)
	}},
	{Cause: "tls.mtu-blackhole", Name: "this-host-hears-no-icmp", Confidence: "likely", Says: []string{"this host's own firewall"}, Break: func(w *World) {
		narrow(w, "1280")
		w.Client.Filter("input", "icmp type destination-unreachable drop")
	}},
	{Cause: "port.rejected-en-route", Name: "gateway-sends-the-port-to-itself", Confidence: "likely", Break: func(w *World) {
		w.Gateway.NFT("table ip fault {\n chain pre {\n type nat hook prerouting priority dstnat;\n iifname \"lan0\" tcp dport 55443 redirect to :9\n }\n}\n")
	}},
	{Cause: "port.rejected-en-route", Name: "gateway-rejects-before-routing", Confidence: "likely", Break: func(w *World) {
		w.Gateway.NFT("table ip fault {\n chain pre {\n type filter hook prerouting priority -150;\n iifname \"lan0\" tcp dport 55443 reject with tcp reset\n }\n}\n")
	}},

	{Cause: "host.route-denied", Name: "blackhole", Confidence: "certain", Says: []string{"blackhole 198.51.100.0/24"}, Break: func(w *World) {
		w.Client.IP("route add blackhole 198.51.100.0/24")
	}},
	{Cause: "host.route-denied", Name: "rule-for-the-port", Confidence: "certain", Says: []string{"dport 55443"}, Break: func(w *World) {
		w.Client.IP("rule add ipproto tcp dport 55443 blackhole")
	}},
	{Cause: "host.route-denied", Name: "rule-for-a-user", Confidence: "certain", Says: []string{"uidrange 33-33"}, Break: func(w *World) {
		w.User = ordinary
		w.Client.IP("rule add uidrange 33-33 ipproto tcp dport 55443 prohibit")
	}},
	{Cause: "host.route-denied", Name: "rule-for-the-address-that-it-leaves-from", Confidence: "certain", Says: []string{"from 10.1.0.2 to 198.51.100.10 prohibit"}, Break: func(w *World) {
		w.Client.IP("rule add from " + ClientIP + " to " + HostIP + " prohibit")
	}},
	{Cause: "host.route-denied", Name: "table-for-the-address-of-the-route", Confidence: "certain", Says: []string{"table 100"}, Break: func(w *World) {
		w.Client.IP("route replace default via "+GatewayIP+" src "+ClientIP2, "route add blackhole "+HostIP+" table 100", "rule add from "+ClientIP2+" lookup 100")
	}},
	{Name: "rule-for-another-address-of-this-host", Verdict: "pass", Break: func(w *World) {
		w.Client.IP("rule add from " + ClientIP2 + " to " + HostIP + " prohibit")
	}},
	{Name: "rule-for-another-user", Verdict: "pass", Break: func(w *World) {
		w.Client.IP("rule add uidrange 33-33 ipproto tcp dport 55443 prohibit", "route add blackhole 198.51.100.128/25")
	}},
	{Cause: "host.route-denied", Name: "table-of-its-own", Confidence: "certain", Says: []string{"table 100"}, Break: func(w *World) {
		w.Client.IP("route add unreachable default table 100", "rule add to "+HostIP+" lookup 100")
	}},

	{Cause: "host.source-address", Name: "for-the-service-alone", Confidence: "certain", Then: []string{}, Says: []string{"172.30.0.5", "--source-ip 10.1.0.2"}, Break: func(w *World) {
		w.Client.IP("addr add 172.30.0.5/32 dev lo", "route add "+HostIP+" via "+GatewayIP+" src 172.30.0.5")
	}},
	{Cause: "host.source-address", Name: "for-everything", Confidence: "certain", Then: []string{}, Says: []string{"172.30.0.5"}, Break: func(w *World) {
		w.Client.IP("addr add 172.30.0.5/32 dev lo", "route replace default via "+GatewayIP+" src 172.30.0.5")
	}},
	{Cause: "port.filtered", Name: "and-another-address-in-the-route", Break: func(w *World) {
		w.Client.IP("route replace default via " + GatewayIP + " src " + ClientIP2)
		w.ISP.Filter("forward", "tcp dport 55443 drop")
	}},
	{Name: "another-address-in-the-route-that-is-translated", Verdict: "pass", Break: func(w *World) {
		w.Client.IP("route replace default via " + GatewayIP + " src " + ClientIP2)
	}},
	{Cause: "host.attached-network", Name: "bridge-claims-the-network", Says: []string{"br0", "198.51.100.0/24"}, Break: claims("198.51.100.200/24")},
	{Cause: "host.attached-network", Name: "mask-too-wide", Says: []string{"198.0.0.0/8"}, Break: claims("198.18.0.1/8")},
}

// holdPorts takes source ports of the client for connections to the service, which get no answer yet.
func holdPorts(w *World, n int) func() {
	w.tb.Helper()
	var sockets []int
	err := w.Client.Do(func() error {
		for range n {
			fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				return err
			}
			sockets = append(sockets, fd)
			if err := unix.Connect(fd, &unix.SockaddrInet4{Port: 55443, Addr: [4]byte{198, 51, 100, 10}}); err != nil && err != unix.EINPROGRESS {
				return os.NewSyscallError("connect", err)
			}
		}
		return nil
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	return func() {
		for _, fd := range sockets {
			syscall.Close(fd)
		}
	}
}

// What the ledger may not do: see a fault of this host where others' packets are dropped all the time.
func TestLedgerBesideOtherDrops(t *testing.T) {
	w := healthy(t)
	w.Client.Filter("input", "udp dport 9999 drop")
	w.ISP.Filter("forward", "tcp dport 55443 drop")
	w.Start()
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = w.Gateway.Do(func() error {
			fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				return err
			}
			defer unix.Close(fd)
			for {
				select {
				case <-stop:
					return nil
				case <-time.After(2 * time.Millisecond):
					_ = unix.Sendto(fd, []byte("scan"), 0, &unix.SockaddrInet4{Port: 9999, Addr: [4]byte{10, 1, 0, 2}})
				}
			}
		})
	}()
	result := w.Diagnose(binary)
	close(stop)
	<-done
	if causes := result.Report.Causes(); len(causes) == 0 || causes[0] != "port.filtered" {
		t.Errorf("%v: %s", causes, result.Stdout)
	}
}

// TestSourcePortsUsedUp: all source ports are held by connections to the service.
func TestSourcePortsUsedUp(t *testing.T) {
	w := healthy(t)
	w.Start()
	sysctl(w, "ipv4/ip_local_port_range", "41000 41003")
	defer holdPorts(w, 4)()
	result := w.Diagnose(binary)
	if found := result.Report.Diagnoses; len(found) == 0 || found[0].Cause != "host.ports-exhausted" || found[0].Confidence != "certain" ||
		!strings.Contains(found[0].Words(), "41000 to 41003") {
		t.Errorf("%s", result.Stdout)
	}
}

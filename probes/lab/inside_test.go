//go:build linux

package lab

import (
	"time"

	"golang.org/x/sys/unix"
)

// killSwitch lets nothing out but by the loopback and by what is named.
func killSwitch(accept string) func(*World) {
	return func(w *World) {
		w.Client.NFT("table inet fault {\n chain out {\n type filter hook output priority filter; policy drop;\n oif lo accept\n " +
			accept + "\n }\n}\n")
	}
}

// hypervisor puts a machine between the client and its gateway that passes frames on, and filters them by these rules.
func hypervisor(rules string) func(*World) {
	return func(w *World) {
		w.Client.IP("link del eth0")
		between := NewNode(w.tb, "hypervisor")
		w.Client.link("eth0", between, "vm0")
		w.Gateway.link("lan0", between, "up0")
		between.IP("link set lo up", "link add br0 type bridge", "link set vm0 master br0", "link set up0 master br0",
			"link set vm0 up", "link set up0 up", "link set br0 up")
		w.Gateway.IP("link set lan0 up", "addr add "+GatewayIP+"/24 dev lan0")
		w.Client.IP("link set eth0 up", "addr add "+ClientIP+"/24 dev eth0", "addr add "+ClientIP2+"/24 dev eth0",
			"route add default via "+GatewayIP)
		between.NFT("table bridge fault {\n chain forward {\n type filter hook prerouting priority filter;\n iifname \"vm0\" ip protocol tcp tcp dport 55443 " +
			rules + "\n }\n}\n")
	}
}

// dropsOfOthers lets somebody send packets to the client, or by it to somebody else, all the time; the client drops them.
func dropsOfOthers(to [4]byte, every time.Duration) func(*World) {
	return func(w *World) {
		w.Client.NFT("table ip others {\n chain in {\n type filter hook input priority filter; udp dport 9999 drop\n }\n" +
			" chain forw {\n type filter hook forward priority filter; udp dport 9999 drop\n }\n}\n")
		w.Gateway.IP("route add 10.9.0.0/16 via " + ClientIP)
		w.Client.IP("route add 10.9.0.0/16 via " + GatewayIP)
		var fd int
		err := w.Gateway.Do(func() (err error) {
			fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
			return err
		})
		if err != nil {
			w.tb.Fatal(err)
		}
		stop, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			defer unix.Close(fd)
			for {
				select {
				case <-stop:
					return
				case <-time.After(every):
					_ = unix.Sendto(fd, []byte("scan"), 0, &unix.SockaddrInet4{Port: 9999, Addr: to})
				}
			}
		}()
		w.tb.Cleanup(func() { close(stop); <-done })
	}
}

// gatewayAnswers lets the gateway send the port to itself and answer with an ICMP message: translated back, it has the
// service's own address as its sender.
func gatewayAnswers(message string) func(*World) {
	return func(w *World) {
		w.Gateway.NFT("table ip fault {\n chain pre {\n type nat hook prerouting priority dstnat; iifname \"lan0\" tcp dport 55443 dnat to " + GatewayIP +
			"\n }\n chain in {\n type filter hook input priority filter; tcp dport 55443 reject with icmp type " + message + "\n }\n}\n")
	}
}

func several(breaks ...func(*World)) func(*World) {
	return func(w *World) {
		for _, one := range breaks {
			one(w)
		}
	}
}

func dropsAnswers(w *World) { w.Client.Filter("input", "tcp sport 55443 drop") }

func dropsPackets(w *World) { w.Client.Filter("output", "tcp dport 55443 drop") }

// insideFaults are more of the client's own machine, and those right beside it that look the same.
var insideFaults = []Fault{
	{Cause: "host.reply-dropped", Name: "everything-and-nobody-else-asked", Confidence: "certain", Says: []string{"192.0.2.53"},
		Break: several(alone, firewalled())},
	{Cause: "host.reply-dropped", Name: "everything-by-an-ordinary-user", Confidence: "certain", Break: several(firewalled(),
		func(w *World) { w.User = ordinary })},
	{Cause: "host.reply-dropped", Name: "not-tracked", Confidence: "certain", Break: func(w *World) {
		w.Client.NFT("table ip fault {\n chain raw {\n type filter hook prerouting priority raw; tcp sport 55443 notrack\n }\n" +
			" chain in {\n type filter hook input priority filter; policy drop; iif lo accept\n ct state established,related accept\n }\n}\n")
	}},
	{Cause: "host.reply-dropped", Name: "on-the-way-to-the-proxy", Break: func(w *World) {
		w.UseProxy("http", "")
		w.Client.Filter("input", "tcp sport 3128 drop")
	}},
	{Cause: "host.reply-dropped", Name: "beside-a-scan", Confidence: "likely", Break: several(dropsAnswers,
		dropsOfOthers([4]byte{10, 1, 0, 2}, 8*time.Millisecond))},
	{Cause: "host.reply-dropped", Name: "beside-others-that-it-forwards", Confidence: "certain", Break: several(dropsAnswers,
		dropsOfOthers([4]byte{10, 9, 0, 9}, 2*time.Millisecond))},
	{Cause: "port.filtered", Name: "beside-others-that-it-forwards-and-drops", Break: several(dropsOfOthers([4]byte{10, 9, 0, 9}, 2*time.Millisecond),
		func(w *World) { w.ISP.Filter("forward", "tcp dport 55443 drop") })},

	{Cause: "host.local-firewall", Name: "kill-switch-that-stops-names-too", Confidence: "certain", Says: []string{"192.0.2.53"},
		Never: []string{"cable"}, Break: killSwitch("")},
	{Cause: "host.local-firewall", Name: "kill-switch-of-a-tunnel-that-is-down", Confidence: "certain", Never: []string{"cable"},
		Break: killSwitch(`oifname "tun0" accept`)},
	{Cause: "host.local-firewall", Name: "kill-switch-and-nobody-else-asked", Confidence: "certain", Never: []string{"cable"},
		Break: several(alone, killSwitch(""))},
	{Cause: "host.local-firewall", Name: "kill-switch-by-an-ordinary-user", Confidence: "likely", Never: []string{"cable"},
		Break: several(killSwitch(""), func(w *World) { w.User = ordinary })},
	{Cause: "host.local-firewall", Name: "resets-by-an-ordinary-user", Confidence: "certain", Break: func(w *World) {
		w.User = ordinary
		w.Client.Filter("output", "tcp dport 55443 reject with tcp reset")
	}},
	{Cause: "host.local-firewall", Name: "redirects-to-itself", Break: func(w *World) {
		w.Client.NFT("table ip fault {\n chain out {\n type nat hook output priority -100; tcp dport 55443 redirect to :9\n }\n}\n")
	}},
	{Cause: "host.local-firewall", Name: "drops-at-the-interface", Confidence: "likely", Break: func(w *World) {
		w.Client.NFT("table netdev fault {\n chain out {\n type filter hook egress device eth0 priority filter; tcp dport 55443 drop\n }\n}\n")
	}},
	{Cause: "host.local-firewall", Name: "drops-beside-others-that-it-forwards", Confidence: "likely", Older: "certain", Break: several(dropsPackets,
		dropsOfOthers([4]byte{10, 9, 0, 9}, 8*time.Millisecond))},

	{Cause: "port.rejected-en-route", Name: "gateway-says-port-unreachable-in-the-host's-name", Confidence: "likely",
		Break: gatewayAnswers("port-unreachable")},
	{Cause: "port.rejected-en-route", Name: "gateway-says-prohibited-in-the-host's-name", Confidence: "likely",
		Break: gatewayAnswers("admin-prohibited")},
	{Cause: "port.filtered", Name: "hypervisor-drops", Never: []string{"This host or"}, Break: hypervisor("drop")},
	{Name: "hypervisor", Verdict: "pass", Break: hypervisor("accept")},
}

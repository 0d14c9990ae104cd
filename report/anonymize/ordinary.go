package anonymize

import (
	"strings"

	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/report/screen"
)

// ordinary reports whether each word of a name is one that systems have by themselves: "/etc/ssl/cert.pem", "eth0",
// "php8.2-fpm.service", "ufw-user-output". Nobody is known by such a name; by any other somebody may be.
func ordinary(name string) bool {
	name = screen.Lower(name)
	for i := 0; i < len(name); {
		if name[i] >= 0x80 {
			return false
		}
		end := i
		for end < len(name) && 'a' <= name[end] && name[end] <= 'z' {
			end++
		}
		if end > i && !systemWords.Get()[name[i:end]] {
			return false
		}
		i = max(end, i+1)
	}
	return true
}

// systemWords are the words of paths, units, interfaces, chains and rules that come with a system or its software. A
// word that is missing costs a token more; one that somebody may be known by has no place here.
var systemWords = lazy.Value[map[string]bool]{Make: func() map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(`
		etc usr opt lib var run proc dev sys tmp local share bin sbin c windows system program files
		hosts host resolv resolve nsswitch conf config cfg d ini drivers xml rules stub
		ssl certs cert certificates certificate ca bundle crt pem pki tls trust extracted anchors openssl source roots
		php cli fpm pool www cgi apache httpd nginx lsws litespeed cpanel ea plesk remi alt python ruby perl node java curl jvm
		cacerts security extensions default
		systemd service scope slice socket session user init cron crond atd ssh sshd docker containerd podman crio
		libpod kubepods besteffort burstable pod network networkd manager dnsmasq unbound
		lo eth en eno ens enp s f np p wlan wlp wl ww bond team br bridge virbr veth tun tap utun wg ppp ipsec vti gre
		vlan dummy cni flannel cali vxlan nebula tailscale zt awdl llw
		csf ufw firewalld shorewall iptables ip ip6tables tables legacy nft nftables ebtables conntrack
		filter nat mangle raw security input output forward prerouting postrouting ingress egress in out
		localoutput localinput logdropout logdropin denyout denyin
		before after logging reject track limit skip not to policies policy pre post allow deny log zones zone icmp
		a j m g i o accept drop return queue continue jump goto tcp udp sctp icmpx ipv inet arp netdev
		saddr daddr sport dport sports dports dport multiport src dst srctype dsttype addrtype set match ct state ctstate
		new established related invalid untracked counter packets bytes handle comment rate second minute hour day burst
		mark meta skuid skgid oif iif oifname iifname oifs l proto protocol with type port prohibited admin unreachable
		net addr reset owner uid gid gids owner cgroup cgroupv level prio priority hook chain table family jiffies
		default via src link scope metric onlink table from all uidrange ipproto lookup blackhole prohibit throw
		unicast suppress prefixlength fwmark mtu advmss pref nexthop weight broadcast main
		tos realm cache kernel static dhcp ra boot global lladdr connect bind sendmsg recvmsg sock create getsockopt
		setsockopt getpeername getsockname`) {
		words[word] = true
	}
	return words
}}

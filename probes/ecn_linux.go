package probes

import (
	"net"
	"os"
	"strings"

	"opensrs-doctor/probes/evidence"
)

// ecnInTheWay reports whether this host's kernel asks for ECN (RFC 3168) when it connects, which it does not by default, and
// that may be why a connection came late or not at all: old devices drop or refuse such first packets. When it sends one
// again the kernel asks no more, unless it is told to; after a refusal it sends none. conn is nil where none was made.
func ecnInTheWay(conn net.Conn, failure *evidence.Failure) bool {
	set := func(name string) string {
		value, _ := os.ReadFile("/proc/sys/net/ipv4/" + name)
		return strings.TrimSpace(string(value))
	}
	if asks := set("tcp_ecn"); asks != "1" && asks != "3" {
		return false
	}
	if failure != nil {
		return failure.Kind == evidence.KindRefused || failure.Kind == evidence.KindTimeout && set("tcp_ecn_fallback") == "0"
	}
	const tcpiOptECN = 8 // TCPI_OPT_ECN of linux/tcp.h: both ends agreed on it
	info := tcpInfo(conn)
	return info != nil && info.Total_retrans > 0 && info.Options&(tcpiOptECN) == 0
}

//go:build linux

package lab

import (
	order "encoding/binary"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// fullTable fills the client's table of tracked connections with connections of others that stay (IPS_ASSURED): the kernel
// drops none of those to make room. besides are rules that leave some packets untracked.
func fullTable(besides string) func(*World) {
	return func(w *World) {
		w.Client.NFT("table ip track {\n chain raw {\n type filter hook output priority raw;\n " + besides + "\n }\n chain back {\n" +
			" type filter hook prerouting priority raw;\n " + strings.ReplaceAll(besides, "dport", "sport") +
			"\n }\n chain out {\n type filter hook output priority filter; ct state new accept\n }\n}\n")
		err := w.Client.Do(func() error {
			text, err := os.ReadFile("/proc/sys/net/netfilter/nf_conntrack_max")
			if err != nil {
				return err
			}
			most, err := strconv.Atoi(strings.TrimSpace(string(text)))
			if err != nil {
				return err
			}
			return track(most)
		})
		if err != nil {
			w.tb.Fatal(err)
		}
	}
}

// track enters so many UDP connections (IPCTNL_MSG_CT_NEW of linux/netfilter/nfnetlink_conntrack.h).
func track(connections int) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	attribute := func(kind uint16, value ...byte) []byte {
		head := order.NativeEndian.AppendUint16(nil, uint16(4+len(value)))
		whole := append(order.NativeEndian.AppendUint16(head, kind), value...)
		return append(whole, make([]byte, -len(whole)&3)...)
	}
	const nested = 0x8000
	tuple := func(kind uint16, from, to []byte, fromPort, toPort uint16) []byte {
		port := func(n uint16) []byte { return order.BigEndian.AppendUint16(nil, n) }
		addresses := append(attribute(1, from...), attribute(2, to...)...)
		protocol := append(append(attribute(1, unix.IPPROTO_UDP), attribute(2, port(fromPort)...)...), attribute(3, port(toPort)...)...)
		return attribute(kind|nested, append(attribute(1|nested, addresses...), attribute(2|nested, protocol...)...)...)
	}
	var batch []byte
	for n := range connections {
		a, b, port := []byte{10, 77, byte(n >> 20), 1}, []byte{10, 78, byte(n >> 15), 1}, uint16(n&0x7fff)+1024
		body := []byte{unix.AF_INET, 0, 0, 0}
		body = append(body, tuple(1, a, b, port, 9)...)        // CTA_TUPLE_ORIG
		body = append(body, tuple(2, b, a, 9, port)...)        // CTA_TUPLE_REPLY
		body = append(body, attribute(3, 0, 0, 0, 0x0e)...)    // CTA_STATUS: IPS_SEEN_REPLY, IPS_ASSURED, IPS_CONFIRMED
		body = append(body, attribute(7, 0, 0, 0x0e, 0x10)...) // CTA_TIMEOUT: an hour
		batch = order.NativeEndian.AppendUint32(batch, uint32(unix.SizeofNlMsghdr+len(body)))
		batch = order.NativeEndian.AppendUint16(batch, unix.NFNL_SUBSYS_CTNETLINK<<8)
		batch = order.NativeEndian.AppendUint16(batch, unix.NLM_F_REQUEST|unix.NLM_F_CREATE)
		batch = append(append(batch, make([]byte, 8)...), body...)
		if len(batch) > 60_000 || n == connections-1 {
			if err := unix.Sendto(fd, batch, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
				return os.NewSyscallError("sendto", err)
			}
			batch = batch[:0]
		}
	}
	return nil
}

var conntrackFaults = []Fault{
	{Cause: "host.conntrack-full", Name: "full", Confidence: "certain", Never: []string{"cable"}, Break: fullTable("")},
	{Cause: "host.conntrack-full", Name: "full-for-tcp", Confidence: "certain", Break: fullTable("udp dport 53 notrack")},
	{Cause: "host.conntrack-full", Name: "full-by-an-ordinary-user", Confidence: "certain", Break: several(fullTable("udp dport 53 notrack"),
		func(w *World) { w.User = ordinary })},
}

// TestFullTable has these worlds one after the other and with no other beside them: the kernel keeps the connections of
// all namespaces in one table of hashes, and a quarter of a million more slow everybody's down.
func TestFullTable(t *testing.T) {
	for _, fault := range conntrackFaults {
		t.Run(fault.Name, fault.run)
	}
}

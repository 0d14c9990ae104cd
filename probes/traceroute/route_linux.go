package traceroute

import (
	"encoding/binary"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"opensrs-doctor/probes/evidence"
)

// askKernel puts the kernel's own decision into the route, as "ip route get" does (rtnetlink(7), RTM_GETROUTE): the
// interface by which the packets leave, which need not be the one that has the local address, and the gateway.
func askKernel(facts *evidence.Route, source netip.Addr) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	patience := unix.NsecToTimeval(time.Second.Nanoseconds()) // the kernel answers at once
	if unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &patience) != nil ||
		unix.Sendto(fd, routeRequest(facts.To, source), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}) != nil {
		return
	}
	answer := make([]byte, 4096)
	n, _, err := unix.Recvfrom(fd, answer, 0)
	if err != nil {
		return
	}
	messages, err := syscall.ParseNetlinkMessage(answer[:n])
	if err != nil {
		return
	}
	for _, message := range messages {
		if message.Header.Type == unix.RTM_NEWROUTE {
			readRoute(facts, &message)
		}
	}
}

// routeRequest is a netlink header, a struct rtmsg, and the addresses as attributes.
func routeRequest(to, source netip.Addr) []byte {
	family := byte(unix.AF_INET)
	if to.Is6() {
		family = unix.AF_INET6
	}
	body := []byte{family, byte(to.BitLen()), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	attribute := func(kind uint16, address netip.Addr) {
		value := address.AsSlice() // 4 or 16 bytes: no padding
		body = binary.NativeEndian.AppendUint16(body, uint16(unix.SizeofRtAttr+len(value)))
		body = binary.NativeEndian.AppendUint16(body, kind)
		body = append(body, value...)
	}
	attribute(unix.RTA_DST, to)
	if source.IsValid() && source.Is4() == to.Is4() {
		body[2] = byte(source.BitLen())
		attribute(unix.RTA_SRC, source)
	}
	var head []byte
	head = binary.NativeEndian.AppendUint32(head, uint32(unix.SizeofNlMsghdr+len(body)))
	head = binary.NativeEndian.AppendUint16(head, unix.RTM_GETROUTE)
	head = binary.NativeEndian.AppendUint16(head, unix.NLM_F_REQUEST)
	head = append(head, 1, 0, 0, 0, 0, 0, 0, 0) // sequence number, and port 0: the kernel's choice
	return append(head, body...)
}

func readRoute(facts *evidence.Route, message *syscall.NetlinkMessage) {
	attributes, err := syscall.ParseNetlinkRouteAttr(message)
	if err != nil {
		return
	}
	facts.GatewayKnown = true
	for _, attribute := range attributes {
		switch attribute.Attr.Type {
		case unix.RTA_GATEWAY:
			facts.Gateway, _ = netip.AddrFromSlice(attribute.Value)
		case unix.RTA_VIA: // a gateway of the other family: u16 family, then its address
			if len(attribute.Value) > 2 {
				facts.Gateway, _ = netip.AddrFromSlice(attribute.Value[2:])
			}
		case unix.RTA_OIF:
			if len(attribute.Value) != 4 {
				continue
			}
			if out, err := net.InterfaceByIndex(int(binary.NativeEndian.Uint32(attribute.Value))); err == nil {
				facts.Interface, facts.MTU = out.Name, out.MTU
			}
		}
	}
}

package traceroute

import (
	"encoding/binary"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"opensrs-doctor/probes/evidence"
)

// askedHop is one packet with a small TTL that is under way.
type askedHop struct {
	fd    int // -1: no socket, hop has the answer already
	kind  int // SOCK_STREAM or SOCK_DGRAM
	begun time.Time
	hop   evidence.Hop
	err   error // the packet was not sent: hop is not an answer, and no silence either
}

// openHop sends one packet: a SYN, or a datagram to a port where nobody listens. pollHops reads the answer. It sends
// none where the TTL cannot be set: one that goes all the way would be read as the answer of a nearer place.
func openHop(to netip.AddrPort, kind, ttl int, source netip.Addr) *askedHop {
	asked := &askedHop{fd: -1, kind: kind, begun: time.Now(), hop: evidence.Hop{TTL: ttl, Answer: evidence.HopSilence}}
	fd, err := unix.Socket(unix.AF_INET, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		asked.err = err
		return asked
	}
	for _, option := range []struct{ name, value int }{{unix.IP_RECVERR, 1}, {unix.IP_TTL, ttl}} {
		if asked.err = unix.SetsockoptInt(fd, unix.IPPROTO_IP, option.name, option.value); asked.err != nil {
			unix.Close(fd)
			return asked
		}
	}
	// A connection that comes about is ended at once: nothing is left open at the host.
	unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	if source.Is4() {
		err = unix.Bind(fd, &unix.SockaddrInet4{Addr: source.As4()})
	}
	port := int(to.Port())
	if kind == unix.SOCK_DGRAM {
		port += ttl // as traceroute does: a port of its own for every hop
	}
	if err == nil {
		err = unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: to.Addr().As4()})
	}
	switch {
	case err == nil && kind == unix.SOCK_DGRAM:
		err = unix.Send(fd, []byte{0}, 0)
	case err == nil:
		asked.hop.Answer = evidence.HopConnected
	}
	if asked.hop.Answer == evidence.HopConnected || err != nil && err != unix.EINPROGRESS {
		if err != nil {
			asked.hop.Answer = answerOf(err)
		}
		unix.Close(fd)
		return asked
	}
	asked.fd = fd
	return asked
}

// pollHops waits up to a slice of time for answers, hands over those that came or that took longer than wait, and gives
// the rest back. What was not sent is left out.
func pollHops(asked []*askedHop, slice, wait time.Duration, take func(evidence.Hop)) (rest []*askedHop) {
	polled := make([]unix.PollFd, 0, len(asked))
	for _, one := range asked {
		events := int16(unix.POLLOUT)
		if one.kind == unix.SOCK_DGRAM {
			events = 0 // only errors: such a socket can always be written to
		}
		polled = append(polled, unix.PollFd{Fd: int32(one.fd), Events: events}) // a negative fd is passed over
		if one.fd < 0 {
			slice = 0
		}
	}
	if _, err := unix.Poll(polled, int(slice.Milliseconds())); err != nil && err != unix.EINTR {
		time.Sleep(slice)
	}
	for i, one := range asked {
		switch {
		case one.fd < 0:
		case polled[i].Revents != 0:
			one.read()
			unix.Close(one.fd)
		case time.Since(one.begun) > wait:
			unix.Close(one.fd)
		default:
			rest = append(rest, one)
			continue
		}
		if one.err != nil {
			continue
		}
		one.hop.TookMS = evidence.Milliseconds(time.Since(one.begun))
		take(one.hop)
	}
	return rest
}

// read takes the answer from the socket: its error queue, else its error.
func (a *askedHop) read() {
	errno, _ := unix.GetsockoptInt(a.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	readErrorQueue(a.fd, &a.hop)
	switch {
	case a.hop.Answer != evidence.HopSilence: // the queue has told
	case errno == 0 && a.kind == unix.SOCK_STREAM:
		a.hop.Answer = evidence.HopConnected
	case errno != 0:
		a.hop.Answer = answerOf(unix.Errno(errno))
	}
}

func answerOf(err error) string {
	switch err {
	case unix.ECONNREFUSED:
		return evidence.HopRefused
	case unix.EPERM, unix.EACCES:
		return evidence.HopNotPermitted
	case unix.ENETUNREACH:
		return evidence.HopNoRoute
	case unix.EHOSTUNREACH:
		return evidence.HopUnreachable
	}
	return evidence.HopSilence
}

// readErrorQueue reads the ICMP message that the kernel kept for the socket (ip(7), IP_RECVERR).
func readErrorQueue(fd int, hop *evidence.Hop) {
	data, control := make([]byte, 1), make([]byte, 512)
	_, n, _, _, err := unix.Recvmsg(fd, data, control, unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
	if err != nil {
		return
	}
	messages, err := unix.ParseSocketControlMessage(control[:n])
	if err != nil {
		return
	}
	for _, message := range messages {
		// struct sock_extended_err: errno u32, origin, type, code, pad u8, info u32, data u32; then the
		// offender's sockaddr_in: family u16, port u16, address.
		if message.Header.Level != unix.IPPROTO_IP || message.Header.Type != unix.IP_RECVERR || len(message.Data) < 16 {
			continue
		}
		const originICMP = 2 // SO_EE_ORIGIN_ICMP
		if message.Data[4] != originICMP {
			continue
		}
		hop.ICMPType, hop.ICMPCode = int(message.Data[5]), int(message.Data[6])
		if len(message.Data) >= 24 && binary.NativeEndian.Uint16(message.Data[16:]) == unix.AF_INET {
			hop.From = netip.AddrFrom4([4]byte(message.Data[20:24]))
		}
		hop.Answer = icmpAnswer(hop.ICMPType, hop.ICMPCode)
	}
}

// icmpAnswer names the messages of RFC 792 and RFC 1812, section 5.2.7.1.
func icmpAnswer(kind, code int) string {
	switch {
	case kind == 11:
		return evidence.HopTimeExceeded
	case kind == 3 && (code == 9 || code == 10 || code == 13):
		return evidence.HopProhibited
	case kind == 3 && code == 3:
		return evidence.HopPortUnreachable
	case kind == 3:
		return evidence.HopUnreachable
	}
	return evidence.HopSilence
}

func ownAddresses() map[netip.Addr]bool {
	own := map[netip.Addr]bool{}
	addresses, _ := net.InterfaceAddrs()
	for _, address := range addresses {
		if prefix, err := netip.ParsePrefix(address.String()); err == nil {
			own[prefix.Addr().Unmap()] = true
		}
	}
	return own
}

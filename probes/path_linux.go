package probes

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	walkBatch = 8                       // hops asked side by side
	walkMost  = 30                      // hops at the most
	walkGap   = 120 * time.Millisecond  // before the next batch: most hosts are reached within the first two
	walkHop   = 1200 * time.Millisecond // how long one hop may take to answer
	walkLate  = 2200 * time.Millisecond // a router that looks for a host that is gone tells after three seconds
)

// walk finds out where on the way a TCP port is blocked, without any privilege: a socket with IP_RECVERR and
// a small TTL gets the routers' ICMP answers, senders and all, in its error queue. The port that fails, a
// port to compare it with, and a closed UDP port (which tells the distance) are walked side by side.
//
// One packet has an ordinary TTL. Its answer is the one that counts; first is that answer, where it has been
// asked for already.
func (w *world) walk(ctx context.Context, to netip.AddrPort, compareTo uint16, first *Hop) *Path {
	path := &Path{Available: true, ComparedTo: compareTo, Answer: first}
	if !to.Addr().Is4() {
		path.Available, path.Why = false, "only IPv4 is walked"
		return path
	}
	var udp []Hop
	var group sync.WaitGroup
	if first == nil {
		group.Go(func() { path.Answer = w.ordinaryHop(ctx, to, walkLate) })
	}
	group.Go(func() { path.Port = w.walkOne(ctx, to, unix.SOCK_STREAM) })
	group.Go(func() { path.Compare = w.walkOne(ctx, netip.AddrPortFrom(to.Addr(), compareTo), unix.SOCK_STREAM) })
	group.Go(func() { udp = w.walkOne(ctx, netip.AddrPortFrom(to.Addr(), 33434), unix.SOCK_DGRAM) })
	group.Wait()
	if first != nil && first.Answer == HopSilence { // a router that had no ICMP message to spare has one by now
		path.Answer = w.ordinaryHop(ctx, to, walkHop)
	}
	path.Distance = distanceOf(path.Compare, udp, func(hop Hop) bool { return hop.From == to.Addr() })
	return path
}

// ordinaryHop sends one packet with an ordinary TTL. Nil: not available, or not IPv4.
func (w *world) ordinaryHop(ctx context.Context, to netip.AddrPort, wait time.Duration) *Hop {
	if !to.Addr().Is4() {
		return nil
	}
	hop := askHop(ctx, to, unix.SOCK_STREAM, 64, w.sourceIP, wait)
	hop.FromSelf = hop.From.IsValid() && ownAddresses()[hop.From]
	return &hop
}

// walkOne asks hop after hop, a batch at a time, until the end answers or the hops run out.
func (w *world) walkOne(ctx context.Context, to netip.AddrPort, kind int) []Hop {
	own := ownAddresses()
	var mu sync.Mutex
	hops := make([]Hop, 0, walkMost)
	reached := make(chan struct{})
	var once sync.Once
	var group sync.WaitGroup
	asked := 0
	for asked < walkMost && ctx.Err() == nil {
		for range walkBatch {
			if asked++; asked > walkMost {
				break
			}
			ttl := asked
			group.Go(func() {
				hop := askHop(ctx, to, kind, ttl, w.sourceIP, walkHop)
				hop.FromSelf = hop.From.IsValid() && own[hop.From]
				mu.Lock()
				hops = append(hops, hop)
				mu.Unlock()
				if hop.Answer != HopSilence && hop.Answer != HopTimeExceeded {
					once.Do(func() { close(reached) })
				}
			})
		}
		select {
		case <-reached:
			asked = walkMost
		case <-time.After(walkGap):
		case <-ctx.Done():
		}
	}
	group.Wait()
	return tidy(hops)
}

// tidy orders the hops and drops what lies behind the first that is no router's, and trailing silence past
// the third.
func tidy(hops []Hop) []Hop {
	byTTL := make([]Hop, walkMost+1)
	last := 0
	for _, hop := range hops {
		byTTL[hop.TTL] = hop
	}
	for ttl := 1; ttl <= walkMost && byTTL[ttl].TTL != 0; ttl++ {
		if byTTL[ttl].Answer != HopSilence {
			last = ttl
		}
		if byTTL[ttl].Answer != HopSilence && byTTL[ttl].Answer != HopTimeExceeded {
			break
		}
	}
	end := last
	for end < min(last+3, walkMost) && byTTL[end+1].TTL != 0 && byTTL[end+1].Answer == HopSilence {
		end++
	}
	return byTTL[1 : end+1]
}

// askHop sends one packet and waits for what comes back.
func askHop(ctx context.Context, to netip.AddrPort, kind, ttl int, source netip.Addr, wait time.Duration) (hop Hop) {
	start := time.Now()
	hop = Hop{TTL: ttl, Answer: HopSilence}
	defer func() { hop.TookMS = milliseconds(time.Since(start)) }()
	fd, err := unix.Socket(unix.AF_INET, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return hop
	}
	defer unix.Close(fd)
	unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_RECVERR, 1)
	unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TTL, ttl)
	// A connection that comes about is ended at once: nothing is left open at the host.
	unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	if source.Is4() {
		if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: source.As4()}); err != nil {
			return hop
		}
	}
	port := int(to.Port())
	if kind == unix.SOCK_DGRAM {
		port += ttl // as traceroute does: a port of its own for every hop
	}
	err = unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: to.Addr().As4()})
	if err == nil && kind == unix.SOCK_DGRAM {
		err = unix.Send(fd, []byte{0}, 0)
	} else if err == nil {
		hop.Answer = HopConnected
		return hop
	}
	if err != nil && err != unix.EINPROGRESS {
		hop.Answer = answerOf(err)
		return hop
	}
	events := int16(unix.POLLOUT)
	if kind == unix.SOCK_DGRAM {
		events = 0 // only errors: such a socket can always be written to
	}
	if !waitFor(ctx, fd, events, start.Add(wait)) {
		return hop
	}
	errno, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	readErrorQueue(fd, &hop)
	switch {
	case hop.Answer != HopSilence: // the queue has told
	case errno == 0 && kind == unix.SOCK_STREAM:
		hop.Answer = HopConnected
	case errno != 0:
		hop.Answer = answerOf(unix.Errno(errno))
	}
	return hop
}

// waitFor polls in slices, so that the end of the run is noticed.
func waitFor(ctx context.Context, fd int, events int16, until time.Time) bool {
	for ctx.Err() == nil {
		left := time.Until(until)
		if left <= 0 {
			return false
		}
		slice := min(left, 100*time.Millisecond)
		polled := []unix.PollFd{{Fd: int32(fd), Events: events}}
		n, err := unix.Poll(polled, max(1, int(slice.Milliseconds())))
		if err != nil && err != unix.EINTR {
			return false
		}
		if n > 0 {
			return true
		}
	}
	return false
}

func answerOf(err error) string {
	switch err {
	case unix.ECONNREFUSED:
		return HopRefused
	case unix.EPERM, unix.EACCES:
		return HopNotPermitted
	case unix.ENETUNREACH:
		return HopNoRoute
	case unix.EHOSTUNREACH:
		return HopUnreachable
	}
	return HopSilence
}

// readErrorQueue reads the ICMP message that the kernel kept for the socket (ip(7), IP_RECVERR).
func readErrorQueue(fd int, hop *Hop) {
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
		return HopTimeExceeded
	case kind == 3 && (code == 9 || code == 10 || code == 13):
		return HopProhibited
	case kind == 3 && code == 3:
		return HopPortUnreachable
	case kind == 3:
		return HopUnreachable
	}
	return HopSilence
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

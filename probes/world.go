package probes

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"opensrs-doctor/probes/classify"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/probes/trust"
)

// world is the outside as one run sees it: one resolver, one source address, one clock, one set of
// roots. Every probe and every follow-up goes through it, so that what is diagnosed is one path.
type world struct {
	now      func() time.Time
	sourceIP netip.Addr
	resolver *resolver
	roots    *trust.Roots
	scrub    *foreign.Scrubber
	clock    *clockNotes
	agent    string // User-Agent
	public   bool   // the service is one of the public ones, which no call reaches from an address that can never be public

	mu      sync.Mutex
	amounts []string // what the account holds, as replies told it
}

// way is how to reach a peer: directly, or through a proxy.
type way struct{ proxy *proxyServer }

func (v way) name() evidence.Way {
	if v.proxy != nil {
		return evidence.WayProxy
	}
	return evidence.WayDirect
}

func (w *world) fail(op evidence.Op, err error) *evidence.Failure {
	return classify.Error(op, err, w.scrub)
}

// words is the gate for free words that come on a way: a proxy that was sent a login may have written them.
func (w *world) words(v way) classify.Gate {
	if v.proxy != nil {
		return v.proxy.words()
	}
	return w.scrub.Quote
}

// dialer leaves from --source-ip; control, which may be nil, sets socket options before connect.
func (w *world) dialer(control func(string, string, syscall.RawConn) error) *net.Dialer {
	d := &net.Dialer{Control: control, KeepAlive: -1}
	if w.sourceIP.IsValid() {
		d.LocalAddr = &net.TCPAddr{IP: w.sourceIP.AsSlice()}
	}
	return d
}

// connect opens one TCP connection. With a source address of one family, the other is not reachable.
func (w *world) connect(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	return w.dialer(nil).DialContext(ctx, "tcp", to.String())
}

// reach opens a TCP connection to a peer by name or address over IPv4, and over IPv6 only where the
// peer has no IPv4 address, or this host no IPv4 at all: what an IPv4 rule will judge is IPv4.
func (w *world) reach(ctx context.Context, peer netaddr.HostPort) (net.Conn, error) {
	addresses, err := w.resolver.lookup(ctx, peer.Host)
	if err != nil {
		return nil, err
	}
	var last error = errors.New("no address")
	for _, address := range addresses {
		each, cancel := context.WithTimeout(ctx, 2*time.Second)
		conn, err := w.connect(each, netip.AddrPortFrom(address, peer.Port))
		cancel()
		if err == nil {
			return conn, nil
		}
		last = err
		if ctx.Err() != nil {
			break
		}
	}
	return nil, last
}

// open reaches a peer on the way chosen: a plain TCP stream to it, whatever lies between.
func (w *world) open(ctx context.Context, v way, peer netaddr.HostPort) (net.Conn, error) {
	if v.proxy == nil {
		return w.reach(ctx, peer)
	}
	conn, err := w.openProxy(ctx, v.proxy, nil)
	if err != nil {
		return nil, err
	}
	stream, _, err := v.proxy.tunnel(ctx, conn, peer)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return stream, nil
}

// localAddress is the local end of a connection; the zero Addr where it has none.
func localAddress(conn net.Conn) netip.Addr {
	if conn == nil {
		return netip.Addr{}
	}
	if tcp, ok := conn.LocalAddr().(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// hasRoute asks the kernel, without sending anything, whether it knows a way to an address, and by which local
// address. known is false where the kernel gives no answer: that is no missing route.
func (w *world) hasRoute(to netip.Addr) (local netip.Addr, has, known bool) {
	d := net.Dialer{}
	if w.sourceIP.IsValid() && w.sourceIP.Is4() == to.Is4() {
		d.LocalAddr = &net.UDPAddr{IP: w.sourceIP.AsSlice()}
	}
	conn, err := d.Dial("udp", netip.AddrPortFrom(to, 9).String())
	if err != nil {
		kind := w.fail(evidence.OpConnect, err).Kind
		return netip.Addr{}, false, kind == evidence.KindUnreachable || kind == evidence.KindNotPermitted
	}
	defer conn.Close()
	if udp, isUDP := conn.LocalAddr().(*net.UDPAddr); isUDP {
		local = udp.AddrPort().Addr().Unmap().WithZone("")
	}
	return local, true, true
}

func newRoots(o Options, scrub *foreign.Scrubber) *trust.Roots {
	return trust.NewRoots(trust.Given{Public: o.PublicRoots, System: o.SystemRoots, Own: o.CAFile, OwnHost: o.Host, Careful: o.Careful}, scrub)
}

// storeWords is where the root certificates of this host come from, that chains are judged by.
func (r *run) storeWords() foreign.Text {
	switch {
	case r.o.Sandbox:
		return foreign.Ours("the sandbox's root")
	case r.o.CAFile != nil:
		return foreign.Ours("--ca-file")
	case r.o.SystemRoots != nil:
		return foreign.Ours("--system-roots")
	}
	return r.w.roots.StorePlace()
}

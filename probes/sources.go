package probes

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"opensrs-doctor/probes/classify"
	"opensrs-doctor/probes/evidence"
)

// sourcesTime is how long connections from two addresses may take, twice.
const sourcesTime = 2400 * time.Millisecond

// sources connects from both addresses of a route that gives packets another address than the interface's own: who
// translates or lets out the one may do so with the other.
func (x *experiments) sources(to netip.AddrPort, route *evidence.HostRoute) {
	source, err := netip.ParseAddr(route.Source)
	own, err2 := netip.ParseAddr(route.Own)
	if err != nil || err2 != nil || x.world.sourceIP.IsValid() {
		return
	}
	x.once("sources", sourcesTime, func(ctx context.Context) {
		var answered [2]atomic.Int32
		for range evidence.SourceTries {
			var pair sync.WaitGroup
			for i, from := range []netip.Addr{source, own} {
				pair.Go(func() {
					short, cancel := context.WithTimeout(ctx, sourcesTime/evidence.SourceTries-100*time.Millisecond)
					defer cancel()
					dialer := x.world.dialer(nil)
					dialer.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
					conn, err := dialer.DialContext(short, "tcp4", to.String())
					if err != nil && !refuses(err) {
						return
					}
					answered[i].Add(1)
					if conn != nil {
						conn.Close()
					}
				})
			}
			pair.Wait()
		}
		tried := &evidence.Sources{To: to.String(), FromSource: int(answered[0].Load()), FromOwn: int(answered[1].Load())}
		x.keep(func(f *findings) {
			if f.thisHost != nil {
				f.thisHost = new(*f.thisHost)
				f.thisHost.Sources = tried
			}
		})
	})
}

// refuses reports whether an error of a connection is an answer of the peer.
func refuses(err error) bool {
	kind := classify.Kind(evidence.OpConnect, err)
	return kind == evidence.KindRefused || kind == evidence.KindReset
}

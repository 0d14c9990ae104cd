package probes

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"opensrs-doctor/probes/evidence"
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
func (w *world) walk(ctx context.Context, to netip.AddrPort, compareTo uint16, first *evidence.Hop) *evidence.Path {
	path := &evidence.Path{Available: true, ComparedTo: compareTo, Answer: first}
	if !to.Addr().Is4() {
		path.Available, path.Why = false, "only IPv4 is walked"
		return path
	}
	var udp []evidence.Hop
	var unsent error
	var group sync.WaitGroup
	if first == nil {
		group.Go(func() { path.Answer = w.ordinaryHop(ctx, to, walkLate) })
	}
	group.Go(func() { path.Port, unsent = w.walkOne(ctx, to, unix.SOCK_STREAM) })
	group.Go(func() { path.Compare, _ = w.walkOne(ctx, netip.AddrPortFrom(to.Addr(), compareTo), unix.SOCK_STREAM) })
	group.Go(func() { udp, _ = w.walkOne(ctx, netip.AddrPortFrom(to.Addr(), 33434), unix.SOCK_DGRAM) })
	group.Wait()
	if len(path.Port) == 0 && unsent != nil {
		path.Available, path.Why = false, "packets with a small TTL cannot be sent here: "+unsent.Error()
		return path
	}
	if first != nil && first.Answer == evidence.HopSilence { // a router that had no ICMP message to spare has one by now
		path.Answer = w.ordinaryHop(ctx, to, walkHop)
	}
	w.askAgain(ctx, to, path)
	path.Distance, path.ByHost = distanceOf(path.Compare, udp, func(hop evidence.Hop) bool { return hop.From == to.Addr() })
	return path
}

// askAgain repeats the hops that were silent for the port and answered for the one to compare it with: routers send
// few ICMP errors at a time, and one that had none to spare looks like one that never got the packet.
func (w *world) askAgain(ctx context.Context, to netip.AddrPort, path *evidence.Path) {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < walkHop+walkGap {
		return
	}
	if len(path.Port) == 0 || path.Port[len(path.Port)-1].Answer != evidence.HopSilence {
		return
	}
	var asked []*askedHop
	for _, hop := range path.Compare {
		if hop.Answer != evidence.HopTimeExceeded {
			continue
		}
		for len(path.Port) < hop.TTL { // silence past the third was left out
			path.Port = append(path.Port, evidence.Hop{TTL: len(path.Port) + 1, Answer: evidence.HopSilence})
		}
		if path.Port[hop.TTL-1].Answer == evidence.HopSilence {
			asked = append(asked, openHop(to, unix.SOCK_STREAM, hop.TTL, w.sourceIP, walkHop))
		}
	}
	for len(asked) > 0 && ctx.Err() == nil {
		asked = pollHops(asked, 20*time.Millisecond, func(again evidence.Hop) {
			if again.Answer == evidence.HopTimeExceeded {
				path.Port[again.TTL-1] = again
			}
		})
	}
	for _, one := range asked {
		unix.Close(one.fd)
	}
	path.Port = tidy(path.Port)
}

// ordinaryHop sends one packet with an ordinary TTL. Nil: not sent, or not IPv4.
func (w *world) ordinaryHop(ctx context.Context, to netip.AddrPort, wait time.Duration) *evidence.Hop {
	if !to.Addr().Is4() {
		return nil
	}
	asked := []*askedHop{openHop(to, unix.SOCK_STREAM, 64, w.sourceIP, wait)}
	if asked[0].err != nil {
		return nil
	}
	hop := asked[0].hop
	for len(asked) > 0 {
		if ctx.Err() != nil {
			unix.Close(asked[0].fd)
			break
		}
		asked = pollHops(asked, 50*time.Millisecond, func(answer evidence.Hop) { hop = answer })
	}
	hop.FromSelf = hop.From.IsValid() && ownAddresses()[hop.From]
	return &hop
}

// walkOne asks hop after hop, a batch at a time, until the end answers or the hops run out. One goroutine waits
// for all of them: a thread a hop would be too many where processes are counted. unsent is why a packet was not sent;
// the walk ends before it.
func (w *world) walkOne(ctx context.Context, to netip.AddrPort, kind int) (walked []evidence.Hop, unsent error) {
	var asked []*askedHop
	var hops []evidence.Hop
	end, next := walkMost, time.Now() // where the walk ends, and when the next batch goes
	ttl := 0
	for ctx.Err() == nil {
		if ttl < end && !time.Now().Before(next) {
			for range min(walkBatch, end-ttl) {
				ttl++
				one := openHop(to, kind, ttl, w.sourceIP, walkHop)
				if asked = append(asked, one); one.err != nil && unsent == nil {
					unsent, end = one.err, min(end, ttl-1)
				}
			}
			next = time.Now().Add(walkGap)
		}
		asked = pollHops(asked, 20*time.Millisecond, func(hop evidence.Hop) {
			hops = append(hops, hop)
			if hop.Answer != evidence.HopSilence && hop.Answer != evidence.HopTimeExceeded {
				end = min(end, hop.TTL)
			}
		})
		asked = slices.DeleteFunc(asked, func(one *askedHop) bool { // behind the end there is nothing to wait for
			if one.hop.TTL > end {
				unix.Close(one.fd)
			}
			return one.hop.TTL > end
		})
		if ttl >= end && len(asked) == 0 {
			break
		}
	}
	for _, one := range asked {
		if one.err == nil {
			unix.Close(one.fd)
			hops = append(hops, one.hop)
		}
	}
	own := ownAddresses()
	for i := range hops {
		hops[i].FromSelf = hops[i].From.IsValid() && own[hops[i].From]
	}
	return tidy(hops), unsent
}

// tidy orders the hops and drops what lies behind the first that is no router's, and trailing silence past
// the third.
func tidy(hops []evidence.Hop) []evidence.Hop {
	byTTL := make([]evidence.Hop, walkMost+1)
	last := 0
	for _, hop := range hops {
		byTTL[hop.TTL] = hop
	}
	for ttl := 1; ttl <= walkMost && byTTL[ttl].TTL != 0; ttl++ {
		if byTTL[ttl].Answer != evidence.HopSilence {
			last = ttl
		}
		if byTTL[ttl].Answer != evidence.HopSilence && byTTL[ttl].Answer != evidence.HopTimeExceeded {
			break
		}
	}
	end := last
	for end < min(last+3, walkMost) && byTTL[end+1].TTL != 0 && byTTL[end+1].Answer == evidence.HopSilence {
		end++
	}
	return byTTL[1 : end+1]
}

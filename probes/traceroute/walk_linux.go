package traceroute

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"opensrs-doctor/probes/evidence"
)

const (
	walkBatch = 8                      // hops asked side by side
	walkMost  = 30                     // hops at the most
	walkGap   = 120 * time.Millisecond // before the next batch: most hosts are reached within the first two
	// HopTime is how long one hop may take to answer, until it is known how far the host is.
	HopTime   = 1200 * time.Millisecond
	walkLeast = 400 * time.Millisecond  // the same where the host is near
	walkAgain = 200 * time.Millisecond  // after so long, at the least, silent hops are asked again
	walkLate  = 2200 * time.Millisecond // a router that looks for a host that is gone tells after three seconds
)

// Walk finds out where on the way a TCP port is blocked, without any privilege: a socket with IP_RECVERR and
// a small TTL gets the routers' ICMP answers, senders and all, in its error queue. The port that fails, a
// port to compare it with, and a closed UDP port (which tells the distance) are walked side by side. from is the local
// address that the packets leave from; the zero Addr leaves it to the system.
//
// One packet has an ordinary TTL. Its answer is the one that counts; first is that answer, where it has been
// asked for already. silent is how many packets for the port went as far as the host answers from for the port to compare
// with, and got no answer.
func Walk(ctx context.Context, from netip.Addr, to netip.AddrPort, compareTo uint16, ordinary *evidence.Hop) (path *evidence.Path, silent int) {
	path = &evidence.Path{Available: true, ComparedTo: compareTo, Answer: ordinary}
	if !to.Addr().Is4() {
		path.Available, path.Why = false, "only IPv4 is walked"
		return path, 0
	}
	var udp []evidence.Hop
	var asked []int // the TTLs of the packets for the port that got no answer
	p := &pace{host: to.Addr(), patient: ordinary != nil, passed: map[int]bool{}}
	var unsent error
	var group sync.WaitGroup
	if ordinary == nil {
		group.Go(func() {
			path.Answer = OneHop(ctx, from, to, evidence.OrdinaryTTL, func() time.Duration { return p.wait(walkLate) })
		})
	}
	group.Go(func() { path.Port, asked, unsent = walkOne(ctx, from, to, unix.SOCK_STREAM, p, nil) })
	group.Go(func() {
		path.Compare, _, _ = walkOne(ctx, from, netip.AddrPortFrom(to.Addr(), compareTo), unix.SOCK_STREAM, p, p.note)
	})
	group.Go(func() {
		udp, _, _ = walkOne(ctx, from, netip.AddrPortFrom(to.Addr(), 33434), unix.SOCK_DGRAM, p, p.note)
	})
	group.Wait()
	if len(path.Port) == 0 && unsent != nil {
		path.Available, path.Why = false, "packets with a small TTL cannot be sent here: "+unsent.Error()
		return path, 0
	}
	if ordinary != nil && ordinary.Answer == evidence.HopSilence { // a router that had no ICMP message to spare has one by now
		path.Answer = OneHop(ctx, from, to, evidence.OrdinaryTTL, func() time.Duration { return p.wait(HopTime) })
	}
	path.Distance, path.AtLeast, path.ByHost = distanceOf(path.Port, path.Compare, udp, func(hop evidence.Hop) bool { return hop.From == to.Addr() },
		p.slowest > HopTime/2)
	if end, ok := evidence.FirstHop(path.Compare, evidence.HopConnected); ok && path.Answer != nil && path.Answer.Answer == evidence.HopSilence {
		silent = 1
		for _, ttl := range asked {
			if ttl >= end.TTL {
				silent++
			}
		}
	}
	return path, silent
}

// pace is how long the hops of a walk take to answer, which tells how long a silence has to last.
type pace struct {
	host    netip.Addr
	patient bool // something answers for the port, and may have used up what a router has to spare: the kernel asks again after a second
	mu      sync.Mutex
	slowest time.Duration
	reached bool         // the host itself has answered: nothing on the way to it takes longer
	passed  map[int]bool // TTLs at which a router answered, for the port to compare with
}

// note takes an answer to what is walked beside the port.
func (p *pace) note(hop evidence.Hop, kind int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if hop.Answer != evidence.HopSilence {
		p.slowest = max(p.slowest, time.Duration(hop.TookMS*float64(time.Millisecond)))
	}
	p.reached = p.reached || hop.Answer == evidence.HopConnected || hop.From == p.host
	if hop.Answer == evidence.HopTimeExceeded && kind == unix.SOCK_STREAM {
		p.passed[hop.TTL] = true
	}
}

// wait is how long an answer may take: four times the slowest, where the host has answered, else most, or longer where
// answers do come so late.
func (p *pace) wait(most time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reached || p.patient {
		return max(most, min(2*p.slowest, walkLate))
	}
	return min(max(4*p.slowest, walkLeast), most)
}

// again are the TTLs that are asked again after some silence: a router answered there for the other port. Routers send few
// ICMP errors at a time, and one that had none to spare looks like one that never got the packet.
func (p *pace) again(after time.Duration) map[int]bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.passed) == 0 || after < max(2*p.slowest, walkAgain) {
		return nil
	}
	return maps.Clone(p.passed)
}

// OneHop sends one packet with a TTL. Nil: not sent, or not IPv4.
func OneHop(ctx context.Context, from netip.Addr, to netip.AddrPort, ttl int, wait func() time.Duration) *evidence.Hop {
	if !to.Addr().Is4() {
		return nil
	}
	asked := []*askedHop{openHop(to, unix.SOCK_STREAM, ttl, from)}
	if asked[0].err != nil {
		return nil
	}
	hop := asked[0].hop
	for len(asked) > 0 {
		if ctx.Err() != nil {
			unix.Close(asked[0].fd)
			break
		}
		asked = pollHops(asked, 20*time.Millisecond, wait(), func(answer evidence.Hop) { hop = answer })
	}
	hop.FromSelf = hop.From.IsValid() && ownAddresses()[hop.From]
	return &hop
}

// walkOne asks hop after hop, a batch at a time, until the end answers or the hops run out. One goroutine waits
// for all of them: a thread a hop would be too many where processes are counted. unsent is why a packet was not sent;
// the walk ends before it. note is told each answer; where it is nil, silent hops are asked again once. silent are the
// TTLs of packets that got no answer.
func walkOne(ctx context.Context, from netip.Addr, to netip.AddrPort, kind int, p *pace, note func(evidence.Hop, int)) (walked []evidence.Hop, silent []int, unsent error) {
	var asked []*askedHop
	begun, askedAgain := time.Now(), note != nil
	var hops []evidence.Hop
	end, next := walkMost, time.Now() // where the walk ends, and when the next batch goes
	ttl := 0
	for ctx.Err() == nil {
		if ttl < end && !time.Now().Before(next) {
			for range min(walkBatch, end-ttl) {
				ttl++
				one := openHop(to, kind, ttl, from)
				if asked = append(asked, one); one.err != nil && unsent == nil {
					unsent, end = one.err, min(end, ttl-1)
				}
			}
			next = time.Now().Add(walkGap)
		}
		if again := p.again(time.Since(begun)); !askedAgain && again != nil {
			askedAgain = true
			for _, one := range slices.Clone(asked) {
				if again[one.hop.TTL] {
					asked = append(asked, openHop(to, kind, one.hop.TTL, from))
				}
			}
		}
		asked = pollHops(asked, 20*time.Millisecond, p.wait(HopTime), func(hop evidence.Hop) {
			hops = append(hops, hop)
			if note != nil {
				note(hop, kind)
			}
			if hop.Answer == evidence.HopSilence {
				silent = append(silent, hop.TTL)
			}
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
	return tidy(hops), silent, unsent
}

// tidy orders the hops and drops what lies behind the first that is not a router's, and trailing silence past
// the third.
func tidy(hops []evidence.Hop) []evidence.Hop {
	byTTL := make([]evidence.Hop, walkMost+1)
	last := 0
	for _, hop := range hops {
		if byTTL[hop.TTL].TTL == 0 || hop.Answer != evidence.HopSilence {
			byTTL[hop.TTL] = hop
		}
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

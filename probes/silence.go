package probes

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/probes/thishost"
	"opensrs-doctor/probes/traceroute"
)

// silentEnough: so many connections from ports of their own, beside others to another port of the same host that were
// answered, that loss explains their silence no more: at one packet in ten, each fails by chance one time in five, and
// so many together less than once in 10,000.
const silentEnough = 6

// path walks towards the endpoint, and tries other ports of the same host. answered says that the port did get
// an answer, and not silence. Then one ordinary packet goes before everything else: routers send few ICMP errors
// at a time, and the answer to that packet is the one that counts.
func (x *experiments) path(to netip.AddrPort, answered bool) {
	compare := service.OpenSRS.OtherPort(to.Port())
	x.once("path", pathTime, func(ctx context.Context) {
		var first *evidence.Hop
		if answered {
			first = traceroute.OneHop(ctx, x.world.sourceIP, to, evidence.OrdinaryTTL, func() time.Duration { return traceroute.HopTime })
		}
		x.otherPort(netip.AddrPortFrom(to.Addr(), compare))
		if to.Port() != service.OpenSRS.Port {
			x.otherPort(netip.AddrPortFrom(to.Addr(), service.OpenSRS.Port))
		}
		seen := x.host.Look(to, x.world.sourceIP)
		x.keep(func(f *findings) {
			if f.thisHost == nil {
				f.thisHost = seen
			}
		})
		path, silent := traceroute.Walk(ctx, x.world.sourceIP, to, compare, first)
		x.keep(func(f *findings) { f.path = path })
		if _, known := seen.Elsewhere(); !known { // packets of the walk that nobody refused are still in the table
			seen = cmp.Or(x.host.Look(to, x.world.sourceIP), seen)
			x.keep(func(f *findings) { f.thisHost = seen })
		}
		x.farther(to)
		if silent >= silentEnough {
			close(x.silent)
		}
		if seen != nil && !seen.Route.Denies() && worthCounting(path) {
			x.afterTrips(ctx)
			x.ledger(to, evidence.LedgerTCP, answerTime(path), seen.Route)
		}
		if x.deep { // behind the walk: what routers still answer is the walk's
			x.roundTrips(to)
		}
	})
}

// afterTrips waits for the round trips, where they are being measured.
func (x *experiments) afterTrips(ctx context.Context) {
	x.mu.Lock()
	begun := x.begun["round trips"]
	x.mu.Unlock()
	if begun {
		select {
		case <-x.measured:
		case <-ctx.Done():
		}
	}
}

// ledger counts what this host's kernel does with packets, when nothing else of this run is sent to there.
func (x *experiments) ledger(to netip.AddrPort, protocol string, answer time.Duration, route *evidence.HostRoute) {
	x.once("ledger", ledgerTime, func(ctx context.Context) {
		rules := x.host.ReadRules()
		kept := thishost.Keep(ctx, to, protocol, x.world.sourceIP, answer, x.host)
		if kept.Unclear() {
			rules = x.host.ReadRules()
			kept = thishost.Keep(ctx, to, protocol, x.world.sourceIP, answer, x.host)
		}
		took := rules.Since(kept)
		if x.trace {
			thishost.Trace(x.host, took, kept, to, x.world.sourceIP, answer)
		}
		x.keep(func(f *findings) {
			if f.thisHost != nil {
				seen := *f.thisHost
				if seen.Ledger = kept; took != nil {
					seen.Firewall = took
				}
				f.thisHost = &seen
			}
		})
		if place, _ := kept.Lost(); place == evidence.LostNowhere && route != nil {
			x.sources(to, route)
		}
	})
}

// worthCounting: nobody answers for the port, or somebody so near that it may be this host.
func worthCounting(path *evidence.Path) bool {
	answer := path.Answer
	if answer == nil || answer.Answer == evidence.HopSilence || answer.FromSelf {
		return true
	}
	return len(path.Port) > 0 && (path.Port[0].FromSelf || path.Port[0].Answer != evidence.HopTimeExceeded && path.Port[0].Answer != evidence.HopSilence)
}

// answerTime is how long an answer of the endpoint may take: twice the slowest answer of the walk, within bounds.
func answerTime(path *evidence.Path) time.Duration {
	slowest := 0.0
	for _, hop := range slices.Concat(path.Port, path.Compare) {
		if hop.Answer != evidence.HopSilence {
			slowest = max(slowest, hop.TookMS)
		}
	}
	return min(max(time.Duration(2*slowest)*time.Millisecond, 100*time.Millisecond), 700*time.Millisecond)
}

// deafAnswer is how long a resolver's, a control's or a proxy's answer may take.
const deafAnswer = 200 * time.Millisecond

// deaf counts towards a resolver, a control or a proxy that gives no answer, where the endpoint cannot be asked.
func (x *experiments) deaf(to netip.AddrPort, protocol string) {
	seen := x.host.Look(to, x.world.sourceIP)
	x.keep(func(f *findings) {
		if f.thisHost == nil {
			f.thisHost = seen
		}
	})
	if seen != nil && !seen.Route.Denies() {
		x.farther(to)
		x.ledger(to, protocol, deafAnswer, seen.Route)
	}
}

// farther asks who is silent twice more, where this host lets its packets travel fewer steps than usual: by a packet with an
// ordinary TTL, and then by one with this host's own. If that is answered too, it was an outage, which has ended.
func (x *experiments) farther(to netip.AddrPort) {
	var steps *evidence.Steps
	x.keep(func(f *findings) {
		if f.thisHost != nil {
			steps = f.thisHost.Steps
		}
	})
	if steps == nil {
		return
	}
	x.once("farther "+to.String(), otherTime, func(ctx context.Context) {
		meets := func(ttl int) bool {
			hop := traceroute.OneHop(ctx, x.world.sourceIP, to, ttl, func() time.Duration { return traceroute.HopTime })
			return hop != nil && hop.Met()
		}
		if !meets(evidence.OrdinaryTTL) || meets(steps.Most) {
			return
		}
		x.keep(func(f *findings) {
			seen, steps := *f.thisHost, *steps
			steps.Farther = true
			seen.Steps, f.thisHost = &steps, &seen
		})
	})
}

// translated looks whether a rule of this host made the connection with another machine than the service.
func (x *experiments) translated(to netip.AddrPort) {
	x.once("translation", ledgerTime, func(context.Context) {
		seen := x.host.Look(to, x.world.sourceIP)
		if elsewhere, _ := seen.Elsewhere(); elsewhere != "" {
			x.keep(func(f *findings) { f.thisHost = cmp.Or(f.thisHost, seen) })
		}
	})
}

// otherPort connects to another port of the same host, and says nothing there.
func (x *experiments) otherPort(to netip.AddrPort) {
	x.once("port "+to.String(), otherTime, func(ctx context.Context) {
		attempt := x.world.attempt(ctx, to)
		x.keep(func(f *findings) { f.otherPorts = append(f.otherPorts, attempt) })
	})
}

// addressByDNS connects to the address that DNS gives where the hosts file pins another one.
func (x *experiments) addressByDNS(to netip.AddrPort) {
	x.once("address by DNS", otherTime, func(ctx context.Context) {
		attempt := x.world.attempt(ctx, to)
		x.keep(func(f *findings) { f.byDNS = &attempt })
	})
}

// attempt makes one connection and closes it.
func (w *world) attempt(ctx context.Context, to netip.AddrPort) evidence.Attempt {
	start := time.Now()
	attempt := evidence.Attempt{Address: to}
	conn, err := w.connect(ctx, to)
	attempt.TookMS = evidence.Milliseconds(time.Since(start))
	if err == nil {
		attempt.Connected, attempt.LocalAddress = true, localAddress(conn)
		conn.Close()
	} else {
		attempt.Failure = w.connectFailure(err, to.Addr())
	}
	return attempt
}

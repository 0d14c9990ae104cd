package probes

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"opensrs-doctor/probes/classify"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/lazy"
)

// Follow-ups about other places: the endpoint's other addresses and servers, a third party on the service's port, and the
// sources as the call's own address sees them.
const (
	witnessTime = 2500 * time.Millisecond
	serversTime = 2200 * time.Millisecond // a SYN that was lost is sent again after a second
	manyPorts   = 12                      // source ports from which the servers behind one address are looked for
	lateConnect = 900 * time.Millisecond  // a connection that takes so much longer than the quickest had a packet lost
	mostOthers  = 4                       // addresses of the endpoint that are tried again
)

// portWitness asks a third party that answers on the service's own port: whether the port is open from here at all, and
// which address leaves by it.
func (x *experiments) portWitness(source *Source, v way) {
	if source == nil {
		return
	}
	x.once("port witness", witnessTime, func(ctx context.Context) {
		peer := source.Peer()
		seen := &evidence.Witness{URL: source.URI, Peer: peer.String()}
		start := time.Now()
		got := x.world.fetch(ctx, v, source.URL)
		seen.TookMS, seen.LocalAddress = evidence.Milliseconds(time.Since(start)), got.local
		seen.Connected = got.local.IsValid()
		if got.err != nil {
			seen.Failure = classify.ErrorBy(evidence.OpFetch, got.err, x.world.words(v))
		} else {
			seen.Address = x.world.addressIn(foreign.Decode(got.body, got.contentType))
		}
		x.keep(func(f *findings) { f.witness = seen })
	})
}

var dotted = lazy.Pattern{Text: `\b\d{1,3}(\.\d{1,3}){3}\b`}

// addressIn is the first public IPv4 address in a text; not set where there is none.
func (w *world) addressIn(text string) netip.Addr {
	for _, found := range dotted.Regexp().FindAllString(text, 20) {
		if address, err := netip.ParseAddr(found); err == nil && iprules.NeverPublic(address) == "" && !w.scrub.InAddress(address) {
			return address
		}
	}
	return netip.Addr{}
}

// fromCall asks the web sources again, from the local address that the call left from.
func (x *experiments) fromCall(sources []Source, local netip.Addr) {
	x.once("sources from the call's address", otherTime, func(ctx context.Context) {
		there := &world{now: x.world.now, sourceIP: local, resolver: x.world.resolver, roots: x.world.roots, scrub: x.world.scrub,
			clock: x.world.clock, agent: x.world.agent, public: x.world.public}
		var group sync.WaitGroup
		for _, source := range sources {
			if source.Kind == "dns" {
				continue
			}
			group.Go(func() {
				start := time.Now()
				sighting := there.sightByHTTP(ctx, source, way{})
				sighting.Path, sighting.TookMS = evidence.WayDirect, evidence.Milliseconds(time.Since(start))
				x.keep(func(f *findings) { f.fromCall = append(f.fromCall, sighting) })
			})
		}
		group.Wait()
	})
}

// triedAgain connects once more to the addresses of the endpoint that did not answer, where another one did.
func (x *experiments) triedAgain(attempts []evidence.Attempt) {
	for i, failed := range attempts {
		if failed.Failure == nil || i >= mostOthers {
			continue
		}
		x.once("again "+failed.Address.String(), otherTime, func(ctx context.Context) {
			again := x.world.attempt(ctx, failed.Address)
			x.keep(func(f *findings) { f.triedAgain = append(f.triedAgain, again) })
		})
	}
}

// handshakesElsewhere makes the handshake at the endpoint's other addresses.
func (x *experiments) handshakesElsewhere(t target, at netip.AddrPort, host string) {
	for i, address := range t.addresses {
		if address == at || i >= mostOthers {
			continue
		}
		there := t
		there.addresses = []netip.AddrPort{address}
		x.once("handshake at "+address.String(), variantTime, func(ctx context.Context) {
			made := x.world.tryVariant(ctx, there, host, handshakeVariants[0], variantTime)
			found := evidence.Elsewhere{Address: address, Works: made.Works, Proven: made.Proven, TookMS: made.TookMS, Failure: made.Failure}
			x.keep(func(f *findings) { f.elsewhere = append(f.elsewhere, found) })
		})
	}
}

// servers connects from many source ports at once to an address that answers now and then: where packets get lost, some
// connections come late; where one of several servers is down, some never come and the others at once.
func (x *experiments) servers(to netip.AddrPort) {
	x.once("servers", serversTime, func(ctx context.Context) {
		attempts := make([]evidence.Attempt, manyPorts)
		var group sync.WaitGroup
		for i := range attempts {
			group.Go(func() { attempts[i] = x.world.attempt(ctx, to) })
		}
		group.Wait()
		seen := evidence.Servers{Sent: manyPorts}
		quickest := slices.MinFunc(attempts, func(a, b evidence.Attempt) int {
			switch {
			case a.Connected == b.Connected:
				return int(a.TookMS - b.TookMS)
			case a.Connected:
				return -1
			}
			return 1
		})
		for _, attempt := range attempts {
			switch {
			case attempt.Connected && attempt.TookMS-quickest.TookMS > evidence.Milliseconds(lateConnect):
				seen.Late++
			case attempt.Connected:
				seen.Took++
			case attempt.Failure.Kind == evidence.KindRefused:
				seen.Refused++
			case attempt.Failure.Kind == evidence.KindTimeout:
				seen.Silent++
			}
		}
		x.keep(func(f *findings) { f.servers = &seen })
	})
}

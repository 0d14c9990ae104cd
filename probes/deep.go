package probes

import (
	"context"
	"net/netip"
	"time"

	"opensrs-doctor/probes/evidence"
)

// A deep run asks what a support engineer would ask for: every source's sighting, every resolver's answer, the walk
// also where the port is reachable, and the round trips. All of it runs behind the call, which it must not disturb,
// or, where a probe fails or has been silent for a while, beside the other follow-ups. So a deep run that meets
// nothing but silence takes no longer than a plain one.

// deepAnswers is how long after the begin of a deep run sources and resolvers may still answer.
const deepAnswers = 6 * time.Second

// deepen starts the walk and the round trips; being called again does no harm. probe is the one that waits or has
// failed, "" at the end of the run. With a proxy, only the way to the proxy is this host's to measure.
func (r *run) deepen(probe string) {
	if !r.o.Deep || !r.plan["port"].runs || len(r.target.addresses) == 0 {
		return
	}
	to := r.target.addresses[0]
	if probe != "port" && r.ev.Port != nil && r.ev.Port.Connected.IsValid() {
		to = r.ev.Port.Connected
	}
	if r.way.proxy != nil || probe == "" && r.ev.Call != nil && r.ev.Call.Failure == nil { // no router has to answer for them
		r.x.roundTrips(to)
	}
	if r.way.proxy == nil {
		r.x.path(to, false) // the round trips follow it at the latest
	}
}

// roundTrips measures them once in a run.
func (x *experiments) roundTrips(to netip.AddrPort) {
	x.once("round trips", tripsTime, func(ctx context.Context) {
		defer close(x.measured)
		x.world.roundTrips(ctx, to, x.trip, func(sofar evidence.RoundTrips) {
			x.keep(func(f *findings) { f.roundTrips = &sofar })
		})
	})
}

// settleDeep waits for the sources and resolvers that have not answered yet.
func (r *run) settleDeep() {
	limit := min(r.budget.left(r.budget.scaled(deepAnswers)), r.budget.left(r.budget.whole))
	ctx, cancel := context.WithTimeout(r.all, limit)
	defer cancel()
	if r.egress != nil {
		r.egress.until(ctx, func() bool { return r.egress.waiting() == 0 })
	}
	if r.dns != nil {
		r.dns.settle(ctx, true)
	}
}

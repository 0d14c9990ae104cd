package probes

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"
)

// whileWaiting runs a probe and starts the follow-ups beside it if it takes long.
func (r *run) whileWaiting(probe string, work func()) {
	started := make(chan struct{})
	timer := time.AfterFunc(r.budget.scaled(patience), func() {
		defer close(started)
		r.trouble(probe, nil)
	})
	work()
	if !timer.Stop() {
		<-started // what it starts is then waited for with the rest
	}
}

// trouble starts what helps to explain a failure of that probe; failure is nil while it still waits. Each
// follow-up runs once, so being called twice, or without need, does no harm.
func (r *run) trouble(probe string, failure *Failure) {
	ways := []way{r.way}
	if r.way.proxy != nil {
		ways = append(ways, way{})
	}
	r.x.controls(r.o.Controls, ways...)
	if probe == "egress" {
		return
	}
	r.x.names(r.o.Host, r.otherName())
	if probe == "dns" {
		return
	}
	r.x.statusPage(r.o.StatusURL, r.way)
	switch probe {
	case "port":
		if len(r.target.addresses) > 0 && r.way.proxy == nil {
			r.x.path(r.failedAddress(failure), failure != nil && failure.Kind != KindTimeout)
			if to, ok := r.otherByDNS(); ok {
				r.x.addressByDNS(to)
			}
		}
	case "tls":
		if failure == nil || !r.ev.TLS.Connected { // a certificate does not get better by asking again
			r.x.handshakes(r.connectedTarget(), r.o.Host)
		}
	}
	if probe != "port" && r.o.Port != ServicePort && r.way.proxy == nil && len(r.target.addresses) > 0 {
		r.x.otherPort(netip.AddrPortFrom(r.connectedTarget().addresses[0].Addr(), ServicePort))
	}
	r.deepen(probe)
}

// otherByDNS is the address that DNS gives where the hosts file pins the endpoint to another one; false where DNS
// agrees or has not answered.
func (r *run) otherByDNS() (netip.AddrPort, bool) {
	if r.dns == nil {
		return netip.AddrPort{}, false
	}
	facts := r.dns.snapshot()
	if facts.Used != usedHosts {
		return netip.AddrPort{}, false
	}
	var first netip.Addr
	for _, answer := range facts.Answers {
		for _, address := range answer.A {
			if slices.Contains(facts.HostsIPs, address) {
				return netip.AddrPort{}, false
			}
			if !first.IsValid() {
				first = address
			}
		}
	}
	return netip.AddrPortFrom(first, r.o.Port), first.IsValid()
}

// connectedTarget is the target with the address first that the port probe got through to: of several, the others
// may be dead.
func (r *run) connectedTarget() target {
	t := r.target
	if r.ev.Port != nil && r.ev.Port.Connected.IsValid() {
		t.addresses = []netip.AddrPort{r.ev.Port.Connected}
	}
	return t
}

// failedAddress is the address whose failure is the step's: of several, not always the first.
func (r *run) failedAddress(failure *Failure) netip.AddrPort {
	if failure != nil && r.ev.Port != nil {
		for _, attempt := range r.ev.Port.Attempts {
			if attempt.Failure == failure {
				return attempt.Address
			}
		}
	}
	return r.target.addresses[0]
}

// otherName is a name that should resolve where names resolve at all: the status page's or a source's.
func (r *run) otherName() string {
	names := []string{}
	if r.o.StatusURL != nil {
		names = append(names, r.o.StatusURL.Hostname())
	}
	for _, source := range r.o.EgressSources {
		names = append(names, source.URL.Hostname())
	}
	for _, name := range names {
		if _, err := netip.ParseAddr(name); err != nil && name != "" && name != r.o.Host {
			return name
		}
	}
	return ""
}

// beside asks, with a proxy, what the way without it would do: information for the many clients that ignore
// proxy settings. Nobody waits for it.
func (r *run) beside(all context.Context) {
	r.byName, r.direct = make(chan *DNSAnswer, 1), make(chan *Direct, 1)
	fromEnvironment := r.o.Proxy.Mode != "url"
	go func() {
		facts := &Direct{}
		dns := r.w.startDNS(all, r.o.Host, false)
		dns.wait(all)
		found := dns.snapshot()
		for _, answer := range found.Answers {
			if answer.Resolver == found.Used || found.Used == "" {
				r.byName <- &answer
				break
			}
		}
		if facts.Resolves = len(found.IPv4) > 0; facts.Resolves && fromEnvironment {
			ctx, cancel := context.WithTimeout(all, shareLookup)
			defer cancel()
			_, attempts := r.dialAndClose(ctx, netip.AddrPortFrom(found.IPv4[0], r.o.Port))
			facts.Attempt = &attempts[0]
		} else if !facts.Resolves {
			facts.Failure = found.failure()
		}
		if fromEnvironment {
			r.direct <- facts
		}
	}()
}

func (r *run) dialAndClose(ctx context.Context, to netip.AddrPort) (bool, []Attempt) {
	conn, attempts := r.w.connectAny(ctx, []netip.AddrPort{to})
	if conn != nil {
		conn.Close()
	}
	return conn != nil, attempts
}

// finish waits for the follow-ups of a failure, and gathers what came late.
func (r *run) finish() {
	failed := ""
	for _, step := range r.ev.Steps {
		if step.Status == Fail && step.Probe != "rules" && (failed == "" || failed == "egress") {
			failed = step.Probe
		}
	}
	if failed != "" && r.ctx.Err() == nil {
		r.trouble(failed, r.ev.Step(failed).Failure)
		r.crossCheck()
	}
	if r.o.Deep && r.ctx.Err() == nil {
		r.watch(Event{Probe: Measuring})
		r.deepen("")
		r.settleDeep()
	}
	if (failed != "" || r.o.Deep) && r.ctx.Err() == nil {
		ctx, cancel := context.WithTimeout(r.all, r.budget.forFollowUps())
		r.x.wait(ctx)
		cancel()
	}
	if r.o.Deep && r.ctx.Err() != nil {
		r.ev.Interrupted = true // all steps may have ended, and the rest is not known
	}
	if r.dns != nil && r.dns.snapshot().Used == usedHosts && r.ctx.Err() == nil {
		ctx, cancel := context.WithTimeout(r.all, r.budget.scaled(slowAfter))
		r.dns.settle(ctx, false)
		cancel()
	}
	r.gather()
}

func (r *run) crossCheck() {
	if !mayCrossCheck(r.o, r.ev.Call) {
		return
	}
	ctx, cancel := context.WithTimeout(r.all, r.budget.scaled(shareCall/2))
	defer cancel()
	r.ev.CrossCheck = r.w.crossCheck(ctx, r.o, r.way)
}

// gather puts what is known now into the evidence.
func (r *run) gather() {
	ev := r.ev
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // whoever is still under way is not waited for
	found := r.x.wait(ctx)
	if r.egress != nil {
		before := ev.Egress.Addresses()
		ev.Egress = r.egress.snapshot(r.way.name())
		r.renew(before)
	}
	if r.dns != nil {
		ev.DNS = r.dns.snapshot()
		ev.DNS.MadeUpName, ev.DNS.MadeUp = found.madeUpName, found.madeUp
		ev.DNS.OtherName, ev.DNS.Other = found.otherName, found.other
	}
	if ev.Port != nil {
		ev.Port.Path, ev.Port.OtherPorts, ev.Port.RoundTrips = found.path, found.otherPorts, found.roundTrips
		ev.Port.ByDNS = found.byDNS
	}
	if ev.TLS != nil {
		ev.TLS.Variants = found.variants
	}
	slices.SortFunc(found.controls, func(a, b Control) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Peer, b.Peer))
	})
	slices.SortFunc(found.variants, func(a, b Variant) int { return cmp.Compare(a.Name, b.Name) })
	ev.Controls, ev.StatusPage = found.controls, found.status
	r.gatherDirect()
	ev.Clock = r.w.clock.summary()
	r.routes()
	if trust := trustOf(ev.TLS); trust != nil && trust.Missing != "" && !trust.MissingKnown {
		trust.MissingKnown = r.w.roots.seen(trust.Missing)
	}
	ev.Took = time.Since(r.budget.begun)
}

// renew judges again where late sightings brought other addresses.
func (r *run) renew(before []netip.Addr) {
	ev := r.ev
	if slices.Equal(ev.Egress.Addresses(), before) {
		return
	}
	if ev.Rules != nil {
		ev.Rules = simulateRules(r.o.Rules, ev.Egress.Addresses())
	}
	for i := range ev.Steps {
		step := &ev.Steps[i]
		switch {
		case step.Probe == "egress" && step.Status != Skip:
			step.Status, step.Failure = egressStatus(ev.Egress)
		case step.Probe == "rules" && (step.Status != Skip || step.WaitedFor == "egress") && ev.Rules != nil:
			step.Status, step.WaitedFor = rulesStatus(ev.Rules), ""
		}
	}
}

func (r *run) gatherDirect() {
	if r.way.proxy == nil {
		return
	}
	select {
	case r.ev.Direct = <-r.direct:
	default:
		if r.o.Proxy.Mode != "url" && r.direct != nil {
			r.ev.Direct = &Direct{Resolves: true, Failure: &Failure{Op: "connect", Kind: KindTimeout, Detail: "no answer before the run ended"}}
		}
	}
	select {
	case answer := <-r.byName:
		r.ev.DNS.Endpoint = answer
	default:
	}
}

// routes asks the kernel whether it has a way to the public internet at all. Nothing is sent.
func (r *run) routes() {
	// The endpoint alone may have a route of its own, or none: any public address will do.
	public := []netip.Addr{netip.MustParseAddr("192.0.2.1")}
	for _, peer := range r.o.Controls {
		if address, err := netip.ParseAddr(peer.Host); err == nil && address.Is4() {
			public = append(public, address)
		}
	}
	public = append(public, r.ev.Target.Addresses...)
	for _, towards := range r.target.addresses { // the address that the call leaves from, or would
		if local, ok := r.w.hasRoute(towards.Addr()); ok && !r.ev.Host.LocalAddress.IsValid() {
			r.ev.Host.LocalAddress = local
		}
	}
	has := false
	for _, address := range public {
		local, ok := r.w.hasRoute(address)
		has = has || ok
		if ok && !r.ev.Host.LocalAddress.IsValid() {
			r.ev.Host.LocalAddress = local
		}
	}
	r.ev.Host.HasIPv4Route = &has
	_, six := r.w.hasRoute(netip.MustParseAddr("2606:4700:4700::1111"))
	r.ev.Host.HasIPv6Route = &six
	if r.o.Deep {
		r.ev.Host.System, r.ev.Host.Route = systemFacts(), r.route(public)
	}
}

func trustOf(facts *TLS) *Trust {
	if facts == nil {
		return nil
	}
	return facts.Trust
}

package probes

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/service"
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
func (r *run) trouble(probe string, failure *evidence.Failure) {
	ways := []way{r.way}
	if r.way.proxy != nil {
		ways = append(ways, way{})
	}
	r.x.controls(r.o.Controls, ways...)
	if probe == "egress" {
		if r.dns == nil || r.dns.answered() {
			return
		}
		r.x.later(r.budget.scaled(deafAfter), func() { // nobody has said anything yet
			if !r.dns.answered() && !r.egress.answered() {
				r.countSilence()
			}
		})
	}
	r.x.names(r.o.Host, r.otherName())
	if probe == "dns" || probe == "egress" {
		if failure != nil && (failure.Kind == evidence.KindTimeout || deniedHere(failure.Kind)) {
			r.countSilence()
		}
		return
	}
	r.x.statusPage(r.o.StatusURL, r.way)
	if to, ok := r.otherByDNS(); ok && failure != nil && r.way.proxy == nil && (probe == "port" || probe == "tls") {
		r.x.addressByDNS(to)
	}
	switch probe {
	case "port":
		r.x.portWitness(r.o.Witness, r.way)
		if len(r.target.addresses) > 0 && r.way.proxy == nil {
			r.x.path(r.failedAddress(failure), failure != nil && failure.Kind != evidence.KindTimeout)
		} else if len(r.target.addresses) > 0 && failure != nil && (failure.Kind == evidence.KindTimeout || deniedHere(failure.Kind)) {
			r.x.deaf(r.target.addresses[0], evidence.LedgerTCP)
		}
	case "tls":
		if failure != nil && r.way.proxy == nil && r.ev.Port != nil {
			r.x.translated(r.ev.Port.Connected)
		}
		if failure == nil || !r.ev.TLS.Connected { // a certificate does not get better by asking again
			r.x.handshakes(r.connectedTarget(), r.o.Host)
			if failure != nil && r.way.proxy == nil {
				r.x.handshakesElsewhere(r.target, r.ev.Port.Connected, r.o.Host)
				if slices.Contains(cutKinds, failure.Kind) { // how far away is the one who took the connection?
					r.x.path(r.ev.Port.Connected, true)
				}
			}
		}
	}
	if probe != "port" && r.o.Port != service.OpenSRS.Port && r.way.proxy == nil && len(r.target.addresses) > 0 {
		r.x.otherPort(netip.AddrPortFrom(r.connectedTarget().addresses[0].Addr(), service.OpenSRS.Port))
	}
	r.deepen(probe)
}

// deniedHere reports whether a failure may be the word of this host's own routing policy.
func deniedHere(kind evidence.Kind) bool {
	return kind == evidence.KindNotPermitted || kind == evidence.KindUnreachable || kind == evidence.KindNoRoute
}

// cutKinds are the ends of a handshake that say nothing of the peer.
var cutKinds = []evidence.Kind{evidence.KindReset, evidence.KindHungUp, evidence.KindTimeout}

// deafAfter is how long all may be silent, after the first follow-ups have begun, until this host's own counters are read
// around packets of ours.
const deafAfter = 1150 * time.Millisecond

// countSilence counts packets to the resolver that is silent, and to nobody else where there is one.
func (r *run) countSilence() {
	if resolver, ok := r.distantResolver(); ok {
		r.x.deaf(resolver, evidence.LedgerUDP)
	} else if control, ok := r.literalControl(); ok && r.way.proxy == nil {
		r.x.deaf(control, evidence.LedgerTCP)
	}
}

// distantResolver is the first resolver that is not on this host.
func (r *run) distantResolver() (netip.AddrPort, bool) {
	for _, server := range r.w.resolver.servers {
		if !server.Addr().IsLoopback() && server.Addr().Is4() {
			return server, true
		}
	}
	return netip.AddrPort{}, false
}

// literalControl is the first control that is named by its address.
func (r *run) literalControl() (netip.AddrPort, bool) {
	for _, control := range r.o.Controls {
		if address, err := netip.ParseAddr(control.Host); err == nil && address.Is4() {
			return netip.AddrPortFrom(address, control.Port), true
		}
	}
	return netip.AddrPort{}, false
}

// otherByDNS is the address that DNS gives where the hosts file pins the endpoint to another one, or that another resolver
// gives than the one whose answer is used; false where they agree or have not answered.
func (r *run) otherByDNS() (netip.AddrPort, bool) {
	if r.dns == nil {
		return netip.AddrPort{}, false
	}
	facts := r.dns.snapshot()
	pinned := facts.Used == evidence.UsedHosts
	var first netip.Addr
	for _, answer := range facts.Answers {
		for _, address := range answer.A {
			switch {
			case !slices.Contains(facts.IPv4, address):
				if !first.IsValid() {
					first = address
				}
			case pinned || answer.Resolver != facts.Used:
				return netip.AddrPort{}, false // they agree, if only on one of several
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
func (r *run) failedAddress(failure *evidence.Failure) netip.AddrPort {
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
	r.byName, r.direct = make(chan *evidence.DNSAnswer, 1), make(chan *evidence.Direct, 1)
	fromEnvironment := r.o.Proxy.Mode != "url"
	go func() {
		facts := &evidence.Direct{}
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
			facts.Failure = dnsFailure(found)
		}
		if fromEnvironment {
			r.direct <- facts
		}
	}()
}

func (r *run) dialAndClose(ctx context.Context, to netip.AddrPort) (bool, []evidence.Attempt) {
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
		if step.Status == evidence.Fail && step.Probe != "rules" && (failed == "" || failed == "egress") {
			failed = step.Probe
		}
	}
	if failed != "" && r.ctx.Err() == nil {
		r.trouble(failed, r.ev.Step(failed).Failure)
		r.crossCheck()
	}
	if r.egress != nil && r.ctx.Err() == nil {
		ctx, cancel := context.WithTimeout(r.all, r.budget.scaled(sightingsTime))
		r.egress.settle(ctx, r.way.name())
		cancel()
	}
	asked := r.leaving()
	if r.o.Deep && r.ctx.Err() == nil {
		r.watch(Event{Probe: Measuring})
		r.deepen("")
		r.settleDeep()
	}
	onlyTCP := r.dns != nil && slices.ContainsFunc(r.dns.snapshot().Answers, func(a evidence.DNSAnswer) bool { return a.OnlyTCP })
	if (failed != "" || r.o.Deep || onlyTCP || asked) && r.ctx.Err() == nil {
		ctx, cancel := context.WithTimeout(r.all, r.budget.forFollowUps())
		if found := r.x.wait(ctx); failed == "port" && nowAndThen(found, r.ev.Port) {
			if found.thisHost != nil { // a rule of this host may go by the source port
				r.x.ledger(r.target.addresses[0], evidence.LedgerTCP, answerTime(found.path), found.thisHost.Route)
				r.x.wait(ctx)
			}
			r.x.servers(r.target.addresses[0])
			r.x.wait(ctx)
		}
		cancel()
	}
	if r.o.Deep && r.ctx.Err() != nil {
		r.ev.Interrupted = true // all steps may have ended, and the rest is not known
	}
	if r.dns != nil && r.dns.snapshot().Used == evidence.UsedHosts && r.ctx.Err() == nil {
		ctx, cancel := context.WithTimeout(r.all, r.budget.scaled(slowAfter))
		r.dns.settle(ctx, false)
		cancel()
	}
	r.gather()
}

// leaving looks for what may be wrong with the addresses: for that of the call, where the API or the rules say no and the
// sources were asked from another one of this host's, and for the endpoint's other ones, where one of several is silent.
// It reports whether anything was asked.
func (r *run) leaving() (asked bool) {
	ev := r.ev
	if r.way.proxy != nil || r.ctx.Err() != nil || ev.Port == nil || !ev.Port.Connected.IsValid() {
		return false
	}
	refused := ev.Step("call").Status == evidence.Fail
	if r.egress != nil && (refused || r.denied()) {
		ev.Egress = r.egress.snapshot(r.way.name())
		if ev.OtherLocal().IsValid() && !ev.CallAddress().IsValid() {
			r.x.fromCall(r.o.EgressSources, ev.Host.LocalAddress)
			asked = true
		}
	}
	if refused && !r.denied() && ev.Rules != nil && ev.Call.Class == string(opensrs.IPDenied) {
		r.x.portWitness(r.o.Witness, r.way)
		asked = true
	}
	return asked || len(ev.Port.Attempts) > 1
}

// nowAndThen: the one address of the endpoint gave the port probe no connection, and took one of the walk.
func nowAndThen(found findings, port *evidence.Port) bool {
	return port != nil && len(port.Attempts) == 1 && !port.Connected.IsValid() && found.path != nil &&
		(found.path.Answer != nil && found.path.Answer.Answer == evidence.HopConnected ||
			slices.ContainsFunc(found.path.Port, func(h evidence.Hop) bool { return h.Answer == evidence.HopConnected }))
}

// sightingsTime is how long the end of a run waits for sightings on the call's path, where DNS alone has told the address.
const sightingsTime = 1500 * time.Millisecond

func (r *run) crossCheck() {
	if !mayCrossCheck(r.o, r.ev.Call) {
		return
	}
	ctx, cancel := context.WithTimeout(r.all, r.budget.scaled(shareCall/2))
	defer cancel()
	r.ev.CrossCheck = r.w.crossCheck(ctx, r.o, r.way)
}

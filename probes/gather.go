package probes

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"slices"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/traceroute"
)

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
	} else if ev.Rules != nil { // where the endpoint is, is known by now
		r.judgeAgain()
	}
	if r.dns != nil {
		ev.DNS = r.dns.snapshot()
		for i := range ev.DNS.Answers {
			ev.DNS.Answers[i].OnlyTCP = ev.DNS.Answers[i].Resolver == found.onlyTCP && ev.DNS.Answers[i].OnlyTCP
		}
		ev.DNS.MadeUpName, ev.DNS.MadeUp = found.madeUpName, found.madeUp
		ev.DNS.OtherName, ev.DNS.Other = found.otherName, found.other
	}
	slices.SortFunc(found.otherPorts, func(a, b evidence.Attempt) int { return a.Address.Compare(b.Address) })
	if ev.Port != nil {
		ev.Port.Path, ev.Port.OtherPorts, ev.Port.RoundTrips = found.path, found.otherPorts, found.roundTrips
		ev.Port.ByDNS = found.byDNS
		ev.Port.TriedAgain, ev.Port.Servers = found.triedAgain, found.servers
		slices.SortFunc(ev.Port.TriedAgain, func(a, b evidence.Attempt) int { return a.Address.Compare(b.Address) })
		ev.Port.RoundTripMS = evidence.Milliseconds(shortestTrip(r.conn))
	}
	if ev.TLS != nil {
		ev.TLS.Variants, ev.TLS.Elsewhere, ev.TLS.Picks = found.variants, found.elsewhere, found.picks
		slices.SortFunc(ev.TLS.Elsewhere, func(a, b evidence.Elsewhere) int { return a.Address.Compare(b.Address) })
	}
	slices.SortFunc(found.controls, func(a, b evidence.Control) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Peer, b.Peer))
	})
	slices.SortFunc(found.variants, func(a, b evidence.Variant) int { return cmp.Compare(a.Name, b.Name) })
	ev.Controls, ev.StatusPage, ev.ThisHost = found.controls, found.status, found.thisHost
	if ev.ThisHost == nil && ev.Port != nil && ev.Port.Retransmits != nil && *ev.Port.Retransmits > 0 {
		ev.ThisHost = r.x.host.Look(ev.Port.Connected, r.w.sourceIP) // a table that is full drops now and then; nothing is sent
	}
	ev.Witness = found.witness
	r.gatherDirect()
	ev.Clock = r.w.clock.summary(r.w.now())
	r.routes()
	if r.egress != nil { // the local address of the call is known by now
		before := ev.Egress.Addresses()
		ev.Egress.FromCall = found.fromCall
		slices.SortFunc(ev.Egress.FromCall, func(a, b evidence.Sighting) int { return cmp.Compare(a.Source, b.Source) })
		ev.Egress.Call = ev.CallAddress()
		r.renew(before)
	}
	if r.denied() {
		ev.Egress.Own = ownPublic()
	}
	if trust := trustOf(ev.TLS); trust != nil && !trust.Missing.Empty() && !trust.MissingKnown {
		trust.MissingKnown = r.w.roots.Seen(trust.Missing)
	}
	ev.Took = time.Since(r.budget.begun)
}

// denied reports whether the rules given do not let in the address that was seen.
func (r *run) denied() bool {
	return r.ev.Rules != nil && r.ev.Rules.Verdict != iprules.VerdictAllow && r.ev.Rules.Verdict != iprules.VerdictUnknown
}

// ownPublic are the public IPv4 addresses of this host's interfaces.
func ownPublic() []netip.Addr {
	var public []netip.Addr
	interfaces, _ := net.InterfaceAddrs()
	for _, one := range interfaces {
		if prefix, err := netip.ParsePrefix(one.String()); err == nil && prefix.Addr().Is4() && iprules.NeverPublic(prefix.Addr()) == "" {
			public = append(public, prefix.Addr())
		}
	}
	return public
}

// renew judges again where late sightings brought other addresses.
func (r *run) renew(before []netip.Addr) {
	ev := r.ev
	if slices.Equal(ev.Egress.Addresses(), before) {
		return
	}
	for i := range ev.Steps {
		if step := &ev.Steps[i]; step.Probe == "egress" && step.Status != evidence.Skip {
			step.Status, step.Failure = egressStatus(ev.Egress)
		}
	}
	if ev.Rules != nil {
		r.judgeAgain()
	}
}

func (r *run) judgeAgain() {
	r.ev.Rules = r.judgeRules()
	for i := range r.ev.Steps {
		step := &r.ev.Steps[i]
		if step.Probe == "rules" && (step.Status != evidence.Skip || step.WaitedFor == "egress") {
			if step.Status, step.WaitedFor = rulesStatus(r.ev.Rules), ""; step.Status == evidence.Skip {
				step.WaitedFor = "egress" // only IPv6 was seen, or nothing
			}
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
			r.ev.Direct = &evidence.Direct{Resolves: true, Failure: &evidence.Failure{Op: evidence.OpConnect, Kind: evidence.KindTimeout, Detail: foreign.Ours("no answer before the run ended")}}
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
		if local, has, _ := r.w.hasRoute(towards.Addr()); has && !r.ev.Host.LocalAddress.IsValid() {
			r.ev.Host.LocalAddress = local
		}
	}
	four, fourKnown := false, false
	for _, address := range public {
		local, has, known := r.w.hasRoute(address)
		four, fourKnown = four || has, fourKnown || known
		if has && !r.ev.Host.LocalAddress.IsValid() {
			r.ev.Host.LocalAddress = local
		}
	}
	if fourKnown {
		r.ev.Host.HasIPv4Route = &four
	}
	if r.ev.Step("dns").Status == evidence.Fail || r.ev.Step("port").Status == evidence.Fail {
		r.ev.Host.LinksDown = traceroute.LinksDown()
	}
	if _, six, known := r.w.hasRoute(netip.MustParseAddr("2606:4700:4700::1111")); known {
		r.ev.Host.HasIPv6Route = &six
	}
	if r.o.Deep {
		r.ev.Host.System, r.ev.Host.Route = systemFacts(r.w.scrub), r.route(public)
	}
}

func trustOf(facts *evidence.TLS) *evidence.Trust {
	if facts == nil {
		return nil
	}
	return facts.Trust
}

// route is the way on which packets for the endpoint leave, or for the proxy; where no address of them is known, for
// the first of some public ones. Nothing is sent.
func (r *run) route(public []netip.Addr) *evidence.Route {
	to := public[len(public)-1]
	if len(r.target.addresses) > 0 {
		to = r.target.addresses[0].Addr()
	}
	local, has, _ := r.w.hasRoute(to)
	if !has {
		return nil
	}
	return traceroute.Route(to, local, r.o.SourceIP)
}

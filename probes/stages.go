package probes

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/iprules"
)

func (r *run) probeEgress() {
	waits := ""
	if len(r.o.EgressSources) == 0 && len(r.o.EgressIPs) == 0 {
		waits = "--egress-source"
	}
	r.step("egress", waits, func(all context.Context) (Status, *Failure) {
		if len(r.o.EgressIPs) > 0 {
			r.ev.Egress = givenEgress(r.o.EgressIPs)
			return Pass, nil
		}
		ctx, cancel := r.budget.lookup(all)
		defer cancel()
		r.egress = r.w.startEgress(all, r.o.EgressSources, r.way)
		r.whileWaiting("egress", func() { r.egress.wait(ctx, r.way.name()) })
		r.ev.Egress = r.egress.snapshot(r.way.name())
		return egressStatus(r.ev.Egress)
	})
}

func egressStatus(facts *Egress) (Status, *Failure) {
	switch {
	case len(facts.Addresses()) == 0:
		failure := &Failure{Op: "fetch", Kind: KindTimeout, Detail: foreign.Ours("no source told an IPv4 address")}
		for _, sighting := range facts.Sightings {
			if sighting.Failure != nil && sighting.Failure.Kind != KindTimeout {
				failure = sighting.Failure
				break
			}
		}
		return Fail, failure
	case len(facts.IPv4) > 1 && !facts.Given:
		return Warn, nil
	}
	return Pass, nil
}

func (r *run) probeRules() {
	waits := ""
	switch {
	case len(r.o.Rules) == 0:
		waits = "rules"
	case r.ev.Egress == nil || len(r.ev.Egress.Addresses()) == 0:
		waits = "egress"
	}
	if len(r.o.Rules) > 0 && r.plan["rules"].runs {
		r.ev.Rules = r.judgeRules()
	}
	r.step("rules", waits, func(context.Context) (Status, *Failure) { return rulesStatus(r.ev.Rules), nil })
}

func rulesStatus(facts *Rules) Status {
	status := map[string]Status{iprules.VerdictAllow: Pass, iprules.VerdictDeny: Fail, iprules.VerdictPartly: Fail,
		iprules.VerdictAmbiguous: Warn}[facts.Verdict]
	if status == "" {
		status = Skip
	}
	for _, problem := range facts.Problems {
		switch {
		case problem.Severity == iprules.SeverityError:
			return Fail
		case status == Pass && (problem.ID == iprules.HostBits || problem.ID == iprules.Duplicate):
			status = Warn
		}
	}
	return status
}

func (r *run) probeDNS() {
	r.step("dns", "", func(all context.Context) (Status, *Failure) {
		name := r.o.Host
		if r.way.proxy != nil {
			name = r.way.proxy.peer.Host
			r.beside(all)
		}
		ctx, cancel := r.budget.lookup(all)
		defer cancel()
		r.dns = r.w.startDNS(all, name, r.way.proxy != nil)
		r.whileWaiting("dns", func() { r.dns.wait(ctx) })
		facts := r.dns.snapshot()
		r.ev.DNS = facts
		if r.way.proxy == nil {
			r.ev.Target.Addresses = facts.IPv4
		} else {
			r.ev.Host.Proxy.Addrs = facts.IPv4
			if address, err := netip.ParseAddr(r.o.Host); err == nil {
				r.ev.Target.Addresses = []netip.Addr{address}
			}
		}
		addresses := r.usable(facts)
		r.target = target{peer: HostPort{r.o.Host, r.o.Port}, way: r.way}
		for _, address := range addresses {
			port := r.o.Port
			if r.way.proxy != nil {
				port = r.way.proxy.peer.Port
			}
			r.target.addresses = append(r.target.addresses, netip.AddrPortFrom(address, port))
		}
		switch {
		case len(addresses) == 0 && len(facts.IPv6) > 0:
			return Fail, &Failure{Op: "query", Kind: KindNoData, Detail: foreign.Ours("no IPv4 address")}
		case len(addresses) == 0:
			return Fail, facts.failure()
		case len(facts.Slow) > 0:
			return Warn, nil
		}
		return Pass, nil
	})
}

// usable are the addresses to connect to: IPv4, because an IPv4 rule judges the call. A host that has no way
// over IPv4 at all, but one over IPv6 (behind NAT64), and a proxy, are reached by what there is.
func (r *run) usable(facts *DNS) []netip.Addr {
	if facts.OfProxy && len(facts.IPv4) == 0 {
		return facts.IPv6
	}
	if len(facts.IPv4) > 0 && len(facts.IPv6) > 0 {
		_, four, known := r.w.hasRoute(facts.IPv4[0])
		_, six, _ := r.w.hasRoute(facts.IPv6[0])
		if known && !four && six {
			return facts.IPv6
		}
	}
	return facts.IPv4
}

func (r *run) probePort() {
	r.step("port", r.blockedBy("dns"), func(all context.Context) (Status, *Failure) {
		ctx, cancel := r.budget.lookup(all)
		defer cancel()
		var failure *Failure
		r.whileWaiting("port", func() { r.ev.Port, r.conn, failure = r.w.probePort(ctx, r.target) })
		if failure != nil {
			return Fail, failure
		}
		r.closers = append(r.closers, r.conn)
		r.ev.Host.LocalAddress = localAddress(r.conn)
		slow := r.ev.Port.ConnectMS > milliseconds(time.Second)
		if slow || r.ev.Port.Retransmits != nil && *r.ev.Port.Retransmits > 0 {
			return Warn, nil
		}
		return Pass, nil
	})
}

func (r *run) probeTLS() {
	r.step("tls", r.blockedBy("dns", "port"), func(all context.Context) (Status, *Failure) {
		ctx, cancel := r.budget.lookup(all)
		defer cancel()
		r.whileWaiting("tls", func() { r.ev.TLS, r.stream = r.w.probeTLS(ctx, r.conn, r.o.Host, r.way) })
		return r.tlsStatus(r.ev.TLS)
	})
}

// tlsStatus decides whether the peer is proven, and so whether the call may be made.
func (r *run) tlsStatus(facts *TLS) (Status, *Failure) {
	trust := facts.Trust
	switch {
	case trust == nil:
		return Fail, facts.Failure
	case trust.Verified():
		facts.CallAllowed = true
		if !trust.System && trust.Own == nil {
			return Fail, &Failure{Op: "verify", Kind: KindUntrusted, Detail: foreign.Ours("this host's own roots do not verify the certificate")}
		}
		if ExpiresSoon(trust, r.ev.StartedAt) {
			return Warn, nil
		}
		return Pass, nil
	case trust.System && trust.NameOK && trust.DatesOK && r.maybeIntercepted(facts):
		facts.CallAllowed = true
		return Warn, nil
	}
	return Fail, facts.Failure
}

// oldRoots is the age from which the carried roots may simply not know a new public authority.
const oldRoots = 400 * 24 * time.Hour

// OldRoots reports whether the carried public roots were too old at that time to call a root that only
// this host trusts an interception.
func OldRoots(roots, at time.Time) bool { return !roots.IsZero() && at.Sub(roots) > oldRoots }

// maybeIntercepted is for a chain that only this host's own store vouches for: the call is made where the
// user allows it, or where the carried roots are old and nothing else speaks for an interception.
func (r *run) maybeIntercepted(facts *TLS) bool {
	if r.o.AllowIntercepted {
		return true
	}
	if facts.Trust.Own != nil || !OldRoots(r.ev.Asked.RootsDate, r.ev.StartedAt) || facts.Trust.Product != "" {
		return false
	}
	r.trouble("tls", facts.Failure)
	ctx, cancel := context.WithTimeout(r.all, controlTime)
	defer cancel()
	for _, control := range r.x.wait(ctx).controls {
		if control.TLS != nil && control.TLS.Issuer == facts.Trust.Issuer {
			return false
		}
	}
	return true
}

// ExpiresSoon reports whether a certificate that the chain needs ends within 14 days, or within a third of its
// lifetime where that is shorter.
func ExpiresSoon(trust *Trust, at time.Time) bool {
	if trust == nil || trust.FirstToEnd == nil {
		return false
	}
	first := trust.FirstToEnd
	soon := min(14*24*time.Hour, first.NotAfter.Sub(first.NotBefore)/3)
	left := first.NotAfter.Sub(at)
	return left > 0 && left < soon
}

func (r *run) probeCall() {
	waits := r.blockedBy("dns", "port")
	switch {
	case waits != "":
	case r.ev.TLS == nil || !r.ev.TLS.CallAllowed:
		waits = "tls"
	case r.o.Username == "" || !r.ev.Asked.KeyGiven:
		waits = "credentials"
	case len(r.ev.Asked.KeyProblems) > 0 || strings.ContainsAny(r.o.Username, "\r\n\x00"):
		waits = "api-key"
	}
	r.step("call", waits, func(all context.Context) (Status, *Failure) {
		ctx, cancel := context.WithTimeout(all, r.budget.forCall())
		defer cancel()
		r.whileWaiting("call", func() {
			r.ev.Call = r.w.probeCall(ctx, r.stream, r.target.peer, r.o.Path, credentials{r.o.Username, r.o.Key})
		})
		if r.ev.Call.Failure != nil {
			return Fail, r.ev.Call.Failure
		}
		return Pass, nil
	})
}

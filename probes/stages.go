package probes

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/netaddr"
)

func (r *run) probeEgress() {
	var waits evidence.Wait
	if len(r.o.EgressSources) == 0 && len(r.o.EgressIPs) == 0 {
		waits = evidence.WaitEgressSource
	}
	r.step("egress", waits, func(all context.Context) (evidence.Status, *evidence.Failure) {
		if len(r.o.EgressIPs) > 0 {
			r.ev.Egress = givenEgress(r.o.EgressIPs)
			return evidence.Pass, nil
		}
		ctx, cancel := r.budget.lookup(all)
		defer cancel()
		r.egress = r.w.startEgress(all, r.o.EgressSources, r.way, r.way.proxy == nil && r.callFollows())
		r.whileWaiting("egress", func() { r.egress.wait(ctx, r.way.name()) })
		r.ev.Egress = r.egress.snapshot(r.way.name())
		return egressStatus(r.ev.Egress)
	})
}

func egressStatus(facts *evidence.Egress) (evidence.Status, *evidence.Failure) {
	switch {
	case len(facts.Addresses()) == 0:
		failure := &evidence.Failure{Op: evidence.OpFetch, Kind: evidence.KindTimeout, Detail: foreign.Ours("no source reported an IPv4 address")}
		for _, sighting := range facts.Sightings {
			if sighting.Failure != nil && sighting.Failure.Kind != evidence.KindTimeout {
				failure = sighting.Failure
				break
			}
		}
		return evidence.Fail, failure
	case len(facts.IPv4) > 1 && !facts.Given:
		return evidence.Warn, nil
	}
	return evidence.Pass, nil
}

func (r *run) probeRules() {
	var waits evidence.Wait
	switch {
	case len(r.o.Rules) == 0:
		waits = evidence.WaitRules
	case r.ev.Egress == nil || len(r.ev.Egress.Addresses()) == 0:
		waits = "egress"
	}
	if len(r.o.Rules) > 0 && r.plan["rules"].runs {
		r.ev.Rules = r.judgeRules()
	}
	r.step("rules", waits, func(context.Context) (evidence.Status, *evidence.Failure) { return rulesStatus(r.ev.Rules), nil })
}

func rulesStatus(facts *evidence.Rules) evidence.Status {
	status := map[string]evidence.Status{iprules.VerdictAllow: evidence.Pass, iprules.VerdictDeny: evidence.Fail, iprules.VerdictPartly: evidence.Fail,
		iprules.VerdictAmbiguous: evidence.Warn}[facts.Verdict]
	if status == "" {
		status = evidence.Skip
	}
	for _, problem := range facts.Problems {
		switch {
		case problem.Severity == iprules.SeverityError:
			return evidence.Fail
		case status == evidence.Pass && (problem.ID == iprules.HostBits || problem.ID == iprules.Duplicate):
			status = evidence.Warn
		}
	}
	return status
}

// askNames sends the questions of the dns probe before its turn: they have no effect, and take as long as those of the
// egress probe.
func (r *run) askNames() {
	if !r.plan["dns"].runs || r.ctx.Err() != nil {
		return
	}
	name := r.o.Host
	if r.way.proxy != nil {
		name = r.way.proxy.peer.Host
	}
	r.dns = r.w.startDNS(r.all, name, r.way.proxy != nil)
}

func (r *run) probeDNS() {
	r.step("dns", "", func(all context.Context) (evidence.Status, *evidence.Failure) {
		if r.way.proxy != nil {
			r.beside(all)
		}
		r.whileWaiting("dns", func() {
			r.waitForNames(all, shareLookup)
			if r.w.resolver.anyAccepts() { // one is there, and slow: libc waits for it
				r.waitForNames(all, r.w.resolver.patience())
			}
		})
		facts := r.dns.snapshot()
		r.ev.DNS = facts
		for _, answer := range facts.Answers {
			if server, err := netip.ParseAddrPort(answer.Resolver); err == nil && answer.OnlyTCP {
				r.x.udp(server, facts.Name)
				break
			}
		}
		if r.way.proxy == nil {
			r.ev.Target.Addresses = facts.IPv4
		} else {
			r.ev.Host.Proxy.Addrs = facts.IPv4
			if address, err := netip.ParseAddr(r.o.Host); err == nil {
				r.ev.Target.Addresses = []netip.Addr{address}
			}
		}
		addresses := r.usable(facts)
		r.target = target{peer: netaddr.HostPort{Host: r.o.Host, Port: r.o.Port}, way: r.way}
		for _, address := range addresses {
			port := r.o.Port
			if r.way.proxy != nil {
				port = r.way.proxy.peer.Port
			}
			r.target.addresses = append(r.target.addresses, netip.AddrPortFrom(address, port))
		}
		switch {
		case len(addresses) == 0 && len(facts.IPv6) > 0:
			return evidence.Fail, &evidence.Failure{Op: evidence.OpQuery, Kind: evidence.KindNoData, Detail: foreign.Ours("no IPv4 address")}
		case len(addresses) == 0:
			return evidence.Fail, dnsFailure(facts)
		case len(facts.Slow) > 0:
			return evidence.Warn, nil
		}
		return evidence.Pass, nil
	})
}

// waitForNames waits until it is decided which addresses are used, for a share of the time since the questions left.
func (r *run) waitForNames(all context.Context, share time.Duration) {
	ctx, cancel := context.WithDeadline(all, r.dns.begun.Add(r.budget.scaled(share)))
	defer cancel()
	r.dns.wait(ctx)
}

// usable are the addresses to connect to: IPv4, because an IPv4 rule judges the call. A host that has no way
// over IPv4 at all, but one over IPv6 (behind NAT64), and a proxy, are reached by what there is.
func (r *run) usable(facts *evidence.DNS) []netip.Addr {
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
	r.step("port", r.blockedBy("dns"), func(all context.Context) (evidence.Status, *evidence.Failure) {
		ctx, cancel := r.budget.lookup(all)
		defer cancel()
		ctx, end := context.WithCancelCause(ctx)
		defer end(nil)
		if len(r.target.addresses) == 1 { // else another one may answer yet
			go func() {
				select {
				case <-r.x.silent:
					end(context.DeadlineExceeded)
				case <-ctx.Done():
				}
			}()
		}
		var failure *evidence.Failure
		r.whileWaiting("port", func() { r.ev.Port, r.conn, failure = r.w.probePort(ctx, r.target) })
		if failure != nil {
			return evidence.Fail, failure
		}
		r.closers = append(r.closers, r.conn)
		r.ev.Host.LocalAddress = localAddress(r.conn)
		if r.way.proxy == nil {
			r.x.triedAgain(r.ev.Port.Attempts)
		}
		slow := r.ev.Port.ConnectMS > evidence.Milliseconds(time.Second)
		if slow || r.ev.Port.Retransmits != nil && *r.ev.Port.Retransmits > 0 {
			return evidence.Warn, nil
		}
		return evidence.Pass, nil
	})
}

func (r *run) probeTLS() {
	r.step("tls", r.blockedBy("dns", "port"), func(all context.Context) (evidence.Status, *evidence.Failure) {
		ctx, cancel := context.WithTimeout(all, min(r.budget.scaled(shareSlow), r.budget.left(r.budget.hard)))
		defer cancel()
		ctx, end := context.WithCancelCause(ctx)
		heard := &tapConn{Conn: r.conn}
		go r.endSilence(ctx, r.budget.scaled(shareLookup), func() { end(context.DeadlineExceeded) }, heard)
		r.whileWaiting("tls", func() { r.ev.TLS, r.stream = r.w.probeTLS(ctx, heard, r.o.Host, r.way) })
		return r.tlsStatus(r.ev.TLS)
	})
}

// endSilence ends a handshake with a peer that says nothing, when its share of the time is over and the follow-ups have
// shown whether something else is heard. Bytes that come late are no silence.
func (r *run) endSilence(ctx context.Context, share time.Duration, end func(), heard *tapConn) {
	select {
	case <-time.After(share):
	case <-ctx.Done():
		return
	}
	if len(heard.taken()) == 0 {
		r.x.wait(ctx)
		if len(heard.taken()) == 0 {
			end()
		}
	}
}

// tlsStatus decides whether the peer is proven, and so whether the call may be made.
func (r *run) tlsStatus(facts *evidence.TLS) (evidence.Status, *evidence.Failure) {
	trust := facts.Trust
	switch {
	case trust == nil:
		return evidence.Fail, facts.Failure
	case trust.Verified():
		facts.CallAllowed = true
		if !trust.System && trust.Own == nil {
			return evidence.Fail, &evidence.Failure{Op: evidence.OpVerify, Kind: evidence.KindUntrusted, Detail: foreign.Ours("this host's own roots do not verify the certificate")}
		}
		if trust.ExpiresSoon(r.ev.StartedAt) {
			return evidence.Warn, nil
		}
		return evidence.Pass, nil
	case trust.System && trust.NameOK && trust.DatesOK && r.maybeIntercepted(facts):
		facts.CallAllowed = true
		return evidence.Warn, nil
	}
	return evidence.Fail, facts.Failure
}

// maybeIntercepted is for a chain that only this host's own store vouches for: the call is made where the
// user allows it, or where the carried roots are old and nothing else speaks for an interception.
func (r *run) maybeIntercepted(facts *evidence.TLS) bool {
	if r.o.AllowIntercepted {
		return true
	}
	if facts.Trust.Own != nil || !evidence.OldRoots(r.ev.Asked.RootsDate, r.ev.StartedAt) || facts.Trust.Product != "" {
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

// withoutCredentials is what of them the call waits for; "" where they can be used.
func (r *run) withoutCredentials() evidence.Wait {
	switch {
	case r.o.Username == "" || !r.ev.Asked.KeyGiven:
		return evidence.WaitCredentials
	case len(r.ev.Asked.KeyProblems) > 0 || strings.ContainsAny(r.o.Username, "\r\n\x00"):
		return evidence.WaitKey
	case !r.o.rightKey():
		return evidence.WaitExpectedKey
	}
	return ""
}

// callFollows reports whether this run ends with a call, if all goes well.
func (r *run) callFollows() bool { return r.plan["call"].runs && r.withoutCredentials() == "" }

func (r *run) probeCall() {
	waits := r.blockedBy("dns", "port")
	switch {
	case waits != "":
	case r.ev.TLS == nil || !r.ev.TLS.CallAllowed:
		waits = "tls"
	default:
		waits = r.withoutCredentials()
	}
	r.step("call", waits, func(all context.Context) (evidence.Status, *evidence.Failure) {
		ctx, cancel := context.WithTimeout(all, r.budget.forCall())
		defer cancel()
		r.whileWaiting("call", func() {
			r.ev.Call = r.w.probeCall(ctx, r.stream, r.target.peer, r.o.Path, credentials{r.o.Username, r.o.Signed.Signature})
		})
		if r.ev.Call.Failure != nil {
			return evidence.Fail, r.ev.Call.Failure
		}
		return evidence.Pass, nil
	})
}

// Package probes asks the world and keeps its answers: six probes in a fixed order, and follow-up experiments
// after a failure. It knows no causes and gives no advice (package report does), and prints nothing.
//
// The order is egress, rules, dns, port, tls, call. On the healthy path one TCP connection is opened by
// port, tls shakes hands on it, and call makes its one request over that.
package probes

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"net"
	"net/netip"
	"net/url"
	"os"
	"runtime"
	"strings"
	"time"

	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/opensrs"
)

// Event tells a watcher that a probe has started (Status "") or ended.
type Event struct {
	Probe  string
	Status Status
	Took   time.Duration
}

// run is one diagnosis in progress.
type run struct {
	o       Options
	w       *world
	ev      *Evidence
	watch   func(Event)
	budget  budget
	ctx     context.Context // ends with the user's interrupt
	all     context.Context // ends with the run: background questions hang on it
	plan    map[string]need
	way     way
	x       *experiments
	egress  *egressRun
	dns     *dnsRun
	target  target
	conn    net.Conn
	stream  *tls.Conn
	closers []net.Conn
	direct  chan *Direct
	byName  chan *DNSAnswer // with a proxy: the endpoint's own name
}

// Run makes one diagnosis. It returns within o.Timeout, also when nothing answers, and at once when ctx is
// cancelled; what is known by then is in the evidence. watch, which may be nil, is called from the same
// goroutine. Errors are facts of the evidence; there is no other kind.
func Run(ctx context.Context, o Options, watch func(Event)) *Evidence {
	r := newRun(ctx, o, watch)
	all, cancel := context.WithTimeout(ctx, r.budget.whole)
	defer cancel()
	r.all = all
	r.prepare()
	r.probeEgress()
	r.probeRules()
	r.probeDNS()
	r.probePort()
	r.probeTLS()
	r.probeCall()
	r.finish()
	cancel()
	for _, conn := range r.closers {
		conn.Close()
	}
	return r.ev
}

func newRun(ctx context.Context, o Options, watch func(Event)) *run {
	if watch == nil {
		watch = func(Event) {}
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Path == "" {
		o.Path = "/"
	}
	scrub := &Scrubber{}
	scrub.Add(string(o.Key.Reveal()))
	r := &run{o: o, watch: watch, ctx: ctx, budget: newBudget(o.Timeout), plan: planOf(o)}
	r.w = &world{now: time.Now, sourceIP: o.SourceIP, scrub: scrub, clock: &clockNotes{},
		agent: "opensrs-doctor/" + o.Version, roots: newRoots(o.PublicRoots, o.SystemRoots)}
	id := make([]byte, 8)
	rand.Read(id)
	r.ev = &Evidence{RunID: hex.EncodeToString(id), StartedAt: r.budget.begun}
	return r
}

// prepare fills in what is known before anything is asked, and starts what may run beside the probes.
func (r *run) prepare() {
	o, w, ev := r.o, r.w, r.ev
	w.resolver = newResolver(r.all, o.Resolvers, o.SourceIP, w.scrub)
	r.x = &experiments{world: w, ctx: r.all, begun: map[string]bool{}}
	ev.Target = Target{Environment: o.Environment, CustomEndpoint: o.Custom, Sandbox: o.Sandbox, Host: o.Host,
		Port: o.Port, Username: o.Username, KeyFingerprint: o.Key.Fingerprint(), Addresses: []netip.Addr{}}
	hostname, _ := os.Hostname()
	ev.Host = Host{Hostname: hostname, OS: runtime.GOOS + "/" + runtime.GOARCH, SourceIP: o.SourceIP,
		Resolvers: []string{}, ResolversBy: w.resolver.from}
	for _, server := range w.resolver.servers {
		ev.Host.Resolvers = append(ev.Host.Resolvers, server.String())
	}
	_, literal := netip.ParseAddr(o.Host)
	ev.Asked = Asked{KeyGiven: o.KeySource != "", KeySource: o.KeySource, RulesGiven: len(o.Rules),
		RulesSource: o.RulesSource, EgressIPs: o.EgressIPs, EgressSources: len(o.EgressSources),
		ControlsGiven: len(o.Controls), AllowIntercepted: o.AllowIntercepted, Require: o.Require,
		EndpointLiteral: literal == nil, PortGiven: o.Port != ServicePort, PublicRoots: o.PublicRootsPath}
	if o.StatusURL != nil {
		ev.Asked.StatusURL = o.StatusURL.Redacted()
	}
	if o.PublicRoots == nil {
		ev.Asked.RootsDate = RootsDate()
	}
	if ev.Asked.KeyGiven {
		for _, problem := range opensrs.CheckKey(o.Key.Reveal()) {
			ev.Asked.KeyProblems = append(ev.Asked.KeyProblems, string(problem))
		}
	}
	r.chooseWay()
}

// chooseWay decides whether the call goes through a proxy, for the endpoint's URL.
func (r *run) chooseWay() {
	endpoint := &url.URL{Scheme: "https", Host: HostPort{r.o.Host, r.o.Port}.String(), Path: r.o.Path}
	server, from, err := chooseProxy(r.o.Proxy, endpoint)
	if err != nil || server == nil {
		return // package cmd has refused a proxy URL that does not parse
	}
	secretsOf(server, r.w.scrub)
	port, err := portOf(server)
	if err != nil {
		return
	}
	proxy := &proxyServer{url: server, from: from, peer: HostPort{server.Hostname(), port},
		agent: r.w.agent, scrub: r.w.scrub}
	r.way = way{proxy}
	r.ev.Host.Proxy = &Proxy{URL: safeURL(server), From: from, HasUser: server.User != nil}
}

// need is whether a probe runs, and whether what it finds counts.
type need struct{ runs, counts bool }

// needs are the probes whose outcome a probe works on.
var needs = map[string][]string{
	"egress": nil, "rules": {"egress"}, "dns": nil, "port": {"dns"},
	"tls": {"dns", "port"}, "call": {"dns", "port", "tls"},
}

// planOf applies --only and --skip: what a chosen probe needs runs too, and does not count.
func planOf(o Options) map[string]need {
	plan := map[string]need{}
	chosen := func(name string) bool {
		return (len(o.Only) == 0 || contains(o.Only, name)) && !contains(o.Skip, name)
	}
	for _, name := range Names {
		if !chosen(name) {
			continue
		}
		plan[name] = need{true, true}
		for _, needed := range needs[name] {
			if !plan[needed].runs {
				plan[needed] = need{true, chosen(needed)}
			}
		}
	}
	return plan
}

func contains(list []string, name string) bool {
	for _, each := range list {
		if each == name {
			return true
		}
	}
	return false
}

// step runs one probe and keeps its row. It is passed over where it was not chosen, where the user has
// interrupted, and where it waits for one that did not get through.
func (r *run) step(name, waitedFor string, probe func(ctx context.Context) (Status, *Failure)) {
	step := Step{Probe: name, Status: Skip, Counts: r.plan[name].counts}
	switch {
	case !r.plan[name].runs:
		step.WaitedFor = "--only"
		if len(r.o.Only) == 0 {
			step.WaitedFor = "--skip"
		}
	case r.ctx.Err() != nil:
		step.WaitedFor = "interrupt"
		r.ev.Interrupted = true
	case waitedFor != "":
		step.WaitedFor = waitedFor
	default:
		r.watch(Event{Probe: name})
		start := time.Now()
		step.Status, step.Failure = probe(r.all)
		step.Took = time.Since(start)
		if r.ctx.Err() != nil && step.Status == Fail {
			step.Status, step.WaitedFor, r.ev.Interrupted = Skip, "interrupt", true
		}
	}
	r.ev.Steps = append(r.ev.Steps, step)
	r.watch(Event{Probe: name, Status: step.Status, Took: step.Took})
}

// blockedBy is the first of the probes named that was to run and did not get through.
func (r *run) blockedBy(names ...string) string {
	for _, name := range names {
		if step := r.ev.Step(name); step.Status == Fail || step.Status == Skip {
			return name
		}
	}
	return ""
}

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
		failure := &Failure{Op: "fetch", Kind: KindTimeout, Detail: "no source told an IPv4 address"}
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
	if len(r.o.Rules) > 0 {
		r.ev.Rules = simulateRules(r.o.Rules, r.ev.Egress.Addresses())
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
			return Fail, &Failure{Op: "query", Kind: KindNoData, Detail: "no IPv4 address"}
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
		_, four := r.w.hasRoute(facts.IPv4[0])
		_, six := r.w.hasRoute(facts.IPv6[0])
		if !four && six {
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
		r.whileWaiting("tls", func() { r.ev.TLS, r.stream = r.w.probeTLS(ctx, r.conn, r.o.Host) })
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
		if !trust.System {
			return Fail, &Failure{Op: "verify", Kind: KindUntrusted, Detail: "this host's own roots do not verify the certificate"}
		}
		if soon, _ := ExpiresSoon(facts.Chain, r.ev.StartedAt); soon {
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
	if !OldRoots(r.ev.Asked.RootsDate, r.ev.StartedAt) || facts.Trust.Product != "" {
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

// ExpiresSoon reports whether a certificate of the chain ends within 14 days, or within a third of its
// lifetime where that is shorter, and which.
func ExpiresSoon(chain []Certificate, at time.Time) (bool, Certificate) {
	for _, certificate := range chain {
		soon := min(14*24*time.Hour, certificate.NotAfter.Sub(certificate.NotBefore)/3)
		if left := certificate.NotAfter.Sub(at); left > 0 && left < soon {
			return true, certificate
		}
	}
	return false, Certificate{}
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

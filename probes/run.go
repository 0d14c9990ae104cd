// Package probes asks the world and keeps its answers: six probes in a fixed order, and follow-up experiments
// after a failure. It knows no causes and gives no advice (package report does), and prints nothing.
//
// The order is egress, rules, dns, port, tls, call. On the healthy path one TCP connection is opened by
// port, tls shakes hands on it, and call makes its one request over that.
//
// The rooms below it, from the ground up. None knows of a run:
//
//	thishost  runtimes                 what on this host stands in the way; the languages that are installed on it
//	trust  traceroute  classify        chains judged; hops and routes; the kinds of errors
//	evidence                           every fact, typed
//	inspect                            a request and its body as a client wrote them
//	mistakes                           a signature made anew with every known mistake
//	xmltext                            XML byte by byte
//	opensrs  iprules                   the protocol; the control panel's lists of rules
//	foreign  netaddr  service  smallfile
package probes

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/probes/thishost"
	"opensrs-doctor/probes/trust"
)

// Measuring stands for a probe's name in the event that begins the end of a deep run.
const Measuring = "measuring"

// Event tells a watcher that a probe has started (Status "") or ended.
type Event struct {
	Probe  string // one of Names, or Measuring
	Status evidence.Status
	Took   time.Duration
}

// run is one diagnosis in progress.
type run struct {
	o       Options
	w       *world
	ev      *evidence.Evidence
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
	direct  chan *evidence.Direct
	byName  chan *evidence.DNSAnswer // with a proxy: the endpoint's own name
}

// Run makes one diagnosis. It returns within o.Timeout, also when nothing answers, and at once when ctx is
// cancelled; what is known by then is in the evidence. watch, which may be nil, is called from the same
// goroutine. Errors are facts of the evidence; there is no other kind.
func Run(ctx context.Context, o Options, watch func(Event)) *evidence.Evidence {
	r := newRun(ctx, o, watch)
	all, cancel := context.WithTimeout(ctx, r.budget.hard)
	defer cancel()
	r.all = all
	r.prepare()
	r.askNames()
	r.probeEgress()
	r.probeRules()
	r.probeDNS()
	r.probePort()
	r.probeTLS()
	r.probeCall()
	r.finish()
	cancel()
	r.scrubAgain()
	r.hangUp()
	return r.ev
}

// hangUp ends the connections as TLS has it: what the peer still says is read, so that it does not meet a closed socket.
func (r *run) hangUp() {
	if r.stream != nil && r.ev.Call != nil && r.ev.Call.Failure == nil {
		_ = r.stream.CloseWrite()
		_ = r.stream.SetReadDeadline(time.Now().Add(hangUpTime))
		_, _ = io.Copy(io.Discard, io.LimitReader(r.stream, maxBody))
	}
	for _, conn := range r.closers {
		conn.Close()
	}
}

// hangUpTime is how long the peer's own goodbye is waited for; it comes with the reply, as a rule.
const hangUpTime = 20 * time.Millisecond

// scrubAgain takes what became known as a secret during the run out of words that came in before. The report's own
// words are made of the evidence after that, and nothing is looked for in them.
func (r *run) scrubAgain() {
	r.w.scrub.Again(r.ev)
	foreign.HideAmounts(r.ev, r.w.amounts, false)
	if len(r.w.amounts) > 0 && r.ev.CrossCheck != nil { // what the second reply told may be in the first one
		foreign.HideAmounts(r.ev.Call, r.w.amounts, true)
	}
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
	if o.Eyes == nil {
		o.Eyes = thishost.Here{}
	}
	o.Signed = o.signed()
	scrub := o.Scrubber()
	r := &run{o: o, watch: watch, ctx: ctx, budget: newBudget(o.Timeout), plan: planOf(o)}
	r.w = &world{now: time.Now, sourceIP: o.SourceIP, public: service.OpenSRS.EnvironmentOf(o.Host) != "", scrub: scrub, clock: &clockNotes{begun: r.budget.begun},
		agent: "opensrs-doctor/" + o.Version, roots: newRoots(o, scrub)}
	id := make([]byte, 8)
	rand.Read(id)
	r.ev = &evidence.Evidence{RunID: hex.EncodeToString(id), StartedAt: r.budget.begun}
	return r
}

// prepare fills in what is known before anything is asked, and starts what may run beside the probes.
func (r *run) prepare() {
	o, w, ev := r.o, r.w, r.ev
	w.resolver = newResolver(r.all, o.Resolvers, o.SourceIP, w.scrub)
	w.resolver.deep = o.Deep
	w.resolver.know(o.Names)
	r.x = &experiments{world: w, host: o.Eyes, deep: o.Deep, trace: o.TraceFirewall, trip: r.budget.scaled(roundTripWait), ctx: r.all, begun: map[string]bool{}, silent: make(chan struct{}), measured: make(chan struct{})}
	ev.Target = evidence.Target{Environment: o.Environment, CustomEndpoint: o.Custom && !o.publicService(), Sandbox: o.Sandbox, Host: o.Host,
		Port: o.Port, Username: o.Username, KeyFingerprint: o.Signed.Fingerprint, Addresses: []netip.Addr{}}
	hostname, _ := os.Hostname()
	ev.Host = evidence.Host{Hostname: hostname, OS: runtime.GOOS + "/" + runtime.GOARCH, User: userWords(), Store: r.storeWords(), SourceIP: o.SourceIP,
		Resolvers: []string{}, ResolversBy: w.resolver.from, ResolversProblem: w.resolver.problem}
	for _, server := range w.resolver.servers {
		ev.Host.Resolvers = append(ev.Host.Resolvers, server.String())
	}
	ev.Asked = evidence.Asked{KeyGiven: o.KeySource != "", KeySource: o.KeySource, ExpectKey: o.ExpectKey,
		ClientConfig: o.ClientConfig, ClientProblems: o.ClientProblems, RulesGiven: len(o.Rules),
		RulesSource: o.RulesSource, EgressSources: len(o.EgressSources), AllowIntercepted: o.AllowIntercepted, Require: o.Require,
		PublicRoots: o.PublicRootsPath, CAFile: o.CAPath}
	for _, authority := range o.CAFile {
		ev.Asked.CANames = append(ev.Asked.CANames, trust.PlainName(authority.Subject, w.scrub))
	}
	switch {
	case o.NoThirdParties:
		ev.Asked.NoneAsked = "--no-third-parties"
	case len(o.EgressSources) == 0:
		ev.Asked.NoneAsked = "--egress-source none"
	}
	if o.StatusURL != nil {
		ev.Asked.StatusURL = o.StatusURL.Redacted()
	}
	if o.Witness != nil {
		ev.Asked.Witness = o.Witness.URI
	}
	if o.PublicRoots == nil {
		ev.Asked.RootsDate = trust.RootsDate()
	}
	if ev.Asked.KeyGiven {
		ev.Asked.KeyForm, ev.Asked.KeyAround, ev.Asked.KeyProblems = &o.Signed.Form, o.KeyAround, o.Signed.Problems
	}
	r.chooseWay()
}

// userWords is whose eyes these are; "" where the system has no such numbers.
func userWords() string {
	switch uid := os.Geteuid(); {
	case uid < 0:
		return ""
	case uid == 0:
		return "root"
	default:
		return "uid " + strconv.Itoa(uid)
	}
}

// chooseWay decides whether the call goes through a proxy, for the endpoint's URL.
func (r *run) chooseWay() {
	server, from := chooseProxy(r.o.Proxy, r.o.endpoint())
	if server == nil {
		return
	}
	port, err := netaddr.PortOf(server)
	if err != nil {
		return
	}
	proxy := &proxyServer{url: server, from: from, peer: netaddr.HostPort{Host: server.Hostname(), Port: port},
		agent: r.w.agent, scrub: r.w.scrub}
	r.way = way{proxy}
	r.ev.Host.Proxy = &evidence.Proxy{URL: safeURL(server), From: from, HasUser: server.User != nil}
}

// step runs one probe and keeps its row. It is passed over where it was not chosen, where the user has
// interrupted, where it waits for one that did not get through, and where no time is left for it.
func (r *run) step(name string, waitedFor evidence.Wait, probe func(ctx context.Context) (evidence.Status, *evidence.Failure)) {
	step := evidence.Step{Probe: name, Status: evidence.Skip, Counts: r.plan[name].counts}
	switch {
	case !r.plan[name].runs:
		step.WaitedFor = evidence.WaitOnly
		if len(r.o.Only) == 0 {
			step.WaitedFor = evidence.WaitSkip
		}
	case r.ctx.Err() != nil:
		step.WaitedFor, r.ev.Interrupted = evidence.WaitInterrupt, true
	case waitedFor != "":
		step.WaitedFor = waitedFor
	case !r.budget.fair(name):
		step.WaitedFor, r.ev.Interrupted = evidence.WaitTimeout, true
	default:
		r.watch(Event{Probe: name})
		start := time.Now()
		step.Status, step.Failure = probe(r.all)
		step.Took = time.Since(start)
		if step.Status != evidence.Fail || step.Failure == nil || step.Failure.Kind != evidence.KindTimeout {
			r.budget.answered += step.Took
		}
		if r.ctx.Err() != nil && step.Status == evidence.Fail {
			step.Status, step.WaitedFor, r.ev.Interrupted = evidence.Skip, evidence.WaitInterrupt, true
		}
	}
	r.ev.Steps = append(r.ev.Steps, step)
	r.watch(Event{Probe: name, Status: step.Status, Took: step.Took})
}

// blockedBy is the first of the probes named that was to run and did not get through.
func (r *run) blockedBy(names ...string) evidence.Wait {
	for _, name := range names {
		if step := r.ev.Step(name); step.Status == evidence.Fail || step.Status == evidence.Skip {
			return evidence.Wait(name)
		}
	}
	return ""
}

package probes

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/miekg/dns"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/thishost"
)

// experiments are the follow-ups of one run. Each is started at most once, when a step fails or has been
// silent for a while, so that it overlaps with the waiting; none runs on the healthy path.
type experiments struct {
	world    *world
	host     thishost.Eyes
	deep     bool          // Options.Deep
	trace    bool          // Options.TraceFirewall
	trip     time.Duration // how long one round trip may take
	ctx      context.Context
	mu       sync.Mutex
	begun    map[string]bool
	silent   chan struct{} // closed when it is sure that the endpoint's port gives no answer
	measured chan struct{} // closed when the round trips have been measured
	under    int           // how many are under way; no WaitGroup, for more may be started while somebody waits
	idle     chan struct{} // closed when none is under way any more; nil where none is
	found    findings
}

// findings are what the follow-ups have brought so far.
type findings struct {
	controls   []evidence.Control
	status     *evidence.StatusPage
	path       *evidence.Path
	otherPorts []evidence.Attempt
	byDNS      *evidence.Attempt
	thisHost   *evidence.ThisHost
	onlyTCP    string // a resolver that answers over TCP, and not over UDP
	roundTrips *evidence.RoundTrips
	variants   []evidence.Variant
	picks      *evidence.Pick
	witness    *evidence.Witness
	fromCall   []evidence.Sighting
	triedAgain []evidence.Attempt
	servers    *evidence.Servers
	elsewhere  []evidence.Elsewhere
	madeUpName string
	madeUp     *evidence.DNSAnswer
	otherName  string
	other      *evidence.DNSAnswer
}

// Times of the follow-ups; all end with the run at the latest.
const (
	controlTime = 2300 * time.Millisecond
	statusTime  = 2500 * time.Millisecond
	otherTime   = 2 * time.Second
	variantTime = 3 * time.Second
	roundsTime  = 7 * time.Second         // of all handshakes, those included that are made again
	plainTime   = 1500 * time.Millisecond // of a plain handshake that is made again and has been silent before
	pathTime    = 4 * time.Second
	ledgerTime  = 3 * time.Second
	tripsTime   = 6 * time.Second
)

// confirmations are how often an experiment that tells something is made again.
const confirmations = 3

func (x *experiments) once(name string, limit time.Duration, run func(context.Context)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.begun[name] || x.ctx.Err() != nil {
		return
	}
	x.begun[name] = true
	if x.under++; x.idle == nil {
		x.idle = make(chan struct{})
	}
	go func() {
		defer x.done()
		ctx, cancel := context.WithTimeout(x.ctx, limit)
		defer cancel()
		run(ctx)
	}()
}

func (x *experiments) done() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.under--; x.under == 0 {
		close(x.idle)
		x.idle = nil
	}
}

func (x *experiments) keep(store func(*findings)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	store(&x.found)
}

// wait returns when all that was started is done, or the run is over; then it gives what there is.
func (x *experiments) wait(ctx context.Context) findings {
	x.mu.Lock()
	idle := x.idle
	x.mu.Unlock()
	if idle != nil {
		select {
		case <-idle:
		case <-ctx.Done():
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	found := x.found
	found.controls = append([]evidence.Control(nil), x.found.controls...)
	found.otherPorts = append([]evidence.Attempt(nil), x.found.otherPorts...)
	found.variants = append([]evidence.Variant(nil), x.found.variants...)
	found.fromCall, found.triedAgain = slices.Clone(x.found.fromCall), slices.Clone(x.found.triedAgain)
	found.elsewhere = slices.Clone(x.found.elsewhere)
	return found
}

// silentEnough: so many connections from ports of their own, beside others to another port of the same host that were
// answered, that loss explains their silence no more: at one packet in ten, each fails by chance one time in five, and
// so many together less than once in 10,000.
const silentEnough = 6

// path walks towards the endpoint, and tries other ports of the same host. answered says that the port did get
// an answer, and not silence. Then one ordinary packet goes before everything else: routers send few ICMP errors
// at a time, and the answer to that packet is the one that counts.
func (x *experiments) path(to netip.AddrPort, answered bool) {
	compare := uint16(443)
	if to.Port() == compare {
		compare = evidence.ServicePort
	}
	x.once("path", pathTime, func(ctx context.Context) {
		var first *evidence.Hop
		if answered {
			first = x.world.ordinaryHop(ctx, to, func() time.Duration { return walkHop })
		}
		x.otherPort(netip.AddrPortFrom(to.Addr(), compare))
		if to.Port() != evidence.ServicePort {
			x.otherPort(netip.AddrPortFrom(to.Addr(), evidence.ServicePort))
		}
		seen := x.host.Look(to, x.world.sourceIP)
		x.keep(func(f *findings) {
			if f.thisHost == nil {
				f.thisHost = seen
			}
		})
		path, silent := x.world.walk(ctx, to, compare, first)
		x.keep(func(f *findings) { f.path = path })
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

// later does something after a while, if the run has not ended by then.
func (x *experiments) later(wait time.Duration, do func()) {
	x.once("later", wait+time.Second, func(ctx context.Context) {
		select {
		case <-time.After(wait):
			do()
		case <-ctx.Done():
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
		x.ledger(to, protocol, deafAnswer, seen.Route)
	}
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
	attempt.TookMS = milliseconds(time.Since(start))
	if err == nil {
		attempt.Connected, attempt.LocalAddress = true, localAddress(conn)
		conn.Close()
	} else {
		attempt.Failure = w.connectFailure(err, to.Addr())
	}
	return attempt
}

// names asks the resolvers for a name that nobody has registered (a captive portal answers it), and for
// another one that should exist.
func (x *experiments) names(endpoint, other string) {
	servers := x.world.resolver.servers
	if len(servers) == 0 {
		return
	}
	ask := func(name string) *evidence.DNSAnswer {
		ctx, cancel := context.WithTimeout(x.ctx, otherTime)
		defer cancel()
		best := evidence.DNSAnswer{Failure: &evidence.Failure{Op: "query", Kind: evidence.KindTimeout, Detail: foreign.Ours("no answer")}}
		for _, server := range servers {
			answer := x.world.resolver.ask(ctx, server, name)
			if answer.Decides() {
				return &answer
			}
			best = answer
		}
		return &best
	}
	if _, err := netip.ParseAddr(endpoint); err != nil {
		x.once("made-up name", otherTime, func(context.Context) {
			random := make([]byte, 12)
			rand.Read(random)
			// Not below the endpoint's own domain: a wildcard there would be no captive portal.
			name := hex.EncodeToString(random) + ".com"
			answer := ask(name)
			x.keep(func(f *findings) { f.madeUpName, f.madeUp = name, answer })
		})
	}
	if other != "" {
		x.once("other name", otherTime, func(context.Context) {
			answer := ask(other)
			x.keep(func(f *findings) { f.otherName, f.other = other, answer })
		})
	}
}

// udp asks a resolver again that answered over TCP only: a slow one answers by now.
func (x *experiments) udp(server netip.AddrPort, name string) {
	x.once("udp", otherTime, func(ctx context.Context) {
		for range 2 {
			short, cancel := context.WithTimeout(ctx, otherTime*2/5)
			reply := x.world.resolver.exchange(short, server, "udp", name, dns.TypeA, dns.ClassINET)
			cancel()
			if reply.err == nil {
				return
			}
		}
		x.keep(func(f *findings) { f.onlyTCP = server.String() })
	})
}

// handshakes repeats the handshake with one thing changed at a time, each on a connection of its own. No
// data is sent on any.
func (x *experiments) handshakes(t target, host string) {
	x.once("handshakes", roundsTime, func(ctx context.Context) {
		found := make([]evidence.Variant, len(handshakeVariants))
		var group sync.WaitGroup
		group.Go(func() {
			picked := x.world.picks(ctx, t, host)
			x.keep(func(f *findings) { f.picks = picked })
		})
		for i, variant := range handshakeVariants {
			group.Go(func() {
				found[i] = x.world.tryVariant(ctx, t, host, variant, variantTime)
				x.keep(func(f *findings) { f.variants = append(f.variants, found[i]) })
			})
		}
		group.Wait()
		x.confirm(ctx, t, host, found)
		if plain := found[0].Failure; t.way.proxy == nil && plain != nil && slices.Contains(cutKinds, plain.Kind) {
			x.hellos(t.addresses[0], host)
		}
	})
}

// confirm makes the telling handshakes again: a service that answers now and then lets one experiment work and
// another fail, whatever was changed in it. What worked must work again, and the plain one must fail again.
func (x *experiments) confirm(ctx context.Context, t target, host string, found []evidence.Variant) {
	telling := slices.ContainsFunc(found, func(v evidence.Variant) bool { return v.Works })
	if !telling || found[0].Works || ctx.Err() != nil {
		return
	}
	var group sync.WaitGroup
	for i, variant := range handshakeVariants {
		limit := variantTime
		switch {
		case i == 0:
			limit = plainTime // silence is what is expected
		case !found[i].Works:
			continue
		}
		for range confirmations {
			group.Go(func() {
				again := x.world.tryVariant(ctx, t, host, variant, limit)
				if ctx.Err() != nil || again.Works == found[i].Works {
					return
				}
				x.keep(func(f *findings) {
					for k := range f.variants {
						if f.variants[k].Name == variant.name {
							f.variants[k].Fickle = true
						}
					}
				})
			})
		}
	}
	group.Wait()
}

// handshakeVariant is the handshake with one thing changed.
type handshakeVariant struct {
	name   string
	change func(*tls.Config)
	small  bool // with small TCP segments
}

// notMade is the error of an experiment that could not be made, which is not one that failed.
type notMade string

func (why notMade) Error() string { return string(why) }

// handshakeVariants begin with the one in which nothing is changed.
var handshakeVariants = []handshakeVariant{
	{evidence.VariantAsIs, nil, false},
	{evidence.VariantNoSNI, func(c *tls.Config) { c.ServerName = "" }, false},
	{evidence.VariantClassic, func(c *tls.Config) {
		c.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384}
	}, false},
	{evidence.VariantSmall, nil, true},
	{evidence.VariantNo13, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, false},
	{evidence.VariantOld, func(c *tls.Config) {
		c.MinVersion = tls.VersionTLS10
		c.CipherSuites = append(suites(), tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA)
	}, false},
}

func (w *world) tryVariant(ctx context.Context, t target, host string, variant handshakeVariant, limit time.Duration) evidence.Variant {
	whole := ctx
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	result := w.tryHandshake(ctx, t, host, variant)
	switch {
	case result.Works || result.NotMade != "":
	case whole.Err() != nil:
		result.NotMade = "the run ended first"
	case variant.small && smallOneWay != "":
		result.NotMade = smallOneWay
	}
	if result.NotMade != "" {
		result.Failure = nil
	}
	return result
}

func (w *world) tryHandshake(ctx context.Context, t target, host string, variant handshakeVariant) evidence.Variant {
	start := time.Now()
	result := evidence.Variant{Name: variant.name}
	finish := func(err error) evidence.Variant {
		var not notMade
		if errors.As(err, &not) {
			result.NotMade = string(not)
		}
		if err != nil && ctx.Err() != nil {
			err = ctx.Err()
		}
		result.TookMS, result.Failure = milliseconds(time.Since(start)), w.fail("handshake", err)
		return result
	}
	dial := w.connect
	if variant.small {
		dial = w.connectSmall
	}
	conn, err := dial(ctx, t.addresses[0])
	if err != nil {
		return finish(err)
	}
	defer conn.Close()
	if tcp, is := conn.(*net.TCPConn); is {
		_ = tcp.SetLinger(0) // neither side sends again what got no answer
	}
	var stream net.Conn = conn
	if t.way.proxy != nil {
		if stream, _, err = w.throughProxy(ctx, conn, t); err != nil {
			return finish(err)
		}
	}
	secured, trust, _, err := w.secure(ctx, stream, host, variant.change)
	if err != nil {
		return finish(err)
	}
	result.Proven = trust.Verified()
	result.Works, result.Version = true, tls.VersionName(secured.ConnectionState().Version)
	return finish(nil)
}

package probes

import (
	"context"
	"crypto/rand"
	"encoding/hex"
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
		best := evidence.DNSAnswer{Failure: &evidence.Failure{Op: evidence.OpQuery, Kind: evidence.KindTimeout, Detail: foreign.Ours("no answer")}}
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

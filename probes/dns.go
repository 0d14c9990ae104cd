package probes

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
)

// dnsRun is the resolution of one name by every configured resolver: it decides as the system's would,
// and keeps listening, so that a late or dead resolver is a fact too.
type dnsRun struct {
	mu      sync.Mutex
	facts   evidence.DNS
	have    []bool
	begun   time.Time // when the questions left
	changed chan struct{}
	asks    *resolver
}

// slowAfter is how long an earlier resolver may be silent before a later one's answer is used.
const slowAfter = time.Second

// startDNS asks every resolver at once; the hosts file goes first, as it does for other programs.
func (w *world) startDNS(ctx context.Context, name string, ofProxy bool) *dnsRun {
	everybody := w.resolver.everybody()
	r := &dnsRun{begun: time.Now(), asks: w.resolver, have: make([]bool, len(everybody)), changed: make(chan struct{}, 1)}
	r.facts = evidence.DNS{Name: name, OfProxy: ofProxy, Answers: make([]evidence.DNSAnswer, len(everybody)), IPv4: []netip.Addr{}, IPv6: []netip.Addr{}}
	if address, err := netip.ParseAddr(name); err == nil {
		r.facts.Literal, r.facts.Answers, r.have = true, []evidence.DNSAnswer{}, nil
		use(&r.facts, "given as an address", []netip.Addr{address})
		return r
	}
	if r.facts.HostsIPs, r.facts.HostsLines = readHosts(w.resolver.hosts, name); len(r.facts.HostsLines) > 0 {
		r.facts.HostsFile = fmt.Sprintf("%s:%d", w.resolver.hosts, r.facts.HostsLines[0])
	}
	if len(r.facts.HostsIPs) == 0 {
		r.facts.NoLibcDNS = noLibcDNS()
		r.search(ctx, w.resolver)
	}
	for i, one := range everybody {
		r.facts.Answers[i] = evidence.DNSAnswer{Resolver: one.by, Pending: true, A: []netip.Addr{}, AAAA: []netip.Addr{}}
		go func() {
			answer := one.ask(ctx, name)
			r.mu.Lock()
			r.facts.Answers[i], r.have[i] = answer, true
			r.mu.Unlock()
			select {
			case r.changed <- struct{}{}:
			default:
			}
		}()
	}
	return r
}

// search asks, as libc does, for the names that come before the one that is looked for. The first that has an address is
// where other programs go.
func (r *dnsRun) search(ctx context.Context, asks *resolver) {
	if asks.from == "--resolver" || asks.native != nil || r.facts.NoLibcDNS != "" || len(asks.servers) == 0 {
		return
	}
	names := searchedFirst(asks.from, r.facts.Name)
	answers := make([]evidence.DNSAnswer, len(names))
	for i, name := range names {
		go func() {
			answer := asks.ask(ctx, asks.servers[0], name)
			r.mu.Lock()
			defer r.mu.Unlock()
			answers[i] = answer
			for k, one := range answers {
				if !one.Decides() {
					return // its answer is not there yet, or says nothing
				}
				if len(one.A)+len(one.AAAA) > 0 {
					r.facts.SearchedName, r.facts.Searched = names[k], slices.Concat(one.A, one.AAAA)
					return
				}
			}
		}()
	}
}

// wait returns when it is decided which addresses are used, or that there are none.
func (r *dnsRun) wait(ctx context.Context) {
	patience := time.After(time.Until(r.begun.Add(slowAfter)))
	patient := true
	for !r.decide(patient) {
		select {
		case <-r.changed:
		case <-patience:
			patient = false
		case <-ctx.Done():
			r.decide(false)
			return
		}
	}
}

// settle waits until some resolver has answered, or all of them. Where the hosts file has decided, nobody waited for
// one, and what DNS says is what the pinned address is compared with.
func (r *dnsRun) settle(ctx context.Context, all bool) {
	for {
		r.mu.Lock()
		pending := len(r.have) > 0 && (!slices.Contains(r.have, true) || all && slices.Contains(r.have, false))
		r.mu.Unlock()
		if !pending {
			return
		}
		select {
		case <-r.changed:
		case <-ctx.Done():
			return
		}
	}
}

// decide goes through the resolvers in their order, as the system's does: the first that gives an answer,
// be it "no such name", decides; one that failed or is silent passes the question on. Where the system itself has no
// address for its programs, a server's does not help them.
func (r *dnsRun) decide(patient bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.facts.Used != "" {
		return true
	}
	if len(r.facts.HostsIPs) > 0 {
		use(&r.facts, evidence.UsedHosts, r.facts.HostsIPs)
		return true
	}
	var slow []string
	systemFailed := false
	for i, answer := range r.facts.Answers {
		switch {
		case !r.have[i]:
			if patient {
				return false
			}
			slow = append(slow, answer.Resolver)
		case answer.Resolver == evidence.BySystem && answer.Failure != nil:
			systemFailed = true
		case systemFailed && len(answer.A)+len(answer.AAAA) > 0:
			use(&r.facts, evidence.BySystem, nil)
			return true
		case answer.Decides():
			if len(slow) == 0 && answer.TookMS > evidence.Milliseconds(shareLookup) {
				slow = []string{answer.Resolver}
			}
			r.facts.Slow = slow
			use(&r.facts, answer.Resolver, append(append([]netip.Addr{}, answer.A...), answer.AAAA...))
			return true
		case answer.Rcode == "":
			slow = append(slow, answer.Resolver)
		}
	}
	for _, have := range r.have {
		if !have {
			return false
		}
	}
	return true // all failed
}

func use(d *evidence.DNS, from string, addresses []netip.Addr) {
	d.Used = from
	v4, v6 := splitFamilies(addresses)
	d.IPv4, d.IPv6 = append([]netip.Addr{}, v4...), append([]netip.Addr{}, v6...)
}

// answered reports whether anybody has said anything, or nobody need be asked.
func (r *dnsRun) answered() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.have) == 0 || len(r.facts.HostsIPs) > 0 || slices.Contains(r.have, true)
}

// snapshot is what is known now; a resolver that has not answered is pending.
func (r *dnsRun) snapshot() *evidence.DNS {
	r.mu.Lock()
	defer r.mu.Unlock()
	facts := r.facts
	facts.Answers = append([]evidence.DNSAnswer{}, r.facts.Answers...)
	for i, answer := range facts.Answers {
		facts.Answers[i].Accepts = answer.Rcode == "" && r.asks.accepts(answer.Resolver)
	}
	return &facts
}

// dnsFailure is why there is no address to connect to; nil where there is one.
func dnsFailure(d *evidence.DNS) *evidence.Failure {
	if len(d.IPv4)+len(d.IPv6) > 0 {
		return nil
	}
	for _, answer := range d.Answers {
		if answer.Resolver == d.Used && answer.Failure != nil {
			return answer.Failure
		}
	}
	var worst *evidence.Failure
	for _, answer := range d.Answers {
		switch {
		case answer.Pending && worst == nil:
			worst = &evidence.Failure{Op: evidence.OpQuery, Kind: evidence.KindTimeout, Detail: noAnswerFrom(answer.Resolver)}
		case answer.Failure != nil && (worst == nil || worst.Kind == evidence.KindTimeout || answer.Rcode != ""):
			worst = answer.Failure
		}
	}
	if worst == nil {
		worst = &evidence.Failure{Op: evidence.OpQuery, Kind: evidence.KindNoData, Detail: foreign.Ours("no address")}
	}
	return worst
}

// noAnswerFrom names a resolver, which is an address of this host's settings or the system itself.
func noAnswerFrom(resolver string) foreign.Text {
	if resolver == evidence.BySystem {
		return foreign.Ours("no answer from system")
	}
	return foreign.Oursf("no answer from %s", (*foreign.Scrubber)(nil).Quote(resolver, 100))
}

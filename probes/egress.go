package probes

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/iprules"
)

// egressRun is the egress discovery of one run: it reports early and keeps listening. Sightings that come
// after the report count in the diagnosis.
type egressRun struct {
	world   *world
	mu      sync.Mutex
	sights  []evidence.Sighting  // one a question, in the order in which the sources were given
	came    []int                // the questions that were answered, first come first
	pending map[evidence.Way]int // questions without an answer, by path
	literal map[int]bool         // questions by DNS to a server that was given by its address
	quick   bool                 // two of those that agree are enough for now: more comes until the call ends
	byDNS   bool                 // so it was decided
	decided bool
	sources int
	changed chan struct{} // capacity 1: something new came
}

// Of a long list of sources so many are asked at a time, on all their ways, in the order in which they were given; the
// defaults are fewer. While others wait, a silent one has this long.
const (
	sourcesAtOnce = 8
	sourceTurn    = 2 * time.Second
)

// question is one source on one way.
type question struct {
	number int // its place in sights
	path   evidence.Way
	sight  func(context.Context) evidence.Sighting
}

// startEgress asks the sources. quick: sightings by DNS may decide, because the others run on until a call ends. HTTP sources are asked on the call's way, and with a proxy on the direct way too; DNS
// sources only directly.
func (w *world) startEgress(ctx context.Context, sources []Source, v way, quick bool) *egressRun {
	r := &egressRun{world: w, quick: quick, pending: map[evidence.Way]int{}, literal: map[int]bool{}, sources: len(sources), changed: make(chan struct{}, 1)}
	questions := make([][]question, len(sources)) // of each source
	for i, source := range sources {
		ask := func(path evidence.Way, sight func(context.Context) evidence.Sighting) {
			questions[i] = append(questions[i], question{len(r.sights), path, sight})
			r.pending[path]++
			r.sights = append(r.sights, evidence.Sighting{Source: source.URI, Path: path,
				Failure: &evidence.Failure{Op: evidence.OpFetch, Kind: evidence.KindTimeout, Detail: foreign.Ours("not asked before the run ended")}})
		}
		if source.Kind == "dns" {
			_, err := netip.ParseAddr(source.DNS.Server.Host)
			r.literal[len(r.sights)] = err == nil
			ask(evidence.WayDNS, func(ctx context.Context) evidence.Sighting { return w.sightByDNS(ctx, source) })
			continue
		}
		ask(v.name(), func(ctx context.Context) evidence.Sighting { return w.sightByHTTP(ctx, source, v) })
		if v.proxy != nil {
			ask(evidence.WayDirect, func(ctx context.Context) evidence.Sighting { return w.sightByHTTP(ctx, source, way{}) })
		}
	}
	first := min(len(questions), sourcesAtOnce)
	waiting := make(chan []question, len(questions)-first)
	for _, later := range questions[first:] {
		waiting <- later
	}
	close(waiting)
	for _, now := range questions[:first] {
		go func() {
			r.ask(ctx, now, len(waiting) > 0)
			for next := range waiting {
				r.ask(ctx, next, len(waiting) > 0)
			}
		}()
	}
	return r
}

// ask asks one source on all its ways, and returns when it has answered or its time is over.
func (r *egressRun) ask(ctx context.Context, source []question, othersWait bool) {
	if ctx.Err() != nil {
		return
	}
	if othersWait {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, sourceTurn)
		defer cancel()
	}
	var group sync.WaitGroup
	for _, q := range source {
		r.mu.Lock()
		r.sights[q.number].Failure = &evidence.Failure{Op: evidence.OpFetch, Kind: evidence.KindTimeout, Detail: foreign.Ours("no answer before the run ended")}
		r.mu.Unlock()
		group.Go(func() {
			start := time.Now()
			sighting := q.sight(ctx)
			sighting.Path = q.path
			sighting.TookMS = evidence.Milliseconds(time.Since(start))
			r.take(q.number, sighting)
		})
	}
	group.Wait()
}

// take puts an answer to its question.
func (r *egressRun) take(question int, sighting evidence.Sighting) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending[sighting.Path]--
	sighting.Late = r.decided
	r.sights[question] = sighting
	r.came = append(r.came, question)
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// answered reports whether anything but silence has come of any question.
func (r *egressRun) answered() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.sights, func(s evidence.Sighting) bool { return s.Failure == nil || s.Failure.Kind != evidence.KindTimeout })
}

// waiting is how many questions have no answer yet. The caller holds the lock.
func (r *egressRun) waiting() int { return len(r.sights) - len(r.came) }

// wait returns when enough is known: two sources agree, one of them on the call's path where any of those
// still may answer, or both asked of servers by address where DNS may decide; or nobody is left to answer; or a moment after the first answer where the rest is silent.
func (r *egressRun) wait(ctx context.Context, onPath evidence.Way) {
	start := time.Now()
	var grace <-chan time.Time
	for {
		enough, some := r.enough(onPath)
		if enough {
			break
		}
		if some && grace == nil {
			// One answer, and the others take longer than it did: a dead source must cost no time.
			grace = time.After(300*time.Millisecond + time.Since(start))
		}
		select {
		case <-r.changed:
			continue
		case <-grace:
		case <-ctx.Done():
		}
		break
	}
	r.mu.Lock()
	r.decided = true
	r.mu.Unlock()
}

// settle waits, where DNS alone has decided, until two sources on the call's path have told an address, or none is left
// to: what DNS tells can be the resolver's address.
func (r *egressRun) settle(ctx context.Context, onPath evidence.Way) {
	r.until(ctx, func() bool {
		told := 0
		for _, question := range r.came {
			if s := r.sights[question]; s.Path == onPath && s.Address.Is4() {
				told++
			}
		}
		return !r.byDNS || told >= 2 || r.pending[onPath] == 0
	})
}

// until waits for answers until they are enough.
func (r *egressRun) until(ctx context.Context, enough func() bool) {
	for {
		r.mu.Lock()
		done := enough()
		r.mu.Unlock()
		if done {
			return
		}
		select {
		case <-r.changed:
		case <-ctx.Done():
			return
		}
	}
}

// enough counts what came. some: at least one answer on the call's path.
func (r *egressRun) enough(onPath evidence.Way) (enough, some bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	waiting := r.pending[onPath]
	seen, byDNS := map[netip.Addr]int{}, map[netip.Addr]int{}
	pathSeen := map[netip.Addr]bool{}
	for _, question := range r.came {
		s := r.sights[question]
		if !s.Address.Is4() || s.Path != onPath && (s.Path != evidence.WayDNS || onPath == evidence.WayProxy) {
			continue
		}
		seen[s.Address]++
		if r.literal[question] {
			byDNS[s.Address]++
		}
		if s.Path == onPath {
			some = true
			pathSeen[s.Address] = true
		}
	}
	for address, count := range seen {
		if count >= 2 && (pathSeen[address] || waiting == 0) {
			return true, some
		}
	}
	if r.quick && len(seen) == 1 && len(byDNS) == 1 {
		for _, count := range byDNS {
			r.byDNS = count >= 2
		}
		if r.byDNS {
			return true, some
		}
	}
	return waiting == 0 && (r.pending[evidence.WayDNS] == 0 || some || onPath == evidence.WayProxy), some
}

// snapshot is what is known now: a sighting for each question, in the order in which the sources were given, and the
// addresses in the order in which they were seen.
func (r *egressRun) snapshot(onPath evidence.Way) *evidence.Egress {
	r.mu.Lock()
	defer r.mu.Unlock()
	facts := evidence.Egress{Sightings: append([]evidence.Sighting{}, r.sights...), Asked: r.sources,
		IPv4: []netip.Addr{}, IPv6: []netip.Addr{}, DNSSeen: []netip.Addr{}}
	for _, question := range r.came {
		s := r.sights[question]
		switch {
		case !s.Address.IsValid():
		case s.Path == evidence.WayDNS && onPath == evidence.WayProxy: // DNS does not go through the proxy
		case s.Path == evidence.WayDNS:
			facts.DNSSeen = appendNew(facts.DNSSeen, s.Address)
		case s.Path != onPath: // with a proxy, the direct way's: information
		case s.Address.Is4():
			facts.IPv4 = appendNew(facts.IPv4, s.Address)
		default:
			facts.IPv6 = appendNew(facts.IPv6, s.Address)
		}
	}
	facts.IPv4 = publicOnes(facts.IPv4)
	if judged := facts.Addresses(); len(judged) > 0 {
		for _, s := range facts.Sightings {
			if s.Address == judged[0] && (s.Path == onPath || s.Path == evidence.WayDNS && onPath != evidence.WayProxy) {
				facts.Agreeing++
			}
		}
	}
	return &facts
}

// publicOnes leaves out, beside a public address, those of private networks: a source inside this network sees them,
// the service never does. Where there are only such ones, the service may be inside too.
func publicOnes(seen []netip.Addr) []netip.Addr {
	public := []netip.Addr{}
	for _, address := range seen {
		if iprules.NeverPublic(address) == "" {
			public = append(public, address)
		}
	}
	if len(public) == 0 {
		return seen
	}
	return public
}

// givenEgress is for --egress-ip: nobody is asked.
func givenEgress(addresses []netip.Addr) *evidence.Egress {
	facts := &evidence.Egress{Given: true, Sightings: []evidence.Sighting{}, IPv4: []netip.Addr{}, IPv6: []netip.Addr{}, DNSSeen: []netip.Addr{}}
	v4, v6 := splitFamilies(addresses)
	facts.IPv4, facts.IPv6 = append(facts.IPv4, v4...), append(facts.IPv6, v6...)
	return facts
}

func appendNew(list []netip.Addr, address netip.Addr) []netip.Addr {
	for _, known := range list {
		if known == address {
			return list
		}
	}
	return append(list, address)
}

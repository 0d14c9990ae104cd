package probes

import (
	"context"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"opensrs-doctor/probes/classify"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
)

// resolver asks name servers itself, one by one, so that each one's answer is a fact. It reads the hosts
// file first, as the system's does.
type resolver struct {
	servers  []netip.AddrPort
	from     string // where they are configured
	problem  *evidence.ResolversProblem
	hosts    string // path of the hosts file
	sourceIP netip.Addr
	scrub    *foreign.Scrubber
	deep     bool                                                         // keep each reply with its records too
	native   func(ctx context.Context, name string) ([]netip.Addr, error) // systemLookup, or nil

	accepting sync.Map // netip.AddrPort of the servers whose TCP port took a connection: those are there

	base  context.Context // of the run: a lookup that several peers wait for outlives the first of them
	mu    sync.Mutex
	known map[string]*lookup // answers of this run, so that no name is asked for twice
}

// lookup is one name's resolution; its results may be read once done is closed.
type lookup struct {
	done      chan struct{}
	addresses []netip.Addr
	err       error
}

// lookupTime bounds the resolution of a third party's name.
const lookupTime = 3 * time.Second

// newResolver takes the servers given, else the system's.
func newResolver(base context.Context, given []netip.AddrPort, sourceIP netip.Addr, scrub *foreign.Scrubber) *resolver {
	r := &resolver{servers: given, from: "--resolver", hosts: hostsPath(), sourceIP: sourceIP,
		scrub: scrub, base: base, known: map[string]*lookup{}}
	if len(given) == 0 {
		r.servers, r.from, r.problem = systemResolvers(scrub)
		r.native = systemLookup
	}
	if r.native != nil && runtime.GOOS == "darwin" { // it writes resolv.conf from them, and asks it for nothing itself
		r.from = "the network settings"
	}
	if r.native != nil && r.problem != nil { // no program asks 127.0.0.1 then
		r.servers, r.problem = nil, nil
	}
	return r
}

// know takes the addresses of names that nobody shall be asked for.
func (r *resolver) know(names map[string]netip.Addr) {
	for name, address := range names {
		entry := &lookup{done: make(chan struct{}), addresses: []netip.Addr{address}}
		close(entry.done)
		r.known[name] = entry
	}
}

// anyAccepts reports whether some name server took a TCP connection.
func (r *resolver) anyAccepts() bool {
	return slices.ContainsFunc(r.servers, func(server netip.AddrPort) bool { _, is := r.accepting.Load(server); return is })
}

// accepts reports whether that one did.
func (r *resolver) accepts(name string) bool {
	server, err := netip.ParseAddrPort(name)
	_, is := r.accepting.Load(server)
	return err == nil && is
}

// patience is how long an answer is waited for where a server is there: a little longer than libc does.
func (r *resolver) patience() time.Duration {
	if r.from == "--resolver" || r.native != nil {
		return shareSlowNames
	}
	return min(max(libcWaits(r.from)+500*time.Millisecond, shareSlowNames), shareLibc)
}

// asked is one whom a name can be put to.
type asked struct {
	by  string // as in DNSAnswer.Resolver
	ask func(ctx context.Context, name string) evidence.DNSAnswer
}

// everybody is whom this host's programs have their names from: the system where they leave it to that, then the
// servers.
func (r *resolver) everybody() []asked {
	var all []asked
	if r.native != nil {
		all = append(all, asked{evidence.BySystem, r.askSystem})
	}
	for _, server := range r.servers {
		all = append(all, asked{server.String(), func(ctx context.Context, name string) evidence.DNSAnswer {
			return r.ask(ctx, server, name)
		}})
	}
	return all
}

// askSystem lets the operating system look a name up.
func (r *resolver) askSystem(ctx context.Context, name string) evidence.DNSAnswer {
	start := time.Now()
	answer := evidence.DNSAnswer{Resolver: evidence.BySystem}
	found, err := r.native(ctx, name)
	v4, v6 := splitFamilies(found)
	answer.A, answer.AAAA = v4[:min(len(v4), maxAddresses)], v6[:min(len(v6), maxAddresses)]
	answer.TookMS = evidence.Milliseconds(time.Since(start))
	if len(found) > 0 {
		return answer
	}
	if answer.Failure = classify.Error(evidence.OpQuery, err, r.scrub); answer.Failure == nil || answer.Failure.Kind != evidence.KindTimeout {
		answer.Failure = &evidence.Failure{Op: evidence.OpQuery, Kind: evidence.KindNoData, Detail: foreign.Ours("this system's own lookup finds no address"), Err: err}
	}
	return answer
}

// lookup gives the addresses of a name or literal for connecting, IPv4 first. All are asked at
// once and the first good answer counts: this is for peers other than the endpoint.
func (r *resolver) lookup(ctx context.Context, name string) ([]netip.Addr, error) {
	if address, err := netip.ParseAddr(name); err == nil {
		return []netip.Addr{address.Unmap()}, nil
	}
	key := strings.ToLower(strings.TrimSuffix(name, "."))
	r.mu.Lock()
	entry := r.known[key]
	if entry == nil {
		entry = &lookup{done: make(chan struct{})}
		r.known[key] = entry
		go func() {
			base, cancel := context.WithTimeout(r.base, lookupTime)
			defer cancel()
			entry.addresses, entry.err = r.lookupNow(base, key)
			close(entry.done)
		}()
	}
	r.mu.Unlock()
	select {
	case <-entry.done:
		return entry.addresses, entry.err
	case <-ctx.Done():
		return nil, &evidence.Failure{Op: evidence.OpResolve, Kind: evidence.KindTimeout, Detail: foreign.Oursf("no answer for %s", r.scrub.Quote(name, 253)), Err: ctx.Err()}
	}
}

func (r *resolver) lookupNow(ctx context.Context, name string) ([]netip.Addr, error) {
	if pinned, _ := readHosts(r.hosts, name); len(pinned) > 0 {
		return ipv4First(pinned), nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	everybody := r.everybody()
	answers := make(chan evidence.DNSAnswer, len(everybody))
	for _, one := range everybody {
		go func() { answers <- one.ask(ctx, name) }()
	}
	var failure *evidence.Failure
	for range everybody {
		answer := <-answers
		if all := append(append([]netip.Addr{}, answer.A...), answer.AAAA...); len(all) > 0 {
			return all, nil
		}
		if failure == nil || answer.Rcode != "" {
			failure = answer.Failure
		}
	}
	if failure == nil {
		failure = &evidence.Failure{Op: evidence.OpResolve, Kind: evidence.KindNoData, Detail: foreign.Oursf("no address for %s", r.scrub.Quote(name, 253))}
	}
	return nil, failure
}

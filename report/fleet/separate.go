package fleet

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"opensrs-doctor/probes/lazy"
)

// What a fact must do to be called separating. Chance is counted over all that was tried.
const (
	mostChance = 0.01 // that chance alone gives one somewhere
	leastWith  = 0.8  // share of the failing hosts that have it
	mostAside  = 0.1  // share of the healthy hosts that have it
	leastKnown = 0.8  // share of either, of whom the fact is known: what only failures look into separates nothing
	mostPairs  = 40   // facts that are tried in pairs
	mostSets   = 20   // causes that facts are looked for
)

// factID is a fact's name and value, numbered.
type factID int32

// Bounds of the facts that are told apart. Those that are another one on each host part nothing.
const (
	mostKinds = 250_000
	mostTexts = 32 << 20 // bytes of their names and values
)

// table numbers facts, so that a host costs some bytes for each.
type table struct {
	ids   map[fact]factID
	facts []fact
	bytes int // of names and values
	full  bool
}

func newTable() *table { return &table{ids: map[fact]factID{}} }

// id is the number of a fact; kept is false where there are too many.
func (t *table) id(f fact) (id factID, kept bool) {
	if id, kept = t.ids[f]; kept {
		return id, true
	}
	if t.full = t.full || len(t.facts) >= mostKinds || t.bytes >= mostTexts; t.full {
		return 0, false
	}
	id = factID(len(t.facts))
	f.name, f.value = strings.Clone(f.name), strings.Clone(f.value)
	t.bytes += len(f.name) + len(f.value)
	t.ids[f] = id
	t.facts = append(t.facts, f)
	return id, true
}

// group is how many hosts of some have each fact.
type group struct {
	hosts int
	have  map[factID]int
	known map[string]int // hosts of whom a fact is known, by its name
}

func (t *table) group(hosts []*entry) group {
	g := group{hosts: len(hosts), have: map[factID]int{}, known: map[string]int{}}
	for _, h := range hosts {
		last := ""
		for _, id := range h.facts {
			g.have[id]++
			if name := t.facts[id].name; name != last { // those of one name follow one another
				g.known[name]++
				last = name
			}
		}
	}
	return g
}

// candidate is a fact that may part the hosts with a cause from the healthy ones.
type candidate struct {
	id            factID
	with, without Count
	logP          float64 // of chance, before it is corrected
}

func (c candidate) parts() bool {
	return c.with.Of > 0 && c.without.Of > 0 && float64(c.with.Hosts) >= leastWith*float64(c.with.Of) &&
		float64(c.without.Hosts) <= mostAside*float64(c.without.Of)
}

// separate finds the smallest set of facts that parts the hosts with a cause from the healthy ones: one, else two together;
// none where chance explains it. causes is how many causes such facts are looked for, tried how many values were compared.
func (t *table) separate(cause string, probe, causes int, failing, healthy []*entry) (found *Separating, tried int) {
	if len(failing) < 2 || len(healthy) < 2 {
		return nil, 0
	}
	with, without := t.group(failing), t.group(healthy)
	var all []candidate
	for id, have := range with.have {
		f := t.facts[id]
		if f.probe >= max(probe, 0) && !f.identity { // found by the probe that fails, or after it
			continue
		}
		c := candidate{id, Count{have, with.known[f.name]}, Count{without.have[id], without.known[f.name]}, 0}
		enough := float64(c.with.Of) >= leastKnown*float64(with.hosts) && float64(c.without.Of) >= leastKnown*float64(without.hosts)
		if enough && c.with.Hosts+c.without.Hosts < c.with.Of+c.without.Of { // all have it: it parts nothing
			c.logP = logChance(c.with, c.without)
			all = append(all, c)
		}
	}
	tried = len(all)
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.logP, b.logP), cmp.Compare(rank(cause, t.facts[a.id].name), rank(cause, t.facts[b.id].name)),
			strings.Compare(t.facts[a.id].name+t.facts[a.id].value, t.facts[b.id].name+t.facts[b.id].value))
	})
	for _, c := range all {
		if p := math.Exp(c.logP) * float64(tried*causes); c.parts() && p < mostChance {
			f := t.facts[c.id]
			return &Separating{Cause: cause, Fact: f.name, Value: f.value, With: c.with, Without: c.without, P: p}, tried
		}
	}
	return t.pair(cause, causes, all, failing, healthy)
}

// pair looks for two facts that part the hosts together. The correction counts all pairs that could be made.
func (t *table) pair(cause string, causes int, all []candidate, failing, healthy []*entry) (*Separating, int) {
	tried := len(all)
	most := slices.DeleteFunc(slices.Clone(all), func(c candidate) bool {
		return float64(c.with.Hosts) < leastWith*float64(c.with.Of) || c.logP > math.Log(0.1)
	})
	most = most[:min(len(most), mostPairs)]
	pairs := float64(tried) * float64(tried+1) / 2 * float64(causes)
	var best *Separating
	for i, a := range most {
		for _, b := range most[i+1:] {
			if t.facts[a.id].name == t.facts[b.id].name {
				continue
			}
			both := func(hosts []*entry) Count {
				count := Count{Of: len(hosts)}
				for _, h := range hosts {
					if slices.Contains(h.facts, a.id) && slices.Contains(h.facts, b.id) {
						count.Hosts++
					}
				}
				return count
			}
			c := candidate{a.id, both(failing), both(healthy), 0}
			c.logP = logChance(c.with, c.without)
			p := math.Exp(c.logP) * pairs
			if !c.parts() || p >= mostChance || best != nil && p >= best.P {
				continue
			}
			one, two := t.facts[a.id], t.facts[b.id]
			best = &Separating{Cause: cause, Fact: one.name, Value: one.value, With: c.with, Without: c.without, P: p, And: &Value{two.name, two.value}}
		}
	}
	return best, tried
}

// near are the facts that causes of a family hang on: of two that part the hosts equally well, that one is named.
var near = lazy.Value[map[string][]string]{Make: func() map[string][]string {
	return map[string][]string{
		"dns": {"host.resolvers", "dns.used", "dns.hosts_file"}, "proxy": {"host.proxy"}, "tls": {"tls.issuer", "host.store", "host.proxy"},
		"rules": {"egress.ipv4", "rules.rules"}, "call": {"target.key_fingerprint", "target.key_source", "egress.ipv4"}, "config": {"target.key_fingerprint", "target.key_source"},
		"port": {"host.network", "egress.ipv4", "host.proxy"}, "host": {"host.network", "host.release", "host.kernel"}, "egress": {"egress.ipv4"},
	}
}}

func rank(cause, name string) int {
	family, _, _ := strings.Cut(cause, ".")
	if at := slices.Index(near.Get()[family], name); at >= 0 {
		return at
	}
	return len(near.Get()[family])
}

// logChance is the logarithm of the chance that so many of the hosts with a value, or more, are among the failing ones where
// it has nothing to do with failing: Fisher's exact test, one-sided.
func logChance(with, without Count) float64 {
	all, have, draws := with.Of+without.Of, with.Hosts+without.Hosts, with.Of
	if with.Hosts == 0 {
		return 0
	}
	logOf := func(k int) float64 { return logChoose(have, k) + logChoose(all-have, draws-k) - logChoose(all, draws) }
	first := logOf(with.Hosts)
	sum := 0.0
	for k := with.Hosts; k <= min(have, draws); k++ {
		term := math.Exp(logOf(k) - first)
		if sum += term; term < 1e-12*sum {
			break
		}
	}
	return min(first+math.Log(sum), 0)
}

func logChoose(n, k int) float64 {
	if k < 0 || k > n {
		return math.Inf(-1)
	}
	gamma := func(x int) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	return gamma(n) - gamma(k) - gamma(n-k)
}

package sandbox

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/typo"
)

// fault is one cause that the sandbox can show.
type fault struct {
	id     string
	server bool // the services alone show it; false: it is in the client's setting too
	shakes handshake
	// prepare changes the healthy plan; nil for the healthy one.
	prepare func(*plan) error
}

// handshake is what a client should make of the handshake that a fault shows.
type handshake int

const (
	takes      handshake = iota // there is nothing wrong with it
	mayRefuse                   // a client that ends it does right, and so does one that can cope
	mustRefuse                  // whoever sends a request over it has not verified the certificate
)

// tables of the faults, in the order of the probes.
var tables = lazy.Value[[][]fault]{Make: func() [][]fault {
	return [][]fault{worldFaults.Get(), dnsFaults.Get(), rulesFaults.Get(), proxyFaults.Get(), tlsFaults.Get(), callFaults.Get()}
}}

// Faults are the causes that a check against the sandbox can be shown, sorted.
func Faults() []string { return faultIDs(func(fault) bool { return true }) }

// ServerFaults are those of Faults that the services show by themselves, to a client that uses what they
// offer (URL, egress sources, resolver, proxy, status page) and has its own key and root store. Sorted.
func ServerFaults() []string { return faultIDs(func(f fault) bool { return f.server }) }

// RefusableFaults are those of ServerFaults whose handshake a client does right to end. Sorted.
func RefusableFaults() []string { return faultIDs(func(f fault) bool { return f.shakes != takes }) }

func faultIDs(wanted func(fault) bool) []string {
	var ids []string
	for _, table := range tables.Get() {
		for _, f := range table {
			if wanted(f) {
				ids = append(ids, f.id)
			}
		}
	}
	sort.Strings(ids)
	return ids
}

// faultNamed finds a fault; the empty name is the healthy sandbox.
func faultNamed(id string) (fault, error) {
	if id == "" {
		return fault{}, nil
	}
	for _, table := range tables.Get() {
		for _, f := range table {
			if f.id == id {
				return f, nil
			}
		}
	}
	return fault{}, UnknownFault(id)
}

// UnknownFault gives the error for a name that is none of known (none given: Faults), with those that
// are, nearest first. Nil for the empty name, which is the healthy sandbox, and for a name that is known.
func UnknownFault(name string, known ...string) error {
	if len(known) == 0 {
		known = Faults()
	}
	if name == "" || slices.Contains(known, name) {
		return nil
	}
	near := slices.Clone(known)
	distances := map[string]int{}
	for _, id := range near {
		distances[id] = distance(name, id)
	}
	sort.SliceStable(near, func(i, j int) bool { return distances[near[i]] < distances[near[j]] })
	return fmt.Errorf("the sandbox cannot show %s; it can show %s", quoted(name), strings.Join(near, ", "))
}

// quoted is a word for an error: bounded and printable.
func quoted(word string) string {
	const most = 60
	if len(word) > most {
		word = word[:most] + "…"
	}
	return fmt.Sprintf("%q", word)
}

// distance is how far a word is from a cause: the edits from it to the whole ID, or to the part after the
// dot, whichever are fewer. Bounded by cutting long words.
func distance(word, id string) int {
	word = strings.ToLower(word[:min(len(word), 60)])
	best := typo.Distance(word, id)
	if _, part, ok := strings.Cut(id, "."); ok {
		best = min(best, typo.Distance(word, part)+1)
	}
	if word != "" && strings.Contains(id, word) {
		best = min(best, 2)
	}
	return best
}

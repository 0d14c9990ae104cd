package thishost

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"opensrs-doctor/probes/evidence"
)

// filterRule is a rule of nftables or iptables, as its counter and its verdict go.
type filterRule struct {
	evidence.FirewallRule
	counted  bool
	packets  uint64
	jump     string // the chain that the packets go to next
	opaque   bool   // it may drop: a program or a map of verdicts decides
	anywhere bool   // it may jump to any chain of its table
	nat      string // natTarget, natRedirect: it changes where packets go
	data     []byte // values in it, among them the address that it sends packets to
}

// baseChain is one that packets enter by themselves. Verdict is "drop" where that is its policy.
type baseChain struct {
	evidence.FirewallRule
	counted bool
	packets uint64
}

// ruleset is all rules of one tool at one moment.
type ruleset struct {
	rules []filterRule
	bases []baseChain
}

// chainOf is a chain's name among all; nameOf is a rule's, or a policy's, as long as nobody changes the rules.
func chainOf(family, table, chain string) string { return family + " " + table + " " + chain }

func nameOf(r evidence.FirewallRule) string {
	return chainOf(r.Family, r.Table, r.Chain) + " " + strconv.FormatUint(r.Handle, 10)
}

// packetsOf is what each rule and each policy has counted.
func (s ruleset) packetsOf() map[string]uint64 {
	counts := map[string]uint64{}
	for _, r := range s.rules {
		counts[nameOf(r.FirewallRule)] = r.packets
	}
	for _, b := range s.bases {
		counts[nameOf(b.FirewallRule)] = b.packets
	}
	return counts
}

// took goes the way of the packets from the chains of some hooks, and finds the rules that took at least so many since
// then. A rule that counts and did not grow was not on the way.
func (s ruleset) took(then map[string]uint64, least int, hooks []string, found *evidence.Firewall) {
	grew := func(r *evidence.FirewallRule, packets uint64) int {
		old, was := then[nameOf(*r)]
		if !was || packets < old {
			return 0
		}
		return int(packets - old)
	}
	chains, jumpedTo := map[string][]*filterRule{}, map[string]bool{}
	for i := range s.rules {
		r := &s.rules[i]
		chain := chainOf(r.Family, r.Table, r.Chain)
		chains[chain] = append(chains[chain], r)
		jumpedTo[chainOf(r.Family, r.Table, r.jump)] = true
	}
	type stop struct {
		chain string
		path  []string // with the chain itself
	}
	var way []stop
	seen := map[string]bool{}
	enter := func(family, table, chain string, path []string) {
		if name := chainOf(family, table, chain); !seen[name] {
			seen[name] = true
			way = append(way, stop{name, append(slices.Clone(path), chain)})
		}
	}
	for _, b := range s.bases {
		jumpedTo[chainOf(b.Family, b.Table, b.Chain)] = true
		if !slices.Contains(hooks, b.Hook) {
			continue
		}
		enter(b.Family, b.Table, b.Chain, nil)
		switch b.Grew = grew(&b.FirewallRule, b.packets); {
		case b.Verdict == "" || b.counted && b.Grew < least:
		case b.counted:
			found.Took = append(found.Took, s.managed(b.FirewallRule))
		default:
			b.Grew = 0
			found.Policies = append(found.Policies, s.managed(b.FirewallRule))
		}
	}
	for i := 0; i < len(way); i++ {
		path := way[i].path
		for _, r := range chains[way[i].chain] {
			r.Grew = grew(&r.FirewallRule, r.packets)
			switch {
			case r.counted && r.Grew < least/4:
				continue
			case r.opaque || r.Verdict != "" && (!r.counted || r.Grew < least): // some of the packets may be its prey
				found.Uncounted++
			case r.Verdict != "":
				r.Path = path[:len(path)-1]
				found.Took = append(found.Took, s.managed(r.FirewallRule))
			}
			if r.jump != "" {
				enter(r.Family, r.Table, r.jump, path)
			}
			if r.anywhere {
				for _, other := range s.rules {
					if other.Family == r.Family && other.Table == r.Table && !jumpedTo[chainOf(other.Family, other.Table, other.Chain)] {
						enter(other.Family, other.Table, other.Chain, path)
					}
				}
			}
		}
	}
}

// Rules are the firewall rules' counts at one moment.
type Rules struct {
	nft, legacy map[string]uint64
	why         string // the rules could not be read
	whyLegacy   string
}

// ReadRules reads the counts of this host's rules, as root.
func (Here) ReadRules() RulesThen {
	if os.Geteuid() != 0 {
		return &Rules{why: evidence.OnlyRoot}
	}
	nft, legacy, seen := readRules()
	seen.nft, seen.legacy = nft.packetsOf(), legacy.packetsOf()
	return seen
}

// readRules reads what there is, and why some of it could not be read.
func readRules() (nft, legacy ruleset, failed *Rules) {
	failed, deadline := &Rules{}, time.Now().Add(readTime)
	var err error
	if nftLoaded() {
		if nft.rules, err = nftRules(deadline); err == nil {
			nft.bases, err = nftChains(deadline)
		}
		failed.why = plainError(err)
	}
	if strings.TrimSpace(small("/proc/thread-self/net/ip_tables_names")) != "" {
		legacy, err = saved(deadline, "iptables-legacy")
		failed.whyLegacy = plainError(err)
	}
	return nft, legacy, failed
}

func plainError(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES):
		return "this process lacks CAP_NET_ADMIN"
	}
	return err.Error()
}

// Since tells which rules took the packets of a ledger that was kept since then; nil where none were lost in this host.
func (r *Rules) Since(ledger *evidence.Ledger) *evidence.Firewall {
	hooks := hooksOf(ledger)
	if hooks == nil {
		return nil
	}
	return r.tookAt(hooks, ledger)
}

// Passing tells which rules took the packets of a ledger that was kept since then in a container of this machine, which
// passes them on; nil where none did.
func (r *Rules) Passing(ledger *evidence.Ledger) *evidence.Firewall {
	if place, _ := ledger.Lost(); place != evidence.LostNowhere || ledger.N == 0 {
		return nil
	}
	found := r.tookAt([]string{"prerouting", "forward", "postrouting"}, ledger)
	if len(found.Took) == 0 {
		return nil
	}
	found.Outside = true
	return found
}

// tookAt tells which rules at some hooks took the packets.
func (r *Rules) tookAt(hooks []string, ledger *evidence.Ledger) *evidence.Firewall {
	found := &evidence.Firewall{Why: r.why, Legacy: r.whyLegacy}
	if r.why != "" && os.Geteuid() != 0 {
		return found
	}
	nft, legacy, failed := readRules()
	if found.Why == "" {
		if found.Why = failed.why; found.Why == "" {
			nft.took(r.nft, ledger.Packets()*3/4, hooks, found)
		}
	}
	if found.Legacy == "" {
		if found.Legacy = failed.whyLegacy; found.Legacy == "" {
			legacy.took(r.legacy, ledger.Packets()*3/4, hooks, found)
		}
	}
	for i := range found.Took {
		spell(&found.Took[i], nft)
		directRule(&found.Took[i])
	}
	return found
}

// hooksOf are the hooks that the packets of a ledger pass where they were lost.
func hooksOf(ledger *evidence.Ledger) []string {
	switch place, _ := ledger.Lost(); place {
	case evidence.LostGoingOut, evidence.LostAnswered:
		return []string{"output", "postrouting"}
	case evidence.LostComingIn:
		return []string{"prerouting", "input"}
	}
	return nil
}

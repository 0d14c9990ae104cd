package iprules

import (
	"fmt"
	"net/netip"

	"opensrs-doctor/probes/wording"
)

// Use is which addresses of a list's rules are in use: what LintUse asks. It takes a few bytes a rule, however
// many addresses there are.
type Use struct {
	rules  []Rule
	blocks map[uint32][]int // by a /25 block's first address: the Allow rules in it, by index
	seen   []mask           // by rule, over its block
	total  uint64           // IPv4 addresses and prefixes that were added
}

// generous is how many times as wide as the narrowest prefix for the addresses in use a rule must be to be told; of one
// that cannot be narrowed, how many times as many addresses, squared, it must admit.
const generous = 4

// NewUse is a list of which no address is in use yet. Rules that the panel would refuse are not counted: they
// have a problem already.
func NewUse(rules []Rule) *Use {
	u := &Use{rules: rules, blocks: map[uint32][]int{}, seen: make([]mask, len(rules))}
	for i, rule := range rules {
		if rule.Action == Allow && rule.Prefix.Addr().Is4() && rule.Prefix.Bits() >= limits.Widest {
			block := number(rule.Prefix.Addr()) &^ (blockSize - 1)
			u.blocks[block] = append(u.blocks[block], i)
		}
	}
	return u
}

// Add says that the addresses of a prefix are in use.
func (u *Use) Add(p netip.Prefix) {
	if !p.Addr().Is4() {
		return
	}
	u.total++
	first, last := span(p)
	if first&^(blockSize-1) == last&^(blockSize-1) {
		u.mark(first&^(blockSize-1), first, last)
		return
	}
	for block := range u.blocks {
		if first <= block && block <= last {
			u.mark(block, block, block|(blockSize-1))
		}
	}
}

// Len is how many IPv4 addresses and prefixes were added, each as often as it came.
func (u *Use) Len() uint64 { return u.total }

func (u *Use) mark(block, first, last uint32) {
	for _, i := range u.blocks[block] {
		from, to := span(u.rules[i].Prefix)
		if from, to = max(from, first), min(to, last); from <= to {
			u.seen[i].set(int(from-block), int(to-block))
		}
	}
}

// Problems are the Allow rules that no address in use matches, and those that are far wider than those that do.
func (u *Use) Problems() []Problem {
	var problems []Problem
	if u.total == 0 {
		return nil
	}
	for i, rule := range u.rules {
		if rule.Action != Allow || !rule.Prefix.Addr().Is4() || rule.Prefix.Bits() < limits.Widest {
			continue
		}
		problem := Problem{Severity: SeverityWarning, Rule: i + 1, Source: rule.Source, Line: rule.Line}
		size := 1 << (32 - rule.Prefix.Bits())
		used := u.seen[i].count(0, blockSize)
		start := number(rule.Prefix.Addr()) &^ (blockSize - 1)
		tight := (&block{start: start, asked: u.seen[i]}).choices(0, blockSize, 1)
		switch {
		case used == 0:
			problem.ID = Unused
			problem.Text = fmt.Sprintf("none of the addresses in use matches %s", rule)
			problem.Fix = fmt.Sprintf("Remove it, if nothing else calls from there: that frees one of the %d places.", limits.Most)
		case size >= generous*(tight[1].covered+tight[1].excess):
			narrow := Plan{Prefixes: unpack(tight[1].rules)}
			problem.ID = TooGenerous
			problem.Text = fmt.Sprintf("%s admits %d addresses, and %d of them %s in use", rule, size, used, wording.Agree(used, "is", "are"))
			problem.Fix = fmt.Sprintf("Narrow it to %s, which has all of those.", narrow.Rules()[0])
		case size >= generous*generous*used:
			problem.ID = TooGenerous
			problem.Text = fmt.Sprintf("%s admits %d addresses, and %d of them %s in use", rule, size, used, wording.Agree(used, "is", "are"))
			problem.Fix = "Let rules plan look for narrower rules: opensrs-doctor rules plan --ips FILE."
		default:
			continue
		}
		problems = append(problems, problem)
	}
	return problems
}

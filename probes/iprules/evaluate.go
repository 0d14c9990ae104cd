package iprules

import (
	"net/netip"
	"slices"
)

// Evaluate asks the list about one address, under each of the three readings. No match is a deny under
// all of them. An empty list is unknown: what it means is not documented.
func Evaluate(rules []Rule, ip netip.Addr) Result {
	ip = ip.Unmap().WithZone("")
	result := Result{IP: ip, Verdict: VerdictUnknown}
	if len(rules) == 0 {
		return result
	}
	first, specific, bits := Deny, Deny, -1
	for i, rule := range rules {
		if !rule.Prefix.Contains(ip) {
			continue
		}
		if result.Rule == nil {
			number := i + 1
			result.Rule, first = &number, rule.Action
		}
		// At equal length a Deny wins, whichever comes first.
		if n := rule.Prefix.Bits(); n > bits || n == bits && rule.Action == Deny {
			specific, bits = rule.Action, n
		}
		if rule.Action == Allow {
			result.MatchedAllow = append(result.MatchedAllow, i+1)
		} else {
			result.MatchedDeny = append(result.MatchedDeny, i+1)
		}
	}
	denyWins := Deny
	if len(result.MatchedAllow) > 0 && len(result.MatchedDeny) == 0 {
		denyWins = Allow
	}
	result.Readings = map[string]string{
		FirstMatch: string(first), MostSpecific: string(specific), DenyWins: string(denyWins),
	}
	result.Verdict = VerdictAmbiguous
	if first == specific && specific == denyWins {
		result.Verdict = string(first)
	}
	return result
}

// Verdict is the list's word on several addresses at once: allow or deny where all agree, partly where some
// are allowed and others denied, ambiguous where that hangs on the reading, unknown without addresses
// or without rules.
func Verdict(results []Result) string {
	seen := map[string]bool{}
	for _, result := range results {
		seen[result.Verdict] = true
	}
	switch {
	case len(seen) == 0 || seen[VerdictUnknown]:
		return VerdictUnknown
	case seen[VerdictAllow] && seen[VerdictDeny]:
		return VerdictPartly
	case seen[VerdictAmbiguous]:
		return VerdictAmbiguous
	case seen[VerdictAllow]:
		return VerdictAllow
	}
	return VerdictDeny
}

// IdleDenies are the Deny rules of a list, by index, that meet no Allow rule of these: no address that they match is let
// in by one, so that they change nothing, under any reading.
func IdleDenies(rules, allows []Rule) []int {
	var idle []int
	for i, rule := range rules {
		meets := func(other Rule) bool { return other.Action == Allow && other.Prefix.Overlaps(rule.Prefix) }
		if rule.Action == Deny && !slices.ContainsFunc(allows, meets) {
			idle = append(idle, i)
		}
	}
	return idle
}

// LeastUseful is the number, from 1, of the Allow rule that covers the fewest of the given addresses: the one
// to drop where a place is needed. Of several the narrowest, then the last; 0 where there is no Allow.
func LeastUseful(rules []Rule, addresses []netip.Addr) int {
	least, fewest := 0, 0
	for i, rule := range rules {
		if rule.Action != Allow {
			continue
		}
		covered := 0
		for _, address := range addresses {
			if rule.Prefix.Contains(address.Unmap()) {
				covered++
			}
		}
		narrower := least > 0 && rule.Prefix.Bits() >= rules[least-1].Prefix.Bits()
		if least == 0 || covered < fewest || covered == fewest && narrower {
			least, fewest = i+1, covered
		}
	}
	return least
}

// Unambiguous is the list without the Deny rules that match the address: where an Allow matches it too, every
// reading of what is left allows it. The Deny's other addresses are let in wherever an Allow covers them.
func Unambiguous(rules []Rule, ip netip.Addr) []Rule {
	var kept []Rule
	for _, rule := range rules {
		if rule.Action == Allow || !rule.Prefix.Contains(ip.Unmap()) {
			kept = append(kept, rule)
		}
	}
	return kept
}

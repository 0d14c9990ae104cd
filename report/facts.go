package report

import (
	"net/netip"
	"slices"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/netaddr"
)

// The facts of a report are JSON, as saved. A format that needs a few of them reads those of one probe; who needs many reads
// the Evidence. They are read from there also in the run that made them, so that a saved report gives the same bytes.

// Seen reads a probe's facts as a T, such as EgressFacts. What was not reached stays empty.
func Seen[T any](r *Report, name string) (facts T) {
	for _, row := range r.Probes {
		if row.Name == name {
			facts = decode[T](row.Facts)
		}
	}
	return facts
}

// Known is a section of the evidence, or an empty one where the run did not come so far.
func Known[T any](section *T) (known T) {
	if section != nil {
		known = *section
	}
	return known
}

// Counts is false for a probe that ran only because a chosen one needs it.
func Counts(row Probe) bool { return !decode[Outcome](row.Facts).Uncounted }

// SeenFrom are all addresses that this host was seen to come from, each once: those of the call's path first, then those
// that DNS told, which can be the resolver's.
func SeenFrom(r *Report) []string {
	seen := Known(Seen[EgressFacts](r, "egress").Egress)
	var all []netip.Addr
	for _, address := range slices.Concat(seen.IPv4, seen.IPv6, seen.DNSSeen) {
		if !slices.Contains(all, address) {
			all = append(all, address)
		}
	}
	return netaddr.Texts(all)
}

// Chain is what the service presented, its own certificate first.
func Chain(r *Report) []evidence.Certificate { return Known(Seen[TLSFacts](r, "tls").TLS).Chain }

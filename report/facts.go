package report

import (
	"encoding/json"
	"slices"
	"time"

	"opensrs-doctor/report/screen"
)

// The facts of a report are JSON, as saved; what follows are the parts of them that formats count with. They
// are read from there also in the run that made them, so that a saved report gives the same bytes. Addresses
// are texts: in an anonymized report tokens replace them.

// EgressSeen is which addresses this host came from.
type EgressSeen struct {
	IPv4    []string `json:"ipv4"` // on the path that the call takes
	IPv6    []string `json:"ipv6"`
	DNSSeen []string `json:"dns_seen"` // by DNS: they can be the resolver's
}

// CertificateSeen is one certificate of the chain that the service presented.
type CertificateSeen struct {
	Subject  string    `json:"subject"`
	Issuer   string    `json:"issuer"`
	NotAfter time.Time `json:"not_after"`
	SHA256   string    `json:"sha256"` // of the DER, hex; in an anonymized report a token
}

// TlsSeen is the handshake with the service.
type TlsSeen struct {
	Version string            `json:"version"`
	Chain   []CertificateSeen `json:"chain"` // the service's own first
	Trust   struct {
		FirstToEnd *CertificateSeen `json:"first_to_end"` // of the way to a public root; nil where there is none
	} `json:"trust"`
}

// RulesSeen is the simulation of the access rules.
type RulesSeen struct {
	Rules   []string `json:"rules"`
	Verdict string   `json:"verdict"`
}

// DnsSeen is the resolution of the name that is connected to.
type DnsSeen struct {
	Used string `json:"used"` // the resolver whose answer counts
}

// CallSeen is the reply to the test call.
type CallSeen struct {
	HTTPStatus int    `json:"http_status"`
	Code       string `json:"response_code"`
	Text       string `json:"response_text"`
}

// Seen reads a probe's facts as a T. What was not reached, and in a report that was written by hand what has
// another type, stays empty.
func Seen[T any](r *Report, name string) (facts T) {
	for _, row := range r.Probes {
		if row.Name == name {
			_ = json.Unmarshal(row.Facts, &facts)
		}
	}
	return facts
}

// Counts is false for a probe that ran only because a chosen one needs it.
func Counts(row Probe) bool {
	var facts struct {
		Uncounted bool `json:"uncounted"`
	}
	_ = json.Unmarshal(row.Facts, &facts)
	return !facts.Uncounted
}

// Addresses are all that this host was seen to come from, safe to print, each once: those of the call's path first.
func (e EgressSeen) Addresses() []string {
	var all []string
	for _, address := range slices.Concat(e.IPv4, e.IPv6, e.DNSSeen) {
		if address = screen.Clean(address); address != "" && !slices.Contains(all, address) {
			all = append(all, address)
		}
	}
	return all
}

// Ends is when the first certificate ends that the service needs; zero where none was presented.
func (t TlsSeen) Ends() time.Time {
	switch first := t.Trust.FirstToEnd; {
	case len(t.Chain) == 0:
		return time.Time{}
	case first != nil && !first.NotAfter.IsZero() && first.NotAfter.Before(t.Chain[0].NotAfter):
		return first.NotAfter
	}
	return t.Chain[0].NotAfter
}

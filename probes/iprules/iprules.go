// Package iprules is the arithmetic of the API key's IP access rules: parse, match, lint. It is pure:
// no files, no network, no clock.
//
// The control panel takes at most five rules, each an IPv4 address or prefix from /25 to /32 with the
// type Allow or Deny (support.opensrs.com, "API key & IP access"). Which rule wins where an Allow and a
// Deny both match is not documented, so every question is answered under three readings, and where they
// disagree the verdict is "ambiguous".
package iprules

import (
	"net/netip"

	"opensrs-doctor/probes/service"
)

// Action is the type of a rule.
type Action string

// The two types of a rule.
const (
	Allow Action = "allow"
	Deny  Action = "deny"
)

// limits are those of the control panel.
var limits = &service.OpenSRS.Rules

// Rule is one access rule, as read. Prefix keeps host bits that were set (netip.Prefix.Masked drops them),
// and may be anything that parses: what the panel would refuse is Lint's business.
type Rule struct {
	Action Action
	Prefix netip.Prefix
	Text   string // as given, trimmed
	Source string // where it is: a path, "--rule", "config"
	Line   int    // in Source, from 1
}

// String is the rule in its plain form, "allow 203.0.113.0/25".
func (r Rule) String() string { return string(r.Action) + " " + r.Prefix.String() }

// Readings of a list: the ways in which it may be meant.
const (
	FirstMatch   = "first-match"
	MostSpecific = "most-specific"
	DenyWins     = "deny-wins"
)

// Verdicts of a list on an address.
const (
	VerdictAllow     = "allow"
	VerdictDeny      = "deny"
	VerdictAmbiguous = "ambiguous" // the readings disagree
	VerdictUnknown   = "unknown"   // an empty list: what it means is not documented
	VerdictPartly    = "partly"    // of several addresses: some allowed, some not
)

// Result is what a list says of one address.
type Result struct {
	IP       netip.Addr        `json:"ip"`
	Verdict  string            `json:"verdict" anonymize:"keep"`
	Rule     *int              `json:"rule"`                              // from 1: the rule that the first-match reading takes; null: none matches
	Readings map[string]string `json:"readings" anonymize:"keep"`         // reading -> "allow" or "deny"; null for an empty list
	Reason   string            `json:"reason,omitempty" anonymize:"keep"` // why Verdict differs from them: ReasonNeverPublic

	MatchedAllow []int `json:"-"` // numbers from 1 of the Allow rules that match
	MatchedDeny  []int `json:"-"`
}

// Problem is one thing that is wrong or doubtful in a list.
type Problem struct {
	ID       string `json:"id" anonymize:"keep"`       // "too-many", "too-wide", "not-ipv4", "host-bits", "duplicate", …
	Severity string `json:"severity" anonymize:"keep"` // "error": the panel would refuse it, or it lets nobody in; "warning"
	Rule     int    `json:"rule"`                      // number from 1; 0: the whole list
	Source   string `json:"source,omitempty" anonymize:"path"`
	Line     int    `json:"line,omitempty"`
	Text     string `json:"text" anonymize:"text"` // what is wrong, one sentence
	Fix      string `json:"fix" anonymize:"text"`  // what to do, begins with a verb
}

// Package fleet makes one answer of the reports of many hosts: how they end and why, what parts those that fail from the
// others, which keys and addresses they use. Reports come one after the other, and of each only what is compared is kept.
package fleet

import (
	"encoding/json"
	"time"
)

// Schema names the form of the JSON document.
const Schema = "opensrs-doctor/fleet/v1"

// Fleet is the answer. Lists have a fixed order: the same reports give the same document, in whatever order they come.
type Fleet struct {
	Schema     string            `json:"schema"`
	Hosts      int               `json:"hosts"`    // that have a report which can be read; of several the newest counts
	Verdict    string            `json:"verdict"`  // the worst; incomplete where there is no host
	Verdicts   map[string]int    `json:"verdicts"` // hosts by verdict: pass, warn, fail, incomplete
	Causes     []Cause           `json:"causes"`   // root causes, most hosts first
	Separating []Separating      `json:"separating"`
	Tried      int               `json:"facts_tried"` // values of facts that were compared for it
	Keys       []Key             `json:"keys"`        // most hosts first
	Egress     []Address         `json:"egress"`      // most hosts first
	Chains     []Chain           `json:"chains"`      // by who issued the service's certificate, most hosts first
	Versions   []Version         `json:"versions"`    // of the tool
	Clocks     []Clock           `json:"clocks"`      // hosts whose clock is off by a minute or more, worst first
	Plan       json.RawMessage   `json:"plan"`        // as rules plan; null where no address is known
	Compare    []string          `json:"compare"`     // two reports to compare by diff: one that fails, one that does not
	Notes      []string          `json:"notes"`       // what was left out of a comparison, and why
	Unreadable []Unreadable      `json:"unreadable"`  // the first MaxUnreadable
	Unread     int               `json:"unreadable_total"`
	Grid       []GridHost        `json:"-"` // hosts that do not pass, for the page
	From       time.Time         `json:"-"` // of the oldest and the newest report that counts
	Until      time.Time         `json:"-"`
	Examples   map[string]string `json:"-"` // a host's name -> the file of its report
}

// Cause is a root cause and the hosts that have it.
type Cause struct {
	Cause    string   `json:"cause"`
	Severity string   `json:"severity"`
	Hosts    int      `json:"hosts"`
	Examples []string `json:"examples"` // up to MaxExamples hosts, by name
	Summary  string   `json:"summary"`  // in the words of the first of them
	Fix      string   `json:"fix"`      // the first step of the first of them
}

// Count is how many hosts have something, of how many of whom it is known.
type Count struct {
	Hosts int `json:"hosts"`
	Of    int `json:"of"`
}

// Separating is a fact that the hosts with a cause share and the healthy ones lack.
type Separating struct {
	Cause   string  `json:"cause"`
	Fact    string  `json:"fact"`
	Value   string  `json:"value"`
	With    Count   `json:"with"`    // of the hosts with the cause, how many have the value
	Without Count   `json:"without"` // of the healthy ones, how many have it
	And     *Value  `json:"and,omitempty"`
	P       float64 `json:"p"` // how likely chance gives it somewhere among all that was tried
}

// Value is a second fact that goes with the first: only both together part the hosts.
type Value struct {
	Fact  string `json:"fact"`
	Value string `json:"value"`
}

// Key is an API key by its fingerprint.
type Key struct {
	Fingerprint string   `json:"fingerprint"` // "": none, or none that may be shown
	Hosts       int      `json:"hosts"`
	Names       []string `json:"names"`   // of the hosts, up to MaxNames
	Sources     []string `json:"sources"` // where they read it
}

// Address is a public address that hosts leave from.
type Address struct {
	Address string   `json:"address"`
	Hosts   int      `json:"hosts"`
	Names   []string `json:"names"`   // of the hosts, up to MaxNames
	Verdict string   `json:"verdict"` // of the rules that were given: allow, deny, ambiguous, unknown; "mixed" where they differ
}

// Chain is who issued the certificate that the service presented.
type Chain struct {
	Issuer   string   `json:"issuer"`
	Hosts    int      `json:"hosts"`
	Examples []string `json:"examples"`
}

// Version is one of the tool.
type Version struct {
	Version string `json:"version"`
	Hosts   int    `json:"hosts"`
}

// Clock is a host whose clock is off.
type Clock struct {
	Host     string  `json:"host"`
	OffsetMS float64 `json:"offset_ms"` // ahead is positive
}

// Unreadable is what is not a report, or none that this release reads.
type Unreadable struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"` // of a file with a report a line
	Why  string `json:"why"`
}

// GridHost is a host and its causes.
type GridHost struct {
	Name, Verdict string
	Causes        []string
}

// Bounds of the lists.
const (
	MaxUnreadable = 1000
	MaxExamples   = 20
	MaxNames      = 1000
	MaxGrid       = 3000
)

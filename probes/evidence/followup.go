package evidence

import (
	"net/netip"
	"time"

	"opensrs-doctor/probes/foreign"
)

// Control is a well-known peer, asked only after a failure.
type Control struct {
	Peer      string        `json:"peer" anonymize:"peer"` // HOST:PORT
	Path      Way           `json:"path" anonymize:"keep"` // WayDirect or WayProxy
	Connected bool          `json:"connected"`
	TookMS    float64       `json:"took_ms"`
	Failure   *Failure      `json:"failure,omitempty"`
	TLS       *Trust        `json:"tls_trust,omitempty"` // nil: not asked, or no TLS there
	Chain     []Certificate `json:"chain,omitempty"`
}

// ControlPeers are the control peers that a connection reached, and those it did not, each named once.
func (e *Evidence) ControlPeers() (good, bad []string) {
	seen := map[string]bool{}
	for _, control := range e.Controls {
		if control.Connected && !seen[control.Peer] {
			seen[control.Peer] = true
			good = append(good, control.Peer)
		}
	}
	for _, control := range e.Controls {
		if !seen[control.Peer] {
			seen[control.Peer] = true
			bad = append(bad, control.Peer)
		}
	}
	return good, bad
}

// StatusPage is what the service says of itself.
type StatusPage struct {
	URL         string         `json:"url" anonymize:"text"`
	Indicator   foreign.Text   `json:"indicator,omitzero" anonymize:"keep"` // none, minor, major, critical, maintenance
	Description foreign.Text   `json:"description,omitzero" anonymize:"text"`
	Incidents   []foreign.Text `json:"incidents,omitempty" anonymize:"text"` // unresolved ones
	Page        *Page          `json:"page,omitempty"`
	Failure     *Failure       `json:"failure,omitempty"`
}

// Witness is a third party that answers on the service's own port.
type Witness struct {
	URL          string     `json:"url" anonymize:"text"`
	Peer         string     `json:"peer" anonymize:"peer"` // HOST:PORT
	Connected    bool       `json:"connected"`
	Address      netip.Addr `json:"address,omitzero"` // that it saw; not set where it names none
	LocalAddress netip.Addr `json:"local_address,omitzero"`
	TookMS       float64    `json:"took_ms"`
	Failure      *Failure   `json:"failure,omitempty"`
}

// Direct is, with a proxy, what the way without it does.
type Direct struct {
	Resolves bool     `json:"resolves"`
	Attempt  *Attempt `json:"attempt,omitempty"` // nil: no answer before the run ended, or no address
	Failure  *Failure `json:"failure,omitempty"`
}

// ClockSample is the time that one peer told.
type ClockSample struct {
	Peer     string  `json:"peer" anonymize:"peer"`
	OffsetMS float64 `json:"offset_ms"` // peer's Date minus local clock; a Date has whole seconds
	Verified bool    `json:"verified"`  // by a certificate that is right but for its dates, or right
}

// Clock is the local clock against the peers' HTTP Date.
type Clock struct {
	Samples  []ClockSample `json:"samples"`
	Agreeing int           `json:"agreeing"`  // peers that agree with each other within a minute
	OffsetMS float64       `json:"offset_ms"` // their median: positive where the local clock is behind
}

// WrongClock is the least offset that counts by itself. A smaller one counts where a certificate's dates fail on it.
const WrongClock = 5 * time.Minute

// Offset is how far the local clock is off, where at least two peers agree on it: positive where it is behind.
func (c *Clock) Offset() (time.Duration, bool) {
	if c == nil || c.Agreeing < 2 || 2*c.Agreeing <= len(c.Samples) {
		return 0, false
	}
	return time.Duration(c.OffsetMS * float64(time.Millisecond)), true
}

// TrueTime is when the run began: by the peers, where they show that this host's clock is wrong.
func (e *Evidence) TrueTime() time.Time {
	if offset, known := e.Clock.Offset(); known && offset.Abs() >= WrongClock {
		return e.StartedAt.Add(offset)
	}
	return e.StartedAt
}

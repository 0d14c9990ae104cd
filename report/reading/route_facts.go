package reading

import (
	"net/netip"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
)

// What the drawing needs of a probe's facts. Addresses are texts: an anonymized report holds tokens in their
// place. A member that is missing, or of another type in a report of another release, stays empty.

type NameFacts struct {
	Literal bool         `json:"literal"`
	OfProxy bool         `json:"of_proxy"`
	Used    string       `json:"used"`
	Answers []AnswerTime `json:"answers"`
	MadeUp  *AnswerTime  `json:"made_up"`
	Other   *AnswerTime  `json:"other"`
}

type AnswerTime struct {
	Resolver string       `json:"resolver"`
	TookMS   float64      `json:"took_ms"`
	Failure  *FailureFact `json:"failure"`
	Pending  bool         `json:"pending"`
}

type AddressFacts struct {
	Given     bool     `json:"given"`
	IPv4      []string `json:"ipv4"`
	IPv6      []string `json:"ipv6"`
	DNSSeen   []string `json:"dns_seen"`
	Sightings []struct {
		Source  string       `json:"source"`
		Path    string       `json:"path"`
		Late    bool         `json:"late"`
		TookMS  float64      `json:"took_ms"`
		Failure *FailureFact `json:"failure"`
	} `json:"sightings"`
}

type ConnectionFacts struct {
	Attempts   []attemptFact `json:"attempts"`
	Connected  string        `json:"connected"`
	OtherPorts []attemptFact `json:"other_ports"`
	Path       *WalkFacts    `json:"path"`
	RoundTrips *tripFacts    `json:"round_trips"`
	Failure    *FailureFact  `json:"failure"` // of the probe
	Controls   []struct {
		Peer      string  `json:"peer"`
		Connected bool    `json:"connected"`
		TookMS    float64 `json:"took_ms"`
	} `json:"controls"`
	Direct *struct {
		Attempt *attemptFact `json:"attempt"`
	} `json:"direct"`
	ThisHost *evidence.ThisHost `json:"this_host"`
}

type attemptFact struct {
	Address   string       `json:"address"`
	Connected bool         `json:"connected"`
	TookMS    float64      `json:"took_ms"`
	Failure   *FailureFact `json:"failure"`
}

// tripFacts are the connections of a deep run on which nothing was sent.
type tripFacts struct {
	To       string  `json:"to"`
	Answered int     `json:"answered"` // connected, or refused
	Refused  int     `json:"refused"`
	MinMS    float64 `json:"min_ms"`
}

// ConnectionOf are the facts of a run's port, as far as endings ask for them, as its report saves them.
func ConnectionOf(e *evidence.Evidence) ConnectionFacts {
	var c ConnectionFacts
	if e.Port == nil {
		return c
	}
	kindOf := func(f *evidence.Failure) *FailureFact {
		if f == nil {
			return nil
		}
		return &FailureFact{Kind: string(f.Kind)}
	}
	for _, a := range e.Port.Attempts {
		c.Attempts = append(c.Attempts, attemptFact{Address: a.Address.String(), Connected: a.Connected, TookMS: a.TookMS,
			Failure: kindOf(a.Failure)})
	}
	if e.Port.Connected.IsValid() {
		c.Connected = e.Port.Connected.String()
	}
	if trips := e.Port.RoundTrips; trips != nil {
		c.RoundTrips = &tripFacts{To: trips.To.String(), Answered: trips.Answered, Refused: trips.Refused, MinMS: trips.MinMS}
	}
	c.Path, c.Failure, c.ThisHost = WalkOf(e), kindOf(e.Step("port").Failure), e.ThisHost
	return c
}

// Tried is the address and port that the connection came to, or whose failure is the probe's: of several, not always the
// first. "" where none was tried.
func (c ConnectionFacts) Tried() string {
	if c.Connected != "" || len(c.Attempts) == 0 {
		return c.Connected
	}
	for _, attempt := range c.Attempts {
		if attempt.Failure != nil && c.Failure != nil && attempt.Failure.Kind == c.Failure.Kind {
			return attempt.Address
		}
	}
	return c.Attempts[0].Address
}

type HandshakeFacts struct {
	Variants []struct {
		Name    string  `json:"name"`
		NotMade string  `json:"not_made"`
		Works   bool    `json:"works"`
		TookMS  float64 `json:"took_ms"`
	} `json:"variants"`
	Trust struct {
		Issuer    string `json:"issuer"`
		IssuerCN  string `json:"issuer_common_name"`
		IssuerOrg string `json:"issuer_organization"`
		Product   string `json:"inspection_product"`
	} `json:"trust"`
}

type ReplyFacts struct {
	Sent   bool    `json:"sent"`
	TookMS float64 `json:"took_ms"`
}

type FailureFact struct {
	Kind string `json:"kind"`
}

// Inside reports whether an address is one that the internet does not route: its owner is still behind address
// translation. known is false for a token.
func Inside(text string) (private, known bool) {
	address, err := netip.ParseAddr(text)
	if err != nil {
		return false, false
	}
	return iprules.NeverPublic(address) != "", true
}

package report

import (
	"net/netip"

	"opensrs-doctor/probes/iprules"
)

// What the drawing needs of a probe's facts. Addresses are texts: an anonymized report holds tokens in their
// place. A member that is missing, or of another type in a report of another release, stays empty.

type nameFacts struct {
	Literal bool         `json:"literal"`
	OfProxy bool         `json:"of_proxy"`
	Used    string       `json:"used"`
	Answers []answerTime `json:"answers"`
	MadeUp  *answerTime  `json:"made_up"`
	Other   *answerTime  `json:"other"`
}

type answerTime struct {
	Resolver string       `json:"resolver"`
	TookMS   float64      `json:"took_ms"`
	Failure  *failureFact `json:"failure"`
	Pending  bool         `json:"pending"`
}

type addressFacts struct {
	Given     bool     `json:"given"`
	IPv4      []string `json:"ipv4"`
	IPv6      []string `json:"ipv6"`
	DNSSeen   []string `json:"dns_seen"`
	Sightings []struct {
		Source  string       `json:"source"`
		Path    string       `json:"path"`
		Late    bool         `json:"late"`
		TookMS  float64      `json:"took_ms"`
		Failure *failureFact `json:"failure"`
	} `json:"sightings"`
}

type connectionFacts struct {
	Attempts   []attemptFact `json:"attempts"`
	Connected  string        `json:"connected"`
	OtherPorts []attemptFact `json:"other_ports"`
	Path       *walkFacts    `json:"path"`
	Controls   []struct {
		Peer      string  `json:"peer"`
		Connected bool    `json:"connected"`
		TookMS    float64 `json:"took_ms"`
	} `json:"controls"`
	Direct *struct {
		Attempt *attemptFact `json:"attempt"`
	} `json:"direct"`
}

type attemptFact struct {
	Address   string  `json:"address"`
	Connected bool    `json:"connected"`
	TookMS    float64 `json:"took_ms"`
}

type walkFacts struct {
	Available  bool      `json:"available"`
	Why        string    `json:"why"`
	Answer     *hopFact  `json:"answer"`
	Port       []hopFact `json:"port"`
	Compare    []hopFact `json:"compare"`
	ComparedTo int       `json:"compared_to"`
	Distance   int       `json:"distance"`
}

type hopFact struct {
	TTL      int     `json:"ttl"`
	Answer   string  `json:"answer"`
	From     string  `json:"from"`
	FromSelf bool    `json:"from_self"`
	TookMS   float64 `json:"took_ms"`
}

type handshakeFacts struct {
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

type replyFacts struct {
	Sent   bool    `json:"sent"`
	TookMS float64 `json:"took_ms"`
}

type failureFact struct {
	Kind string `json:"kind"`
}

// inside reports whether an address is one that the internet does not route: its owner is still behind address
// translation. known is false for a token.
func inside(text string) (private, known bool) {
	address, err := netip.ParseAddr(text)
	if err != nil {
		return false, false
	}
	return iprules.NeverPublic(address) != "", true
}

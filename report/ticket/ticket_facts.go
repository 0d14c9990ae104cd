package ticket

import (
	"time"

	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/report/reading"
)

// The facts that the letter to the support engineer is made of, read as the other formats read theirs (facts.go):
// addresses are texts, and tokens in an anonymized report.

type failureSeen struct {
	Kind   string       `json:"kind"`
	Detail foreign.Text `json:"detail"`
}

// presentedChain is what openssl s_client would tell.
type presentedChain struct {
	Handshake   bool   `json:"handshake"`
	Version     string `json:"version"`
	CipherSuite string `json:"cipher_suite"`
	Chain       []struct {
		Subject   string    `json:"subject"`
		Issuer    string    `json:"issuer"`
		NotBefore time.Time `json:"not_before"`
		NotAfter  time.Time `json:"not_after"`
		SHA256    string    `json:"sha256"`
		PEM       string    `json:"pem"`
	} `json:"chain"`
	CAFile string `json:"ca_file"`
	Trust  *struct {
		System  bool   `json:"system"`
		Public  bool   `json:"public"`
		Own     *bool  `json:"by_ca_file"`
		NameOK  bool   `json:"name_ok"`
		DatesOK bool   `json:"dates_ok"`
		Missing string `json:"missing_issuer"`
	} `json:"trust"`
	Alert    string       `json:"alert"`
	Quote    string       `json:"quote"`
	Failure  *failureSeen `json:"failure"`
	Variants []struct {
		Name    string `json:"name"`
		NotMade string `json:"not_made"`
		Works   bool   `json:"works"`
	} `json:"variants"`
}

// sightingsSeen is what curl icanhazip.com would tell.
type sightingsSeen struct {
	Given     bool     `json:"given"`
	IPv4      []string `json:"ipv4"`
	IPv6      []string `json:"ipv6"`
	Sightings []struct {
		Source  string       `json:"source"`
		Path    string       `json:"path"`
		Address string       `json:"address"`
		Failure *failureSeen `json:"failure"`
	} `json:"sightings"`
}

// waySeen is what ping and traceroute would tell.
type waySeen struct {
	RoundTrips *struct {
		To       string       `json:"to"`
		Sent     int          `json:"sent"`
		Answered int          `json:"answered"`
		Refused  int          `json:"refused"`
		Lost     int          `json:"lost"`
		Failed   int          `json:"failed"`
		Resent   *int         `json:"resent"`
		MinMS    float64      `json:"min_ms"`
		MedianMS float64      `json:"median_ms"`
		MaxMS    float64      `json:"max_ms"`
		Failure  *failureSeen `json:"failure"`
	} `json:"round_trips"`
	Path *reading.WalkFacts `json:"path"`
}

// namesSeen is what the name servers said.
type namesSeen struct {
	Name      string       `json:"name"`
	OfProxy   bool         `json:"of_proxy"`
	Literal   bool         `json:"literal"`
	Used      string       `json:"used"`
	HostsFile string       `json:"hosts_file"`
	Answers   []answerSeen `json:"answers"`
	Endpoint  *answerSeen  `json:"endpoint"`
}

type answerSeen struct {
	Resolver string   `json:"resolver"`
	A        []string `json:"a"`
	AAAA     []string `json:"aaaa"`
	TookMS   float64  `json:"took_ms"`
	Replies  []struct {
		Type    string `json:"type"`
		Rcode   string `json:"rcode"`
		Records []struct {
			Type  string `json:"type"`
			TTL   uint32 `json:"ttl"`
			Value string `json:"value"`
		} `json:"records"`
		Failure *failureSeen `json:"failure"`
	} `json:"replies"`
	Failure *failureSeen `json:"failure"`
}

// replySeen is the reply to the test call: its code and text, never its attributes.
type replySeen struct {
	HTTPStatus int          `json:"http_status"`
	Code       string       `json:"response_code"`
	Text       string       `json:"response_text"`
	Quote      string       `json:"quote"`
	Location   string       `json:"location"`
	Failure    *failureSeen `json:"failure"`
}

// Package observed holds what the sandbox saw of its clients' requests. It opens nothing: the rooms that put it into words need no
// sandbox for it.
package observed

import (
	"net/netip"
	"slices"
	"time"

	"opensrs-doctor/probes/inspect"
	"opensrs-doctor/probes/mistakes"
)

// Observation is what the sandbox saw of one request to the API, or of a connection that came to none, and
// what it answered. The key, the right signature and the balance are in no part of it, and of what the client
// sent only what package opensrs has found to be harmless.
type Observation struct {
	Number int        // of the request, from 1 in the order of their answers; 0: the connection came to none
	At     time.Time  // when it was answered
	Caller netip.Addr // the address that it counts as
	Broken Broken     // why there is no request; "": there is one

	// Refusable is the fault for which a client that ends the handshake does right; "": there is none such.
	Refusable string

	Bytes     int               // of the body, as far as it came
	Command   string            // one of Commands or Dummies, WhoAmI, "other"; "": none was looked at
	Dummy     bool              // the answer has dummy values
	Findings  []inspect.Finding // what is wrong with the form of the request, and with its body
	Signature *mistakes.Verdict // nil: there was nothing to be judged
	Shape     mistakes.SignatureShape
	Problems  []Problem      // what else is wrong
	User      string         // the sandbox's own user, for the words about another one
	Address   AddressVerdict // what the rules say to Caller

	Status int    // HTTP status of the answer; 0: there was none
	Code   int    // response_code of the answer; 0: it is not an envelope
	Text   string // response_text of the answer, or the words for its HTTP status
	Fault  string // the fault that decided on the answer; "": the request did
}

// The commands that the sandbox answers as the service does, and those to which it gives dummy values.
var (
	Commands = []string{"GET_BALANCE", "LOOKUP"}
	Dummies  = []string{"NAME_SUGGEST", "GET_PRICE", "GET", "GET_DOMAINS_BY_EXPIREDATE"}
)

// WhoAmI is the Command of a request that asks for the address it comes from.
const WhoAmI = "GET /ip"

// Mistakes are the IDs of everything that is wrong, the address aside, each once, in the order in which they are told.
func (o *Observation) Mistakes() []string {
	var ids []string
	add := func(id string) {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, finding := range o.Findings {
		add(finding.ID)
	}
	if o.Signature != nil {
		for _, id := range o.Signature.Mistakes {
			add(id)
		}
	}
	for _, problem := range o.Problems {
		add(problem.ID)
	}
	return ids
}

// Wrong reports whether the client has made a mistake: one of Mistakes, or a connection that came to no request by its
// doing. An address that the rules refuse is none, nor is a connection that was opened and left.
func (o *Observation) Wrong() bool {
	switch o.Broken {
	case "":
		return len(o.Mistakes()) > 0
	case BrokenHungUp, BrokenSilent:
		return false
	case BrokenUntrusted, BrokenExpired, BrokenNoVersion, BrokenOther:
		return o.Refusable == ""
	}
	return true
}

// Problem is something wrong with a request that only a service can notice.
type Problem struct {
	ID     string
	Detail string // in our own words; "": none
}

// IDs of problems.
const (
	NotHTTP              = "not-http"       // the head is none, or holds a line that is no header; Detail says which
	AmbiguousHead        = "ambiguous-head" // two servers would read it differently; Detail says where
	HostMissing          = "host-missing"   // HTTP/1.1 without a Host header
	HeadTooBig           = "head-too-big"   // over 16 KiB, or 200 headers
	Unfinished           = "unfinished"     // the head breaks off
	EmptyBody            = "empty-body"
	BodyTooBig           = "body-too-big"          // over 1 MiB
	SignatureUnexplained = "signature-unexplained" // wrong, and there was no search; Detail says why not
	Username             = "username"              // not the sandbox's user
	NoDomain             = "no-domain"             // a command about a domain without a domain name
	Attribute            = "attribute"             // one is missing or wrong; Detail says which and how
	Unverified           = "certificate-unchecked" // a client that verifies certificates would not have sent this
	UnknownCommand       = "unknown-command"       // one that the sandbox does not know
	TooManyCommands      = "too-many-commands"     // on this connection
)

// ProblemIDs are all of them.
var ProblemIDs = []string{NotHTTP, AmbiguousHead, HostMissing, HeadTooBig, Unfinished, EmptyBody, BodyTooBig, SignatureUnexplained,
	Username, NoDomain, Attribute, Unverified, UnknownCommand, TooManyCommands}

// AddressVerdict is how the rules judged a caller.
type AddressVerdict struct {
	Verdict string // of iprules: allow, deny, ambiguous, unknown (there are no rules)
	Rule    int    // from 1: the rule that decided; 0: none
	Text    string // of that rule
}

// Broken says how a connection ended before there was a request.
type Broken string

// The ways to end early. Untrusted, Expired and NoVersion are what the client's TLS said.
const (
	BrokenUntrusted Broken = "untrusted"  // the client does not trust the certificate
	BrokenExpired   Broken = "expired"    // the client finds that it has expired
	BrokenNoVersion Broken = "no-version" // there is no TLS version that both speak
	BrokenNotTLS    Broken = "not-tls"    // the client speaks something else; mostly plain HTTP
	BrokenHungUp    Broken = "hung-up"
	BrokenSilent    Broken = "silent" // it took longer than the sandbox waits
	BrokenOther     Broken = "other"
	BrokenInside    Broken = "inside" // the sandbox itself failed over it
)

// BrokenWays are all of them.
var BrokenWays = []Broken{BrokenUntrusted, BrokenExpired, BrokenNoVersion, BrokenNotTLS, BrokenHungUp, BrokenSilent,
	BrokenOther, BrokenInside}

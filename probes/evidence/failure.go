package evidence

import "opensrs-doctor/probes/foreign"

// Kind is what went wrong in one operation, as a closed list. It is a fact, not a cause: the same
// kind (say, a reset) has many causes, and package report tells them apart.
type Kind string

// The kinds. Each says what was observed, never who is to blame.
const (
	KindRefused       Kind = "refused"        // TCP RST in answer to the SYN
	KindReset         Kind = "reset"          // TCP RST on an established connection
	KindHungUp        Kind = "hung-up"        // orderly close where an answer was due
	KindTimeout       Kind = "timeout"        // silence until the budget was spent
	KindProhibited    Kind = "prohibited"     // ICMP "administratively prohibited"
	KindUnreachable   Kind = "unreachable"    // ICMP host, net or protocol unreachable, or no ARP answer
	KindNoRoute       Kind = "no-route"       // this host's own routing table has no way
	KindNotPermitted  Kind = "not-permitted"  // EPERM or EACCES: this host's own policy
	KindNoAddress     Kind = "no-address"     // the source address is not on this host
	KindNoPort        Kind = "no-port"        // this host has no source port left
	KindInUse         Kind = "in-use"         // another socket of this host has the address and port
	KindExhausted     Kind = "exhausted"      // this host is out of memory for sockets
	KindNoDescriptors Kind = "no-descriptors" // this process, or this host, is out of file descriptors
	KindNXDomain      Kind = "nxdomain"       // the name does not exist
	KindServFail      Kind = "servfail"       // the resolver failed
	KindDNSRefused    Kind = "dns-refused"    // the resolver refuses to answer
	KindNoData        Kind = "no-data"        // the name exists, without the record asked for
	KindBadAnswer     Kind = "bad-answer"     // an answer that does not parse or has no usable content
	KindNotTLS        Kind = "not-tls"        // the peer speaks something else
	KindAlert         Kind = "alert"          // the peer ended the handshake with a TLS alert
	KindVersion       Kind = "version"        // no TLS version in common
	KindUntrusted     Kind = "untrusted"      // the certificate did not verify
	KindProxyDenied   Kind = "proxy-denied"   // the proxy refuses the target
	KindProxyAuth     Kind = "proxy-auth"     // the proxy wants a login, or another one
	KindProxyUpstream Kind = "proxy-upstream" // the proxy could not reach the target
	KindNotHTTP       Kind = "not-http"       // the reply is no HTTP
	KindMalformed     Kind = "malformed"      // cut short, not well-formed, over a size limit
	KindHTTPStatus    Kind = "http-status"    // an HTTP status that is not the one hoped for
	KindRefusedByAPI  Kind = "refused-by-api" // the API answered with a code that is not success
	KindCanceled      Kind = "canceled"       // the user interrupted, or the run ended first
	KindUnclassified  Kind = "unclassified"   // none of the above; Detail has the words
)

// Unanswered: nothing came back, or word from the network that there is no way.
func (k Kind) Unanswered() bool {
	return k == KindTimeout || k == KindUnreachable || k == KindNoRoute
}

// Unconnected: the connection did not come about.
func (k Kind) Unconnected() bool {
	return k.Unanswered() || k == KindRefused || k == KindNotPermitted || k == KindProhibited
}

// Op is what was tried when a Failure came.
type Op string

// The operations.
const (
	OpResolve        Op = "resolve" // a name, by this system
	OpQuery          Op = "query"   // a name server
	OpConnect        Op = "connect"
	OpToProxy        Op = "connect to the proxy"
	OpProxyHandshake Op = "handshake with the proxy"
	OpThroughProxy   Op = "connect through the proxy" // CONNECT, or the SOCKS request
	OpHandshake      Op = "handshake"
	OpVerify         Op = "verify" // a certificate
	OpFetch          Op = "fetch"  // a page
	OpRead           Op = "read"   // what the page says
	OpCall           Op = "call"
	OpListen         Op = "listen" // of the sandbox
)

// Failure is one operation that did not succeed.
type Failure struct {
	Op     Op           `json:"op" anonymize:"keep"`               // what was tried
	Kind   Kind         `json:"kind" anonymize:"keep"`             // what was observed
	Detail foreign.Text `json:"detail,omitzero" anonymize:"quote"` // the original words, or ours; for people only
	Err    error        `json:"-"`                                 // the original, for tests and logs of nothing
}

func (f *Failure) Error() string {
	return string(f.Op) + ": " + string(f.Kind) + ": " + f.Detail.String()
}

// Unwrap gives the original error.
func (f *Failure) Unwrap() error { return f.Err }

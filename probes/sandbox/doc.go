// Package sandbox is an OpenSRS-like service on this machine: for people who write clients, for trying
// opensrs-doctor out, and for its tests. Nothing in it is simulated: there are real sockets, TLS with
// certificates of its own, signatures, access rules, and with a fault the world that this fault makes.
//
//	s, err := sandbox.Start(sandbox.Config{Fault: "tls.expired"})
//	defer s.Close()
//	options := s.Client() // what the check that meets this fault is given
//
// # What it is not
//
// The account has one user and a fixed balance. Names are available or taken by their first label. What NAME_SUGGEST,
// GET_PRICE, GET and GET_DOMAINS_BY_EXPIREDATE answer besides has the service's form and dummy values. An
// address that the readings of a list disagree on is refused. Where the service's behaviour is not
// documented (chunked bodies, other paths), the sandbox answers with the plain HTTP status for it and
// says so in its log.
//
// # Addresses
//
// Every caller on this machine counts as CallerAddress: the egress sources say so and the rules judge that
// address. GET /ip on the API's port answers with it, whatever the fault of the API's answers. A caller from elsewhere
// counts as itself.
//
// Only the API listens on Config.Listen, and the certificates name that address. Everything around it, from the egress
// sources to a fault's proxy and name server, can be reached from this machine alone. Start opens all listening sockets
// in the goroutine that calls it, so that "this machine" is a network namespace for whoever has locked its thread into
// one.
//
// What is around the service has names, such as source-1.sandbox.test, in the setting of the check inside this program
// (Client). No resolver of this host is asked for them: they are in that setting, and the proxy's is looked up at the
// sandbox's own name server.
//
// # Faults
//
// A fault is named by the cause that it shows; Faults lists them. One that needs packets to be lost,
// hops, or a host without a network cannot be shown on loopback: that is the lab's job, which builds
// networks and shares this package's certificates (Authority).
package sandbox

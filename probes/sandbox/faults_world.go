package sandbox

import (
	"net"
	"net/http"
	"net/netip"
	"time"

	"opensrs-doctor/probes/lazy"

	"github.com/miekg/dns"
)

// OtherAddress is the second address where a fault shows two: of a pool, or through a proxy.
const OtherAddress = "203.0.113.11"

// clockAhead is how far the services' clocks run ahead of this host's where its clock shall look wrong.
const clockAhead = 2 * 365 * 24 * time.Hour

var worldFaults = lazy.Value[[]fault]{Make: func() []fault {
	return []fault{
		{id: "config.api-key-malformed", prepare: func(p *plan) error {
			p.sandbox.client.Key = []byte(`"` + string(p.sandbox.Key) + `"`)
			return nil
		}},
		{id: "config.credentials-missing", prepare: func(p *plan) error {
			p.sandbox.client.Username, p.sandbox.client.Key = "", nil
			return nil
		}},
		{id: "host.clock-wrong", server: true, shakes: mustRefuse, prepare: func(p *plan) error {
			p.ahead = clockAhead
			return nil
		}},
		{id: "service.incident", server: true, prepare: func(p *plan) error {
			p.incident, p.answer = true, answerStatus(http.StatusServiceUnavailable)
			return nil
		}},
		{id: "egress.unknown", server: true, prepare: func(p *plan) error {
			p.deaf = true
			return nil
		}},
		{id: "egress.unstable", server: true, prepare: func(p *plan) error {
			p.sees[1] = OtherAddress
			return nil
		}},
		{id: "port.refused", server: true, prepare: func(p *plan) error {
			p.closed = true
			return nil
		}},
		// The API says no in a way that no cause is known for.
		{id: "unexplained", server: true, prepare: func(p *plan) error {
			p.answer = answerCode(codeBad, "Invalid Command: this sandbox declines, and does not say why")
			return nil
		}},
	}
}}

// The faults of DNS come with a resolver: the service has a name that nobody else knows.
var dnsFaults = lazy.Value[[]fault]{Make: func() []fault {
	return []fault{
		{id: "dns.nxdomain", server: true, prepare: resolvedBy(resolving())},
		{id: "dns.servfail", server: true, prepare: resolvedBy(failing(dns.RcodeServerFailure))},
		{id: "dns.refused", server: true, prepare: resolvedBy(failing(dns.RcodeRefused))},
		{id: "dns.no-ipv4", server: true, prepare: resolvedBy(resolving("::1"))},
		{id: "dns.sinkholed", server: true, prepare: func(p *plan) error {
			p.closed = true // 127.0.0.1 is the answer, and the service is not there
			return resolvedBy(resolving("127.0.0.1"))(p)
		}},
		{id: "dns.captive-portal", server: true, prepare: func(p *plan) error {
			p.raw = speakPortal
			return resolvedBy(everyName(p.clientHost()))(p)
		}},
		{id: "dns.resolver-unreachable", server: true, prepare: func(p *plan) error {
			p.named = true
			at, err := p.absentResolver()
			p.sandbox.client.Resolvers = []string{at}
			return err
		}},
		{id: "dns.slow-resolver", server: true, prepare: func(p *plan) error {
			at, err := p.silentResolver()
			p.sandbox.client.Resolvers = []string{at} // build adds the one that answers
			p.named, p.resolver = true, resolving(p.clientHost())
			return err
		}},
	}
}}

func resolvedBy(by resolver) func(*plan) error {
	return func(p *plan) error {
		p.named, p.resolver = true, by
		return nil
	}
}

// clientHost is the address at which a client on this host finds the service.
func (p *plan) clientHost() string { return reachedAt(netip.MustParseAddr(p.host)) }

var (
	notThisAddress = []string{"allow 198.51.100.0/25"}
	allowed        = []string{"allow 203.0.113.0/25"}
	denied         = []string{"deny 203.0.113.10/32", "allow 203.0.113.0/25"}
	ambiguous      = []string{"allow 203.0.113.0/25", "deny 203.0.113.10/32"}
	onlyOne        = []string{"allow 203.0.113.10/32"}
	tooWide        = []string{"allow 203.0.113.0/24"}
)

// The faults of the rules: what the check believes the rules to be, and what the service has.
var rulesFaults = lazy.Value[[]fault]{Make: func() []fault {
	return []fault{
		{id: "rules.not-allowed", server: true, prepare: ruled(notThisAddress, notThisAddress)},
		{id: "rules.denied", server: true, prepare: ruled(denied, denied)},
		{id: "rules.ambiguous", server: true, prepare: ruled(ambiguous, ambiguous)},
		{id: "rules.propagating", server: true, prepare: ruled(allowed, notThisAddress)},
		{id: "rules.stale", prepare: ruled(notThisAddress, nil)},
		{id: "rules.invalid", prepare: ruled(tooWide, nil)},
		{id: "rules.pool-partly-allowed", server: true, prepare: func(p *plan) error {
			p.sees[1] = OtherAddress
			return ruled(onlyOne, onlyOne)(p)
		}},
		{id: "call.ip-denied", server: true, prepare: ruled(nil, notThisAddress)},
	}
}}

func ruled(client, server []string) func(*plan) error {
	return func(p *plan) error {
		p.sandbox.client.Rules, p.sandbox.client.RulesGiven = client, true
		p.rules = rulesOf(server...)
		return nil
	}
}

// The faults of a proxy come with one, at an explicit URL.
var proxyFaults = lazy.Value[[]fault]{Make: func() []fault {
	return []fault{
		{id: "proxy.unreachable", server: true, prepare: func(p *plan) error {
			at, err := p.sandbox.group.holdClosed(net.JoinHostPort(p.inside, "0"))
			p.sandbox.Proxy = "http://" + at
			return err
		}},
		{id: "proxy.denied", server: true, prepare: proxied((*plan).onlyFor, http.StatusForbidden)},
		{id: "proxy.upstream-failed", server: true, prepare: proxied((*plan).onlyFor, http.StatusBadGateway)},
		{id: "proxy.auth-required", server: true, prepare: proxied((*plan).forAll, http.StatusProxyAuthRequired)},
		{id: "egress.proxied", server: true, prepare: func(p *plan) error {
			p.proxySees = OtherAddress
			return proxied((*plan).forAll, http.StatusOK)(p)
		}},
	}
}}

func proxied(judge func(*plan, int) func(string) int, status int) func(*plan) error {
	return func(p *plan) error {
		p.proxy = judge(p, status)
		return nil
	}
}

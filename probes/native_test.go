//go:build !windows

package probes

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/miekg/dns"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
)

// Where programs leave names to the system, what it says goes before what the servers of its settings say.
func TestSystemLookup(t *testing.T) {
	own, other := netip.MustParseAddr("198.51.100.10"), netip.MustParseAddr("198.51.100.20")
	found := func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("::ffff:198.51.100.10")}, nil
	}
	notFound := func(context.Context, string) ([]netip.Addr, error) {
		return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
	}
	silent := func(ctx context.Context, _ string) ([]netip.Addr, error) { <-ctx.Done(); return nil, ctx.Err() }
	for name, test := range map[string]struct {
		native  func(context.Context, string) ([]netip.Addr, error)
		address netip.Addr // that the server has
		code    int
		used    string // "server", BySystem, or "": nobody's
		ipv4    []netip.Addr
		failure evidence.Kind
		slow    bool
	}{
		"both":                     {found, own, dns.RcodeSuccess, evidence.BySystem, []netip.Addr{own}, "", false},
		"they differ":              {found, other, dns.RcodeSuccess, evidence.BySystem, []netip.Addr{own}, "", false},
		"server refuses":           {found, netip.Addr{}, dns.RcodeRefused, evidence.BySystem, []netip.Addr{own}, "", false},
		"system finds none":        {notFound, own, dns.RcodeSuccess, evidence.BySystem, nil, evidence.KindNoData, false},
		"neither finds it":         {notFound, netip.Addr{}, dns.RcodeNameError, "server", nil, evidence.KindNXDomain, false},
		"server fails, and system": {notFound, netip.Addr{}, dns.RcodeServerFailure, "", nil, evidence.KindServFail, false},
		"system is slow":           {silent, own, dns.RcodeSuccess, "server", []netip.Addr{own}, "", true},
		"no such system":           {nil, own, dns.RcodeSuccess, "server", []netip.Addr{own}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			server := nameServer(t, test.address, test.code)
			w := &world{scrub: &foreign.Scrubber{}, resolver: &resolver{servers: []netip.AddrPort{server}, native: test.native,
				base: ctx, known: map[string]*lookup{}}}
			r := w.startDNS(ctx, "api.example", false)
			for !test.slow && !r.decide(true) {
				<-r.changed
			}
			for test.slow && !r.decide(false) {
				<-r.changed
			}
			facts := r.snapshot()
			want := map[string]string{"server": server.String(), evidence.BySystem: evidence.BySystem}[test.used]
			if facts.Used != want || !slices.Equal(facts.IPv4, test.ipv4) || slices.Contains(facts.Slow, evidence.BySystem) != test.slow {
				t.Errorf("used %q, %v, slow %v, want %q, %v", facts.Used, facts.IPv4, facts.Slow, want, test.ipv4)
			}
			failure := dnsFailure(facts)
			if (failure == nil) != (test.failure == "") || failure != nil && failure.Kind != test.failure {
				t.Errorf("failed with %+v, want %q", failure, test.failure)
			}
			if test.slow || test.failure != "" {
				return
			}
			if got, err := w.resolver.lookup(ctx, "peer.example"); err != nil || len(got) == 0 {
				t.Errorf("another name: %v, %v", got, err)
			}
		})
	}
	if answer := (&resolver{native: func(context.Context, string) ([]netip.Addr, error) {
		return nil, errors.New("out of luck")
	}}).askSystem(t.Context(), "api.example"); answer.Failure == nil || answer.Failure.Kind != evidence.KindNoData {
		t.Errorf("%+v", answer)
	}
}

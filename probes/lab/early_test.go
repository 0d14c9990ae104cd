//go:build linux

package lab

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// oneCall is a healthy run: one connection, and nobody else was asked but the sources and the resolver.
func oneCall(t *testing.T, w *World, result Result) {
	oneConnection(t, w, result)
	for _, control := range w.Controls {
		if n := control.Seen.Count(); n > 0 {
			t.Errorf("%s was asked %d times", control.Address, n)
		}
	}
	if n := w.Status.Seen.Count(); n > 0 {
		t.Errorf("the status page was asked %d times", n)
	}
}

// away is a world with sources as those by default, so far away.
func away(delay time.Duration) func(*World) {
	return func(w *World) {
		asByDefault(w)
		w.Delay = delay
	}
}

// tellsInstead lets the DNS sources tell another address than the one that this host has: that of the resolver which a
// network puts in the way of all questions.
func tellsInstead(w *World, address string) {
	asByDefault(w)
	w.Resolvers[0].Answer = pins(whoami, address)
}

// pins lets a resolver give an address of its own for one name.
func pins(name, address string) func(dns.Question) (*dns.Msg, bool) {
	return func(q dns.Question) (*dns.Msg, bool) {
		if !strings.EqualFold(q.Name, dns.Fqdn(name)) || q.Qtype != dns.TypeA {
			return nil, false
		}
		header := dns.RR_Header{Name: q.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 60}
		return &dns.Msg{Answer: []dns.RR{&dns.A{Hdr: header, A: net.ParseIP(address)}}}, true
	}
}

// outage drops what goes to the service's host for a while, from the first packet on.
func outage(w *World, lasts string) {
	w.ISP.NFT(`table ip outage {
		set begun { type ipv4_addr; flags dynamic; size 16; }
		set down { type ipv4_addr; flags dynamic, timeout; size 16; }
		chain forward {
			type filter hook forward priority 0;
			ip daddr ` + HostIP + ` ip daddr != @begun add @down { ip daddr timeout ` + lasts + ` } add @begun { ip daddr }
			ip daddr @down drop
		}
	}`)
}

// earlyWorlds are those in which questions leave before their probe's turn, DNS decides for the time being, and silence is
// called after two seconds.
var earlyWorlds = []Fault{
	{Name: "as-by-default", Check: oneCall, Break: asByDefault},
	{Name: "as-by-default-and-a-rule", Check: oneCall, Break: func(w *World) { asByDefault(w); w.Rules = []string{"allow 203.0.113.0/25"} }},
	{Name: "as-by-default-600-ms-away", Check: oneCall, Break: away(600 * time.Millisecond)},
	{Name: "as-by-default-a-second-away", Check: oneCall, Break: away(time.Second), Or: []string{"port.slow", "port.lossy"}},
	{Name: "rules-alone-of-a-given-address", Break: func(w *World) {
		w.Rules = []string{"allow 203.0.113.10/32"}
		w.Sources = nil
		w.Flags = append(w.Flags, "--only", "rules", "--egress-ip", PublicIP)
	}, Check: func(t *testing.T, w *World, _ Result) {
		if asked, called := w.Resolvers[0].Queries.Count(), w.API.Connections.Load(); asked > 0 || called > 0 {
			t.Errorf("%d questions, %d connections, and nobody was to be asked", asked, called)
		}
	}},
	{Name: "sources-by-dns-alone", Check: oneCall, Break: func(w *World) {
		asByDefault(w)
		for _, source := range w.Sources {
			source.Dead = true
		}
	}},
	{Name: "dns-tells-the-resolvers-address", Check: oneCall, Break: func(w *World) {
		tellsInstead(w, "203.0.113.77")
		w.Rules = []string{"allow 203.0.113.10/32"}
		w.API.Allowed = onlyFrom(PublicIP)
	}},
	{Cause: "rules.not-allowed", Name: "dns-tells-an-address-that-is-allowed", Says: []string{PublicIP}, Break: func(w *World) {
		tellsInstead(w, "203.0.113.77")
		w.Rules = []string{"allow 203.0.113.77/32"}
		w.API.Allowed = onlyFrom("203.0.113.77")
	}},
	{Cause: "rules.stale", Verdict: "warn", Name: "dns-tells-an-address-that-is-allowed-and-the-call-is-accepted", Break: func(w *World) {
		tellsInstead(w, "203.0.113.77")
		w.Rules = []string{"allow 203.0.113.77/32"}
	}},
	{Cause: "rules.not-allowed", Name: "by-dns-alone-it-is-likely", Confidence: "likely", Break: func(w *World) {
		asByDefault(w)
		for _, source := range w.Sources {
			source.Dead = true
		}
		w.Rules = []string{"allow 192.0.2.0/25"}
		w.API.Allowed = onlyFrom("192.0.2.1")
	}},
	{Cause: "port.filtered", Name: "with-sources-as-by-default", Confidence: "certain", Break: func(w *World) {
		asByDefault(w)
		w.ISP.Filter("forward", "tcp dport 55443 drop")
	}},
	{Cause: "port.filtered", Name: "and-one-packet-in-ten-is-lost", Break: func(w *World) {
		w.Loss, w.Seed = 0.1, 3
		w.ISP.Filter("forward", "tcp dport 55443 drop")
	}, Or: []string{"dns.slow-resolver"}},
	{Cause: "port.filtered", Name: "300-ms-away", Confidence: "certain", Break: func(w *World) {
		away(300 * time.Millisecond)(w)
		w.ISP.Filter("forward", "tcp dport 55443 drop")
	}},
	{Cause: "port.lossy", Verdict: "warn or fail", Name: "an-outage-of-a-second", Never: []string{"filter"}, Break: func(w *World) { outage(w, "1s") },
		Or: []string{"port.slow", "unexplained", "service.partly-down"}},
}

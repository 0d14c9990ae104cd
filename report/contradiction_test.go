package report_test

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"testing"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/render/page"
)

// answering are the addresses with ports, the peers and the name servers that gave an answer in the run: a connection, a
// refusal, a reply. A name stands there as a sentence would have it.
func answering(e *evidence.Evidence) []string {
	var names []string
	took := func(a *evidence.Attempt) {
		if a != nil && (a.Connected || a.Failure != nil && a.Failure.Kind == evidence.KindRefused) {
			names = append(names, a.Address.String())
		}
	}
	if p := e.Port; p != nil {
		for _, list := range [][]evidence.Attempt{p.Attempts, p.OtherPorts} {
			for i := range list {
				took(&list[i])
			}
		}
		took(p.ByDNS)
		if to := e.Tried(); to.IsValid() && p.Path != nil && p.Path.Available && e.Host.Proxy == nil {
			if slices.ContainsFunc(p.Path.All(), evidence.Hop.Met) {
				names = append(names, to.String())
			}
			if slices.ContainsFunc(p.Path.Compare, evidence.Hop.Met) {
				names = append(names, netip.AddrPortFrom(to.Addr(), p.Path.ComparedTo).String())
			}
		}
		if trips := p.RoundTrips; trips != nil && trips.Answered > 0 {
			names = append(names, trips.To.String())
		}
	}
	if e.Direct != nil {
		took(e.Direct.Attempt)
	}
	for _, control := range e.Controls {
		if control.Connected || control.Failure != nil && control.Failure.Kind == evidence.KindRefused {
			names = append(names, control.Peer)
		}
	}
	if e.DNS != nil {
		for _, one := range append(reading.LaterAnswers(e.DNS), e.DNS.Answers...) {
			if one.Rcode != "" {
				names = append(names, reading.PlainServer(one.Resolver))
			}
		}
	}
	if e.Host.Proxy != nil && len(reading.ThroughProxy(e)) > 0 {
		names = append(names, e.Host.Proxy.URL)
	}
	// The service's port goes by its number, where its own address answers there.
	for _, name := range names {
		if to, err := netip.ParseAddrPort(name); err == nil && e.Host.Proxy == nil && name == netaddr.PortText(e.Tried()) {
			names = append(names, fmt.Sprintf("port %d", to.Port()), fmt.Sprintf("%d: ", to.Port()))
		}
	}
	return names
}

var (
	// saysSilence is a sentence, or a part of one, that says of somebody that he did not answer.
	saysSilence = regexp.MustCompile(`(?i)nothing came back|no answer|silence|\bsilent|(do|does|did|has|have|had) not answer|` +
		`gets no answer|no (resolver|proxy) answers|^neither`)
	// saysBoth is one that also says that he did.
	saysBoth = regexp.MustCompile(`(?i)\b(then|tried again|tried and|^The proxy takes the connection|at first|now and then|only for other|only about others|to TLS|each time$)`)
	parts    = regexp.MustCompile(`\. |; |, while |\.$`)
)

// No sentence says of an address and port, of a control, a name server or the proxy that nothing came back, where the
// same evidence has an answer.
func TestNoSilenceAgainstAnAnswer(t *testing.T) {
	t.Parallel()
	eachEvidence(t, func(t *testing.T, e *evidence.Evidence) {
		r := reportOf(e)
		names := answering(e)
		var texts []string
		for _, row := range r.Probes {
			texts = append(texts, row.Summary)
		}
		for _, d := range r.Diagnoses {
			texts = append(texts, slices.Concat([]string{d.Summary, d.Explanation}, d.Evidence, d.Fixes)...)
		}
		for _, p := range page.RouteOf(r).Places {
			texts = append(texts, p.Words)
		}
		for _, text := range texts {
			for _, part := range parts.Split(text, -1) {
				if !saysSilence.MatchString(part) || saysBoth.MatchString(part) {
					continue
				}
				for _, name := range names {
					if containsWords(part, name) {
						t.Errorf("%s: %q, and %s did answer", told(r.Diagnoses), part, name)
					}
				}
			}
		}
		if no := "no resolver answers"; reading.AnyResolver(e, func(bool, string) bool { return true }) && slices.Contains(texts, no) {
			t.Errorf("%q, and one did", no)
		}
	})
}

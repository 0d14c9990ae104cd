package probes

import (
	"context"
	"errors"
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"opensrs-doctor/probes/classify"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/iprules"
)

// sightByHTTP reads an address from the body of a page.
func (w *world) sightByHTTP(ctx context.Context, source Source, v way) evidence.Sighting {
	sighting := evidence.Sighting{Source: source.URI}
	got := w.fetch(ctx, v, source.URL)
	sighting.LocalAddress, sighting.Trust = got.local, got.trust
	if got.err != nil {
		sighting.Failure = classify.ErrorBy(evidence.OpFetch, got.err, w.words(v))
	} else {
		sighting = w.readSighting(sighting, foreign.Decode(got.body, got.contentType), w.words(v))
	}
	if sighting.Failure != nil {
		sighting.Page = got.pageInstead(source.URL, w.words(v))
	}
	return sighting
}

// readSighting takes the address out of what a source said.
func (w *world) readSighting(sighting evidence.Sighting, text string, words classify.Gate) evidence.Sighting {
	address, err := netip.ParseAddr(strings.Trim(strings.TrimSpace(text), `"`))
	if err != nil || w.scrub.InAddress(address) { // a key's digits can be laid out as an IPv6 address
		sighting.Failure = &evidence.Failure{Op: evidence.OpRead, Kind: evidence.KindBadAnswer,
			Detail: foreign.Oursf("not an address: %s", words(firstLine(text), 100))}
		return sighting
	}
	address = address.Unmap().WithZone("")
	if kind := iprules.NeverPublic(address); kind != "" && w.public { // a proxy told it, or something answers in the source's place
		sighting.Failure = &evidence.Failure{Op: evidence.OpRead, Kind: evidence.KindBadAnswer,
			Detail: foreign.Oursf("%s is not a public address (%s)", words(address.String(), 45), words(kind, 40))}
		return sighting
	}
	sighting.Address = address
	return sighting
}

// sightByDNS asks a server that answers with the address the question came from.
func (w *world) sightByDNS(ctx context.Context, source Source) evidence.Sighting {
	sighting := evidence.Sighting{Source: source.URI}
	addresses, err := w.resolver.lookup(ctx, source.DNS.Server.Host)
	if err != nil {
		sighting.Failure = w.fail(evidence.OpResolve, err)
		return sighting
	}
	server := netip.AddrPortFrom(addresses[0], source.DNS.Server.Port)
	reply := w.resolver.query(ctx, server, source.DNS.Name, source.DNS.Type, source.DNS.Class)
	if reply.err != nil {
		sighting.Failure = w.fail(evidence.OpQuery, reply.err)
		return sighting
	}
	sighting.LocalAddress, _, _ = w.hasRoute(server.Addr())
	for _, record := range reply.msg.Answer {
		switch record := record.(type) {
		case *dns.A:
			return w.readSighting(sighting, record.A.String(), w.scrub.Quote)
		case *dns.AAAA:
			return w.readSighting(sighting, record.AAAA.String(), w.scrub.Quote)
		case *dns.TXT:
			if found := w.readSighting(sighting, strings.Join(record.Txt, ""), w.scrub.Quote); found.Failure == nil {
				return found
			}
		}
	}
	sighting.Failure = rcodeFailure(dns.RcodeToString[reply.msg.Rcode])
	if sighting.Failure.Kind == evidence.KindNoData {
		sighting.Failure = &evidence.Failure{Op: evidence.OpQuery, Kind: evidence.KindNoData, Detail: foreign.Ours("no address in the answer"), Err: errors.New("no data")}
	}
	return sighting
}

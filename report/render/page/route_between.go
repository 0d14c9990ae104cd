package page

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// Between draws what lies between this host and the service: the routers as far as they are known, the address
// behind which this host appears, or the proxy and the proxy's address.
func (d *Drawing) Between() {
	address := Place{Kind: PlaceAddress, Name: "Public address", ID: strings.Join(d.publicAddresses(), ", ")}
	if proxy := d.R.Host.Proxy; proxy != nil {
		d.add(Place{Kind: PlaceProxy, Name: "Proxy", ID: proxy.URL, Words: "set by " + proxy.From, Mark: d.throughProxy()})
		address.Name = "Public address of the proxy"
		d.probe("egress", address)
		if !d.seenThroughProxy() {
			last := &d.Places[len(d.Places)-1]
			last.Name, last.Mark = "Public address, without the proxy", markUnknown
		}
		return
	}
	walk := d.Seen.Walk()
	if walk != nil && walk.Available {
		d.routers(walk)
		row := d.row("egress")
		address.Words, address.Mark = row.Summary, d.markOf(row)
		d.insert(d.translation(), address)
		return
	}
	if network, ok := d.network(walk); ok {
		d.add(network)
	}
	d.probe("egress", address)
}

// seenThroughProxy: the address is the proxy's, as a source saw it or as it was given, and not this host's.
func (d *Drawing) seenThroughProxy() bool {
	seen := d.Seen.Egress
	return seen != nil && (seen.Given || slices.ContainsFunc(seen.Sightings, func(s evidence.Sighting) bool {
		return s.Path == evidence.WayProxy && s.Failure == nil
	}))
}

// publicAddresses are where this host was seen to come from.
func (d *Drawing) publicAddresses() []string {
	seen := d.Seen.Egress
	if seen == nil {
		return nil
	}
	for _, list := range [][]netip.Addr{seen.IPv4, seen.DNSSeen, seen.IPv6} {
		switch {
		case len(list) > 3:
			return append(netaddr.Texts(list[:3]), fmt.Sprintf("%d more", len(list)-3))
		case len(list) > 0:
			return netaddr.Texts(list)
		}
	}
	return nil
}

func (d *Drawing) throughProxy() mark {
	if row := d.row("port"); row.Status == evidence.Skip {
		return markUnknown
	}
	return markOpen
}

// network is the place of routers that nobody asked; false where there are none, on the way to this host itself.
func (d *Drawing) network(walk *evidence.Path) (Place, bool) {
	p := Place{Kind: placeNetwork, Name: "Gateway and routers", Mark: markUnknown}
	row := d.row("port")
	reached := row.Status == evidence.Pass || row.Status == evidence.Warn
	if to := d.Seen.Target.Addresses; len(to) > 0 && (d.R.Target.Sandbox || to[0].IsLoopback()) {
		return p, false
	}
	switch {
	case walk != nil && walk.Why != "":
		p.Words = "not walked: " + walk.Why
	case reached:
		p.Mark, p.Words = markOpen, "let the port through; not walked one by one"
	case row.Status == evidence.Skip:
		p.Words = "not walked: no connection was tried"
	default:
		p.Words = "not walked"
	}
	return p, true
}

// translation is the index where the public address is: after the last router whose address is private.
// Tokens do not tell; then it is taken to be behind the first router.
func (d *Drawing) translation() int {
	at, first := -1, -1
	for i, p := range d.Places {
		if p.Kind != PlaceRouter {
			continue
		}
		if first < 0 {
			first = i
		}
		private, known := reading.Inside(netaddr.Read(p.ID))
		if private || !known && i == first {
			at = i
		}
	}
	switch {
	case at >= 0:
		return at + 1
	case first >= 0:
		return first // this host has a public address itself, or its gateway has
	}
	return len(d.Places)
}

// routers draws the walk: the routers that answer for the port, and behind them those that answer for another
// port only. Hops that answer for none share one place.
func (d *Drawing) routers(walk *evidence.Path) {
	ends := d.walkEnds(walk)
	silentFrom, known := 0, len(d.Places)
	flush := func(before int) {
		if silentFrom == 0 {
			return
		}
		p := Place{Kind: placeNetwork, Name: fmt.Sprintf("Hop %d", silentFrom), Words: "no answer", Mark: markUnknown}
		if before-1 > silentFrom {
			p.Name, p.Words = fmt.Sprintf("Hops %d to %d", silentFrom, before-1), "no answer from any of them"
		}
		d.add(p)
		silentFrom = 0
	}
	for ttl := 1; ttl < ends; ttl++ {
		p, answers := d.router(walk, ttl)
		if !answers {
			if silentFrom == 0 {
				silentFrom = ttl
			}
			continue
		}
		flush(ttl)
		d.add(p)
	}
	flush(ends)
	if len(d.Places) == known {
		d.add(Place{Kind: placeNetwork, Name: "Gateway and routers", Words: "do not answer", Mark: markUnknown})
	}
}

// router is the place of one hop; false where nobody answers, or this host itself. A router that says no says it
// again to every packet that should go further: it is there once.
func (d *Drawing) router(walk *evidence.Path, ttl int) (Place, bool) {
	own, other := evidence.HopAt(walk.Port, ttl), evidence.HopAt(walk.Compare, ttl)
	p := Place{Kind: PlaceRouter, Name: fmt.Sprintf("Hop %d", ttl)}
	if ttl == 1 {
		p.Name = "Gateway"
	}
	known := slices.ContainsFunc(d.Places, func(p Place) bool { return p.Kind == PlaceRouter && p.ID == own.Sender() })
	switch {
	case own.Router():
		p.ID, p.Words = own.Sender(), "answers after "+screen.SpanMS(screen.Sane(own.TookMS))
	case own.From.IsValid() && !own.FromSelf && reading.Refusals.Get()[own.Answer] != "" && !known:
		p.ID, p.Words = own.Sender(), reading.Refusals.Get()[own.Answer]
	case other.Router():
		p.ID, p.Mark, p.Words = other.Sender(), markUnknown, fmt.Sprintf("answers for port %d only", walk.ComparedTo)
	default:
		return Place{}, false
	}
	return p, true
}

// mostHops is how many are drawn; a walk has 30 at most.
const mostHops = 64

// walkEnds is the TTL at which the way is no longer a router's: the host's own distance, or behind the last hop
// that was asked.
func (d *Drawing) walkEnds(walk *evidence.Path) int {
	if nearest := walk.Nearest(); nearest > 0 { // what is drawn as a router is one
		return min(nearest, mostHops)
	}
	ends := 0
	for _, h := range slices.Concat(walk.Port, walk.Compare) {
		ends = max(ends, h.TTL+1)
	}
	for _, h := range slices.Concat(walk.Port, walk.Compare) {
		if h.Met() || h.From.IsValid() && slices.Contains(d.Seen.Target.Addresses, h.From) {
			ends = min(ends, max(h.TTL, 1))
		}
	}
	return min(ends, mostHops)
}

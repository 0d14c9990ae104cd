package page

import (
	"cmp"
	"net/netip"
	"slices"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/report"
	"opensrs-doctor/report/reading"
)

// route is the way from this host to the API as it can be drawn: places in the order in which a packet meets
// them, and where it breaks. It is made of a report alone: which place is the break says the first diagnosis,
// the routers come from the walk's facts, and the words are those of the probes.
type route struct {
	Places []Place
}

// PlaceKind is what is at a place; a drawing has a sign for each.
type PlaceKind string

// The kinds, in the order in which a packet meets the places.
const (
	PlaceHost    PlaceKind = "host"    // this machine
	PlaceDNS     PlaceKind = "dns"     // who told the address
	placeNetwork PlaceKind = "network" // routers of which nothing is known
	PlaceRouter  PlaceKind = "router"  // one that answered the walk
	PlaceAddress PlaceKind = "address" // where the internet sees this host come from
	PlaceProxy   PlaceKind = "proxy"   // --proxy, or the environment's
	PlaceDevice  PlaceKind = "device"  // something between that answers in the service's place
	PlaceGap     PlaceKind = "gap"     // the break itself, where it lies between two places
	PlaceService PlaceKind = "service" // the endpoint's port
	PlaceTLS     PlaceKind = "tls"     // the handshake with it
	PlaceRules   PlaceKind = "rules"   // its access rules
	PlaceAPI     PlaceKind = "api"     // what answers the call
)

// mark is how a place did.
type mark string

const (
	markOpen    mark = "open"    // it was reached, and all was well
	markDoubt   mark = "doubt"   // it was reached, and something is to be looked at
	MarkStop    mark = "stop"    // it was tried, and did not work
	markUnknown mark = "unknown" // not reached, or not asked
)

// Place is one stop of the way.
type Place struct {
	Kind   PlaceKind
	Name   string // what it is
	ID     string // its address or name; "" where there is none, or it is not known
	Words  string // what was seen there
	Mark   mark
	Break  bool // this is the place that the first diagnosis is about
	Joined bool // packets came here: the line that leads in from the place before is whole
}

// RouteOf draws the way of a report.
func RouteOf(r *report.Report) route {
	d := Drawing{R: r, Seen: r.Evidence()}
	d.Seen.Target.Addresses = firstOf(d.Seen.Target.Addresses, 16)
	if walk := d.Seen.Walk(); walk != nil {
		walk.Port, walk.Compare = firstOf(walk.Port, mostHops), firstOf(walk.Compare, mostHops)
	}
	d.Begin()
	d.Between()
	d.Service()
	d.MarkBreak()
	d.join()
	return route{d.Places}
}

// Drawing is a route in the making.
type Drawing struct {
	R      *report.Report
	Seen   *evidence.Evidence // its facts
	Places []Place
}

// firstOf is at most n elements: a file may hold any number.
func firstOf[T any](list []T, n int) []T { return list[:min(len(list), n):min(len(list), n)] }

func (d *Drawing) add(p Place) {
	if p.Mark == "" {
		p.Mark = markOpen
	}
	d.Places = append(d.Places, p)
}

// insert puts a place before the one at index i.
func (d *Drawing) insert(i int, p Place) {
	d.Places = slices.Insert(d.Places, i, p)
}

// Find is the index of the first place of a kind, -1 where there is none.
func (d *Drawing) Find(kind PlaceKind) int {
	for i, p := range d.Places {
		if p.Kind == kind {
			return i
		}
	}
	return -1
}

// row is a probe of the report.
func (d *Drawing) row(name string) report.Probe {
	for _, row := range d.R.Probes {
		if row.Name == name {
			return row
		}
	}
	return report.Probe{Name: name, Status: evidence.Skip}
}

// probe adds the place of a probe, with its words.
func (d *Drawing) probe(name string, p Place) {
	row := d.row(name)
	p.Words, p.Mark = row.Summary, d.markOf(row)
	d.add(p)
}

// markOf is a probe's own status. What failed without stopping anything is no more than a doubt: the rules are a
// simulation, and no source need tell an address.
func (d *Drawing) markOf(row report.Probe) mark {
	switch row.Status {
	case evidence.Pass:
		return markOpen
	case evidence.Warn:
		return markDoubt
	case evidence.Fail:
		beside := row.Name == "egress" || row.Name == "rules"
		for _, diagnosis := range d.R.Diagnoses {
			if diagnosis.Probe == row.Name && diagnosis.Severity == report.Fail {
				beside = false
			}
		}
		if beside || d.R.Found() != report.VerdictFail {
			return markDoubt
		}
		return MarkStop
	}
	return markUnknown
}

// Begin draws this host, and who told it the address to go to.
func (d *Drawing) Begin() {
	host := d.R.Host
	local := host.LocalAddress
	if local == "" {
		local = host.SourceIP
	}
	d.add(Place{Kind: PlaceHost, Name: "This host", ID: local, Words: host.Hostname})
	resolver := ""
	if names := d.Seen.DNS; names != nil {
		if names.Literal {
			return
		}
		resolver = names.Used
	}
	if resolver == "" && len(host.Resolvers) > 0 {
		resolver = host.Resolvers[0]
	}
	d.probe("dns", Place{Kind: PlaceDNS, Name: "Name lookup", ID: reading.PlainServer(resolver)})
}

// Service draws what answers at the far end, in the order in which it decides.
func (d *Drawing) Service() {
	target := d.R.Target
	at := netaddr.PortText(d.Seen.Tried())
	if d.R.Host.Proxy != nil {
		at = "" // that is the proxy's
	}
	if at == "" && len(d.Seen.Target.Addresses) > 0 {
		at = netaddr.PortText(netip.AddrPortFrom(d.Seen.Target.Addresses[0], target.Port))
	}
	d.probe("port", Place{Kind: PlaceService, Name: cmp.Or(target.Host, "The service"), ID: at})
	d.probe("tls", Place{Kind: PlaceTLS, Name: "TLS"})
	d.probe("rules", Place{Kind: PlaceRules, Name: "Access rules"})
	d.probe("call", Place{Kind: PlaceAPI, Name: "OpenSRS API"})
}

// join finds out how far packets came, and so which lines are whole: up to the last place that answered, and where
// the call does not get through, no further than the break, unless that is at this host itself.
func (d *Drawing) join() {
	last, broken := 0, 0
	for i, p := range d.Places {
		if p.Break && p.Mark == MarkStop {
			broken = i
		}
		switch {
		case p.Kind == PlaceAddress, p.Kind == PlaceRules, p.Kind == PlaceGap: // known from elsewhere, or no place
		case p.Mark == markOpen, p.Mark == markDoubt:
			last = i
		case p.Mark == MarkStop && (p.Break || p.Kind == PlaceTLS || p.Kind == PlaceAPI):
			last = i
		}
	}
	if broken > 0 && !d.through() {
		last = broken
	}
	for i := range d.Places {
		d.Places[i].Joined = i > 0 && i <= last && d.Places[i].Kind != PlaceGap
	}
}

// through reports whether the call was accepted.
func (d *Drawing) through() bool { return d.row("call").Status == evidence.Pass }

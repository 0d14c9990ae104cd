package report

import (
	"cmp"
	"slices"

	"opensrs-doctor/probes/evidence"
)

// route is the way from this host to the API as it can be drawn: places in the order in which a packet meets
// them, and where it breaks. It is made of a report alone: which place is the break says the first diagnosis,
// the routers come from the walk's facts, and the words are those of the probes.
type route struct {
	Places []place
}

// placeKind is what stands at a place; a drawing has a sign for each.
type placeKind string

const (
	placeHost    placeKind = "host"
	placeDNS     placeKind = "dns"
	placeNetwork placeKind = "network" // routers of which nothing is known
	placeRouter  placeKind = "router"
	placeAddress placeKind = "address" // where the internet sees this host come from
	placeProxy   placeKind = "proxy"
	placeDevice  placeKind = "device" // something between that answers in the service's place
	placeGap     placeKind = "gap"    // the break itself, where it lies between two places
	placeService placeKind = "service"
	placeTLS     placeKind = "tls"
	placeRules   placeKind = "rules"
	placeAPI     placeKind = "api"
)

// mark is how a place did.
type mark string

const (
	markOpen    mark = "open"    // it was reached, and all was well
	markDoubt   mark = "doubt"   // it was reached, and something is to be looked at
	markStop    mark = "stop"    // it was tried, and did not work
	markUnknown mark = "unknown" // not reached, or not asked
)

// place is one stop of the way.
type place struct {
	Kind   placeKind
	Name   string // what it is
	ID     string // its address or name; "" where there is none, or it is not known
	Words  string // what was seen there
	Mark   mark
	Break  bool // this is the place that the first diagnosis is about
	Joined bool // packets came here: the line that leads in from the place before is whole
}

// routeOf draws the way of a report.
func routeOf(r *Report) route {
	d := drawing{r: r, port: seen[connectionFacts](r, "port"), addresses: firstOf(r.Target.Addresses, 16)}
	if walk := d.port.Path; walk != nil {
		walk.Port, walk.Compare = firstOf(walk.Port, mostHops), firstOf(walk.Compare, mostHops)
	}
	d.begin()
	d.between()
	d.service()
	d.markBreak()
	d.join()
	return route{d.places}
}

// drawing is a route in the making.
type drawing struct {
	r         *Report
	addresses []string // of the service
	port      connectionFacts
	places    []place
}

// firstOf is at most n elements: a file may hold any number.
func firstOf[T any](list []T, n int) []T { return list[:min(len(list), n):min(len(list), n)] }

func (d *drawing) add(p place) {
	if p.Mark == "" {
		p.Mark = markOpen
	}
	d.places = append(d.places, p)
}

// insert puts a place before the one at index i.
func (d *drawing) insert(i int, p place) {
	d.places = slices.Insert(d.places, i, p)
}

// find is the index of the first place of a kind, -1 where there is none.
func (d *drawing) find(kind placeKind) int {
	for i, p := range d.places {
		if p.Kind == kind {
			return i
		}
	}
	return -1
}

// row is a probe of the report.
func (d *drawing) row(name string) Probe {
	for _, row := range d.r.Probes {
		if row.Name == name {
			return row
		}
	}
	return Probe{Name: name, Status: evidence.Skip}
}

// probe adds the place of a probe, with its words.
func (d *drawing) probe(name string, p place) {
	row := d.row(name)
	p.Words, p.Mark = row.Summary, d.markOf(row)
	d.add(p)
}

// markOf is a probe's own status. What failed without stopping anything is no more than a doubt: the rules are a
// simulation, and no source need tell an address.
func (d *drawing) markOf(row Probe) mark {
	switch row.Status {
	case evidence.Pass:
		return markOpen
	case evidence.Warn:
		return markDoubt
	case evidence.Fail:
		beside := row.Name == "egress" || row.Name == "rules"
		for _, diagnosis := range d.r.Diagnoses {
			if diagnosis.Probe == row.Name && diagnosis.Severity == Fail {
				beside = false
			}
		}
		if beside || d.r.found() != VerdictFail {
			return markDoubt
		}
		return markStop
	}
	return markUnknown
}

// begin draws this host, and who told it the address to go to.
func (d *drawing) begin() {
	host := d.r.Host
	local := host.LocalAddress
	if local == "" {
		local = host.SourceIP
	}
	d.add(place{Kind: placeHost, Name: "This host", ID: local, Words: host.Hostname})
	names := seen[nameFacts](d.r, "dns")
	if names.Literal {
		return
	}
	resolver := names.Used
	if resolver == "" && len(host.Resolvers) > 0 {
		resolver = host.Resolvers[0]
	}
	d.probe("dns", place{Kind: placeDNS, Name: "Name lookup", ID: plainServer(resolver)})
}

// service draws what answers at the far end, in the order in which it decides.
func (d *drawing) service() {
	target := d.r.Target
	at := d.port.tried()
	if d.r.Host.Proxy != nil {
		at = "" // that is the proxy's
	}
	if at == "" && len(d.addresses) > 0 {
		at = evidence.HostPort{Host: d.addresses[0], Port: target.Port}.String()
	}
	d.probe("port", place{Kind: placeService, Name: cmp.Or(target.Host, "The service"), ID: at})
	d.probe("tls", place{Kind: placeTLS, Name: "TLS"})
	d.probe("rules", place{Kind: placeRules, Name: "Access rules"})
	d.probe("call", place{Kind: placeAPI, Name: "OpenSRS API"})
}

// join finds out how far packets came, and so which lines are whole: up to the last place that answered, and where
// the call does not get through, no further than the break, unless that is at this host itself.
func (d *drawing) join() {
	last, broken := 0, 0
	for i, p := range d.places {
		if p.Break && p.Mark == markStop {
			broken = i
		}
		switch {
		case p.Kind == placeAddress, p.Kind == placeRules, p.Kind == placeGap: // known from elsewhere, or no place
		case p.Mark == markOpen, p.Mark == markDoubt:
			last = i
		case p.Mark == markStop && (p.Break || p.Kind == placeTLS || p.Kind == placeAPI):
			last = i
		}
	}
	if broken > 0 && !d.through() {
		last = broken
	}
	for i := range d.places {
		d.places[i].Joined = i > 0 && i <= last && d.places[i].Kind != placeGap
	}
}

// through reports whether the call was accepted.
func (d *drawing) through() bool { return d.row("call").Status == evidence.Pass }

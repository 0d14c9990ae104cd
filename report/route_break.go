package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
)

// breakPlaces are the causes whose place is not the one of the probe that they belong to.
var breakPlaces = map[string]placeKind{
	"call.ip-denied":     placeRules, // the service's own list, which was not given
	"egress.split-route": placeHost,  // the kernel's choice
}

// probePlaces are where the causes of a probe are drawn.
var probePlaces = map[string]placeKind{
	"egress": placeAddress, "rules": placeRules, "dns": placeDNS,
	"port": placeService, "tls": placeTLS, "call": placeAPI,
}

// markBreak marks the place that the first diagnosis is about. An info is about none.
func (d *drawing) markBreak() {
	if len(d.r.Diagnoses) == 0 || d.r.Diagnoses[0].Severity == Info {
		return
	}
	first := d.r.Diagnoses[0]
	switch first.Cause {
	case "port.filtered", "port.rejected-en-route", "port.prohibited", "port.unreachable":
		if d.breakPort() {
			return
		}
	case "proxy.upstream-failed":
		d.gapBefore(d.find(placeService), "Behind the proxy, or at the service itself.")
		return
	case "proxy.unreachable", "proxy.denied", "proxy.auth-required":
		d.breakProxy()
		return
	case "tls.intercepted":
		d.breakIntercepted()
		return
	case "config.required-skipped":
		d.breakSkipped()
		return
	}
	kind, known := breakPlaces[first.Cause]
	switch {
	case known:
	case strings.HasPrefix(first.Cause, "host."):
		kind = placeHost
	default:
		kind = probePlaces[first.Probe]
	}
	at := d.find(kind)
	if first.Cause == "call.ip-denied" && at >= 0 {
		d.places[at].Words = "the service's own list refuses this address"
	}
	if kind == placeHost {
		d.places[at].Words = first.Summary
	}
	if at < 0 { // such as DNS, where an address was given
		at = len(d.places) - 1
	}
	d.breakAt(at)
	service := &d.places[d.find(placeService)]
	if kind == placeDNS && d.places[at].Mark == markStop && service.Mark == markOpen {
		service.Mark = markUnknown // whatever answers there, the name led to the wrong place
	}
}

func (d *drawing) breakAt(i int) {
	d.places[i].Break = true
	d.places[i].Mark = markStop
	if d.r.Diagnoses[0].Severity == Warn {
		d.places[i].Mark = markDoubt
	}
}

// gapBefore puts the break on the line that leads to the place at index i.
func (d *drawing) gapBefore(i int, words string) {
	d.insert(max(i, 1), place{Kind: placeGap, Words: words, Break: true, Mark: markStop})
	d.beyond(i)
}

// beyond takes the failure from the service, where the break lies before it: it was not reached.
func (d *drawing) beyond(i int) {
	if at := d.find(placeService); at > i && d.places[at].Mark == markStop {
		d.places[at].Mark = markUnknown
	}
}

// breakPort marks where the connection to the port ends. False where that is at the service.
func (d *drawing) breakPort() bool {
	end := d.port.ending(d.addresses)
	switch end.by {
	case endDevice:
		return d.breakAtSender(end.answer)
	case endNearby, endOnTheWay:
		at, words := d.find(placeService), "A reset comes back, from a device that does not tell its address."
		switch {
		case end.by == endNearby:
			at = max(d.find(placeDNS), 0) + 1
			words = "A reset comes back from the very beginning: from this host, or from its first router."
		case end.last.TTL > 0:
			at = d.behind(end.last)
			words = fmt.Sprintf("A reset comes back, in the service's name: from %s or from right behind it.", end.last.From)
		}
		d.gapBefore(at, words)
		return true
	}
	if end.by != endSilence && d.r.Diagnoses[0].Cause != "port.filtered" { // whose facts a report may lack
		return false
	}
	return d.breakSilence(end)
}

// breakSilence puts the break behind the last router that answers for the port; where no place may be claimed, the
// words say so.
func (d *drawing) breakSilence(end ending) bool {
	service, last := d.find(placeService), end.last.From
	switch end.place {
	case placeNotWalked:
		d.gapBefore(service, "Somewhere on the way: where cannot be told.")
	case placeEdge:
		d.gapBefore(service, fmt.Sprintf("At %s, the last router, or behind it: at the service's edge, or this address is not let in.",
			last))
	case placeAfter:
		d.gapBefore(d.behind(end.last), fmt.Sprintf("Likely at %s or at the next device behind it.", last))
	case placeAnyPort:
		d.gapBefore(d.behind(end.last), fmt.Sprintf("Somewhere behind %s: the routers there do not answer.", last))
	default:
		d.gapBefore(d.find(placeAddress), "Somewhere on the way: the routers do not answer.")
	}
	return true
}

// behind is the index of the place that comes after a router.
func (d *drawing) behind(h hopFact) int {
	for i, p := range d.places {
		if p.Kind == placeRouter && p.ID == h.From {
			return i + 1
		}
	}
	return d.find(placeService)
}

// breakAtSender marks the device that says no in its own name. False where that is the service itself.
func (d *drawing) breakAtSender(h hopFact) bool {
	if slices.Contains(d.addresses, h.From) {
		return false
	}
	at := slices.IndexFunc(d.places, func(p place) bool { return p.Kind == placeRouter && p.ID == h.From })
	if at < 0 {
		at = d.lastOpenRouter() + 1
		d.insert(at, place{Kind: placeDevice, Name: "A device on the way", ID: h.From})
	}
	d.breakAt(at)
	d.beyond(at)
	d.places[at].Words = refusals[h.Answer]
	return true
}

// lastOpenRouter is the index of the last router that packets for the port came to, else of the last place
// before the routers.
func (d *drawing) lastOpenRouter() int {
	at := max(d.find(placeDNS), 0)
	for i, p := range d.places {
		if p.Kind == placeRouter && p.Mark == markOpen {
			at = i
		}
	}
	return at
}

// breakProxy marks the proxy, with what it said. The service was not reached.
func (d *drawing) breakProxy() {
	at := max(d.find(placeProxy), 0)
	d.breakAt(at)
	d.beyond(at)
	service := &d.places[d.find(placeService)]
	d.places[at].Words, service.Words = service.Words+"; "+d.places[at].Words, "not reached"
}

// breakSkipped marks the first place whose probe did not run: one was required.
func (d *drawing) breakSkipped() {
	for _, row := range d.r.Probes {
		if at := d.find(probePlaces[row.Name]); row.Status == evidence.Skip && at >= 0 {
			d.breakAt(at)
			return
		}
	}
	d.breakAt(len(d.places) - 1)
}

// breakIntercepted draws who answers in the service's place. Where on the way is not known.
func (d *drawing) breakIntercepted() {
	trust := seen[handshakeFacts](d.r, "tls").Trust
	who := cmp.Or(trust.Product, fullName(trust.Issuer, trust.IssuerCN, trust.IssuerOrg))
	at := max(d.find(placeService), 1)
	d.insert(at, place{Kind: placeDevice, Name: "TLS inspection", ID: who,
		Words: "Answers in the service's name, somewhere on the way."})
	d.breakAt(at)
	if service := &d.places[at+1]; d.places[at].Mark == markStop {
		service.Mark = markUnknown // what answered may have been the device
	}
}

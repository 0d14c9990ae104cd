package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"opensrs-doctor/probes"
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
	case "port.filtered":
		d.breakFiltered()
		return
	case "port.rejected-en-route", "port.prohibited", "port.unreachable":
		if d.breakAtSender() {
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

// breakFiltered puts the break behind the last router that answers for the port; where no place may be claimed,
// the words say so. It is the rule of placeOf, read from saved facts.
func (d *drawing) breakFiltered() {
	service := d.find(placeService)
	walk := d.port.Path
	if walk == nil || !walk.Available {
		d.gapBefore(service, "Somewhere on the way: where cannot be told.")
		return
	}
	last := hopFact{}
	for _, h := range walk.Port {
		if h.Answer == probes.HopTimeExceeded && !h.FromSelf {
			last = h
		}
	}
	further := slices.ContainsFunc(walk.Compare, func(h hopFact) bool {
		return h.TTL > last.TTL && h.Answer != probes.HopSilence
	})
	switch {
	case last.TTL == 0 || last.From == "":
		d.gapBefore(d.find(placeAddress), "Somewhere on the way: the routers do not answer.")
	case walk.Distance > 0 && last.TTL == walk.Distance-1:
		d.gapBefore(service, fmt.Sprintf("Behind %s, the last router: at the service's edge, or this address is "+
			"not let in.", last.From))
	case further:
		d.gapBefore(d.behind(last), fmt.Sprintf("Likely at %s or at the next device behind it.", last.From))
	default:
		d.gapBefore(d.behind(last), fmt.Sprintf("Somewhere behind %s: the routers there do not answer.", last.From))
	}
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

// breakAtSender marks the router that says no, by an ICMP message with its name, or by a reset that comes from
// nearer than the host. False where the walk shows neither.
func (d *drawing) breakAtSender() bool {
	walk := d.port.Path
	if walk == nil || !walk.Available {
		return false
	}
	hops := walk.Port
	if walk.Answer != nil {
		hops = append([]hopFact{*walk.Answer}, hops...)
	}
	for _, h := range hops {
		said, is := refusals[h.Answer]
		if !is || h.From == "" || h.FromSelf {
			continue
		}
		if slices.Contains(d.addresses, h.From) {
			return false // the service's own word
		}
		at := slices.IndexFunc(d.places, func(p place) bool { return p.Kind == placeRouter && p.ID == h.From })
		if at < 0 {
			at = d.lastOpenRouter() + 1
			d.insert(at, place{Kind: placeDevice, Name: "A device on the way", ID: h.From})
		}
		d.breakAt(at)
		d.beyond(at)
		d.places[at].Words = said
		return true
	}
	for _, h := range walk.Port {
		if h.Answer != probes.HopRefused || walk.Distance == 0 || h.TTL >= walk.Distance {
			continue
		}
		at := d.lastOpenRouter()
		words := "A reset comes back from the very beginning: from this host, or from its first router."
		if d.places[at].Kind == placeRouter {
			words = fmt.Sprintf("A reset comes back, in the service's name: from %s or from right behind it.", d.places[at].ID)
		}
		d.gapBefore(at+1, words)
		return true
	}
	return false
}

// refusals are the answers that a device signs with its own address.
var refusals = map[string]string{
	probes.HopProhibited:      "says that it is administratively prohibited",
	probes.HopUnreachable:     "says that there is no way to the service",
	probes.HopPortUnreachable: "refuses the port, in its own name",
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
		if at := d.find(probePlaces[row.Name]); row.Status == probes.Skip && at >= 0 {
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

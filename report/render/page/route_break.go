package page

import (
	"cmp"
	"fmt"
	"slices"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose"
	"opensrs-doctor/report/reading"
)

// probePlaces are where the causes of a probe are drawn.
var probePlaces = lazy.Value[map[string]PlaceKind]{Make: func() map[string]PlaceKind {
	return map[string]PlaceKind{
		"egress": PlaceAddress, "rules": PlaceRules, "dns": PlaceDNS,
		"port": PlaceService, "tls": PlaceTLS, "call": PlaceAPI,
	}
}}

// MarkBreak marks the place that the first diagnosis is about. An info is about none.
func (d *Drawing) MarkBreak() {
	if len(d.R.Diagnoses) == 0 || d.R.Diagnoses[0].Severity == report.Info {
		return
	}
	first := d.R.Diagnoses[0]
	cause, _ := diagnose.Lookup(first.Cause) // one of another release is where its probe is
	kind := probePlaces.Get()[first.Probe]
	switch cause.Place {
	case diagnose.AtEnding:
		if d.breakPort() {
			return
		}
	case diagnose.AtTaker:
		if d.breakNearby() {
			return
		}
	case diagnose.BeyondProxy:
		d.gapBefore(d.Find(PlaceService), "Behind the proxy, or at the service itself.")
		return
	case diagnose.AtProxy:
		d.breakProxy()
		return
	case diagnose.AtInspection:
		d.breakIntercepted()
		return
	case diagnose.AtFirstSkipped:
		d.breakSkipped()
		return
	case diagnose.AtHost:
		kind = PlaceHost
		d.Places[d.Find(kind)].Words = first.Summary
	case diagnose.AtRules:
		kind = PlaceRules
		if at := d.Find(kind); at >= 0 {
			d.Places[at].Words = "the service's own list refuses this address"
		}
	}
	at := d.Find(kind)
	if at < 0 { // such as DNS, where an address was given
		at = len(d.Places) - 1
	}
	d.breakAt(at)
	service := &d.Places[d.Find(PlaceService)]
	if kind == PlaceDNS && d.Places[at].Mark == MarkStop && service.Mark == markOpen {
		service.Mark = markUnknown // whatever answers there, the name led to the wrong place
	}
}

func (d *Drawing) breakAt(i int) {
	d.Places[i].Break = true
	d.Places[i].Mark = MarkStop
	if d.R.Diagnoses[0].Severity == report.Warn {
		d.Places[i].Mark = markDoubt
	}
}

// gapBefore puts the break on the line that leads to the place at index i.
func (d *Drawing) gapBefore(i int, words string) {
	d.insert(max(i, 1), Place{Kind: PlaceGap, Words: words, Break: true, Mark: MarkStop})
	d.beyond(i)
}

// beyond takes the failure from the service, where the break lies before it: it was not reached.
func (d *Drawing) beyond(i int) {
	if at := d.Find(PlaceService); at > i && d.Places[at].Mark == MarkStop {
		d.Places[at].Mark = markUnknown
	}
}

// breakNearby marks where something takes the connection in the service's name. False where that is not known.
func (d *Drawing) breakNearby() bool {
	walk := d.Seen.Walk()
	if walk == nil {
		return false
	}
	taken, ok := evidence.FirstHop(walk.Port, evidence.HopConnected)
	if !ok {
		return false
	}
	at := max(d.Find(PlaceDNS), 0) + 1
	if before := evidence.HopAt(walk.Compare, taken.TTL-1); before.From.IsValid() {
		at = d.behind(before)
	}
	d.gapBefore(at, "Something takes the connection here, in the service's name.")
	for _, kind := range []PlaceKind{PlaceService, PlaceTLS} {
		if beyond := d.Find(kind); beyond > at && d.R.Diagnoses[0].Severity == report.Fail {
			d.Places[beyond].Mark = markUnknown // what was seen there was that device's
		}
	}
	return true
}

// breakPort marks where the connection to the port ends. False where that is at the service.
func (d *Drawing) breakPort() bool {
	end := reading.EndingOf(d.Seen)
	switch end.By {
	case reading.EndDevice:
		return d.breakAtSender(end.Answer)
	case reading.EndGateway:
		d.gapBefore(max(d.Find(PlaceDNS), 0)+1, "The gateway "+end.Route.Gateway+" does not answer.")
		return true
	case reading.EndNearby, reading.EndOnTheWay:
		at, words := d.Find(PlaceService), "A reset comes back, from a device that does not show its address."
		switch {
		case end.By == reading.EndNearby:
			at = max(d.Find(PlaceDNS), 0) + 1
			words = "A reset comes back from the very beginning: from this host, or from its first router."
		case end.Last.TTL > 0:
			at = d.behind(end.Last)
			words = fmt.Sprintf("A reset comes back, in the service's name: from %s or from just beyond it.", end.Last.Sender())
		}
		d.gapBefore(at, words)
		return true
	}
	if end.By != reading.EndSilence && d.R.Diagnoses[0].Cause != "port.filtered" { // whose facts a report may lack
		return false
	}
	return d.breakSilence(end)
}

// breakSilence puts the break behind the last router that answers for the port; where no place may be claimed, the
// words say so.
func (d *Drawing) breakSilence(end reading.Ending) bool {
	service, last := d.Find(PlaceService), end.Last.Sender()
	switch end.Place {
	case reading.PlaceNotWalked:
		d.gapBefore(service, "Somewhere on the path: where cannot be told.")
	case reading.PlaceEdge:
		if inside, _ := reading.Inside(end.Last.From); inside {
			d.gapBefore(service, fmt.Sprintf("At %s, where the packets arrive, or beyond it, or on the return path.", last))
			break
		}
		d.gapBefore(service, fmt.Sprintf("At %s, the last router, or beyond it: at the service's edge, or this address is not let in.",
			last))
	case reading.PlaceAfter:
		d.gapBefore(d.behind(end.Last), fmt.Sprintf("Likely at %s or at the next device after it.", last))
	case reading.PlaceAnyPort:
		d.gapBefore(d.behind(end.Last), fmt.Sprintf("Somewhere beyond %s: the routers there do not answer.", last))
	default:
		d.gapBefore(d.Find(PlaceAddress), "Somewhere on the path: the routers do not answer.")
	}
	return true
}

// behind is the index of the place that comes after a router.
func (d *Drawing) behind(h evidence.Hop) int {
	for i, p := range d.Places {
		if p.Kind == PlaceRouter && p.ID == h.Sender() {
			return i + 1
		}
	}
	return d.Find(PlaceService)
}

// breakAtSender marks the device that says no in its own name. False where that is the service itself.
func (d *Drawing) breakAtSender(h evidence.Hop) bool {
	if slices.Contains(d.Seen.Target.Addresses, h.From) {
		return false
	}
	at := slices.IndexFunc(d.Places, func(p Place) bool { return p.Kind == PlaceRouter && p.ID == h.Sender() })
	if at < 0 {
		at = d.lastOpenRouter() + 1
		d.insert(at, Place{Kind: PlaceDevice, Name: "A device on the path", ID: h.Sender()})
	}
	d.breakAt(at)
	d.beyond(at)
	d.Places[at].Words = reading.Refusals.Get()[h.Answer]
	return true
}

// lastOpenRouter is the index of the last router that packets for the port came to, else of the last place
// before the routers.
func (d *Drawing) lastOpenRouter() int {
	at := max(d.Find(PlaceDNS), 0)
	for i, p := range d.Places {
		if p.Kind == PlaceRouter && p.Mark == markOpen {
			at = i
		}
	}
	return at
}

// breakProxy marks the proxy, with what it said. The service was not reached.
func (d *Drawing) breakProxy() {
	at := max(d.Find(PlaceProxy), 0)
	d.breakAt(at)
	d.beyond(at)
	service := &d.Places[d.Find(PlaceService)]
	d.Places[at].Words, service.Words = service.Words+"; "+d.Places[at].Words, "not reached"
}

// breakSkipped marks the first place whose probe did not run: one was required.
func (d *Drawing) breakSkipped() {
	for _, row := range d.R.Probes {
		if at := d.Find(probePlaces.Get()[row.Name]); row.Status == evidence.Skip && at >= 0 {
			d.breakAt(at)
			return
		}
	}
	d.breakAt(len(d.Places) - 1)
}

// breakIntercepted draws who answers in the service's place. Where on the way is not known.
func (d *Drawing) breakIntercepted() {
	who := ""
	if tls := d.Seen.TLS; tls != nil && tls.Trust != nil {
		who = cmp.Or(tls.Trust.Product, reading.LastIssuer(tls.Trust))
	}
	at := max(d.Find(PlaceService), 1)
	d.insert(at, Place{Kind: PlaceDevice, Name: "TLS inspection", ID: who,
		Words: "Answers in the service's name, somewhere on the path."})
	d.breakAt(at)
	if service := &d.Places[at+1]; d.Places[at].Mark == MarkStop {
		service.Mark = markUnknown // what answered may have been the device
	}
}

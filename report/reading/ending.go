// Package reading holds the questions about the facts of a run whose answer needs more than one of them: who ended a
// connection, how far a walk came, what the resolvers said, how a certificate is named. Its answers are facts and short
// words for them; it knows no cause and no advice.
package reading

import (
	"cmp"
	"net/netip"
	"slices"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/report"
)

// Who ends the connection to the port, and how sure that is. The port's row, the causes, the drawing of the way and the
// letter to support all ask this one function, so that they cannot say different things.

// ender is who.
type ender int

const (
	EndUnknown  ender = iota // the port was reached, or what was seen does not tell
	EndHere                  // this host: its own ICMP message, its kernel's no, or packets that are lost in it
	EndNearby                // a reset to a packet that may travel one step: this host, or its first router
	EndGateway               // nobody: the first router on the way does not answer on this host's own network
	EndDevice                // a device that says no with its own address
	EndOnTheWay              // a reset from nearer than the host
	EndHost                  // a reset from as far away as the host: from it, or from the router before it
	EndSomebody              // a reset, and how far away it was sent from is not known
	EndSilence               // no answer
)

// silentPlace is how far packets for a silent port come, as far as that may be claimed.
type silentPlace int

// The places. Only where the walk was made one is claimed.
const (
	PlaceNotWalked silentPlace = iota // no walk: nothing is known
	placeNoRouter                     // no router answers for the port
	PlaceNoneOnce                     // none, though one does for another port: it ends at this host or its first router
	PlaceAnyPort                      // packets for no port get further than the last router that answers
	PlaceAfter                        // another port gets further: it ends at the last router that answers, or the next device
	PlaceEdge                         // every router before the host answers
)

// Ending is what was seen of it.
type Ending struct {
	By     ender
	Sure   report.Confidence
	Answer evidence.Hop   // the no: its sender and message, and for a reset the TTL at which it came first (0: not seen)
	Last   evidence.Hop   // the last router before the end that tells its address; TTL 0: none does
	Place  silentPlace    // of silence
	Again  *evidence.Hop  // asked again, the port took a connection
	Walk   *evidence.Path // nil where there is none

	Route     *evidence.HostRoute // the line of this host's routing policy that says no (EndHere), or leads to nobody (EndGateway)
	Lost      string              // EndHere: where in this host the packets are lost, evidence.LostGoingOut and its like
	Outside   bool                // EndHere: the machine around this container, which passes its packets on, takes them
	Rewrote   bool                // EndHere: a rule of this host changes where the packets go
	SentTo    string              // Rewrote: address and port that they go to; "": not read, so a device in between may do it
	Redirects evidence.Hop        // the router on the way that sends the packets elsewhere; TTL 0: none is seen to
	Rewrite   bool                // such a rule would look the same, and could not be asked for
	Left      bool                // this host's packets did leave it: who does not answer, or refuses, is another one
}

// EndingOf is who ended the connection that failed.
func EndingOf(e *evidence.Evidence) Ending {
	failure := e.Step("port").Failure
	if failure == nil || e.Port == nil {
		return Ending{}
	}
	end, kind, later, host := Ending{Sure: report.Certain}, failure.Kind, e.Later(), e.Target.Addresses
	if e.Port.Path != nil && e.Port.Path.Available {
		end.Walk = e.Port.Path
	}
	denied := kind == evidence.KindNotPermitted || kind == evidence.KindUnreachable || kind == evidence.KindNoRoute
	switch {
	case denied && e.ThisHost != nil && e.ThisHost.Route.Denies():
		end.By, end.Route = EndHere, e.ThisHost.Route
	case kind == evidence.KindNotPermitted:
		end.By = EndHere
	case end.Walk != nil && end.bySender(host):
	case kind == evidence.KindRefused || refusalIn(later):
		end.byReset(e.ThisHost != nil && e.ThisHost.Route.Beyond())
	case kind == evidence.KindTimeout:
		end.bySilence()
	}
	end.byTranslation(e.ThisHost, host)
	if (end.By == EndSilence || end.By == EndUnknown) && gatewayGone(e) {
		end.By, end.Sure, end.Route = EndGateway, report.Likely, e.ThisHost.Route
	}
	if e.ThisHost != nil && end.SentTo == "" {
		end.byLedger(e.ThisHost.Ledger)
		if rules := e.ThisHost.Firewall; rules != nil && rules.Outside && len(rules.Took) > 0 {
			end.By, end.Sure, end.Outside = EndHere, report.Certain, true
		}
	}
	if h, ok := evidence.FirstHop(later, evidence.HopConnected); ok && end.By != EndUnknown {
		end.Again = &h
		if end.Sure == report.Certain && (end.Lost == "" || e.Ledger().Ports == nil) {
			end.Sure = report.Likely
		}
	}
	return end
}

// PortEnding is who ended the direct connection to the port; false where that is not what failed.
func PortEnding(e *evidence.Evidence) (Ending, bool) {
	failure := e.Step("port").Failure
	if failure == nil || !failure.Kind.Unconnected() || !e.DirectPortFailed(failure.Kind) {
		return Ending{}, false
	}
	return EndingOf(e), true
}

// byTranslation finds out whether a rule of this host sends the packets elsewhere: by its table of connections, or by the
// service's own address on the first router's message. Where neither could be seen, such a rule looks like any other end.
func (end *Ending) byTranslation(here *evidence.ThisHost, host []netip.Addr) {
	to, known := here.Elsewhere()
	unsigned := end.By == EndSilence || end.By >= EndOnTheWay
	switch {
	case to != "" && end.By != EndUnknown && end.Route == nil:
		end.By, end.Rewrote, end.SentTo, end.Sure = EndHere, true, to, report.Certain
		if target, err := netip.ParseAddrPort(to); err != nil || iprules.NeverPublic(target.Addr()) != "" {
			end.Sure = report.Likely // a relay of this host's own or of its network, which may be meant to be there
		}
	case unsigned && (!known || here == nil) && end.Walk != nil && end.Walk.Rewritten(host):
		end.By, end.Rewrote, end.Sure = EndHere, true, report.Likely
	case unsigned && end.Walk != nil && end.Walk.RewrittenBy(host).TTL > 0:
		end.Redirects = end.Walk.RewrittenBy(host)
		if end.Last, end.Sure = end.Redirects, report.Likely; end.By == EndSilence {
			end.Place = PlaceAfter
		} else {
			end.By = EndOnTheWay
		}
	case (unsigned || end.By == EndNearby) && !known && (end.Walk == nil || !evidence.HopAt(end.Walk.Port, 1).Router()):
		end.Rewrite, end.Sure = true, report.Likely
	}
}

// gatewayGone reports whether the kernel asked for the first router's address on its own network, and no machine answered.
func gatewayGone(e *evidence.Evidence) bool {
	return e.ThisHost != nil && e.ThisHost.Route != nil && e.ThisHost.Route.Gateway != "" && e.Port.Path.UnreachableHere()
}

func refusalIn(hops []evidence.Hop) bool {
	_, ok := evidence.FirstHop(hops, evidence.HopRefused)
	return ok
}

// bySender looks for a no that is signed. That to an ordinary packet counts before those of the walk.
func (end *Ending) bySender(host []netip.Addr) bool {
	for _, h := range end.Walk.All() {
		_, is := Refusals.Get()[h.Answer]
		switch {
		case h.Answer == evidence.HopNotPermitted:
			end.By, end.Answer = EndHere, h
		case !is || !h.From.IsValid():
			continue
		case h.FromSelf && h.Answer == evidence.HopUnreachable && !end.Walk.OthersLeave():
			continue // an ARP question that nobody answered
		case h.FromSelf:
			end.By, end.Answer = EndHere, h
		case slices.Contains(host, h.From) && evidence.HopAt(end.Walk.Port, 1).Answer == h.Answer && end.Walk.OthersLeave():
			// In the service's name, and from right beside this host.
			end.By, end.Answer, end.Sure, end.Last = EndNearby, h, report.Likely, routerOf(evidence.HopAt(end.Walk.Compare, 1))
		case h.Answer == evidence.HopPortUnreachable && slices.Contains(host, h.From):
			end.By, end.Answer, end.Sure = EndHost, h, report.Likely
		default:
			end.By, end.Answer = EndDevice, h
		}
		return true
	}
	return false
}

// byReset finds out from how far away a reset comes: it has no sender but the one that it claims. beyond: the host is
// behind a router.
func (end *Ending) byReset(beyond bool) {
	end.By, end.Sure = EndSomebody, report.Likely
	if end.Walk == nil {
		return
	}
	first, seen := evidence.FirstHop(end.Walk.Port, evidence.HopRefused)
	distance := end.Walk.Distance
	end.Answer = first
	switch {
	case seen && first.TTL < distance && first.TTL >= end.Walk.Nearest() && !(beyond && first.TTL == 1): // the host may be there
		return
	case !seen || distance == 0 && !(first.TTL == 1 && end.Walk.OthersLeave()):
		return
	case first.TTL == 1 && distance != 1 && (end.Walk.ByHost || distance > 2 || end.Walk.OthersLeave()):
		end.By, end.Last = EndNearby, routerOf(evidence.HopAt(end.Walk.Compare, 1))
		return
	case first.TTL == distance && end.Walk.ByHost:
		end.By = EndHost
		if distance > 1 { // from nearer, a rule of this host's own firewall looks the same
			end.Sure = report.Certain
		}
	case first.TTL >= distance, first.TTL == distance-1 && !end.Walk.ByHost:
		end.By = EndHost // the other port may be handed on to a machine behind the host
	default:
		end.By = EndOnTheWay
		if end.Walk.ByHost {
			end.Sure = report.Certain
		}
	}
	// A router that refuses while it forwards answers one TTL later than its own place.
	end.Last = cmp.Or(routerOf(evidence.HopAt(end.Walk.Port, first.TTL-1)), routerOf(evidence.HopAt(end.Walk.Compare, first.TTL-1)))
}

// byLedger takes what the kernel counted: whether the packets were lost in this host, or left it.
func (end *Ending) byLedger(ledger *evidence.Ledger) {
	lost, sure := ledger.Lost()
	left, known := ledger.Left()
	signed, next := end.By == EndHere && end.Answer.From.IsValid(), end.Far() == 1
	switch {
	case !signed && !next && end.By != EndNearby && end.By != EndSilence, signed && lost == evidence.LostGoingOut:
	case next && lost == evidence.LostAnswered: // the endpoint may be this very host
	case lost != evidence.LostNowhere && (lost == evidence.LostGoingOut || lost == evidence.LostAnswered || end.By == EndSilence):
		end.By, end.Lost, end.Sure = EndHere, lost, report.Likely
		if sure {
			end.Sure = report.Certain
		}
	case signed && known && left: // somebody near uses this host's address as the sender
		end.By, end.Sure, end.Left = EndNearby, report.Likely, true
	case known && left:
		end.Left = true
		if next {
			end.Sure = report.Certain
		}
	}
}

// routerOf is the hop where it tells its address, else none.
func routerOf(h evidence.Hop) evidence.Hop {
	if h.Router() {
		return h
	}
	return evidence.Hop{}
}

// bySilence finds out how far packets come that nobody answers.
func (end *Ending) bySilence() {
	end.By, end.Sure = EndSilence, report.Likely
	walk := end.Walk
	if walk == nil {
		return
	}
	end.Last = walk.Last()
	switch {
	case end.Last.TTL > 0 && walk.Distance > 0 && end.Last.TTL == walk.Distance-1:
		end.Place = PlaceEdge
	case end.Last.TTL > 0 && walk.Further(end.Last.TTL):
		end.Place = PlaceAfter
	case end.Last.TTL > 0:
		end.Place = PlaceAnyPort
	case walk.OthersLeave() && evidence.HopAt(walk.Port, 1).Answer == evidence.HopSilence:
		end.Place, end.Last = PlaceNoneOnce, evidence.HopAt(walk.Compare, 1)
	default:
		end.Place = placeNoRouter
	}
}

// Far is how many hops away the host is where the refusal comes from there, else 0.
func (end Ending) Far() int {
	if end.By != EndHost || end.Walk == nil || end.Answer.TTL != end.Walk.Distance {
		return 0
	}
	return end.Walk.Distance
}

// Package reading holds the questions about the facts of a run whose answer needs more than one of them: who ended a
// connection, how far a walk came, what the resolvers said, how a certificate is named. Its answers are facts and short
// words for them; it knows no cause and no advice.
package reading

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
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

const (
	PlaceNotWalked silentPlace = iota
	placeNoRouter              // no router answers for the port
	PlaceNoneOnce              // none, though one does for another port: it ends at this host or its first router
	PlaceAnyPort               // packets for no port get further than the last router that answers
	PlaceAfter                 // another port gets further: it ends at the last router that answers, or the next device
	PlaceEdge                  // every router before the host answers
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

	Route   *evidence.HostRoute // the line of this host's routing policy that says no (EndHere), or leads to nobody (EndGateway)
	Lost    string              // EndHere: where in this host the packets are lost, evidence.LostGoingOut and its like
	Outside bool                // EndHere: the machine around this container, which passes its packets on, takes them
	Rewrote bool                // EndHere: a rule of this host changes where the packets go
	Left    bool                // this host's packets did leave it: who does not answer, or refuses, is another one
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
		end.byReset()
	case kind == evidence.KindTimeout:
		end.bySilence()
	}
	if (end.By == EndSilence || end.By >= EndOnTheWay) && end.Walk != nil && end.Walk.Rewritten(host) {
		end.By, end.Rewrote = EndHere, true
	}
	if (end.By == EndSilence || end.By == EndUnknown) && gatewayGone(e) {
		end.By, end.Sure, end.Route = EndGateway, report.Likely, e.ThisHost.Route
	}
	if e.ThisHost != nil {
		end.byLedger(e.ThisHost.Ledger)
		if rules := e.ThisHost.Firewall; rules != nil && rules.Outside && len(rules.Took) > 0 {
			end.By, end.Sure, end.Outside = EndHere, report.Certain, true
		}
	}
	if h, ok := evidence.FirstHop(later, evidence.HopConnected); ok && end.By != EndUnknown {
		end.Again = &h
		if end.Sure == report.Certain {
			end.Sure = report.Likely
		}
	}
	return end
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
		_, is := Refusals[h.Answer]
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

// byReset finds out from how far away a reset comes: it has no sender but the one that it claims.
func (end *Ending) byReset() {
	end.By, end.Sure = EndSomebody, report.Likely
	if end.Walk == nil {
		return
	}
	first, seen := evidence.FirstHop(end.Walk.Port, evidence.HopRefused)
	distance := end.Walk.Distance
	end.Answer = first
	switch {
	case seen && first.TTL < distance && first.TTL >= end.Walk.Nearest(): // as near as the host may be, or nearer
		return
	case !seen || distance == 0 && !(first.TTL == 1 && end.Walk.OthersLeave()):
		return
	case first.TTL == 1 && distance != 1 && (end.Walk.ByHost || distance > 2 || end.Walk.OthersLeave()):
		end.By, end.Last = EndNearby, routerOf(evidence.HopAt(end.Walk.Compare, 1))
		return
	case first.TTL == distance && end.Walk.ByHost:
		end.By, end.Sure = EndHost, report.Certain
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
	signed := end.By == EndHere && end.Answer.From.IsValid()
	switch {
	case !signed && end.By != EndNearby && end.By != EndSilence, signed && lost == evidence.LostGoingOut:
	case lost != evidence.LostNowhere && (lost == evidence.LostGoingOut || lost == evidence.LostAnswered || end.By == EndSilence):
		end.By, end.Lost, end.Sure = EndHere, lost, report.Likely
		if sure {
			end.Sure = report.Certain
		}
	case signed && known && left: // somebody near uses this host's address as the sender
		end.By, end.Sure, end.Left = EndNearby, report.Likely, true
	case known && left:
		end.Left = true
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

// Evidence are the sentences that say who ended it. port is the one that fails.
func (end Ending) Evidence(port int) []string {
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	h, last := end.Answer, end.Last
	switch end.By {
	case EndHere:
		if end.Route != nil {
			say("The routing policy of this host has this line for it: %s.", end.Route.Line)
		}
		if h.From.IsValid() {
			say("The ICMP message %q comes from %s, an address of this host.", Icmp(h), h.Sender())
		}
		if end.Rewrote {
			say("The first router's message about these packets has %s as its sender, the service's own address.", evidence.HopAt(end.Walk.Port, 1).Sender())
			say("So a rule on this host gives the packets another address (NAT), and what comes back the old one.")
		}
	case EndGateway:
		say("The route for the service: %s.", end.Route.Line)
		say("The kernel asked on the network of %s who has %s, and no machine answered.", end.Route.Interface, end.Route.Gateway)
	case EndDevice:
		say("%s answers with ICMP %s.", h.Sender(), Icmp(h))
	case EndNearby:
		switch {
		case h.From.IsValid() && !h.FromSelf:
			say("The ICMP message %q has the service's own address, %s, as its sender, and answers a packet that may travel one step only.",
				Icmp(h), h.Sender())
			if end.Left {
				say("The packets did leave this host, so it comes from the first router, or from a device before it.")
			}
		case end.Left && h.From.IsValid():
			say("The ICMP message %q has this host's own address, %s, as its sender; but the packets did leave this host.", Icmp(h), h.Sender())
		case end.Left:
			say("The refusal comes at TTL 1, and the packets did leave this host: it comes from the first router, or from a device before it.")
		default:
			say("The refusal comes at TTL 1: from this host itself, or from its first router.")
		}
		if last.TTL > 0 {
			say("A packet for port %d with TTL 1 reaches the first router, %s.", end.Walk.ComparedTo, last.Sender())
		}
	case EndOnTheWay:
		say("The refusal comes at TTL %d; the host is %s.", h.TTL, FarWords(end.Walk))
		if last.TTL > 0 {
			say("The last router before it that shows its address is hop %d, %s.", last.TTL, last.Sender())
		}
	case EndHost:
		lines = end.hostEvidence()
	case EndSilence:
		lines = end.silentEvidence(port)
	}
	return lines
}

func (end Ending) hostEvidence() []string {
	ttl := end.Answer.TTL
	switch far := end.Far(); {
	case end.Answer.Answer == evidence.HopPortUnreachable:
		return []string{fmt.Sprintf("%s, the host's own address, answers with ICMP %s.", end.Answer.Sender(), Icmp(end.Answer))}
	case far == 1:
		return []string{"The refusal comes from the first hop, as far away as the host itself."}
	case far > 1:
		return []string{fmt.Sprintf("The refusal comes from %d hops away, as far as the host itself: from it, or from the last "+
			"router before it.", far)}
	case ttl < end.Walk.Distance:
		return []string{fmt.Sprintf("The refusal comes from %s, and port %d is taken one hop further, by the host or by a "+
			"machine after it: so it comes from the host, or from a router right before it.", hopsAway(ttl), end.Walk.ComparedTo)}
	}
	return []string{fmt.Sprintf("The refusal comes from %s; port %d is taken nearer than that, after %d.", hopsAway(ttl),
		end.Walk.ComparedTo, end.Walk.Distance)}
}

func (end Ending) silentEvidence(port int) []string {
	last := end.Last
	switch end.Place {
	case PlaceEdge:
		return []string{fmt.Sprintf("Packets for port %d come as far as the last router before the host, %s.", port, last.Sender())}
	case PlaceAfter:
		return []string{fmt.Sprintf("Hop %d, %s, is the last that answers for port %d; packets for port %d get further.",
			last.TTL, last.Sender(), port, end.Walk.ComparedTo)}
	case PlaceNoneOnce:
		return []string{fmt.Sprintf("A packet for port %d with TTL 1 reaches the first router, %s.", end.Walk.ComparedTo, last.Sender()),
			end.dropsAtOnce(port)}
	case PlaceAnyPort, placeNoRouter:
		return []string{"The position is unknown: " + end.NoPlace() + "."}
	}
	return nil
}

func (end Ending) dropsAtOnce(port int) string {
	if end.Left {
		return fmt.Sprintf("One for port %d leaves this host and gets no answer: its first router, %s, or a device before it, drops it.",
			port, end.Last.Sender())
	}
	return fmt.Sprintf("One for port %d gets no answer: this host or its first router, %s, drops it.", port, end.Last.Sender())
}

// NoPlace is why no place may be claimed for a silence; "" where one may.
func (end Ending) NoPlace() string {
	switch end.Place {
	case PlaceAnyPort:
		return fmt.Sprintf("hop %d, %s, is the last that answers, for any port", end.Last.TTL, end.Last.Sender())
	case placeNoRouter:
		return "the routers do not answer"
	}
	return ""
}

// FarWords are how many hops away the host is.
func FarWords(walk *evidence.Path) string {
	if walk.Nearest() < walk.Distance {
		return fmt.Sprintf("%d to %d hops away", walk.Nearest(), walk.Distance)
	}
	return hopsAway(walk.Distance)
}

// Icmp names the hop's ICMP message with its numbers.
func Icmp(h evidence.Hop) string {
	name := "destination unreachable"
	if h.ICMPType == 3 {
		names := map[int]string{0: "network unreachable", 1: "host unreachable", 2: "protocol unreachable",
			3: "port unreachable", 9: "network administratively prohibited", 10: "host administratively prohibited",
			13: "communication administratively prohibited"}
		if known, ok := names[h.ICMPCode]; ok {
			name = known
		}
	}
	return fmt.Sprintf("%s (type %d, code %d)", name, h.ICMPType, h.ICMPCode)
}

func hopsAway(n int) string { return screen.CountWords(n, "hop away", "hops away") }

// Refusals are the answers that a device signs with its own address.
var Refusals = map[string]string{
	evidence.HopProhibited:      "says that it is administratively prohibited",
	evidence.HopUnreachable:     "says that there is no route to the service",
	evidence.HopPortUnreachable: "refuses the port, in its own name",
}

// Row is the ending as the port's row has it; "" where it does not say more than the failure itself.
func (end Ending) Row() string {
	said := map[string]string{evidence.HopProhibited: KindWords[evidence.KindProhibited],
		evidence.HopUnreachable: KindWords[evidence.KindUnreachable], evidence.HopPortUnreachable: "refused"}[end.Answer.Answer]
	switch {
	case end.Again != nil && end.By == EndSilence:
		return "no answer at first, then it took a connection"
	case end.By == EndHere && end.Route != nil:
		return "this host's own routing policy says no: " + end.Route.Kind
	case end.By == EndHere && end.Lost == evidence.LostAnswered:
		return "answered by this host itself"
	case end.By == EndHere && end.Lost == evidence.LostGoingOut:
		return "packets for it are dropped in this host"
	case end.By == EndHere && end.Lost != "":
		return "its answers are dropped in this host"
	case end.By == EndHere && said != "":
		return said + " by this host itself"
	case end.By == EndGateway:
		return "the gateway " + end.Route.Gateway + " does not answer"
	case end.By == EndDevice && said == "refused":
		return "refused by " + end.Answer.Sender()
	case end.By == EndDevice:
		return said + ", by " + end.Answer.Sender()
	case end.By == EndNearby && end.Left:
		return "refused by the first router, or before it"
	case end.By == EndNearby:
		return "refused by this host or its first router"
	case end.By == EndOnTheWay:
		where := fmt.Sprintf("refused at hop %d, the host is at hop %d", end.Answer.TTL, end.Walk.Nearest())
		if end.Walk.Nearest() < end.Walk.Distance {
			where += " or beyond"
		}
		return where
	case end.By == EndHost, end.By == EndSomebody:
		return KindWords[evidence.KindRefused]
	case end.By == EndSilence && (end.Place == PlaceEdge || end.Place == PlaceAfter):
		return fmt.Sprintf("silence after hop %d, %s", end.Last.TTL, end.Last.Sender())
	}
	return ""
}

package report

import (
	"cmp"
	"fmt"
	"slices"

	"opensrs-doctor/probes/evidence"
)

// Who ends the connection to the port, and how sure that is. The port's row, the causes, the drawing of the way and the
// letter to support all ask this one function, so that they cannot say different things.

// ender is who.
type ender int

const (
	endUnknown  ender = iota // the port was reached, or what was seen does not tell
	endHere                  // this host: its own ICMP message, or its kernel's no
	endNearby                // a reset to a packet that may travel one step: this host, or its first router
	endDevice                // a device that says no with its own address
	endOnTheWay              // a reset from nearer than the host
	endHost                  // a reset from as far away as the host: from it, or from the router before it
	endSomebody              // a reset, and how far away it was sent from is not known
	endSilence               // no answer
)

// silentPlace is how far packets for a silent port come, as far as that may be claimed.
type silentPlace int

const (
	placeNotWalked silentPlace = iota
	placeNoRouter              // no router answers for the port
	placeNoneOnce              // none, though one does for another port: it ends at this host or its first router
	placeAnyPort               // packets for no port get further than the last router that answers
	placeAfter                 // another port gets further: it ends at the last router that answers, or the next device
	placeEdge                  // every router before the host answers
)

// ending is what was seen of it.
type ending struct {
	by     ender
	sure   Confidence
	answer hopFact     // the no: its sender and message, and for a reset the TTL at which it came first (0: not seen)
	last   hopFact     // the last router before the end that tells its address; TTL 0: none does
	place  silentPlace // of silence
	again  *hopFact    // asked again, the port took a connection
	walk   *walkFacts  // nil where there is none
}

// ending is who ended the connection that failed; host are the addresses of the service.
func (c connectionFacts) ending(host []string) ending {
	if c.Failure == nil {
		return ending{}
	}
	end, kind, later := ending{sure: Certain}, evidence.Kind(c.Failure.Kind), c.later()
	if c.Path != nil && c.Path.Available {
		end.walk = c.Path
	}
	switch {
	case kind == evidence.KindNotPermitted:
		end.by = endHere
	case end.walk != nil && end.bySender(host):
	case kind == evidence.KindRefused || refusalIn(later):
		end.byReset()
	case kind == evidence.KindTimeout:
		end.bySilence()
	}
	if h, ok := firstHop(later, evidence.HopConnected); ok && end.by != endUnknown {
		end.again = &h
		if end.sure == Certain {
			end.sure = Likely
		}
	}
	return end
}

// later are the connections and refusals with which the port answered after the probe: to the walk, and in a deep run to
// the round trips.
func (c connectionFacts) later() []hopFact {
	var answers []hopFact
	if c.Path != nil && c.Path.Available {
		answers = slices.DeleteFunc(slices.Clone(c.Path.all()), func(h hopFact) bool { return !h.met() })
	}
	if trips := c.RoundTrips; trips != nil && trips.To == c.tried() {
		if trips.Answered > trips.Refused {
			answers = append(answers, hopFact{Answer: evidence.HopConnected, TookMS: trips.MinMS})
		}
		if trips.Refused > 0 {
			answers = append(answers, hopFact{Answer: evidence.HopRefused, TookMS: trips.MinMS})
		}
	}
	return answers
}

// tookLater reports whether the port took a connection after the probe.
func (c connectionFacts) tookLater() bool {
	_, took := firstHop(c.later(), evidence.HopConnected)
	return took
}

func refusalIn(hops []hopFact) bool {
	_, ok := firstHop(hops, evidence.HopRefused)
	return ok
}

// bySender looks for a no that is signed. That to an ordinary packet counts before those of the walk.
func (end *ending) bySender(host []string) bool {
	for _, h := range end.walk.all() {
		_, is := refusals[h.Answer]
		switch {
		case h.Answer == evidence.HopNotPermitted:
			end.by, end.answer = endHere, h
		case !is || h.From == "":
			continue
		case h.FromSelf && h.Answer == evidence.HopUnreachable && !end.walk.othersLeave():
			continue // an ARP question that nobody answered
		case h.FromSelf:
			end.by, end.answer = endHere, h
		case h.Answer == evidence.HopPortUnreachable && slices.Contains(host, h.From):
			end.by, end.answer, end.sure = endHost, h, Likely
		default:
			end.by, end.answer = endDevice, h
		}
		return true
	}
	return false
}

// byReset finds out from how far away a reset comes: it has no sender but the one that it claims.
func (end *ending) byReset() {
	end.by, end.sure = endSomebody, Likely
	if end.walk == nil {
		return
	}
	first, seen := firstHop(end.walk.Port, evidence.HopRefused)
	distance := end.walk.Distance
	end.answer = first
	switch {
	case !seen || distance == 0 && !(first.TTL == 1 && end.walk.othersLeave()):
		return
	case first.TTL == 1 && distance != 1 && (end.walk.ByHost || distance > 2 || end.walk.othersLeave()):
		end.by, end.last = endNearby, routerOf(hopAt(end.walk.Compare, 1))
		return
	case first.TTL == distance && end.walk.ByHost:
		end.by, end.sure = endHost, Certain
	case first.TTL >= distance, first.TTL == distance-1 && !end.walk.ByHost:
		end.by = endHost // the other port may be handed on to a machine behind the host
	default:
		end.by = endOnTheWay
		if end.walk.ByHost {
			end.sure = Certain
		}
	}
	// A router that refuses while it forwards answers one TTL later than its own place.
	end.last = cmp.Or(routerOf(hopAt(end.walk.Port, first.TTL-1)), routerOf(hopAt(end.walk.Compare, first.TTL-1)))
}

// routerOf is the hop where it tells its address, else none.
func routerOf(h hopFact) hopFact {
	if h.router() {
		return h
	}
	return hopFact{}
}

// bySilence finds out how far packets come that nobody answers.
func (end *ending) bySilence() {
	end.by, end.sure = endSilence, Likely
	walk := end.walk
	if walk == nil {
		return
	}
	end.last = walk.last()
	switch {
	case end.last.TTL > 0 && walk.Distance > 0 && end.last.TTL == walk.Distance-1:
		end.place = placeEdge
	case end.last.TTL > 0 && walk.further(end.last.TTL):
		end.place = placeAfter
	case end.last.TTL > 0:
		end.place = placeAnyPort
	case walk.othersLeave() && hopAt(walk.Port, 1).Answer == evidence.HopSilence:
		end.place, end.last = placeNoneOnce, hopAt(walk.Compare, 1)
	default:
		end.place = placeNoRouter
	}
}

// far is how many hops away the host is where the refusal comes from there, else 0.
func (end ending) far() int {
	if end.by != endHost || end.walk == nil || end.answer.TTL != end.walk.Distance {
		return 0
	}
	return end.walk.Distance
}

// evidence are the sentences that say who ended it. port is the one that fails.
func (end ending) evidence(port int) []string {
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	h, last := end.answer, end.last
	switch end.by {
	case endHere:
		if h.From != "" {
			say("The ICMP message %q comes from %s, an address of this host.", h.icmp(), h.From)
		}
	case endDevice:
		say("%s answers with ICMP %s.", h.From, h.icmp())
	case endNearby:
		say("The refusal comes at TTL 1: from this host itself, or from its first router.")
		if last.TTL > 0 {
			say("A packet for port %d with TTL 1 reaches the first router, %s.", end.walk.ComparedTo, last.From)
		}
	case endOnTheWay:
		say("The refusal comes at TTL %d; the host is %s.", h.TTL, hopsAway(end.walk.Distance))
		if last.TTL > 0 {
			say("The last router before it that tells its address is hop %d, %s.", last.TTL, last.From)
		}
	case endHost:
		lines = end.hostEvidence()
	case endSilence:
		lines = end.silentEvidence(port)
	}
	return lines
}

func (end ending) hostEvidence() []string {
	ttl := end.answer.TTL
	switch far := end.far(); {
	case end.answer.Answer == evidence.HopPortUnreachable:
		return []string{fmt.Sprintf("%s, the host's own address, answers with ICMP %s.", end.answer.From, end.answer.icmp())}
	case far == 1:
		return []string{"The refusal comes from the first hop, as far away as the host itself."}
	case far > 1:
		return []string{fmt.Sprintf("The refusal comes from %d hops away, as far as the host itself: from it, or from the last "+
			"router before it.", far)}
	case ttl < end.walk.Distance:
		return []string{fmt.Sprintf("The refusal comes from %s, and port %d is taken one hop further, by the host or by a "+
			"machine behind it: so it comes from the host, or from a router right before it.", hopsAway(ttl), end.walk.ComparedTo)}
	}
	return []string{fmt.Sprintf("The refusal comes from %s; port %d is taken nearer than that, after %d.", hopsAway(ttl),
		end.walk.ComparedTo, end.walk.Distance)}
}

func (end ending) silentEvidence(port int) []string {
	last := end.last
	switch end.place {
	case placeEdge:
		return []string{fmt.Sprintf("Packets for port %d come as far as the last router before the host, %s.", port, last.From)}
	case placeAfter:
		return []string{fmt.Sprintf("Hop %d, %s, is the last that answers for port %d; packets for port %d get further.",
			last.TTL, last.From, port, end.walk.ComparedTo)}
	case placeNoneOnce:
		return []string{fmt.Sprintf("A packet for port %d with TTL 1 reaches the first router, %s.", end.walk.ComparedTo, last.From),
			fmt.Sprintf("One for port %d gets no answer: this host or its first router, %s, drops it.", port, last.From)}
	case placeAnyPort, placeNoRouter:
		return []string{"The position is unknown: " + end.noPlace() + "."}
	}
	return nil
}

// noPlace is why no place may be claimed for a silence; "" where one may.
func (end ending) noPlace() string {
	switch end.place {
	case placeAnyPort:
		return fmt.Sprintf("hop %d, %s, is the last that answers, for any port", end.last.TTL, end.last.From)
	case placeNoRouter:
		return "the routers do not answer"
	}
	return ""
}

func hopsAway(n int) string { return countWords(n, "hop away", "hops away") }

// refusals are the answers that a device signs with its own address.
var refusals = map[string]string{
	evidence.HopProhibited:      "says that it is administratively prohibited",
	evidence.HopUnreachable:     "says that there is no way to the service",
	evidence.HopPortUnreachable: "refuses the port, in its own name",
}

// row is the ending as the port's row has it; "" where it does not say more than the failure itself.
func (end ending) row() string {
	said := map[string]string{evidence.HopProhibited: kindWords[evidence.KindProhibited],
		evidence.HopUnreachable: kindWords[evidence.KindUnreachable], evidence.HopPortUnreachable: "refused"}[end.answer.Answer]
	switch {
	case end.again != nil && end.by == endSilence:
		return "no answer at first, then it took a connection"
	case end.by == endHere && said != "":
		return said + " by this host itself"
	case end.by == endDevice && said == "refused":
		return "refused by " + end.answer.From
	case end.by == endDevice:
		return said + ", by " + end.answer.From
	case end.by == endNearby:
		return "refused by this host or its first router"
	case end.by == endOnTheWay:
		return fmt.Sprintf("refused at hop %d, the host is at hop %d", end.answer.TTL, end.walk.Distance)
	case end.by == endHost, end.by == endSomebody:
		return kindWords[evidence.KindRefused]
	case end.by == endSilence && (end.place == placeEdge || end.place == placeAfter):
		return fmt.Sprintf("silence after hop %d, %s", end.last.TTL, end.last.From)
	}
	return ""
}

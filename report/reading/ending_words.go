package reading

import (
	"fmt"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/report/screen"
)

// Evidence are the sentences that say who ended it. port is the one that fails.
func (end Ending) Evidence(port int) []string {
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	h, last := end.Answer, end.Last
	if by := end.Redirects; by.TTL > 0 {
		say("The message of hop %d about these packets has the service's own address as its sender, and the service is %s: hop %s sends them elsewhere.",
			by.TTL, FarWords(end.Walk), strings.TrimSpace(fmt.Sprint(by.TTL)+" "+by.Sender()))
		return lines
	}
	switch end.By {
	case EndHere:
		if end.Route != nil {
			say("The routing policy of this host has this line for it: %s.", end.Route.Line)
		}
		if h.From.IsValid() {
			say("The ICMP message %q comes from %s, an address of this host.", Icmp(h), h.Sender())
		}
		if end.SentTo != "" {
			say("This host's table of connections shows that it sends these packets to %s.", end.SentTo)
		} else if end.Rewrote {
			say("The first router's message about these packets has %s as its sender, the service's own address.", evidence.HopAt(end.Walk.Port, 1).Sender())
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
	case far == 1 && end.Left:
		return []string{"The refusal comes from the first hop, as far away as the host itself, and this host's kernel counted the packets as sent."}
	case far == 1:
		return []string{"The refusal comes from the first hop, as far away as the host itself; from this host's own firewall it would look the same."}
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
var Refusals = lazy.Value[map[string]string]{Make: func() map[string]string {
	return map[string]string{
		evidence.HopProhibited:      "says that it is administratively prohibited",
		evidence.HopUnreachable:     "says that there is no route to the service",
		evidence.HopPortUnreachable: "refuses the port, in its own name",
	}
}}

// Row is the ending as the port's row has it; "" where it does not say more than the failure itself.
func (end Ending) Row() string {
	said := map[string]string{evidence.HopProhibited: KindWords.Get()[evidence.KindProhibited],
		evidence.HopUnreachable: KindWords.Get()[evidence.KindUnreachable], evidence.HopPortUnreachable: "refused"}[end.Answer.Answer]
	switch {
	case end.Again != nil && end.By == EndSilence:
		return "no answer at first, then it took a connection"
	case end.By == EndHere && end.Route != nil:
		return "this host's own routing policy says no: " + end.Route.Kind
	case end.SentTo != "":
		return "a rule of this host sends the packets to " + end.SentTo
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
	case end.Redirects.TTL > 0:
		return fmt.Sprintf("sent elsewhere at hop %d", end.Redirects.TTL)
	case end.By == EndOnTheWay:
		where := fmt.Sprintf("refused at hop %d, the host is at hop %d", end.Answer.TTL, end.Walk.Nearest())
		if end.Walk.Nearest() < end.Walk.Distance {
			where += " or beyond"
		}
		return where
	case end.By == EndHost, end.By == EndSomebody:
		return KindWords.Get()[evidence.KindRefused]
	case end.By == EndSilence && (end.Place == PlaceEdge || end.Place == PlaceAfter):
		return fmt.Sprintf("silence after hop %d, %s", end.Last.TTL, end.Last.Sender())
	}
	return ""
}

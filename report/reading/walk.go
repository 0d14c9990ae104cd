package reading

import (
	"cmp"
	"fmt"
	"slices"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report/screen"
)

// WalkFacts is the walk towards the endpoint with growing TTL, as a report saves it. Causes and rows of a run, and the
// drawings of a saved report, ask it the same questions: addresses are texts, and tokens in an anonymized report.
type WalkFacts struct {
	Available  bool      `json:"available"`
	Why        string    `json:"why"`
	Answer     *HopFact  `json:"answer"` // to a packet with an ordinary TTL
	Port       []HopFact `json:"port"`
	Compare    []HopFact `json:"compare"`
	ComparedTo int       `json:"compared_to"`
	Distance   int       `json:"distance"`         // hops to the host, 0: not measured
	ByHost     bool      `json:"distance_by_host"` // else it is where the port to compare with is taken
	AtLeast    int       `json:"distance_at_least"`
}

// HopFact is the answer to one packet.
type HopFact struct {
	TTL      int     `json:"ttl"`
	Answer   string  `json:"answer"`
	From     string  `json:"from"`
	FromSelf bool    `json:"from_self"`
	ICMPType int     `json:"icmp_type"`
	ICMPCode int     `json:"icmp_code"`
	TookMS   float64 `json:"took_ms"`
}

// WalkOf is the walk of a run as its report saves it; nil where there was none.
func WalkOf(e *evidence.Evidence) *WalkFacts {
	if e.Port == nil || e.Port.Path == nil {
		return nil
	}
	p := e.Port.Path
	walk := &WalkFacts{Available: p.Available, Why: p.Why, Port: hopFacts(p.Port), Compare: hopFacts(p.Compare),
		ComparedTo: int(p.ComparedTo), Distance: p.Distance, ByHost: p.ByHost, AtLeast: p.AtLeast}
	if p.Answer != nil {
		walk.Answer = &hopFacts([]evidence.Hop{*p.Answer})[0]
	}
	return walk
}

func hopFacts(hops []evidence.Hop) []HopFact {
	facts := make([]HopFact, 0, len(hops))
	for _, h := range hops {
		facts = append(facts, HopFact{TTL: h.TTL, Answer: h.Answer, From: evidence.AddressText(h.From), FromSelf: h.FromSelf,
			ICMPType: h.ICMPType, ICMPCode: h.ICMPCode, TookMS: h.TookMS})
	}
	return facts
}

// HopAt gives the answer to one TTL; Answer is "" where it was not asked.
func HopAt(hops []HopFact, ttl int) HopFact {
	for _, h := range hops {
		if h.TTL == ttl {
			return h
		}
	}
	return HopFact{}
}

// FirstHop is the first hop with that answer.
func FirstHop(hops []HopFact, answer string) (HopFact, bool) {
	i := slices.IndexFunc(hops, func(h HopFact) bool { return h.Answer == answer })
	if i < 0 {
		return HopFact{}, false
	}
	return hops[i], true
}

// Met reports whether the packet met with a connection or a refusal, and not with a router or nobody.
func (h HopFact) Met() bool {
	return h.Answer == evidence.HopConnected || h.Answer == evidence.HopRefused
}

// router reports whether a router on the way told, with its address, that the packet came to it.
func (h HopFact) router() bool {
	return h.Answer == evidence.HopTimeExceeded && h.From != "" && !h.FromSelf
}

// Icmp names the hop's ICMP message with its numbers.
func (h HopFact) Icmp() string {
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

// All is the answer to an ordinary packet, where there is one, and the walk.
func (w *WalkFacts) All() []HopFact {
	if w.Answer == nil {
		return w.Port
	}
	return append([]HopFact{*w.Answer}, w.Port...)
}

// last is the last router that answers for the failing port; TTL is 0 where none does.
func (w *WalkFacts) last() (last HopFact) {
	for _, h := range w.Port {
		if h.router() {
			last = h
		}
	}
	return last
}

// Nearest is how many hops away the host is at the least, 0: not measured. What comes from nearer than that is not the host's.
func (w *WalkFacts) Nearest() int { return cmp.Or(w.AtLeast, w.Distance) }

// FarWords are how many hops away the host is.
func (w *WalkFacts) FarWords() string {
	if w.Nearest() < w.Distance {
		return fmt.Sprintf("%d to %d hops away", w.Nearest(), w.Distance)
	}
	return screen.CountWords(w.Distance, "hop away", "hops away")
}

// HostAnswers reports whether the host itself answered the walk over UDP.
func (w *WalkFacts) HostAnswers() bool { return w != nil && w.Available && w.ByHost && w.Distance > 0 }

// further reports whether the port to compare with gets further than that hop.
func (w *WalkFacts) further(than int) bool {
	return slices.ContainsFunc(w.Compare, func(h HopFact) bool { return h.TTL > than && h.Answer != evidence.HopSilence })
}

// rewritten reports whether the first router's message about a packet for the port bears the service's own address: this
// host translates the packets' address there and back.
func (w *WalkFacts) rewritten(host []string) bool {
	first := HopAt(w.Port, 1)
	return first.Answer == evidence.HopTimeExceeded && slices.Contains(host, first.From) && HopAt(w.Compare, 1).From != first.From
}

// othersLeave reports whether a packet for the other port reaches the first router.
func (w *WalkFacts) othersLeave() bool { return HopAt(w.Compare, 1).router() }

// AnyUnreachableHere reports whether this host itself said during the walk that nobody has the address.
func AnyUnreachableHere(e *evidence.Evidence) bool {
	walk := WalkOf(e)
	if walk == nil {
		return false
	}
	for _, h := range walk.All() {
		if h.FromSelf && h.Answer == evidence.HopUnreachable {
			return true
		}
	}
	return false
}

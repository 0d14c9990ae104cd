package report

import (
	"fmt"

	"opensrs-doctor/probes"
)

// hop gives the answer to one TTL; Answer is "" where it was not asked.
func hop(hops []probes.Hop, ttl int) probes.Hop {
	for _, h := range hops {
		if h.TTL == ttl {
			return h
		}
	}
	return probes.Hop{}
}

func walkOf(e *probes.Evidence) *probes.Path {
	if e.Port == nil || e.Port.Path == nil || !e.Port.Path.Available {
		return nil
	}
	return e.Port.Path
}

// icmpText names a message with its numbers.
func icmpText(h probes.Hop) string {
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

// firstRefusal is the TTL from which on the port is refused; 0 where the walk did not see it.
func firstRefusal(walk *probes.Path) int {
	if walk == nil {
		return 0
	}
	for _, h := range walk.Port {
		if h.Answer == probes.HopRefused {
			return h.TTL
		}
	}
	return 0
}

// allHops is the answer to an ordinary packet, where there is one, and the walk.
func allHops(walk *probes.Path) []probes.Hop {
	if walk.Answer == nil {
		return walk.Port
	}
	return append([]probes.Hop{*walk.Answer}, walk.Port...)
}

// icmpFrom is the first hop of the walk with that answer which another machine sent.
func icmpFrom(e *probes.Evidence, answer string) (probes.Hop, bool) {
	walk := walkOf(e)
	if walk == nil {
		return probes.Hop{}, false
	}
	for _, h := range allHops(walk) {
		if h.Answer == answer && h.From.IsValid() && !h.FromSelf {
			return h, true
		}
	}
	return probes.Hop{}, false
}

// lastAnswering is the last hop that still answers for the failing port.
func lastAnswering(walk *probes.Path) (probes.Hop, bool) {
	var last probes.Hop
	for _, h := range walk.Port {
		if h.Answer == probes.HopTimeExceeded {
			last = h
		}
	}
	return last, last.TTL > 0
}

// walksFurther reports whether the comparison port gets further than that hop.
func walksFurther(walk *probes.Path, than int) bool {
	for _, h := range walk.Compare {
		if h.TTL > than && h.Answer != probes.HopSilence {
			return true
		}
	}
	return false
}

// beyondLastRouter: every router before the host answers for the failing port, so what drops it is at the host.
func beyondLastRouter(walk *probes.Path) bool {
	last, ok := lastAnswering(walk)
	return ok && walk.Distance > 0 && last.TTL == walk.Distance-1
}

// placeOf is the last hop that answers for the failing port, where a place may be claimed: another port gets
// further, or it is the last router before the host. Routers that answer nobody look the same as a firewall.
func placeOf(walk *probes.Path) (probes.Hop, bool) {
	last, ok := lastAnswering(walk)
	ok = ok && last.From.IsValid() && (walksFurther(walk, last.TTL) || beyondLastRouter(walk))
	return last, ok
}

// anyHopAnswers: a router further on answers for the failing port, so its packets do leave.
func anyHopAnswers(walk *probes.Path) bool {
	_, any := lastAnswering(walk)
	return any
}

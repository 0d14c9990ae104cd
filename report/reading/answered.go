package reading

import (
	"fmt"
	"net/netip"
	"slices"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report/screen"
)

// Who answered in the run at all.

// AnythingAnswered reports whether any peer beyond this network said anything at all.
func AnythingAnswered(e *evidence.Evidence) bool {
	for _, control := range e.Controls {
		if control.Connected || control.Failure != nil && control.Failure.Kind == evidence.KindRefused {
			return true
		}
	}
	if e.Egress != nil {
		for _, sighting := range e.Egress.Sightings {
			if sighting.Address.IsValid() || sighting.Trust != nil {
				return true
			}
		}
	}
	if walk := e.Walk(); walk.HostAnswers() || walk != nil && walk.Available && slices.ContainsFunc(walk.Compare, evidence.Hop.Met) {
		return true
	}
	return slices.ContainsFunc(e.Attempts(), func(attempt evidence.Attempt) bool {
		return attempt.Connected || attempt.Failure != nil && attempt.Failure.Kind == evidence.KindRefused
	}) || len(e.Later()) > 0 || e.StatusPage != nil && e.StatusPage.Failure == nil
}

// FourAnswers reports whether anything beyond this network may have answered over IPv4.
func FourAnswers(e *evidence.Evidence) bool {
	met := func(a evidence.Attempt) bool {
		return a.Address.Addr().Is4() && (a.Connected || a.Failure != nil && a.Failure.Kind == evidence.KindRefused)
	}
	seen := func(s evidence.Sighting) bool { return s.LocalAddress.Is4() || s.Address.Is4() }
	return slices.ContainsFunc(e.Attempts(), met) || e.Egress != nil && slices.ContainsFunc(e.Egress.Sightings, seen) ||
		slices.ContainsFunc(e.Controls, func(c evidence.Control) bool { return c.Connected }) || // by which family is not known
		e.StatusPage != nil && e.StatusPage.Failure == nil || PublicResolverOverIPv4(e) || len(e.Later()) > 0 || e.Walk().HostAnswers()
}

// SixAnswers reports whether anything answered over IPv6: a route alone leads nowhere.
func SixAnswers(e *evidence.Evidence) bool {
	six := func(resolver string) bool {
		server, err := netip.ParseAddrPort(resolver)
		return err == nil && server.Addr().Is6()
	}
	if e.DNS != nil && slices.ContainsFunc(slices.Concat(e.DNS.Answers, LaterAnswers(e.DNS)), func(a evidence.DNSAnswer) bool {
		return a.Rcode != "" && six(a.Resolver)
	}) {
		return true
	}
	return e.Egress != nil && len(e.Egress.IPv6) > 0 || slices.ContainsFunc(e.Attempts(), func(a evidence.Attempt) bool {
		return a.Address.Addr().Is6() && (a.Connected || a.Failure != nil && a.Failure.Kind == evidence.KindRefused)
	})
}

// ThroughProxy are peers that this run did reach through the proxy: controls, else egress sources.
func ThroughProxy(e *evidence.Evidence) []string {
	var peers []string
	for _, control := range e.Controls {
		if control.Connected && control.Path == evidence.WayProxy {
			peers = screen.Once(peers, control.Peer)
		}
	}
	if len(peers) == 0 && e.Egress != nil {
		for _, sighting := range e.Egress.Sightings {
			if sighting.Path == evidence.WayProxy && sighting.Failure == nil && sighting.Address.IsValid() {
				peers = screen.Once(peers, SourceName(sighting.Source))
			}
		}
	}
	return peers
}

// ProxyAnswered: the proxy let others through in this run, or took the connection to it when that was tried again.
func ProxyAnswered(e *evidence.Evidence) bool {
	if e.Host.Proxy == nil {
		return false
	}
	failure := e.Step("port").Failure
	taken := failure != nil && failure.Op == evidence.OpToProxy && e.TookLater()
	return taken || len(ThroughProxy(e)) > 0
}

// WitnessWords are what the port witness showed; "" where none was asked.
func WitnessWords(e *evidence.Evidence) string {
	w := e.Witness
	switch {
	case w == nil:
		return ""
	case w.Address.IsValid():
		return fmt.Sprintf("%s, which answers on the port for everybody, saw %s.", w.Peer, w.Address)
	case w.Connected:
		return fmt.Sprintf("%s, which answers on the port for everybody, takes a connection, and names no address.", w.Peer)
	}
	return fmt.Sprintf("%s, which answers on the port for everybody: %s.", w.Peer, FailureWords(w.Failure))
}

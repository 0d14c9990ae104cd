package evidence

import (
	"net/netip"
	"slices"

	"opensrs-doctor/probes/iprules"
)

// Leaving: from which address the call leaves, as far as this run can know.

// OtherLocal is the local address that the sources were asked from over IPv4, where the call leaves from another one; not
// set where it does not, or that is not known.
func (e *Evidence) OtherLocal() (other netip.Addr) {
	local := e.Host.LocalAddress
	if e.Egress == nil || e.Egress.Given || e.Host.Proxy != nil || !local.Is4() {
		return netip.Addr{}
	}
	for _, sighting := range e.Egress.Sightings {
		if sighting.Path != WayDirect || !sighting.Address.Is4() || !sighting.LocalAddress.IsValid() {
			continue
		}
		if sighting.LocalAddress == local || sighting.LocalAddress.IsLoopback() != local.IsLoopback() {
			return netip.Addr{}
		}
		other = sighting.LocalAddress
	}
	return other
}

// Untranslated reports whether a source saw the very address that it was asked from: no device in between changes the
// addresses of this host's packets.
func (e *Evidence) Untranslated() bool {
	return e.Egress != nil && slices.ContainsFunc(e.Egress.Sightings, func(s Sighting) bool {
		return s.Path == WayDirect && s.Address.IsValid() && s.Address == s.LocalAddress && iprules.NeverPublic(s.Address) == ""
	})
}

// CallAddress is the public address that the call leaves from, where it is another one than the sources saw: a public
// address of this host itself, or what sources see that are asked from the call's local address. Not set elsewhere.
func (e *Evidence) CallAddress() netip.Addr {
	if !e.OtherLocal().IsValid() {
		return netip.Addr{}
	}
	if local := e.Host.LocalAddress; iprules.NeverPublic(local) == "" && e.Untranslated() {
		return local
	}
	for _, sighting := range e.Egress.FromCall {
		if sighting.Address.Is4() && !slices.Contains(e.Egress.IPv4, sighting.Address) {
			return sighting.Address
		}
	}
	return netip.Addr{}
}

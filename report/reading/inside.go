package reading

import (
	"net/netip"

	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/netaddr"
)

// Inside reports whether an address is one that the internet does not route: its owner is still behind address
// translation. known is false for a token that does not tell: reports of older releases have those for every address.
func Inside(address netip.Addr) (private, known bool) {
	private = address.IsValid() && iprules.NeverPublic(address) != ""
	return private, address.IsValid() && (private || !netaddr.Token(address))
}

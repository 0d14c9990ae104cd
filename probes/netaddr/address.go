// Package netaddr holds addresses and peers as texts have them: an address that may be an anonymous token, and a peer by
// name or address with its port. It knows no fact of a run.
package netaddr

import (
	"net/netip"
	"strings"

	"opensrs-doctor/probes/lazy"
)

// In the place of an address an anonymized report has a token: "address-1", or "private-1" for one of a private network.
// Read back, a token is an address that no network has: its zone is the token, and it is private where the token says so.
// So facts keep their types, two that were the same address still are, and every question about them has its answer but
// that for the family, which a token does not tell.
var (
	tokenPublic = lazy.Value[netip.Addr]{Make: func() netip.Addr {
		return netip.MustParseAddr("2000::")
	}}
	tokenPrivate = lazy.Value[netip.Addr]{Make: func() netip.Addr {
		return netip.MustParseAddr("fd00::")
	}}
)

// The kinds of tokens for addresses: a number follows.
const (
	TokenAddress = "address-"
	TokenPrivate = "private-"
)

// Read reads an address as a report has it; the zero Addr where the text is neither an address nor a token.
func Read(text string) netip.Addr {
	if address, err := netip.ParseAddr(text); err == nil {
		return address
	}
	if base := tokenBase(text); base.IsValid() {
		return base.WithZone(text)
	}
	return netip.Addr{}
}

// tokenBase is the address that stands for tokens of that kind; the zero Addr for what is not a token.
func tokenBase(text string) netip.Addr {
	for kind, base := range map[string]netip.Addr{TokenAddress: tokenPublic.Get(), TokenPrivate: tokenPrivate.Get()} {
		if number, is := strings.CutPrefix(text, kind); is && number != "" && len(number) < 10 && strings.Trim(number, "0123456789") == "" {
			return base
		}
	}
	return netip.Addr{}
}

// ReadPort is Read of an address and a port.
func ReadPort(text string) netip.AddrPort {
	if both, err := netip.ParseAddrPort(text); err == nil {
		return both
	}
	host, _ := HostOf(text)
	address := Read(host)
	if !address.IsValid() {
		return netip.AddrPort{}
	}
	both, err := netip.ParseAddrPort("[::]" + text[strings.LastIndexByte(text, ':'):])
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(address, both.Port())
}

// Text is an address, or the token that it was read from; "" for the zero Addr, which netip calls "invalid IP".
func Text(address netip.Addr) string {
	switch {
	case !address.IsValid():
		return ""
	case Token(address):
		return address.Zone()
	}
	return address.String()
}

// PortText is Text of an address and a port.
func PortText(both netip.AddrPort) string {
	switch {
	case !both.IsValid():
		return ""
	case Token(both.Addr()):
		return HostPort{Host: both.Addr().Zone(), Port: both.Port()}.String()
	}
	return both.String()
}

// Texts are the texts of several.
func Texts(addresses []netip.Addr) []string {
	texts := []string{}
	for _, address := range addresses {
		texts = append(texts, Text(address))
	}
	return texts
}

// Token reports whether a token stands in the place of the address.
func Token(address netip.Addr) bool {
	return address.Zone() != "" && address.WithZone("") == tokenBase(address.Zone())
}

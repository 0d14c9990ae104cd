package evidence

import (
	"net/netip"
	"slices"

	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/lazy"
)

// What a key's source is called where it is not a path.
const (
	KeyVariable  = "OPENSRS_API_KEY"
	KeyFromStdin = "standard input"
)

// EnvSandbox is the environment of the service inside this program: nobody's account, and no control panel. The others are
// the profile's (see package service).
const EnvSandbox = "sandbox"

// WitnessHost answers by plain HTTP on every TCP port, and is used so in many firewall guides. Nobody asks it unless it is
// named: it is a third party, and what it says is not proven.
const WitnessHost = "portquiz.net"

// DefaultSources are four operators over HTTPS and three over DNS, so that neither one operator's
// trouble nor one intercepted protocol hides the address.
var DefaultSources = []string{
	"https://icanhazip.com",
	"https://checkip.amazonaws.com",
	"https://api.ipify.org",
	"https://ifconfig.me/ip",
	"dns://resolver1.opendns.com/myip.opendns.com?type=A",
	"dns://ns1.google.com/o-o.myaddr.l.google.com?type=TXT",
	"dns://1.1.1.1/whoami.cloudflare?type=TXT;class=CH",
}

// NameServers are the addresses of the name servers among them. They are years old, and asked without looking the names
// up: what they tell is then known a round trip sooner. (OpenDNS: its setup guide; Google: the glue of google.com.)
var NameServers = lazy.Value[map[string]string]{Make: func() map[string]string {
	return map[string]string{
		"resolver1.opendns.com": "208.67.222.222",
		"ns1.google.com":        "216.239.32.10",
	}
}}

// Inside reports whether the endpoint is at an address that can never be public, as far as its addresses are known.
func (t Target) Inside() bool {
	literal, err := netip.ParseAddr(t.Host)
	never := func(ip netip.Addr) bool { return iprules.NeverPublic(ip) != "" }
	return err == nil && never(literal) || slices.ContainsFunc(t.Addresses, never)
}

package condition

import "opensrs-doctor/probes/evidence"

// NATRules are the commands that list the rules by which this host changes addresses.
const NATRules = "sudo nft list ruleset or sudo iptables-save -t nat"

// LowerMTU is the command that makes an interface's packets small until the next start; 1280 bytes get through almost
// every tunnel (RFC 8200, section 5).
func LowerMTU(e *evidence.Evidence) string {
	switch {
	case e.Host.On("windows"):
		return `netsh interface ipv4 set subinterface "INTERFACE" mtu=1280 store=active`
	case e.Host.On("darwin"):
		return "sudo ifconfig INTERFACE mtu 1280"
	}
	return "sudo ip link set dev INTERFACE mtu 1280"
}

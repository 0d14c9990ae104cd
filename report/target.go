package report

import "opensrs-doctor/probes/evidence"

// Target is what the run was about. Addresses are text here and in Host: an anonymized report holds
// tokens in their place, and can be read again.
type Target struct {
	Environment    string   `json:"environment"`               // "live", "test" or "sandbox"
	CustomEndpoint bool     `json:"custom_endpoint,omitempty"` // --endpoint, and not exactly one of the public services
	Sandbox        bool     `json:"sandbox,omitempty"`
	Host           string   `json:"host"`
	Port           uint16   `json:"port"`
	Username       string   `json:"username"`
	KeyFingerprint *string  `json:"key_fingerprint"`
	KeySource      string   `json:"key_source"` // a path, "OPENSRS_API_KEY", "standard input"; "" where no key was given
	Addresses      []string `json:"addresses"`  // of the endpoint, in the order of use; empty where unknown
}

// Host is the machine that ran it, and the way that the run took from it.
type Host struct {
	Hostname     string   `json:"hostname"`
	OS           string   `json:"os"`              // for example "linux/amd64"
	User         string   `json:"user,omitempty"`  // "root" or "uid 1000"; "" where the system has no such numbers
	Store        string   `json:"store,omitempty"` // the file or setting that its root certificates come from; "" where unknown
	LocalAddress string   `json:"local_address"`   // "" where nothing was connected
	SourceIP     string   `json:"source_ip,omitempty"`
	Proxy        *Proxy   `json:"proxy"`          // null: none
	Resolvers    []string `json:"resolvers"`      // IP:PORT, in the order of use
	ResolversBy  string   `json:"resolvers_from"` // "/etc/resolv.conf", "--resolver", "system"
	HasIPv4Route *bool    `json:"has_ipv4_route"` // null: not checked
	HasIPv6Route *bool    `json:"has_ipv6_route"`
	LinksDown    []string `json:"links_down,omitempty"` // interfaces with an address and no link; looked for after a failure
	System       *System  `json:"system,omitempty"`     // of a ticket, like Route
	Route        *Route   `json:"route,omitempty"`

	ResolversProblem *evidence.ResolversProblem `json:"resolvers_problem,omitempty"` // why 127.0.0.1 is asked instead
}

// Proxy is the proxy that the call went through.
type Proxy struct {
	URL       string   `json:"url"` // scheme://host:port: no user, no password
	From      string   `json:"from"`
	HasUser   bool     `json:"has_user"`
	Addresses []string `json:"addresses,omitempty"`
}

// System is what the tool ran on.
type System struct {
	Release        string   `json:"release,omitempty"` // "Debian GNU/Linux 13 (trixie)"
	Kernel         string   `json:"kernel,omitempty"`  // "Linux 6.12.41 x86_64"
	Go             string   `json:"go"`
	ProxyVariables []string `json:"proxy_variables,omitempty"` // names of those that are set
}

// Route is the way on which packets for the endpoint, or for the proxy, left the machine.
type Route struct {
	To           string `json:"to"`
	LocalAddress string `json:"local_address,omitempty"`
	Interface    string `json:"interface,omitempty"`
	MTU          int    `json:"mtu,omitempty"` // bytes
	Gateway      string `json:"gateway,omitempty"`
	GatewayKnown bool   `json:"gateway_known"` // false: nobody could be asked
}

// NewTarget is the target of a run.
func NewTarget(e *evidence.Evidence) Target {
	target := convert[Target](e.Target)
	target.KeySource = e.Asked.KeySource
	return target
}

// NewHost is the host of a run.
func NewHost(h evidence.Host) Host { return convert[Host](h) }

package report

import "opensrs-doctor/probes/evidence"

// Target is what the run was about. Addresses are text here and in Host: an anonymized report holds
// tokens in their place, and can be read again.
type Target struct {
	Environment    string   `json:"environment" anonymize:"keep"` // "live", "test" or "sandbox"
	CustomEndpoint bool     `json:"custom_endpoint,omitempty"`    // --endpoint, and not exactly one of the public services
	Sandbox        bool     `json:"sandbox,omitempty"`
	Host           string   `json:"host" anonymize:"host"`
	Port           uint16   `json:"port"`
	Username       string   `json:"username" anonymize:"user"`
	KeyFingerprint *string  `json:"key_fingerprint" anonymize:"keep"`
	KeySource      string   `json:"key_source" anonymize:"path"`   // a path, "OPENSRS_API_KEY", "standard input"; "" where no key was given
	Addresses      []string `json:"addresses" anonymize:"address"` // of the endpoint, in the order of use; empty where unknown
}

// Host is the machine that ran it, and the way that the run took from it.
type Host struct {
	Hostname     string   `json:"hostname" anonymize:"host"`
	OS           string   `json:"os" anonymize:"keep"`               // for example "linux/amd64"
	User         string   `json:"user,omitempty" anonymize:"text"`   // "root" or "uid 1000"; "" where the system has no such numbers
	Store        string   `json:"store,omitempty" anonymize:"path"`  // the file or setting that its root certificates come from; "" where unknown
	LocalAddress string   `json:"local_address" anonymize:"address"` // "" where nothing was connected
	SourceIP     string   `json:"source_ip,omitempty" anonymize:"address"`
	Proxy        *Proxy   `json:"proxy"`                           // null: none
	Resolvers    []string `json:"resolvers" anonymize:"peer"`      // IP:PORT, in the order of use
	ResolversBy  string   `json:"resolvers_from" anonymize:"path"` // "/etc/resolv.conf", "--resolver", "system"
	HasIPv4Route *bool    `json:"has_ipv4_route"`                  // null: not checked
	HasIPv6Route *bool    `json:"has_ipv6_route"`
	LinksDown    []string `json:"links_down,omitempty" anonymize:"device"` // interfaces with an address and no link; looked for after a failure
	System       *System  `json:"system,omitempty"`                        // of a ticket, like Route
	Route        *Route   `json:"route,omitempty"`

	ResolversProblem *evidence.ResolversProblem `json:"resolvers_problem,omitempty"` // why 127.0.0.1 is asked instead
}

// Proxy is the proxy that the call went through.
type Proxy struct {
	URL       string   `json:"url" anonymize:"text"` // scheme://host:port: no user, no password
	From      string   `json:"from" anonymize:"text"`
	HasUser   bool     `json:"has_user"`
	Addresses []string `json:"addresses,omitempty" anonymize:"address"`
}

// System is what the tool ran on.
type System struct {
	Release        string   `json:"release,omitempty" anonymize:"quote"` // "Debian GNU/Linux 13 (trixie)"
	Kernel         string   `json:"kernel,omitempty" anonymize:"quote"`  // "Linux 6.12.41 x86_64"
	Go             string   `json:"go" anonymize:"keep"`
	ProxyVariables []string `json:"proxy_variables,omitempty" anonymize:"keep"` // names of those that are set
}

// Route is the way on which packets for the endpoint, or for the proxy, left the machine.
type Route struct {
	To           string `json:"to" anonymize:"address"`
	LocalAddress string `json:"local_address,omitempty" anonymize:"address"`
	Interface    string `json:"interface,omitempty" anonymize:"device"`
	MTU          int    `json:"mtu,omitempty"` // bytes
	Gateway      string `json:"gateway,omitempty" anonymize:"address"`
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

// Package evidence holds every fact that a run observed, typed, and the questions that more than one room asks of them.
// It opens nothing and knows no advice: package probes fills it, package report reads it.
//
// A text that comes into a report has a tag "anonymize" that says what it is; report/anonymize lists the kinds. Without one
// an anonymized report is without the text.
package evidence

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/opensrs"
)

// Evidence is every fact that one run observed. A nil section was not reached, a nil pointer inside a
// section was not checked; "no" and "failed" have values of their own. It holds no opinion and no
// advice: package report reads it, without clock and without network.
type Evidence struct {
	RunID     string // 16 random hex digits
	StartedAt time.Time
	Took      time.Duration
	Target    Target
	Host      Host
	Asked     Asked
	Steps     []Step // one for each of Names, in that order

	Egress *Egress
	Rules  *Rules
	DNS    *DNS
	Port   *Port
	TLS    *TLS
	Call   *Call

	// Follow-ups: asked only after a failure (or a long wait), nil where nobody asked.
	Controls   []Control
	StatusPage *StatusPage
	CrossCheck *CrossCheck
	Direct     *Direct   // with a proxy: what the way without it does
	Witness    *Witness  // --port-witness
	Clock      *Clock    // nil where no peer told the time
	ThisHost   *ThisHost // what this host itself does with packets to the endpoint

	Clients []Client // of the command clients: the runtimes of this host; nil where nobody asked them

	Interrupted bool // a signal came, or the time was up before every step had begun: the rest is not known
}

// Names are the probes, always in this order.
var Names = []string{"egress", "rules", "dns", "port", "tls", "call"}

// Status is how a probe ended. It is the probe's own fact; the verdict is made of causes.
type Status string

// The four ends of a probe.
const (
	Pass Status = "pass"
	Warn Status = "warn"
	Fail Status = "fail"
	Skip Status = "skip"
)

// Step is one probe of the run.
type Step struct {
	Probe     string
	Status    Status
	WaitedFor Wait // of a skipped one
	Counts    bool // false for a probe that ran only because a chosen one needs it, or not at all
	Failure   *Failure
	Took      time.Duration
}

// Wait is what a step waited for that the run did not come to: one of Names, or one of the following.
type Wait string

// What is not a probe, and was waited for.
const (
	WaitOnly         Wait = "--only"          // it was not chosen
	WaitSkip         Wait = "--skip"          // it was left out
	WaitInterrupt    Wait = "interrupt"       // the user, or the system, ended the run
	WaitTimeout      Wait = "timeout"         // the steps before it, which did answer, took the run's time
	WaitCredentials  Wait = "credentials"     // a username and a key
	WaitKey          Wait = "api-key"         // a key that can be right
	WaitExpectedKey  Wait = "expect-key"      // the key is another one than --expect-key says
	WaitRules        Wait = "rules"           // a list of rules; of another step, the probe
	WaitEgressSource Wait = "--egress-source" // somebody to ask
)

// NotChosen reports whether the user left the step out.
func (w Wait) NotChosen() bool { return w == WaitOnly || w == WaitSkip }

// Probe is the name of the probe that was waited for; "" where it was something else.
func (w Wait) Probe() string {
	if slices.Contains(Names, string(w)) {
		return string(w)
	}
	return ""
}

// Step gives the step of a probe; the zero Step where the run has none.
func (e *Evidence) Step(name string) Step {
	for _, step := range e.Steps {
		if step.Probe == name {
			return step
		}
	}
	return Step{Probe: name}
}

// FailedWith reports whether that probe failed, in one of these ways.
func (e *Evidence) FailedWith(step string, kinds ...Kind) bool {
	s := e.Step(step)
	return s.Status == Fail && s.Failure != nil && slices.Contains(kinds, s.Failure.Kind)
}

// Stops are the probes whose failure stops the call, in order.
var Stops = []string{"dns", "port", "tls", "call"}

// Blocked is the probe that stopped the call; "" where none did. A TLS failure after which the call was
// made did not stop it.
func (e *Evidence) Blocked() string {
	for _, name := range Stops {
		if e.Step(name).Status != Fail {
			continue
		}
		if name == "tls" && e.TLS != nil && e.TLS.CallAllowed {
			continue
		}
		return name
	}
	return ""
}

// Target is what the run was about.
type Target struct {
	Environment    string       `json:"environment"`               // EnvLive, EnvTest or EnvSandbox
	CustomEndpoint bool         `json:"custom_endpoint,omitempty"` // --endpoint, and not exactly one of the public services
	Sandbox        bool         `json:"sandbox,omitempty"`
	Host           string       `json:"host"`
	Port           uint16       `json:"port"`
	Username       string       `json:"username"`
	KeyFingerprint *string      `json:"key_fingerprint"`
	Addresses      []netip.Addr `json:"addresses"` // of the endpoint, in the order of use; empty where unknown
}

// Host is this machine, and the way that the run took from it.
type Host struct {
	Hostname     string       `json:"hostname"`
	OS           string       `json:"os"`             // for example "linux/amd64"
	User         string       `json:"user,omitempty"` // whose eyes: "root" or "uid 1000"; "" where the system has no such numbers
	Store        foreign.Text `json:"store,omitzero"` // the file or setting that the host's root certificates come from; none where unknown
	LocalAddress netip.Addr   `json:"local_address"`
	SourceIP     netip.Addr   `json:"source_ip,omitzero"` // --source-ip
	Proxy        *Proxy       `json:"proxy"`              // null: none
	Resolvers    []string     `json:"resolvers"`          // IP:PORT, in the order of use
	ResolversBy  string       `json:"resolvers_from"`     // "/etc/resolv.conf", "--resolver", "system"
	HasIPv4Route *bool        `json:"has_ipv4_route"`     // a route to the public IPv4 internet; null: not checked
	HasIPv6Route *bool        `json:"has_ipv6_route"`
	LinksDown    []string     `json:"links_down,omitempty"` // interfaces with an address and no link; looked for after a failure
	System       *System      `json:"system,omitempty"`     // of a deep run, like Route
	Route        *Route       `json:"route,omitempty"`

	ResolversProblem *ResolversProblem `json:"resolvers_problem,omitempty"` // nil: Resolvers are those of ResolversBy
}

// On reports whether the run was made on this operating system, as GOOS names it.
func (h *Host) On(system string) bool { return strings.HasPrefix(h.OS, system+"/") }

// LacksIPv4 reports whether the routing table was read and has no route to the public IPv4 internet.
func (h *Host) LacksIPv4() bool { return h.HasIPv4Route != nil && !*h.HasIPv4Route }

// RoutesIPv6 reports whether the routing table was read and has a route to the public IPv6 internet.
func (h *Host) RoutesIPv6() bool { return h.HasIPv6Route != nil && *h.HasIPv6Route }

// ResolversProblem is why the system's settings name no resolver that can be used. 127.0.0.1 is asked then, which is
// what glibc and musl do in each of these cases.
type ResolversProblem struct {
	Kind   string       `json:"kind" anonymize:"keep"`               // missing, unreadable, empty, no-nameserver, no-address, indented
	Line   int          `json:"line,omitempty"`                      // no-address, indented: the first such line, from 1
	Named  foreign.Text `json:"resolver,omitzero" anonymize:"quote"` // what this line names, printable; "": nothing
	Link   foreign.Text `json:"link,omitzero" anonymize:"path"`      // missing: the file is a symbolic link to this path
	Detail foreign.Text `json:"detail,omitzero" anonymize:"quote"`   // unreadable: the system's words
}

// The kinds of a ResolversProblem.
const (
	ResolversMissing    = "missing"       // there is no such file
	ResolversUnreadable = "unreadable"    // it is there, and cannot be opened or read, or is not a file
	ResolversEmpty      = "empty"         // nothing in it but white space
	ResolversNone       = "no-nameserver" // comments or other settings only
	ResolversNoAddress  = "no-address"    // what follows nameserver is not an address
	ResolversIndented   = "indented"      // white space before nameserver: libc passes over such a line
)

// NotAFile is the Detail of a directory, a pipe or a device.
var NotAFile = foreign.Ours("not a file")

// Proxy is the proxy that the call goes through.
type Proxy struct {
	URL     string       `json:"url"`      // scheme://host:port: no user, no password
	From    string       `json:"from"`     // the variable or the flag: "HTTPS_PROXY", "--proxy", "config"
	HasUser bool         `json:"has_user"` // a login was given
	Addrs   []netip.Addr `json:"addresses,omitempty"`
}

// Asked is what the user gave and wanted, as far as a diagnosis needs it. What the facts of a probe have of it is not
// saved a second time.
type Asked struct {
	KeyGiven         bool             `json:"-"`
	KeySource        string           `json:"-"` // a path, "OPENSRS_API_KEY", "standard input"
	KeyProblems      []string         `json:"-"` // IDs of opensrs.CheckKey
	KeyForm          *opensrs.Form    `json:"-"` // nil: no key was given
	KeyAround        []opensrs.Around `json:"-"` // white space around the key where it was read
	RulesSource      string           `json:"-"` // "--rule", a path, "config"
	AllowIntercepted bool             `json:"-"`
	RootsDate        time.Time        `json:"-"` // of the carried public roots; zero where --public-roots replaced them
	PublicRoots      string           `json:"-"` // the path of --public-roots, or ""
	CAFile           string           `json:"-"` // the path of --ca-file, or ""
	CANames          []foreign.Text   `json:"-"` // the authorities in it, as distinguished names

	ExpectKey      string          `json:"expect_key,omitempty" anonymize:"keep"`    // the fingerprint of --expect-key, or ""
	ClientConfig   string          `json:"client_config,omitempty" anonymize:"path"` // the path of --client-config, or ""
	ClientProblems []ClientProblem `json:"client_problems,omitempty"`                // mistakes in it
	RulesGiven     int             `json:"rules_given,omitempty"`
	EgressSources  int             `json:"egress_sources"` // how many were to be asked
	StatusURL      string          `json:"status_url,omitempty" anonymize:"text"`
	Witness        string          `json:"port_witness,omitempty" anonymize:"text"` // the URL of --port-witness; "": none
	NoneAsked      string          `json:"none_asked,omitempty" anonymize:"keep"`   // the flag because of which no egress source was asked
	Require        []string        `json:"require,omitempty" anonymize:"keep"`      // --require: probes that have to run
}

// ClientProblem is a mistake in a client's own settings file.
type ClientProblem struct {
	Line int          `json:"line"`
	Text foreign.Text `json:"text" anonymize:"quote"` // without a secret
}

// Needs are the probes whose outcome each probe works on, in order.
var Needs = lazy.Value[map[string][]string]{Make: func() map[string][]string {
	return map[string][]string{
		"egress": nil, "rules": {"egress"}, "dns": nil, "port": {"dns"},
		"tls": {"dns", "port"}, "call": {"dns", "port", "tls"},
	}
}}

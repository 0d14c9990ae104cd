package probes

import (
	"crypto/x509"
	"net/netip"
	"net/url"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/probes/thishost"
)

// Options is a validated request for one run. Package cmd makes it of flags, environment and file.
type Options struct {
	Version     string // of the tool, for the User-Agent
	Environment string // EnvLive, EnvTest or EnvSandbox
	Host        string // the endpoint's name or address, without brackets
	Port        uint16
	Path        string // of the endpoint's URL, "/" where it has none
	Custom      bool   // --endpoint was given, of whatever host
	Sandbox     bool   // the embedded sandbox is the endpoint

	Username  string
	Key       Secret  `json:"-"`
	Signed    *Signed // what a run needs of the key where only another process holds it; nil: it is made of Key
	KeySource string  // a path, a command's name, KeyVariable or KeyFromStdin; "" where no key was given
	ExpectKey string  // the fingerprint that the key has to have; "": any

	ClientConfig   string // --client-config: the path, for the report
	ClientProblems []evidence.ClientProblem

	KeyAround   []opensrs.Around // white space around the key where it was read
	Rules       []iprules.Rule
	RulesGiven  bool
	RulesSource string

	EgressSources  []Source              // empty: nobody is asked
	EgressIPs      []netip.Addr          // not empty: taken as they are, nobody is asked
	Controls       []netaddr.HostPort    // empty: none
	StatusURL      *url.URL              // nil: none
	Witness        *Source               // who answers on the service's own port; nil: nobody is asked
	NoThirdParties bool                  // the reason why the four above are empty, for the report
	Resolvers      []netip.AddrPort      // empty: the system's
	Names          map[string]netip.Addr // of third parties, in small letters: where each is, so that no resolver is asked
	Proxy          ProxyChoice
	SourceIP       netip.Addr

	CAFile           []*x509.Certificate `json:"-"` // --ca-file: the authority that alone is right for Host; nil: none was given
	CAPath           string
	PublicRoots      []*x509.Certificate `json:"-"` // nil: the carried ones
	PublicRootsPath  string
	SystemRoots      []*x509.Certificate `json:"-"` // --system-roots: stands for this host's own store; nil: Go's view of it
	AllowIntercepted bool
	CrossCheck       bool
	TraceFirewall    bool // ask the kernel which rule takes the packets, by a table of our own

	// Scrub finds the key in a text for a process that does not hold it, as foreign.Scrubber.Find does; nil: not needed.
	Scrub func(text string) [][2]int `json:"-"`
	// Careful: the files of this system are somebody else's, and may be anything.
	Careful bool
	// Eyes look at this host; nil: this process's own.
	Eyes thishost.Eyes `json:"-"`

	Deep bool // ask also what a support engineer wants to know; the run takes some seconds longer

	Timeout time.Duration // of the whole run
	Only    []string      // empty: all
	Skip    []string
	Require []string
}

// ProxyChoice is which proxy to use.
type ProxyChoice struct {
	Mode string   // "env", "none" or "url"
	URL  *url.URL `json:"-"` // of mode "url": http, https or socks5, with a login where one was given
	From string   // "--proxy" or the config file's path, for the report
}

// SetKey takes the key out of what was read. White space around it is cut off, and noted.
func (o *Options) SetKey(read []byte, source string) {
	o.Key, o.KeySource, o.KeyAround = NewSecret(read), source, opensrs.AroundKey(read)
}

// rightKey reports whether the key is the one that is expected, where one is.
func (o Options) rightKey() bool {
	fingerprint := o.signed().Fingerprint
	return o.ExpectKey == "" || o.KeySource == "" || fingerprint != nil && *fingerprint == o.ExpectKey
}

// publicService reports whether the endpoint is exactly one of the two public services, however it was named.
func (o Options) publicService() bool {
	return service.OpenSRS.EnvironmentOf(o.Host) != "" && o.Port == service.OpenSRS.Port && (o.Path == "/" || o.Path == "")
}

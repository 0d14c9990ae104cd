package evidence

import "fmt"

// ThisHost is what this host's own kernel says and counts about packets to the endpoint. It is asked only after the port
// did not let this host in. A nil part was not asked; Why says why one could not be.
type ThisHost struct {
	Route     *HostRoute `json:"route,omitempty"`
	Ledger    *Ledger    `json:"ledger,omitempty"`
	Hellos    *Ledger    `json:"hellos,omitempty"` // what was counted after connections were made, when the handshake began on them
	Sources   *Sources   `json:"sources,omitempty"`
	Conntrack *Conntrack `json:"conntrack,omitempty"`
	// Translation is what became of the target of a connection to the endpoint; nil: not known.
	Translation *Translation `json:"translation,omitempty"`
	Ports       *LocalPorts  `json:"local_ports,omitempty"`
	Steps       *Steps       `json:"steps,omitempty"` // nil: as many as usual
	Cgroup      *Cgroup      `json:"cgroup,omitempty"`
	Firewall    *Firewall    `json:"firewall,omitempty"`
	SELinux     bool         `json:"selinux,omitempty"`   // it enforces
	Container   bool         `json:"container,omitempty"` // this is not the machine's first network namespace, as far as can be seen
}

// HostRoute is the line of this host's routing policy that decides about the endpoint's address.
type HostRoute struct {
	Kind      string `json:"kind" anonymize:"keep"`                  // RouteUnicast, or why packets do not leave: RouteBlackhole, RouteProhibit, …
	Line      string `json:"line" anonymize:"rule"`                  // as "ip route" or "ip rule" prints it, without what does not matter
	Rule      bool   `json:"rule,omitempty"`                         // the line is an ip rule's
	Table     uint32 `json:"table,omitempty"`                        // the number of the table that a route is in; 254 is main
	Prefix    string `json:"prefix,omitempty" anonymize:"address"`   // that the route is for; not set of a rule
	Interface string `json:"interface,omitempty" anonymize:"device"` // by which the packets leave
	Gateway   string `json:"gateway,omitempty" anonymize:"address"`  // the first router; not set where there is none, or several
	Several   bool   `json:"several,omitempty"`                      // next hops, among which connections are shared out: Line names them
	OtherPort string `json:"other_port,omitempty" anonymize:"rule"`  // the line for the port that is compared with, where it is another one
	Attached  bool   `json:"attached,omitempty"`                     // no gateway: the address is taken for one of an attached network
	Tunnel    bool   `json:"tunnel,omitempty"`                       // the interface is a point-to-point one
	Silent    bool   `json:"silent,omitempty"`                       // nothing ever came in by the interface
	Alive     string `json:"alive,omitempty" anonymize:"device"`     // another interface, by which packets come in
	Source    string `json:"source,omitempty" anonymize:"address"`   // the address that the route gives packets; set only where it is not Own
	Own       string `json:"own,omitempty" anonymize:"address"`      // the interface's address in the gateway's network; set with Source
}

// What a route does with a packet, as ip-route(8) names it.
const (
	RouteUnicast     = "unicast"
	RouteBlackhole   = "blackhole"
	RouteProhibit    = "prohibit"
	RouteUnreachable = "unreachable"
	RouteThrow       = "throw"
	RouteNone        = "none" // no route
)

// Denies reports whether the line keeps packets from leaving.
func (r *HostRoute) Denies() bool {
	return r != nil && r.Kind != RouteUnicast && r.Kind != RouteNone
}

// TableLocal is the routing table of this host's own addresses.
const TableLocal = 255

// Beyond reports whether the address is beyond a router: not this host's own, not in an attached network, not at the other
// end of a tunnel.
func (r *HostRoute) Beyond() bool {
	return r != nil && !r.Attached && !r.Tunnel && r.Table != TableLocal
}

// Sources is what became of connections from the two addresses of a route that gives packets another address than the
// interface's own; each was tried twice, side by side.
type Sources struct {
	To         string `json:"to" anonymize:"address"` // address and port
	FromSource int    `json:"from_source"`            // how many the route's address was answered
	FromOwn    int    `json:"from_own"`               // how many the interface's own was
}

// OnlyOwn reports whether all connections from the interface's own address were answered, and none from the route's.
func (s *Sources) OnlyOwn() bool { return s != nil && s.FromSource == 0 && s.FromOwn == SourceTries }

// SourceTries is how often each address is tried.
const SourceTries = 2

// Translation is where packets go in truth that this host sends to the endpoint, as its table of connections has it.
type Translation struct {
	To     string         `json:"to,omitempty" anonymize:"address"` // address and port; "": to the endpoint itself
	Unseen bool           `json:"unseen,omitempty"`                 // no connection was in the table, and To is not known
	Rules  []FirewallRule `json:"rules,omitempty"`                  // that may send them there; of what is not known, elsewhere
}

// Elsewhere is the address and port that a rule of this host sends the packets to; "" where none does. known is false where
// that could not be read, and a rule may do so: this host tracks connections, without which no rule can.
func (t *ThisHost) Elsewhere() (to string, known bool) {
	switch {
	case t == nil:
		return "", true
	case t.Translation != nil:
		return t.Translation.To, !t.Translation.Unseen
	}
	return "", t.Conntrack == nil || t.Conntrack.Count == 0
}

// Conntrack is how full the kernel's table of connections is.
type Conntrack struct {
	Count int `json:"count"`
	Max   int `json:"max"`
}

// Full reports whether a new connection finds no place.
func (c *Conntrack) Full() bool { return c != nil && c.Max > 0 && c.Count >= c.Max }

// AlmostFull reports whether it may find none at one moment and one at the next.
func (c *Conntrack) AlmostFull() bool { return c != nil && c.Max > 0 && c.Count >= c.Max-c.Max/100 }

// OrdinaryTTL is that of packets by RFC 1700, and Linux's default.
const OrdinaryTTL = 64

// Steps is how far this host lets its packets travel, where that is less than the usual 64: each router takes one off.
type Steps struct {
	Most    int  `json:"most"`              // net.ipv4.ip_default_ttl
	Farther bool `json:"farther,omitempty"` // a packet to who is silent, which was given 64, was answered, and one after it with Most was not
}

// TooFew reports whether the endpoint, or who comes before it, is silent because of that.
func (s *Steps) TooFew() bool { return s != nil && s.Farther }

// LocalPorts is the range of source ports, and how many connections to the endpoint's address and port hold one.
type LocalPorts struct {
	First int `json:"first"`
	Last  int `json:"last"`
	Used  int `json:"used"`
}

// Cgroup is the control group that this process runs in, and whether a program attached to it, or above it, judges its
// connections or packets.
type Cgroup struct {
	Path     string   `json:"path" anonymize:"process"`            // below the root of the hierarchy
	Unit     string   `json:"unit,omitempty" anonymize:"process"`  // the systemd unit that the path names
	At       string   `json:"at,omitempty" anonymize:"process"`    // the path at which the program is attached
	Programs []string `json:"programs,omitempty" anonymize:"rule"` // attached: "connect4", "egress", with a name where it has one
	Why      string   `json:"why,omitempty" anonymize:"quote"`     // they could not be asked
}

// Firewall is what this host's firewall did around the packets of the ledger, as far as its rules count, or as the kernel's
// trace showed.
type Firewall struct {
	Why       string         `json:"why,omitempty" anonymize:"quote"`      // it could not be read
	Took      []FirewallRule `json:"took,omitempty"`                       // rules that drop or reject, and whose count grew with the packets
	Policies  []FirewallRule `json:"policies,omitempty"`                   // chains that drop what no rule took, on the way of these packets
	Uncounted int            `json:"uncounted,omitempty"`                  // rules on that way that may drop or reject and do not count
	Legacy    string         `json:"legacy,omitempty" anonymize:"quote"`   // why the rules of iptables-legacy, which nftables does not show, could not be read
	Traced    bool           `json:"traced,omitempty"`                     // --trace-firewall: Took is what the kernel itself reported
	Outside   bool           `json:"outside,omitempty"`                    // the rules are those of the machine around this container: it passes the packets on
	Untraced  string         `json:"untraced,omitempty" anonymize:"quote"` // --trace-firewall was given, and why there is no trace
}

// OnlyRoot is why an ordinary user's Firewall is empty.
const OnlyRoot = "only root may read them"

// FirewallRule is one rule, or a chain's policy, whose handle is 0 then.
type FirewallRule struct {
	Family  string   `json:"family" anonymize:"keep"` // ip, inet, …
	Table   string   `json:"table" anonymize:"rule"`
	Chain   string   `json:"chain" anonymize:"rule"`
	Path    []string `json:"path,omitempty" anonymize:"rule"` // the chains by which packets come to the rule's chain
	Hook    string   `json:"hook,omitempty" anonymize:"keep"` // of a policy: input, output, …
	Handle  uint64   `json:"handle,omitempty"`                // where Tool is set, the rule's place in its chain, from 1
	Verdict string   `json:"verdict" anonymize:"keep"`        // drop, reject
	Comment string   `json:"comment,omitempty" anonymize:"comment"`
	Tool    string   `json:"tool,omitempty" anonymize:"keep"`    // what lists the rule: iptables, iptables-legacy; "" is nft
	Text    string   `json:"text,omitempty" anonymize:"rule"`    // the rule as Tool prints it
	Manager string   `json:"manager,omitempty" anonymize:"keep"` // who wrote it: csf, ufw, firewalld, shorewall, docker, kubernetes
	File    string   `json:"file,omitempty" anonymize:"path"`    // of the manager, in which the rule was found
	Grew    int      `json:"grew,omitempty"`                     // packets
}

// Name is how a person finds a rule: by its chain and its handle, or its place there.
func (r FirewallRule) Name() string {
	if r.Tool != "" {
		return fmt.Sprintf("%s %s %d", r.Table, r.Chain, r.Handle)
	}
	return fmt.Sprintf("%s %s %s handle %d", r.Family, r.Table, r.Chain, r.Handle)
}

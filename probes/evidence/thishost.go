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

// Counts are what this host's kernel counted in a span of time, in packets. A nil member is not counted by this kernel.
type Counts struct {
	OutSegments   int  `json:"out_segments"`   // TCP segments handed to IP
	OutRequests   int  `json:"out_requests"`   // packets that this host itself wanted to send
	OutTransmits  *int `json:"out_transmits"`  // packets handed to an interface (kernels from about 6.7)
	InReceives    int  `json:"in_receives"`    // packets that came in
	InDelivers    int  `json:"in_delivers"`    // packets handed to a protocol of this host
	Forwarded     int  `json:"forwarded"`      // packets for somebody else
	ReversePath   int  `json:"reverse_path"`   // dropped because they came in by an interface that does not lead to their sender
	ConntrackFull int  `json:"conntrack_full"` // dropped because the table of connections was full
	Loopback      int  `json:"loopback"`       // packets between programs of this host
	Arrived       int  `json:"arrived"`        // packets of every kind that the other interfaces took in; of a bridge and its port both
}

// Unsent are the packets that this host wanted to send and dropped itself. known is false where the kernel does not
// count far enough.
func (c Counts) Unsent() (packets int, known bool) {
	if c.OutTransmits == nil {
		return c.OutSegments - c.OutRequests, false
	}
	return c.OutRequests + c.Forwarded - *c.OutTransmits, true
}

// Undelivered are the packets that came in and were dropped in this host.
func (c Counts) Undelivered() int { return c.InReceives - c.Forwarded - c.InDelivers }

// Restless reports whether more than a stray packet was lost in this host.
func (c Counts) Restless() bool {
	unsent, _ := c.Unsent()
	return unsent > 1 || c.Undelivered() > 1
}

// Ledger is what was counted while nothing was sent, while N packets for the port were, and while twice as many were; of a
// LedgerHello, while N connections said their first words, which each are packets, and are sent again.
type Ledger struct {
	To         string `json:"to" anonymize:"address"`          // address and port
	Protocol   string `json:"protocol" anonymize:"keep"`       // LedgerTCP: SYNs; LedgerUDP: questions for a resolver; LedgerHello
	Why        string `json:"why,omitempty" anonymize:"quote"` // it was not kept
	N          int    `json:"n"`
	Background Counts `json:"background"`
	Once       Counts `json:"once"`
	Twice      Counts `json:"twice"`
	WentOut    string `json:"went_out,omitempty" anonymize:"device"` // the interface by which they left
	CameIn     string `json:"came_in,omitempty" anonymize:"device"`  // the interface by which as many packets came in
	Forbidden  int    `json:"forbidden,omitempty"`                   // of the 3 N packets, how many the kernel refused to send (EPERM)
	Refused    int    `json:"refused,omitempty"`                     // of those, how many already where they were addressed, which no firewall does
}

// The protocols of a Ledger's packets.
const (
	LedgerTCP   = "tcp"
	LedgerUDP   = "udp"
	LedgerHello = "hello" // a connection that is there, and the first message of a handshake on it
)

// Places where packets are lost in this host.
const (
	LostNowhere     = ""             // not in this host, or it cannot be said
	LostGoingOut    = "output"       // they never left
	LostAnswered    = "loopback"     // they never left, and a program or rule of this host answers them
	LostComingIn    = "input"        // their answers came in, and went no further
	LostBelow       = "below-ip"     // the same, before the kernel's IP saw them: a hook at the interface, tc or XDP
	LostReversePath = "reverse-path" // the same, and the reverse path filter took them
)

// Ledger is what the kernel counted of packets to the endpoint, or to who comes before it; nil where nothing was.
func (e *Evidence) Ledger() *Ledger {
	if e.ThisHost == nil {
		return nil
	}
	return e.ThisHost.Ledger
}

// Lost is where in this host the packets are lost. sure is false where other traffic makes the count unsteady.
func (l *Ledger) Lost() (place string, sure bool) {
	if l == nil || l.Why != "" || l.N == 0 {
		return LostNowhere, false
	}
	grows := func(of func(Counts) int, times int) (grew, steady bool) { // a packet of ours counts once, or so many times
		still, slack := of(l.Background), max(l.N/4, 2)
		if l.Protocol == LedgerHello {
			slack, times = 1, mostAgain*times
		}
		once, twice := of(l.Once)-still, of(l.Twice)-still
		steady = still >= -slack && still <= slack
		if !steady { // other packets are dropped all the time: the difference has to be clear
			// A service that hears nothing back sends its answers again. Beside so few, each of ours is seen.
			steady = l.Protocol != LedgerHello && still > 0 && still <= l.N/2 &&
				once+still >= l.N && once <= l.N+slack && twice+still >= 2*l.N && twice <= 2*l.N+slack
			slack = l.N / 2
		}
		more := l.N / 2
		if steady && l.Once.InDelivers+l.Twice.InDelivers <= l.N/4 {
			more = 2 * l.N // nothing at all is handed on: what is over are answers to earlier packets, which servers send again
		}
		return once >= l.N-slack && twice >= 2*l.N-slack && once <= times*l.N+slack+more && twice <= 2*times*l.N+slack+2*more, steady
	}
	if grew, steady := grows(func(c Counts) int { return c.ReversePath }, 1); grew {
		return LostReversePath, steady
	}
	if grew, steady := grows(Counts.Undelivered, 1); grew {
		return LostComingIn, steady
	}
	if l.Forbidden == 3*l.N {
		return LostGoingOut, true
	}
	// What bridges carry for others arrives all the time: only where nothing else does are these the answers.
	// A service that hears nothing back sends its answers to earlier packets again: so few are no bridge's traffic.
	if grew, steady := grows(func(c Counts) int { return c.Arrived }, 3); grew && (steady || l.Background.Arrived <= l.N) &&
		l.Once.InReceives+l.Twice.InReceives-2*l.Background.InReceives <= l.N/4 {
		return LostBelow, steady
	}
	counted := l.Protocol != LedgerUDP || l.Twice.OutTransmits != nil // segments are TCP's
	if grew, steady := grows(l.unsent, 1); grew && counted {
		// What this host passes on for others is counted, and then judged: drops of theirs look like drops of ours.
		return LostGoingOut, steady && max(l.Background.Forwarded, l.Once.Forwarded, l.Twice.Forwarded) <= l.N/4
	}
	if grew, steady := grows(func(c Counts) int { return c.Loopback }, 2); grew && l.WentOut == "" {
		return LostAnswered, steady
	}
	return LostNowhere, false
}

// unsent are the packets of ours that this host dropped. A kernel that does not count what it hands to an interface counts
// segments of TCP before the firewall, and behind it packets: of a message several segments may be one packet. So there
// none may have come through. What a rule rejects it answers itself, by one packet over the loopback interface that comes
// through; where a program answers, the packets do so, too.
func (l *Ledger) unsent(c Counts) int {
	unsent, known := c.Unsent()
	through := c.OutRequests
	if known || through == 0 {
		return unsent
	}
	if c.Loopback == through && c.InDelivers >= through && through <= c.OutSegments && through < 3*l.N {
		through = 0
	}
	if l.Protocol == LedgerHello && through > 0 {
		return 0
	}
	return c.OutSegments - through
}

// mostAgain is how many packets a hello and what becomes of it may be: its segments, the answer's, and all of them again.
const mostAgain = 10

// Unheard reports whether each packet was answered and the answer handed to a protocol of this host. Where a program that
// sent such packets has heard nothing, something between the protocol and its socket took the answers.
func (l *Ledger) Unheard() bool {
	if l == nil || l.Why != "" || l.N == 0 {
		return false
	}
	still := l.Background.InDelivers
	once, twice := l.Once.InDelivers-still, l.Twice.InDelivers-still
	return still <= l.N/4 && once >= l.N && twice >= 2*l.N && once <= 2*l.N && twice <= 4*l.N
}

// Unclear reports whether packets were lost in this host while it was kept, and not as ours would be: answers to what was
// sent before may have come late.
func (l *Ledger) Unclear() bool {
	if place, _ := l.Lost(); place != LostNowhere || l == nil || l.N == 0 {
		return false
	}
	return max(l.Once.Undelivered(), l.Twice.Undelivered()) >= l.N/2
}

// Inside reports whether a program of this host got the packets: each was on the loopback interface, and no interface took
// them out.
func (l *Ledger) Inside() bool {
	return l != nil && l.Why == "" && l.N > 0 && l.WentOut == "" && l.Once.Loopback >= l.N && l.Twice.Loopback >= 2*l.N
}

// Left reports whether the packets were handed to an interface: then they were lost elsewhere, and what refuses them is
// not this host. known is false where the kernel does not count that.
func (l *Ledger) Left() (left, known bool) {
	if l == nil || l.Why != "" || l.N == 0 || l.Twice.OutTransmits == nil {
		return false, false
	}
	place, _ := l.Lost()
	unsent, _ := l.Twice.Unsent()
	still, _ := l.Background.Unsent()
	return place != LostGoingOut && unsent-still < l.N/4+1 && *l.Twice.OutTransmits >= 2*l.N && l.WentOut != "", true
}

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

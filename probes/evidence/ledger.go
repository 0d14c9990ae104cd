package evidence

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
	Ports      *Ports `json:"ports,omitempty"`                       // where some of the packets were answered, and others not
	Forbidden  int    `json:"forbidden,omitempty"`                   // of the 3 N packets, how many the kernel refused to send (EPERM)
	Refused    int    `json:"refused,omitempty"`                     // of those, how many already where they were addressed, which no firewall does
}

// Ports are the source ports of a ledger's packets, lowest first: those that made a connection, and those that did not.
type Ports struct {
	Answered []uint16 `json:"answered"`
	Silent   []uint16 `json:"silent"`
}

// Packets is how many of the ledger's packets something took, if it did: all, or those that were not answered.
func (l *Ledger) Packets() int {
	if l.Ports != nil {
		return len(l.Ports.Silent)
	}
	return 3 * l.N
}

// lostPartly is where in this host the packets are lost that were not answered, where others were: it counts as many as
// those, and some that are sent again, or that a rule for every packet takes of connections that did come about.
func (l *Ledger) lostPartly() (place string, sure bool) {
	for _, one := range []struct {
		place string
		of    func(Counts) int
	}{{LostGoingOut, l.unsent}, {LostComingIn, Counts.Undelivered}} {
		lost, silent := one.of(l.Once)+one.of(l.Twice), l.Packets()
		if silent >= l.N/4 && lost >= silent && lost <= silent+len(l.Ports.Answered)+l.N/2 {
			return one.place, one.of(l.Background) == 0 && lost <= silent+1
		}
	}
	return LostNowhere, false
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
	if l.Ports != nil {
		return l.lostPartly()
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

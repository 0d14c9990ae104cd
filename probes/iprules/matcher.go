package iprules

import (
	"cmp"
	"net/netip"
	"slices"
)

// Ruling is what a list says of one address under each reading, and which rule decides it: all that Evaluate
// knows, in a form that many addresses share.
type Ruling struct {
	Verdict string
	// By is the number, from 1, of the rule that decides under first-match, most-specific and deny-wins, in
	// this order; 0: none matches, which is a deny.
	By [3]int
	// Says is what each of them says; "" for an empty list.
	Says [3]Action
	// NeverPublic is the kind of the address, where it can never be public and is denied whatever the readings say; ""
	// otherwise.
	NeverPublic string
}

// Readings are the names of the readings, in the order of Ruling.
var Readings = [3]string{FirstMatch, MostSpecific, DenyWins}

// Matcher answers for one list and many addresses: it has divided IPv4 where a rule begins or ends, and asks
// no rule again.
type Matcher struct {
	rules   []Rule
	starts  []uint32 // ascending, from 0: where a ruling begins
	indexes []int    // in rulings, of each start
	rulings []Ruling // distinct ones
	ipv6    bool     // the list has rules that an IPv6 address can match
	public  bool     // addresses that can never be public are denied
}

// NewMatcher divides IPv4 by the rules. It takes time in proportion to n log n.
func NewMatcher(rules []Rule) *Matcher {
	m := &Matcher{rules: rules}
	known := map[Ruling]int{}
	begin := func(at uint32, r Ruling) {
		index, found := known[r]
		if !found {
			index = len(m.rulings)
			known[r], m.rulings = index, append(m.rulings, r)
		}
		if last := len(m.starts) - 1; last >= 0 && m.starts[last] == at {
			m.indexes[last] = index // a prefix within it begins at the same address
			return
		}
		m.starts, m.indexes = append(m.starts, at), append(m.indexes, index)
	}
	begin(0, matching{}.ruling(rules))
	var open []matching // the prefixes around the present one, the widest first
	closeUntil := func(at uint64) {
		for len(open) > 0 && uint64(open[len(open)-1].last) < at {
			after := uint64(open[len(open)-1].last) + 1
			open = open[:len(open)-1]
			around := matching{}
			if len(open) > 0 {
				around = open[len(open)-1]
			}
			if after <= maxIPv4 {
				begin(uint32(after), around.ruling(rules))
			}
		}
	}
	for _, next := range matchings(rules) {
		closeUntil(uint64(next.first))
		if len(open) > 0 {
			next.inherit(open[len(open)-1])
		}
		open = append(open, next)
		begin(next.first, next.ruling(rules))
	}
	closeUntil(maxIPv4 + 1)
	m.ipv6 = slices.ContainsFunc(rules, func(r Rule) bool { return !r.Prefix.Addr().Is4() })
	return m
}

// maxIPv4 is the last IPv4 address as a number.
const maxIPv4 = 1<<32 - 1

// matching is one prefix, and the numbers from 1 (0: none) of the rules that match in it.
type matching struct {
	first, last       uint32 // addresses
	byOrder           int    // the first rule in the list
	allow, deny       int    // the first Allow, the first Deny
	mostSpecific      int
	ownAllow, ownDeny int // the first Allow and the first Deny of exactly this prefix
}

// matchings are the distinct IPv4 prefixes of a list, a wide one before those in it.
func matchings(rules []Rule) []matching {
	at := map[netip.Prefix]int{}
	var all []matching
	for i, rule := range rules {
		network := rule.Prefix.Masked()
		if !network.IsValid() || !network.Addr().Is4() {
			continue
		}
		index, found := at[network]
		if !found {
			index = len(all)
			at[network] = index
			first, last := span(network)
			all = append(all, matching{first: first, last: last, byOrder: i + 1})
		}
		switch m := &all[index]; {
		case rule.Action == Allow && m.ownAllow == 0:
			m.ownAllow, m.allow = i+1, i+1
		case rule.Action == Deny && m.ownDeny == 0:
			m.ownDeny, m.deny = i+1, i+1
		}
	}
	for i := range all {
		all[i].mostSpecific = all[i].ownAllow
		if all[i].ownDeny > 0 { // at equal length a Deny wins, whichever comes first
			all[i].mostSpecific = all[i].ownDeny
		}
	}
	slices.SortFunc(all, func(a, b matching) int {
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(b.last, a.last))
	})
	return all
}

// inherit adds the rules that match in the prefix around it.
func (m *matching) inherit(around matching) {
	m.byOrder = min(m.byOrder, around.byOrder)
	m.allow, m.deny = earlier(m.allow, around.allow), earlier(m.deny, around.deny)
}

// earlier is the smaller of two numbers, of which 0 is none.
func earlier(a, b int) int {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

func (m matching) ruling(rules []Rule) Ruling {
	r := Ruling{Verdict: VerdictUnknown}
	if len(rules) == 0 {
		return r
	}
	r.By = [3]int{m.byOrder, m.mostSpecific, m.deny}
	if m.deny == 0 {
		r.By[2] = m.allow
	}
	for i, number := range r.By {
		r.Says[i] = Deny
		if number > 0 {
			r.Says[i] = rules[number-1].Action
		}
	}
	r.Verdict = VerdictAmbiguous
	if r.Says[0] == r.Says[1] && r.Says[1] == r.Says[2] {
		r.Verdict = string(r.Says[0])
	}
	return r
}

// Rulings are the distinct answers that the list has given up to now; Index points into it. It grows only with IPv6
// addresses.
func (m *Matcher) Rulings() []Ruling { return m.rulings }

// Rules is the list.
func (m *Matcher) Rules() []Rule { return m.rules }

// Index is the place in Rulings of what the list says of the address.
func (m *Matcher) Index(ip netip.Addr) int {
	if ip = ip.Unmap(); ip.Is4() {
		return m.indexes[m.interval(number(ip))]
	}
	var r Ruling
	if m.ipv6 {
		r = rulingOf(m.rules, ip)
	} else {
		r = matching{}.ruling(m.rules)
	}
	if m.public {
		r = r.public(ip)
	}
	return m.add(r)
}

// Ruling is what the list says of the address.
func (m *Matcher) Ruling(ip netip.Addr) Ruling { return m.rulings[m.Index(ip)] }

// Counts are numbers of addresses by their verdict.
type Counts struct{ Allow, Deny, Ambiguous, Unknown uint64 }

// Count is how many of the addresses of an IPv4 prefix have each verdict.
func (m *Matcher) Count(p netip.Prefix) (counts Counts) {
	first, last := span(p)
	for i := m.interval(first); i < len(m.starts) && m.starts[i] <= last; i++ {
		counts.Add(m.rulings[m.indexes[i]].Verdict, uint64(min(m.end(i), last)-max(m.starts[i], first))+1)
	}
	return counts
}

// Add counts n more addresses with that verdict.
func (c *Counts) Add(verdict string, n uint64) {
	switch verdict {
	case VerdictAllow:
		c.Allow += n
	case VerdictDeny:
		c.Deny += n
	case VerdictAmbiguous:
		c.Ambiguous += n
	case VerdictUnknown:
		c.Unknown += n
	}
}

// interval is the last start that is not behind the address.
func (m *Matcher) interval(ip uint32) int {
	low, high := 0, len(m.starts)
	for high-low > 1 {
		if middle := int(uint(low+high) >> 1); m.starts[middle] <= ip {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

func (m *Matcher) add(r Ruling) int {
	if index := slices.Index(m.rulings, r); index >= 0 {
		return index
	}
	m.rulings = append(m.rulings, r)
	return len(m.rulings) - 1
}

// rulingOf asks every rule, as Evaluate does.
func rulingOf(rules []Rule, ip netip.Addr) Ruling {
	var m matching
	bits := -1
	for i, rule := range rules {
		if !rule.Prefix.Contains(ip) {
			continue
		}
		m.byOrder = earlier(m.byOrder, i+1)
		if n := rule.Prefix.Bits(); n > bits || n == bits && rule.Action == Deny && rules[m.mostSpecific-1].Action == Allow {
			m.mostSpecific, bits = i+1, n
		}
		if rule.Action == Allow {
			m.allow = earlier(m.allow, i+1)
		} else {
			m.deny = earlier(m.deny, i+1)
		}
	}
	return m.ruling(rules)
}

// number is an IPv4 address as a number.
func number(ip netip.Addr) uint32 {
	b := ip.As4()
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

// address is the IPv4 address of a number.
func address(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// span is the first and the last address of an IPv4 prefix, host bits or not.
func span(p netip.Prefix) (first, last uint32) {
	hosts := uint32(uint64(1)<<(32-p.Bits()) - 1)
	first = number(p.Addr()) &^ hosts
	return first, first | hosts
}

package process

import (
	"errors"
	"net/netip"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/thishost"
)

// elsewhere looks from a thread in another network namespace.
type elsewhere struct {
	here thishost.Here
	work chan func()
}

// do runs on the thread, and waits for it; what it did not do leaves the zero values.
func (e *elsewhere) do(what func()) {
	done := make(chan struct{})
	e.work <- func() { defer close(done); what() }
	<-done
}

// Look is Here.Look, there.
func (e *elsewhere) Look(to netip.AddrPort, source netip.Addr) (seen *evidence.ThisHost) {
	e.do(func() { seen = e.here.Look(to, source) })
	return seen
}

// Counters is Here.Counters, there.
func (e *elsewhere) Counters() (texts thishost.Counters, ok bool) {
	e.do(func() { texts, ok = e.here.Counters() })
	return texts, ok
}

// ReadRules is Here.ReadRules, there.
func (e *elsewhere) ReadRules() thishost.RulesThen {
	var then thishost.RulesThen
	e.do(func() { then = e.here.ReadRules() })
	around, _ := e.here.ReadRules().(*thishost.Rules) // this thread is on the machine around it
	return &rulesElsewhere{e, then, around}
}

type rulesElsewhere struct {
	*elsewhere
	then   thishost.RulesThen
	around *thishost.Rules
}

// Since is what the rules there took since then, or those of the machine around it where it passes the packets on.
func (r *rulesElsewhere) Since(ledger *evidence.Ledger) (found *evidence.Firewall) {
	r.do(func() { found = r.then.Since(ledger) })
	if found == nil && r.around != nil {
		found = r.around.Passing(ledger)
	}
	return found
}

// Follow is Here.Follow, there. What it opens belongs to the network namespace from then on.
func (e *elsewhere) Follow(to netip.AddrPort, ledger *evidence.Ledger, ports []uint16) (followed thishost.Followed, err error) {
	err = errors.New("the target's network namespace cannot be joined")
	e.do(func() { followed, err = e.here.Follow(to, ledger, ports) })
	return followed, err
}

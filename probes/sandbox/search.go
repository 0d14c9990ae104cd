package sandbox

import (
	"crypto/subtle"
	"maps"
	"net/netip"
	"strings"
	"sync"
	"time"

	"opensrs-doctor/probes/mistakes"
	"opensrs-doctor/probes/opensrs"
)

// searches are those for what is wrong with a signature. One takes a processor for up to some seconds, and whoever can
// reach the port can ask for one, so from elsewhere there is one at a time, and one an address and second; nobody
// waits for it. Callers on this machine have all of theirs, one after the other. A right signature needs none.
type searches struct {
	here      chan struct{} // a place for the search of a caller on this machine
	elsewhere chan struct{} // and for one from elsewhere

	mu     sync.Mutex
	recent map[netip.Addr]time.Time // when an address from elsewhere had its last one
	now    func() time.Time
}

const (
	searchEvery = time.Second // of one address from elsewhere
	maxRecent   = 1024        // addresses; where there are more within a second the next one has no search
)

func newSearches() *searches {
	return &searches{here: make(chan struct{}, 1), elsewhere: make(chan struct{}, 1),
		recent: map[netip.Addr]time.Time{}, now: time.Now}
}

// Why there was no search.
const (
	whyBig  = "(the body is over 64 KiB)"
	whyBusy = "(it was busy with other signatures)"
	whySoon = "(it looks at one a second from each other machine)"
	whyOver = "(it was about to end)"
)

// begin takes a place for a search; the caller gives it back with end. why is set where there is none.
func (s *searches) begin(from caller, again bool, over <-chan struct{}) (end func(), why string) {
	if from.local {
		select {
		case s.here <- struct{}{}:
			return func() { <-s.here }, ""
		case <-over:
			return nil, whyOver
		}
	}
	select {
	case s.elsewhere <- struct{}{}:
	default:
		return nil, whyBusy
	}
	if !again {
		why = s.admit(from.address)
	}
	if why != "" {
		<-s.elsewhere
		return nil, why
	}
	return func() { <-s.elsewhere }, ""
}

// admit says why an address from elsewhere may not have a search now, or takes note of the one that it has.
func (s *searches) admit(address netip.Addr) (why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	maps.DeleteFunc(s.recent, func(_ netip.Addr, at time.Time) bool { return now.Sub(at) >= searchEvery })
	if _, had := s.recent[address]; had {
		return whySoon
	}
	if len(s.recent) >= maxRecent {
		return whyBusy
	}
	s.recent[address] = now
	return ""
}

// explain judges a signature, and looks for what is wrong with it unless why says why not. again is for a request that
// had its search already, with a body that turned out to be longer.
func (v *visit) explain(attempt mistakes.Attempt, again bool) (verdict mistakes.Verdict, why string) {
	right := opensrs.Sign(attempt.Body, attempt.Key)
	switch {
	case subtle.ConstantTimeCompare([]byte(strings.TrimSpace(attempt.Signature)), []byte(right)) == 1:
		return mistakes.Verdict{Match: true}, ""
	case !again && len(attempt.Body) > bigBody:
		return verdict, whyBig
	}
	s := v.plan.sandbox
	end, why := s.searches.begin(v.from, again, s.group.ctx.Done())
	if why != "" {
		return verdict, why
	}
	defer end()
	return mistakes.ExplainSignature(attempt), ""
}

package probes

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"opensrs-doctor/probes/evidence"
)

// How the round trips are measured: few, and apart from each other, so that no firewall takes them for a flood. In
// silence they take (roundTripsSent-1)*roundTripGap + roundTripWait, which is 2.95 s.
const (
	roundTripsSent = 10
	roundTripGap   = 50 * time.Millisecond // from the start of one to the start of the next
	roundTripWait  = 2500 * time.Millisecond
)

// roundTrips connects to a peer a few times, says nothing, and hangs up. told is called with the figures so far after
// each result, so that a run that ends early has those.
func (w *world) roundTrips(ctx context.Context, to netip.AddrPort, wait time.Duration, told func(evidence.RoundTrips)) {
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		trips = trips{facts: evidence.RoundTrips{To: to}}
	)
	one := func() {
		each, cancel := context.WithTimeout(ctx, wait)
		defer cancel()
		start := time.Now()
		conn, err := w.connect(each, to)
		took := evidence.Milliseconds(time.Since(start))
		var failure *evidence.Failure
		var resent *int
		switch {
		case err == nil:
			resent = retransmits(conn)
			conn.Close()
		case ctx.Err() != nil:
			return // cut off by the end of the run: no result
		default:
			failure = w.connectFailure(err, to.Addr())
		}
		mu.Lock()
		defer mu.Unlock()
		trips.add(took, failure, resent)
		told(trips.facts)
	}
	next := time.NewTicker(roundTripGap)
	defer next.Stop()
	for sent := 1; ctx.Err() == nil; sent++ {
		group.Go(one)
		if sent == roundTripsSent {
			break
		}
		select {
		case <-next.C:
		case <-ctx.Done():
		}
	}
	group.Wait()
}

// trips are the figures, and the times that they are made of.
type trips struct {
	facts evidence.RoundTrips
	times []float64
}

// add counts one connection. failure is nil where it came about; resent is nil where the system does not tell.
func (t *trips) add(tookMS float64, failure *evidence.Failure, resent *int) {
	f := &t.facts
	f.Sent++
	if resent != nil {
		total := *resent
		if f.Resent != nil {
			total += *f.Resent
		}
		f.Resent = &total // a new one: the figures told before keep theirs
	}
	switch {
	case failure == nil:
		f.Answered++
	case failure.Kind == evidence.KindRefused:
		f.Answered++
		f.Refused++
	case failure.Kind == evidence.KindTimeout:
		f.Lost++
		return
	default:
		f.Failed++
		if f.Failure == nil {
			f.Failure = failure
		}
		return
	}
	t.times = append(t.times, tookMS)
	sorted := slices.Sorted(slices.Values(t.times))
	f.MinMS, f.MedianMS, f.MaxMS = sorted[0], sorted[len(sorted)/2], sorted[len(sorted)-1]
}

package probes

import (
	"sort"
	"sync"
	"time"

	"opensrs-doctor/probes/evidence"
)

// clockNotes collects what the peers of a run say the time is.
type clockNotes struct {
	begun   time.Time // when the run began, with what the system's own stopwatch read
	mu      sync.Mutex
	samples map[string]evidence.ClockSample
}

// note keeps a peer's Date beside the local clock at the moment it came. Of one peer the first counts.
func (c *clockNotes) note(peer string, date *time.Time, local time.Time, verified bool) {
	if date == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.samples == nil {
		c.samples = map[string]evidence.ClockSample{}
	}
	if _, known := c.samples[peer]; known {
		return
	}
	// A Date has whole seconds, cut off: half a second more is the best guess.
	offset := date.Add(500 * time.Millisecond).Sub(local)
	c.samples[peer] = evidence.ClockSample{Peer: peer, OffsetMS: evidence.Milliseconds(offset), Verified: verified}
}

// agreement is how near to each other peers must be to count as telling the same time.
const agreement = time.Minute

// summary gives the largest group of peers that agree, and their median: that with the most proven peers, for one
// login page can answer for all that is not proven. Nil where nobody told the time, and where the clock was set while
// the run was on: what a peer says of the one before says nothing about the one now, nor the other way round.
func (c *clockNotes) summary(now time.Time) *evidence.Clock {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.samples) == 0 || !c.begun.IsZero() && (now.Round(0).Sub(c.begun.Round(0))-time.Since(c.begun)).Abs() > agreement {
		return nil
	}
	clock := &evidence.Clock{Samples: make([]evidence.ClockSample, 0, len(c.samples))}
	for _, sample := range c.samples {
		clock.Samples = append(clock.Samples, sample)
	}
	sort.Slice(clock.Samples, func(i, j int) bool {
		a, b := clock.Samples[i], clock.Samples[j]
		if a.OffsetMS != b.OffsetMS {
			return a.OffsetMS < b.OffsetMS
		}
		return a.Peer < b.Peer
	})
	most := -1
	for from := range clock.Samples {
		to, verified := from, 0
		for to < len(clock.Samples) && clock.Samples[to].OffsetMS-clock.Samples[from].OffsetMS <= evidence.Milliseconds(agreement) {
			if clock.Samples[to].Verified {
				verified++
			}
			to++
		}
		if verified > most || verified == most && to-from > clock.Agreeing {
			most, clock.Agreeing = verified, to-from
			clock.OffsetMS = clock.Samples[from+(to-from)/2].OffsetMS
		}
	}
	return clock
}

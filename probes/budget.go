package probes

import (
	"context"
	"time"
)

// The default timeout of a run, and each probe's share of it.
const (
	DefaultTimeout = 30 * time.Second
	shareLookup    = 3 * time.Second         // egress, dns, port and tls each
	shareLibc      = 10 * time.Second        // the same, where resolv.conf has libc wait longer than by default
	shareSlowNames = 5500 * time.Millisecond // dns, where a resolver takes connections and its answer is late
	shareSlow      = 8 * time.Second         // tls, where the peer is slow and not silent
	shareCall      = 10 * time.Second
	silence        = 11500 * time.Millisecond // a default run that meets nothing but silence ends by then
	leastCall      = 3 * time.Second
	leastStep      = 500 * time.Millisecond  // with less, a probe's silence would show nothing but the end of the time
	reserve        = 400 * time.Millisecond  // kept back from the call, for follow-ups to end in
	patience       = 1050 * time.Millisecond // after that much silence, more than a healthy round trip, the follow-ups begin beside the waiting
)

// budget shares out the time of a run.
type budget struct {
	begun time.Time
	whole time.Duration // what a run takes at the most where it meets nothing but silence
	hard  time.Duration // what any run takes at the most
	call  time.Duration
	scale float64 // of the shares: under 1 where the timeout is short

	answered time.Duration // what the probes took so far that got an answer
}

// newBudget: a shorter timeout shrinks every share alike, a longer one gives the call the rest.
func newBudget(timeout time.Duration) budget {
	b := budget{begun: time.Now(), whole: silence, call: shareCall, scale: 1, hard: timeout - timeout/20}
	switch {
	case timeout > DefaultTimeout:
		b.whole += timeout - DefaultTimeout
		b.call += timeout - DefaultTimeout
	case b.hard < silence:
		b.whole = b.hard
		b.scale = float64(b.whole) / float64(silence)
	}
	return b
}

func (b budget) scaled(share time.Duration) time.Duration {
	return time.Duration(float64(share) * b.scale)
}

// left is how much of a limit is left.
func (b budget) left(limit time.Duration) time.Duration { return limit - time.Since(b.begun) }

// lookup is the context of one of the four probes before the call.
func (b budget) lookup(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, min(b.scaled(shareLookup), b.left(b.hard)))
}

// forCall is how long the call may take. Where the probes before it were slow, and not silent, it still gets
// its whole time.
func (b budget) forCall() time.Duration {
	rest := max(b.left(b.whole)+b.answered-b.scaled(reserve), b.scaled(leastCall))
	return min(b.scaled(b.call), rest, b.left(b.hard)-b.scaled(reserve))
}

// fair reports whether a probe that begins now would have time enough to show anything. Slow answers before it may have
// taken the time of a run with a short timeout.
func (b budget) fair(probe string) bool {
	left := b.left(b.hard)
	switch probe {
	case "rules": // it waits for nobody
		return true
	case "call":
		left = b.forCall()
	}
	return left >= b.scaled(leastStep)
}

// forFollowUps is how long the run waits for them at its end.
func (b budget) forFollowUps() time.Duration {
	return min(max(b.left(b.whole), b.scaled(reserve)), b.left(b.hard))
}

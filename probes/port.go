package probes

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/netaddr"
)

// stagger is how long one address may be silent before the next is tried beside it. It is longer than any
// healthy round trip, so that a healthy host makes one connection.
const stagger = patience

// staggerFor is the same where there are so many addresses, or so little time, that the last of them would not get
// its turn.
func staggerFor(ctx context.Context, addresses int) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return stagger
	}
	return min(stagger, time.Until(deadline)/time.Duration(addresses+1))
}

// race is connecting to several addresses in their order: the next one is begun where those before it have failed, or one
// has been silent for a while.
type race struct {
	world    *world
	to       []netip.AddrPort
	attempts []evidence.Attempt // one for each address that was begun
	starts   []time.Time
	outcomes chan outcome
}

// outcome is what came of one of the attempts of a race.
type outcome struct {
	index int
	conn  net.Conn
	err   error
	took  time.Duration
}

// start begins the next address.
func (r *race) start(ctx context.Context) {
	index, begun := len(r.attempts), time.Now()
	r.attempts = append(r.attempts, evidence.Attempt{Address: r.to[index]})
	r.starts = append(r.starts, begun)
	go func() {
		conn, err := r.world.connect(ctx, r.to[index])
		r.outcomes <- outcome{index, conn, err, time.Since(begun)}
	}()
}

// finish gives those that have no outcome yet a failure. Their connections, where they come too late, are closed.
func (r *race) finish() {
	running := 0
	for i := range r.attempts {
		if attempt := &r.attempts[i]; !attempt.Connected && attempt.Failure == nil {
			attempt.TookMS = evidence.Milliseconds(time.Since(r.starts[i]))
			attempt.Failure = &evidence.Failure{Op: evidence.OpConnect, Kind: evidence.KindTimeout, Detail: foreign.Ours("no answer so far")}
			running++
		}
	}
	go func() {
		for range running {
			if late := <-r.outcomes; late.conn != nil {
				late.conn.Close()
			}
		}
	}()
}

// connectAny connects to the first address that answers, in their order; nil where none does. Each address that was tried
// is an attempt.
func (w *world) connectAny(ctx context.Context, to []netip.AddrPort) (net.Conn, []evidence.Attempt) {
	patience := staggerFor(ctx, len(to))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &race{world: w, to: to, outcomes: make(chan outcome, len(to))}
	for failed := 0; ; {
		var next <-chan time.Time
		if failed == len(r.attempts) {
			r.start(ctx)
		}
		if len(r.attempts) < len(to) {
			next = time.After(patience - time.Since(r.starts[len(r.starts)-1]))
		}
		select {
		case got := <-r.outcomes:
			attempt := &r.attempts[got.index]
			attempt.TookMS = evidence.Milliseconds(got.took)
			if got.err == nil {
				attempt.Connected, attempt.LocalAddress = true, localAddress(got.conn)
				cancel()
				r.finish()
				return got.conn, r.attempts
			}
			attempt.Failure = w.connectFailure(got.err, to[got.index].Addr())
			if failed++; failed == len(to) {
				return nil, r.attempts
			}
		case <-next:
			r.start(ctx)
		case <-ctx.Done():
			r.finish()
			return nil, r.attempts
		}
	}
}

// connectFailure tells "this host has no way" from "a router says there is none": the errno is the same.
func (w *world) connectFailure(err error, to netip.Addr) *evidence.Failure {
	failure := w.fail(evidence.OpConnect, err)
	if failure.Kind == evidence.KindUnreachable {
		if _, has, known := w.hasRoute(to); known && !has {
			failure.Kind = evidence.KindNoRoute
		}
	}
	return failure
}

// target is where the port probe goes: the endpoint's addresses, or the proxy's.
type target struct {
	addresses []netip.AddrPort
	peer      netaddr.HostPort // the endpoint, as the proxy is told it
	way       way
}

// probePort opens the one TCP connection to the service, or to the proxy and through it.
func (w *world) probePort(ctx context.Context, t target) (*evidence.Port, net.Conn, *evidence.Failure) {
	facts := &evidence.Port{}
	start := time.Now()
	conn, attempts := w.connectAny(ctx, t.addresses)
	facts.Attempts = attempts
	if conn == nil {
		failure := firstFailure(attempts)
		if errors.Is(context.Cause(ctx), context.Canceled) {
			failure = &evidence.Failure{Op: evidence.OpConnect, Kind: evidence.KindCanceled, Detail: foreign.Ours("interrupted")}
		}
		facts.ECN = ecnInTheWay(nil, failure)
		if t.way.proxy != nil {
			failure = &evidence.Failure{Op: evidence.OpToProxy, Kind: failure.Kind, Detail: failure.Detail, Err: failure.Err}
		}
		return facts, nil, failure
	}
	facts.ConnectMS = evidence.Milliseconds(time.Since(start))
	facts.Retransmits = retransmits(conn)
	facts.ECN = facts.Retransmits != nil && *facts.Retransmits > 0 && ecnInTheWay(conn, nil)
	facts.Connected = conn.RemoteAddr().(*net.TCPAddr).AddrPort()
	facts.Connected = netip.AddrPortFrom(facts.Connected.Addr().Unmap(), facts.Connected.Port())
	if t.way.proxy == nil {
		return facts, conn, nil
	}
	stream, reply, err := w.throughProxy(ctx, conn, t)
	facts.ProxyReply = reply
	if err != nil {
		conn.Close()
		return facts, nil, w.fail(evidence.OpThroughProxy, err)
	}
	return facts, stream, nil
}

func (w *world) throughProxy(ctx context.Context, conn net.Conn, t target) (net.Conn, *evidence.ProxyReply, error) {
	if t.way.proxy.url.Scheme == "https" {
		secured, err := w.secureProxy(ctx, conn, t.way.proxy.peer.Host)
		if err != nil {
			var failure *evidence.Failure
			if !errors.As(err, &failure) {
				failure = w.fail(evidence.OpProxyHandshake, err)
			}
			return nil, nil, failure
		}
		conn = secured
	}
	return t.way.proxy.tunnel(ctx, conn, t.peer)
}

// firstFailure is the most telling of several attempts: an answer, whatever it says, tells more than silence.
func firstFailure(attempts []evidence.Attempt) *evidence.Failure {
	var chosen *evidence.Failure
	for _, attempt := range attempts {
		if attempt.Failure != nil && (chosen == nil || chosen.Kind == evidence.KindTimeout && attempt.Failure.Kind != evidence.KindTimeout) {
			chosen = attempt.Failure
		}
	}
	if chosen == nil {
		chosen = &evidence.Failure{Op: evidence.OpConnect, Kind: evidence.KindTimeout, Detail: foreign.Ours("no answer")}
	}
	return chosen
}

package probes

import (
	"context"
	"io"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/netaddr"
)

// The first address that answers is the connection, and each one tried is a fact. What was not needed is not tried.
func TestConnectAny(t *testing.T) {
	open := serve(t, func(conn net.Conn) { conn.Read(make([]byte, 1)) })
	closed, another := closedPort(t), closedPort(t)
	for name, test := range map[string]struct {
		to        []netip.AddrPort
		connected int // which, -1 for none
		tried     int
	}{
		"one":             {[]netip.AddrPort{open}, 0, 1},
		"the first":       {[]netip.AddrPort{open, closed}, 0, 1},
		"the second":      {[]netip.AddrPort{closed, open}, 1, 2},
		"the last":        {[]netip.AddrPort{closed, another, open}, 2, 3},
		"none":            {[]netip.AddrPort{closed, another}, -1, 2},
		"one that is not": {[]netip.AddrPort{closed}, -1, 1},
	} {
		conn, attempts := worldOf(t, Options{}).connectAny(t.Context(), test.to)
		if (conn != nil) != (test.connected >= 0) || len(attempts) != test.tried {
			t.Errorf("%s: %v, %+v", name, conn, attempts)
		}
		for i, attempt := range attempts {
			wanted := i == test.connected
			if attempt.Address != test.to[i] || attempt.Connected != wanted || attempt.LocalAddress.IsValid() != wanted || (attempt.Failure == nil) != wanted {
				t.Errorf("%s: attempt %d is %+v", name, i, attempt)
			}
			if attempt.Failure != nil && !isRefusal(attempt.Failure.Kind) {
				t.Errorf("%s: attempt %d failed with %s", name, i, attempt.Failure)
			}
		}
		if conn != nil {
			if got := conn.RemoteAddr().String(); got != open.String() {
				t.Errorf("%s: connected to %s", name, got)
			}
			conn.Close()
		}
	}
}

// isRefusal: Windows asks a port that refuses again, for longer than is waited for here.
func isRefusal(kind evidence.Kind) bool {
	return kind == evidence.KindRefused || runtime.GOOS == "windows" && kind == evidence.KindTimeout
}

// A run that is over makes no connection; the attempt is one without an answer, not one that was refused.
func TestConnectAnyWhenTheRunIsOver(t *testing.T) {
	open := serve(t, func(conn net.Conn) { conn.Read(make([]byte, 1)) })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	conn, attempts := worldOf(t, Options{}).connectAny(ctx, []netip.AddrPort{open})
	if conn != nil || len(attempts) != 1 || attempts[0].Connected {
		t.Fatalf("%v, %+v", conn, attempts)
	}
	if kind := attempts[0].Failure.Kind; kind != evidence.KindTimeout && kind != evidence.KindCanceled {
		t.Errorf("failed with %s", kind)
	}
}

// So many addresses, or so little time, that the last would not get its turn: then each waits less.
func TestStaggerFor(t *testing.T) {
	if got := staggerFor(context.Background(), 3); got != stagger {
		t.Errorf("without an end: %s", got)
	}
	for left, least := range map[time.Duration]bool{time.Hour: false, -time.Hour: true} {
		ctx, cancel := context.WithDeadline(context.Background(), time.Now().Add(left))
		if got := staggerFor(ctx, 3); (got < stagger) != least {
			t.Errorf("with %s left: %s", left, got)
		}
		cancel()
	}
}

// An answer, whatever it says, tells more than silence.
func TestFirstFailure(t *testing.T) {
	of := func(kinds ...evidence.Kind) (attempts []evidence.Attempt) {
		for _, kind := range kinds {
			attempt := evidence.Attempt{Connected: kind == ""}
			if kind != "" {
				attempt.Failure = &evidence.Failure{Kind: kind}
			}
			attempts = append(attempts, attempt)
		}
		return attempts
	}
	for _, test := range []struct {
		attempts []evidence.Attempt
		want     evidence.Kind
	}{
		{of(evidence.KindRefused), evidence.KindRefused},
		{of(evidence.KindTimeout, evidence.KindRefused), evidence.KindRefused},
		{of(evidence.KindUnreachable, evidence.KindRefused), evidence.KindUnreachable},
		{of(evidence.KindTimeout, evidence.KindTimeout), evidence.KindTimeout},
		{of("", evidence.KindReset), evidence.KindReset},
		{nil, evidence.KindTimeout},
	} {
		if got := firstFailure(test.attempts); got.Kind != test.want {
			t.Errorf("%+v: %s, want %s", test.attempts, got.Kind, test.want)
		}
	}
}

// The port probe, directly and through a proxy that says yes, says no, or is not there.
func TestProbePort(t *testing.T) {
	w := worldOf(t, Options{})
	open := serve(t, func(conn net.Conn) { io.WriteString(conn, "hello") })
	yes := serve(t, says("HTTP/1.1 200 OK\r\n\r\nhello"))
	no := serve(t, says("HTTP/1.1 403 Forbidden\r\n\r\n"))
	for name, test := range map[string]struct {
		to    netip.AddrPort
		proxy bool
		code  int // of the proxy's reply, 0 for none
		op    evidence.Op
		kind  evidence.Kind
	}{
		"directly":             {open, false, 0, "", ""},
		"a closed port":        {closedPort(t), false, 0, "connect", evidence.KindRefused},
		"a proxy":              {yes, true, 200, "", ""},
		"a proxy that refuses": {no, true, 403, "connect through the proxy", evidence.KindProxyDenied},
		"no proxy there":       {closedPort(t), true, 0, "connect to the proxy", evidence.KindRefused},
	} {
		to := target{addresses: []netip.AddrPort{test.to}, peer: behindProxy}
		if test.proxy {
			to.way = way{proxyAt(t, w, "http://"+test.to.String())}
		}
		facts, conn, failure := w.probePort(t.Context(), to)
		if test.kind != "" {
			if conn != nil || failure == nil || failure.Kind != test.kind || failure.Op != test.op {
				t.Errorf("%s: %v, %v", name, conn, failure)
			}
		} else {
			if failure != nil || facts.Connected != test.to {
				t.Fatalf("%s: %v, %+v", name, failure, facts)
			}
			if said, err := io.ReadAll(conn); err != nil || string(said) != "hello" {
				t.Errorf("%s: %q, %v", name, said, err)
			}
			conn.Close()
		}
		if code := facts.ProxyReply; (code == nil) != (test.code == 0) || code != nil && code.Code != test.code {
			t.Errorf("%s: the proxy's reply is %+v", name, code)
		}
	}
}

// A name is reached at the first of its addresses that takes the connection.
func TestReach(t *testing.T) {
	open := serve(t, func(conn net.Conn) { conn.Read(make([]byte, 1)) })
	w := worldOf(t, Options{})
	conn, err := w.reach(t.Context(), netaddr.HostPort{Host: open.Addr().String(), Port: open.Port()})
	if err != nil {
		t.Fatal(err)
	}
	if got := localAddress(conn); !got.IsLoopback() {
		t.Errorf("it leaves from %s", got)
	}
	conn.Close()
	_, err = w.reach(t.Context(), netaddr.HostPort{Host: "127.0.0.1", Port: closedPort(t).Port()})
	if !isRefusal(kindOfError(err)) {
		t.Errorf("a closed port: %v", err)
	}
	if got := localAddress(nil); got.IsValid() {
		t.Errorf("no connection leaves from %s", got)
	}
}

// Where one of several addresses is silent, the others are asked again; where the port answers now and then, many ports
// are.
func TestOtherAddressesAndServers(t *testing.T) {
	open := serve(t, func(conn net.Conn) { conn.Read(make([]byte, 1)) })
	closed := closedPort(t)
	x := begunExperiments(t, worldOf(t, Options{}))
	x.otherPort(open)
	x.addressByDNS(closed)
	x.triedAgain([]evidence.Attempt{{Address: open, Connected: true}, {Address: closed, Failure: &evidence.Failure{}}, {Address: open, Failure: &evidence.Failure{}}})
	x.servers(open)
	found := x.wait(t.Context())
	if len(found.otherPorts) != 1 || !found.otherPorts[0].Connected || found.byDNS == nil || found.byDNS.Connected || !isRefusal(found.byDNS.Failure.Kind) {
		t.Errorf("another port %+v, another address %+v", found.otherPorts, found.byDNS)
	}
	slices.SortFunc(found.triedAgain, func(a, b evidence.Attempt) int {
		if a.Connected {
			return -1
		}
		return 1
	})
	if len(found.triedAgain) != 2 || found.triedAgain[0].Address != open || !isRefusal(found.triedAgain[1].Failure.Kind) {
		t.Errorf("tried again: %+v", found.triedAgain)
	}
	if s := found.servers; s == nil || s.Sent != manyPorts || s.Took+s.Late != manyPorts {
		t.Errorf("many ports: %+v", s)
	}
	x = begunExperiments(t, worldOf(t, Options{}))
	x.servers(closed)
	if s := x.wait(t.Context()).servers; s == nil || s.Refused+s.Silent != manyPorts || s.Refused == 0 && runtime.GOOS != "windows" {
		t.Errorf("many ports of one that is closed: %+v", s)
	}
}

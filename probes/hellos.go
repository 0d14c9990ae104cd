package probes

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"time"

	"opensrs-doctor/probes/thishost"
)

// hellosTime is the longest that counting takes, with answers of half a second.
const hellosTime = 4 * time.Second

// hellos counts what this host's kernel does with the first message of a handshake, which got no answer or was cut, when
// no other handshake of this run is under way: a firewall may let a connection be made, and drop what is said on it.
func (x *experiments) hellos(to netip.AddrPort, host string) {
	x.once("hellos", hellosTime, func(ctx context.Context) {
		made := x.world.attempt(ctx, to)
		first := firstMessage(ctx, host)
		if !made.Connected || len(first) == 0 {
			return
		}
		answer := min(max(time.Duration(2*made.TookMS)*time.Millisecond, 100*time.Millisecond), 500*time.Millisecond)
		rules := x.host.ReadRules()
		kept := thishost.Hellos(ctx, to, first, x.world.sourceIP, answer, x.host)
		for again := 0; again < 2 && kept.Background.Restless(); again++ { // those of handshakes before are sent again, in bursts
			rules = x.host.ReadRules()
			kept = thishost.Hellos(ctx, to, first, x.world.sourceIP, answer, x.host)
		}
		took := rules.Since(kept)
		seen := x.host.Look(to, x.world.sourceIP)
		x.keep(func(f *findings) {
			if f.thisHost != nil {
				seen = new(*f.thisHost)
			}
			if seen == nil {
				return
			}
			seen.Hellos = kept
			if took != nil {
				seen.Firewall = took
			}
			f.thisHost = seen
		})
	})
}

// firstMessage is what a handshake with host begins with.
func firstMessage(ctx context.Context, host string) []byte {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	go func() {
		defer ours.Close()
		_ = tls.Client(ours, clientConfig(host)).HandshakeContext(ctx) // nobody answers
	}()
	message := make([]byte, 4096)
	n, _ := theirs.Read(message)
	return message[:n]
}

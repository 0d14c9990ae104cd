package probes

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"opensrs-doctor/probes/evidence"
)

// handshakes repeats the handshake with one thing changed at a time, each on a connection of its own. No
// data is sent on any.
func (x *experiments) handshakes(t target, host string) {
	x.once("handshakes", roundsTime, func(ctx context.Context) {
		found := make([]evidence.Variant, len(handshakeVariants))
		var group sync.WaitGroup
		group.Go(func() {
			picked := x.world.picks(ctx, t, host)
			x.keep(func(f *findings) { f.picks = picked })
		})
		for i, variant := range handshakeVariants {
			group.Go(func() {
				found[i] = x.world.tryVariant(ctx, t, host, variant, variantTime)
				x.keep(func(f *findings) { f.variants = append(f.variants, found[i]) })
			})
		}
		group.Wait()
		x.confirm(ctx, t, host, found)
		if plain := found[0].Failure; t.way.proxy == nil && plain != nil && slices.Contains(cutKinds, plain.Kind) {
			x.hellos(t.addresses[0], host)
		}
	})
}

// confirm makes the telling handshakes again: a service that answers now and then lets one experiment work and
// another fail, whatever was changed in it. What worked must work again, and the plain one must fail again.
func (x *experiments) confirm(ctx context.Context, t target, host string, found []evidence.Variant) {
	telling := slices.ContainsFunc(found, func(v evidence.Variant) bool { return v.Works })
	if !telling || found[0].Works || ctx.Err() != nil {
		return
	}
	var group sync.WaitGroup
	for i, variant := range handshakeVariants {
		limit := variantTime
		switch {
		case i == 0:
			limit = plainTime // silence is what is expected
		case !found[i].Works:
			continue
		}
		for range confirmations {
			group.Go(func() {
				again := x.world.tryVariant(ctx, t, host, variant, limit)
				if ctx.Err() != nil || again.Works == found[i].Works {
					return
				}
				x.keep(func(f *findings) {
					for k := range f.variants {
						if f.variants[k].Name == variant.name {
							f.variants[k].Fickle = true
						}
					}
				})
			})
		}
	}
	group.Wait()
}

// handshakeVariant is the handshake with one thing changed.
type handshakeVariant struct {
	name   string
	change func(*tls.Config)
	small  bool // with small TCP segments
}

// notMade is the error of an experiment that could not be made, which is not one that failed.
type notMade string

func (why notMade) Error() string { return string(why) }

// handshakeVariants begin with the one in which nothing is changed.
var handshakeVariants = []handshakeVariant{
	{evidence.VariantAsIs, nil, false},
	{evidence.VariantNoSNI, func(c *tls.Config) { c.ServerName = "" }, false},
	{evidence.VariantClassic, func(c *tls.Config) {
		c.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384}
	}, false},
	{evidence.VariantSmall, nil, true},
	{evidence.VariantNo13, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, false},
	{evidence.VariantOld, func(c *tls.Config) {
		c.MinVersion = tls.VersionTLS10
		c.CipherSuites = slices.Concat(suites.Get(), []uint16{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA})
	}, false},
}

func (w *world) tryVariant(ctx context.Context, t target, host string, variant handshakeVariant, limit time.Duration) evidence.Variant {
	whole := ctx
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	result := w.tryHandshake(ctx, t, host, variant)
	switch {
	case result.Works || result.NotMade != "":
	case whole.Err() != nil:
		result.NotMade = "the run ended first"
	case variant.small && smallOneWay != "":
		result.NotMade = smallOneWay
	}
	if result.NotMade != "" {
		result.Failure = nil
	}
	return result
}

func (w *world) tryHandshake(ctx context.Context, t target, host string, variant handshakeVariant) evidence.Variant {
	start := time.Now()
	result := evidence.Variant{Name: variant.name}
	finish := func(err error) evidence.Variant {
		var not notMade
		if errors.As(err, &not) {
			result.NotMade = string(not)
		}
		if err != nil && ctx.Err() != nil {
			err = ctx.Err()
		}
		result.TookMS, result.Failure = evidence.Milliseconds(time.Since(start)), w.fail(evidence.OpHandshake, err)
		return result
	}
	dial := w.connect
	if variant.small {
		dial = w.connectSmall
	}
	conn, err := dial(ctx, t.addresses[0])
	if err != nil {
		return finish(err)
	}
	defer conn.Close()
	if tcp, is := conn.(*net.TCPConn); is {
		_ = tcp.SetLinger(0) // neither side sends again what got no answer
	}
	var stream net.Conn = conn
	if t.way.proxy != nil {
		if stream, _, err = w.throughProxy(ctx, conn, t); err != nil {
			return finish(err)
		}
	}
	secured, trust, _, err := w.secure(ctx, stream, host, variant.change)
	if err != nil {
		return finish(err)
	}
	result.Proven = trust.Verified()
	result.Works, result.Version = true, tls.VersionName(secured.ConnectionState().Version)
	return finish(nil)
}

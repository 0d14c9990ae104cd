package probes

import (
	"context"

	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/opensrs"
)

// crossCheck makes the same call once in the other environment, with the same care for its certificate.
func (w *world) crossCheck(ctx context.Context, o Options, v way) *CrossCheck {
	check := &CrossCheck{Environment: "test", Host: TestHost}
	if o.Host == TestHost {
		check = &CrossCheck{Environment: "live", Host: LiveHost}
	}
	peer := HostPort{check.Host, ServicePort}
	conn, err := w.open(ctx, v, peer)
	if err != nil {
		check.Failure = w.fail("connect", err)
		return check
	}
	defer conn.Close()
	stream, trust, _, err := w.secure(ctx, conn, check.Host, nil)
	if err != nil {
		check.Failure = w.fail("handshake", err)
		return check
	}
	if !trust.Verified() {
		check.Failure = &Failure{Op: "verify", Kind: KindUntrusted, Detail: foreign.Ours("the certificate did not verify")}
		return check
	}
	call := w.probeCall(ctx, stream, peer, o.Path, credentials{o.Username, o.Key})
	check.Success, check.Code, check.Text, check.Failure = call.Success, call.Code, call.Text, call.Failure
	check.Class = call.Class
	return check
}

// mayCrossCheck keeps the promise of where credentials may be tried: only between the two public services.
func mayCrossCheck(o Options, call *Call) bool {
	if call == nil || call.Class != string(opensrs.AuthFailed) || !o.CrossCheck || o.Custom || o.Sandbox {
		return false
	}
	return o.publicService() && EnvironmentOf(o.Host) == o.Environment
}

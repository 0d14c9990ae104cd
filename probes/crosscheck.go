package probes

import (
	"context"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/service"
)

// crossCheck makes the same call once in the other environment, with the same care for its certificate.
func (w *world) crossCheck(ctx context.Context, o Options, v way) *evidence.CrossCheck {
	other := service.OpenSRS.Other(o.Environment)
	check := &evidence.CrossCheck{Environment: other.Name, Host: other.Host}
	peer := netaddr.HostPort{Host: check.Host, Port: service.OpenSRS.Port}
	conn, err := w.open(ctx, v, peer)
	if err != nil {
		check.Failure = w.fail(evidence.OpConnect, err)
		return check
	}
	defer conn.Close()
	stream, trust, _, err := w.secure(ctx, conn, check.Host, nil)
	if err != nil {
		check.Failure = w.fail(evidence.OpHandshake, err)
		return check
	}
	if !trust.Verified() {
		check.Failure = &evidence.Failure{Op: evidence.OpVerify, Kind: evidence.KindUntrusted, Detail: foreign.Ours("the certificate did not verify")}
		return check
	}
	call := w.probeCall(ctx, stream, peer, o.Path, credentials{o.Username, o.signed().Signature})
	check.Success, check.Code, check.Text, check.Failure = call.Success, call.Code, call.Text, call.Failure
	check.Class = call.Class
	return check
}

// mayCrossCheck keeps the promise of where credentials may be tried: only between the two public services.
func mayCrossCheck(o Options, call *evidence.Call) bool {
	if call == nil || call.Class != string(opensrs.AuthFailed) || !o.CrossCheck || o.Custom || o.Sandbox {
		return false
	}
	return o.publicService() && service.OpenSRS.EnvironmentOf(o.Host) == o.Environment
}

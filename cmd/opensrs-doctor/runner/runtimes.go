package runner

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"opensrs-doctor/cmd/opensrs-doctor/build"
	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/probes"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/runtimes"
	"opensrs-doctor/report/clients"
)

// Clients asks the language runtimes, with --as those that the target sees, each by its own means; only names them, nil
// is all. They may take what they have by default, or less where within is less; 0 is not a bound.
func Clients(ctx context.Context, r *config.Request, only []string, within time.Duration) (*clients.Report, error) {
	if r.As == nil {
		return clients.New(askClients(ctx, r.Options, only, nil, within), build.Tool(r.Options)), nil
	}
	return clientsAs(ctx, r, only, within)
}

// clientsAs asks the runtimes that a target sees, in a process that is like it.
func clientsAs(ctx context.Context, r *config.Request, only []string, within time.Duration) (*clients.Report, error) {
	o := r.Options
	o.Key = probes.Secret{} // nothing is signed
	question := newJob(o)
	question.Only, question.Within = only, within
	document, err := inside(ctx, r, askClientsAs, question, clientsTime+runtimes.DefaultJavaWait, func(probes.Event) {})
	if err != nil {
		return nil, err
	}
	found := new(clients.Report)
	if err := json.Unmarshal(document, found); err != nil {
		return nil, errors.New("the answer of the inner process cannot be read")
	}
	found.StartedAt, found.As = found.StartedAt.Local(), asFacts(r)
	return found, nil
}

// clientsTime bounds this tool's own look; the runtimes have times of their own.
const clientsTime = 10 * time.Second

// askClients takes this tool's own look and asks the runtimes, at the same time: what they are compared with is of now.
// They may take what they are given by default, or less where within is less; 0 is not a bound.
func askClients(ctx context.Context, o probes.Options, only, env []string, within time.Duration) *evidence.Evidence {
	begun := time.Now()
	if within <= 0 {
		within = clientsTime
	}
	o.Timeout = min(clientsTime, within)
	o.Only, o.NoThirdParties, o.AllowIntercepted = []string{"dns", "port", "tls"}, true, true
	o.EgressSources, o.Controls, o.StatusURL, o.Witness, o.CrossCheck = nil, nil, nil, nil, false
	var (
		own    *evidence.Evidence
		others []evidence.Client
		both   sync.WaitGroup
	)
	both.Go(func() { own = probes.Run(ctx, o, nil) })
	both.Go(func() {
		others = runtimes.Look(ctx, runtimes.Options{Host: o.Host, Port: o.Port, Only: only, Env: env,
			Wait: min(runtimes.DefaultWait, within), JavaWait: min(runtimes.DefaultJavaWait, within)})
	})
	both.Wait()
	own.Clients, own.Took = others, time.Since(begun)
	own.Interrupted = own.Interrupted || ctx.Err() != nil
	return own
}

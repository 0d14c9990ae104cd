package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/probes"
	"opensrs-doctor/probes/runtimes"
	"opensrs-doctor/report/clients"
)

// clientsAs asks the runtimes that a target sees, in a process that is like it, within a time as askClients has it.
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

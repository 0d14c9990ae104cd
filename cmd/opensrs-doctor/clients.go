package main

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"opensrs-doctor/cmd/opensrs-doctor/build"
	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/runtimes"
	"opensrs-doctor/report"
	"opensrs-doctor/report/clients"
)

// clientsCommand asks the runtimes of this host how they reach the endpoint.
func clientsCommand(s *console.Streams) *cobra.Command {
	command := &cobra.Command{
		Use:   "clients",
		Short: "does each language runtime on this host get through as this tool does",
		Args:  noWords,
	}
	flags := config.AddFlags(command.Flags(), "clients")
	path := command.Flags().String("config", "", "the config file, instead of the default one")
	command.RunE = func(*cobra.Command, []string) error { return lookAtClients(flags, *path, s) }
	return command
}

// clientsTime bounds this tool's own look; the runtimes have times of their own.
const clientsTime = 10 * time.Second

// lookAtClients validates, asks, and writes the table.
func lookAtClients(flags map[string]*config.FlagValue, path string, s *console.Streams) error {
	asJSON, err := wantsJSON(flags, s)
	if err != nil {
		return err
	}
	file, err := config.Read(path, s)
	if err != nil {
		return err
	}
	request, only, err := config.Gather(flags, file, s).ForClients()
	if err != nil {
		return err
	}
	ctx, stop := console.Interruptible()
	defer stop()
	request.Options.Version = build.Version()
	progress := console.StartProgress(s)
	progress.Watch(probes.Event{Probe: "clients"})
	var r *clients.Report
	if request.As != nil {
		defer request.As.Close()
		r, err = clientsAs(ctx, request, only, 0)
	} else {
		r = clients.New(askClients(ctx, request.Options, only, nil, 0), build.Tool(request.Options))
	}
	progress.End()
	if err != nil {
		return err
	}
	if len(r.Clients) == 0 && len(only) > 0 && ctx.Err() == nil {
		return console.Usagef("no runtime of this host is called %s", strings.Join(only, " or ")).
			WithHint("opensrs-doctor clients, without --only, lists those that are there")
	}
	if asJSON {
		err = clients.WriteJSON(s.Stdout, r)
	} else {
		err = clients.WriteText(s.Stdout, r, request.View.ForTerminal(s))
	}
	switch {
	case err != nil:
		return errors.New("the table could not be written: " + console.Plain(err))
	case r.Interrupted():
		return console.ExitError(console.ExitInternal)
	}
	return verdictStatus(&report.Report{Verdict: r.Verdict}, request.FailOn)
}

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

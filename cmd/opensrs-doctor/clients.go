package main

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"opensrs-doctor/cmd/opensrs-doctor/build"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/pattern"
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
	flags := addKeys(command.Flags(), clientsKeys())
	config := command.Flags().String("config", "", "the config file, instead of the default one")
	command.RunE = func(*cobra.Command, []string) error { return lookAtClients(flags, *config, s) }
	return command
}

// clientsShares are the keys of check that clients takes too: they say which endpoint, and by which path.
var clientsShares = []string{"env", "endpoint", "ca-file", "resolver", "proxy", "source-ip", "public-roots", "system-roots", "as",
	"fail-on", "quiet", "verbose", "color", "no-color", "ascii"}

// clientsKeys are the flags of clients, in the order of the help.
func clientsKeys() []key {
	only := key{"only", "", list, "NAME", groupRun, "only these of " + strings.Join(runtimes.Families, ", ") +
		", or a name as the table has it; fpm:POOL for another pool"}
	var out []key
	for _, one := range keys() {
		switch {
		case one.name == "only":
			out = append(out, only)
		case one.name == "format":
			out = append(out, dataFormat)
		case slices.Contains(clientsShares, one.name):
			out = append(out, one)
		}
	}
	return out
}

// clientsTime bounds this tool's own look; the runtimes have times of their own.
const clientsTime = 10 * time.Second

// lookAtClients validates, asks, and writes the table.
func lookAtClients(flags map[string]*flagValue, config string, s *console.Streams) error {
	asJSON, err := wantsJSON(flags, s)
	if err != nil {
		return err
	}
	file, err := readConfig(config, s)
	if err != nil {
		return err
	}
	settings := gather(flags, file, s)
	only, err := settings.onlyClients()
	if err != nil {
		return err
	}
	for name := range settings.merged { // what is about the call, the key above all, is not read
		if !slices.Contains(clientsShares, name) {
			delete(settings.merged, name)
		}
	}
	request, err := settings.request()
	if err != nil {
		return err
	}
	ctx, stop := console.Interruptible()
	defer stop()
	request.options.Version = build.Version()
	progress := console.StartProgress(s)
	progress.Watch(probes.Event{Probe: "clients"})
	var r *clients.Report
	if request.as != nil {
		defer request.as.Close()
		r, err = request.clientsAs(ctx, only, 0)
	} else {
		r = clients.New(askClients(ctx, request.options, only, nil, 0), build.Tool(request.options))
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
		err = clients.WriteText(s.Stdout, r, request.view.ForTerminal(s))
	}
	switch {
	case err != nil:
		return errors.New("the table could not be written: " + console.Plain(err))
	case r.Interrupted():
		return console.ExitError(console.ExitInternal)
	}
	return verdictStatus(&report.Report{Verdict: r.Verdict}, request.failOn)
}

// clientsAs asks the runtimes that a target sees, in a process that is like it, within a time as askClients has it.
func (r *request) clientsAs(ctx context.Context, only []string, within time.Duration) (*clients.Report, error) {
	o := r.options
	o.Key = probes.Secret{} // nothing is signed
	question := newJob(o)
	question.Only, question.Within = only, within
	document, err := r.inside(ctx, askClientsAs, question, clientsTime+runtimes.DefaultJavaWait, func(probes.Event) {})
	if err != nil {
		return nil, err
	}
	found := new(clients.Report)
	if err := json.Unmarshal(document, found); err != nil {
		return nil, errors.New("the answer of the inner process cannot be read")
	}
	found.StartedAt, found.As = found.StartedAt.Local(), r.asFacts()
	return found, nil
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

// clientName is the form of a runtime's name in the table.
var clientName = pattern.Of(`^(php\d{1,2}\.\d{1,2}(-fpm(:[A-Za-z0-9_.-]+)?)?|fpm:[A-Za-z0-9_.-]+)$`)

// onlyClients validates --only. In the config file the key of that name is about the probes of check.
func (s *settings) onlyClients() (only []string, err error) {
	if s.merged["only"].from != "flag" {
		return nil, nil
	}
	for i, one := range s.merged["only"].values {
		for _, name := range strings.Split(one.text, ",") {
			name = strings.TrimSpace(name)
			if !slices.Contains(runtimes.Families, name) && !clientName().MatchString(name) {
				return nil, s.bad("only", i, "%s is not a runtime; there are %s, names such as php8.2, and fpm:POOL", console.Shown(name),
					strings.Join(runtimes.Families, ", ")).WithNearest(name, runtimes.Families)
			}
			only = append(only, name)
		}
	}
	return only, nil
}

package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"opensrs-doctor/cmd/opensrs-doctor/build"
	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/help"
	"opensrs-doctor/cmd/opensrs-doctor/runner"
	"opensrs-doctor/probes"
	"opensrs-doctor/report"
	"opensrs-doctor/report/clients"
)

// clientsCommand asks the runtimes of this host how they reach the endpoint.
func clientsCommand(s *console.Streams) *cobra.Command {
	command := &cobra.Command{
		Use:   "clients",
		Short: "does each language runtime on this host get through as this tool does",
		Args:  help.NoWords,
	}
	flags := config.AddFlags(command.Flags(), "clients")
	path := command.Flags().String("config", "", "the config file, instead of the default one")
	command.RunE = func(*cobra.Command, []string) error { return lookAtClients(flags, *path, s) }
	return command
}

// lookAtClients validates, asks, and writes the table.
func lookAtClients(flags map[string]*config.FlagValue, path string, s *console.Streams) error {
	asJSON, err := wantsJSON(flags, s)
	if err != nil {
		return err
	}
	settings, err := config.Load(flags, path, s)
	if err != nil {
		return err
	}
	request, only, err := settings.ForClients()
	if err != nil {
		return err
	}
	ctx, stop := console.Interruptible()
	defer stop()
	request.Options.Version = build.Version()
	progress := console.StartProgress(s)
	progress.Watch(probes.Event{Probe: "clients"})
	if request.As != nil {
		defer request.As.Close()
	}
	r, err := runner.Clients(ctx, request, only, 0)
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

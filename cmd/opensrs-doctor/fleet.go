package main

import (
	"slices"
	"strings"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/typo"
	"opensrs-doctor/probes/wording"

	"github.com/spf13/cobra"
)

// fleetCommand is what concerns many hosts.
func fleetCommand(s *console.Streams) *cobra.Command {
	command := &cobra.Command{
		Use:   "fleet merge|deploy",
		Short: "many hosts: one answer from their reports; ready files for the engines that run the check everywhere",
	}
	command.AddCommand(fleetMergeCommand(s), fleetDeployCommand(s))
	oneOf(command)
	return command
}

// oneOf makes a command that does nothing itself name the commands below it.
func oneOf(command *cobra.Command) {
	command.Args = func(cmd *cobra.Command, args []string) error {
		var names []string
		for _, below := range cmd.Commands() {
			names = append(names, below.Name())
		}
		slices.Sort(names)
		path := strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
		if len(args) == 0 {
			return console.Usagef("%s takes one of %s", path, wording.Join(names, "and")).WithHint("%s --help", cmd.CommandPath())
		}
		err := console.Usagef("%s takes one of %s, and got %s", path, wording.Join(names, "and"), console.Shown(args[0]))
		if near := typo.Nearest(args[0], names); near != "" {
			return err.WithHint("did you mean %s %s?", cmd.CommandPath(), near)
		}
		return err.WithHint("%s --help", cmd.CommandPath())
	}
	command.RunE = func(cmd *cobra.Command, args []string) error { return cmd.Args(cmd, args) }
}

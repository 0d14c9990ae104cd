package main

import (
	"slices"

	"github.com/spf13/cobra"

	"opensrs-doctor/cmd/opensrs-doctor/build"
	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/help"
)

func versionCommand(s *console.Streams) *cobra.Command {
	command := &cobra.Command{Use: "version", Short: "version, and date of the carried root certificates", Args: help.NoWords}
	flags := config.AddFlags(command.Flags(), "version")
	command.RunE = func(*cobra.Command, []string) error {
		asJSON, err := wantsJSON(flags, s)
		if err != nil {
			return err
		}
		return build.Write(s.Stdout, asJSON)
	}
	return command
}

// addVersionFlag lets the root print its version as other programs do: with --version or -V, whatever else is asked.
func addVersionFlag(root *cobra.Command, s *console.Streams) {
	root.Flags().BoolP("version", "V", false, "print the version")
	run := root.RunE
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if wanted, _ := cmd.Flags().GetBool("version"); !wanted {
			return run(cmd, args)
		}
		format, _ := cmd.Flags().Lookup("format").Value.(*config.FlagValue)
		return build.Write(s.Stdout, format != nil && slices.Contains(format.Texts, "json"))
	}
}

// wantsJSON reads the --format of a command that prints data.
func wantsJSON(flags map[string]*config.FlagValue, s *console.Streams) (bool, error) {
	return config.Gather(flags, s).JSON()
}

package main

import (
	"errors"

	"github.com/spf13/cobra"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/report/diff"
)

// diffCommand tells what changed between two saved reports.
func diffCommand(s *console.Streams) *cobra.Command {
	command := &cobra.Command{
		Use:   "diff OLD.json NEW.json",
		Short: "what changed between two saved reports",
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) != 2:
				return console.Usagef("diff takes two reports, and got %d", len(args)).
					WithHint("opensrs-doctor diff OLD.json NEW.json; one of them may be -, for standard input")
			case args[0] == "-" && args[1] == "-":
				return console.Usagef("standard input holds one report, not both")
			}
			return nil
		},
	}
	flags := config.AddFlags(command.Flags(), "diff")
	command.RunE = func(_ *cobra.Command, args []string) error { return compareSaved(args[0], args[1], flags, s) }
	return command
}

// compareSaved ends with 0 where nothing differs and 1 where something does, as the other diff.
func compareSaved(before, after string, flags map[string]*config.FlagValue, s *console.Streams) error {
	asJSON, err := wantsJSON(flags, s)
	if err != nil {
		return err
	}
	old, err := readReport(before, s.Stdin)
	if err != nil {
		return err
	}
	now, err := readReport(after, s.Stdin)
	if err != nil {
		return err
	}
	look := config.Gather(flags, s)
	found := diff.Compare(old, now)
	if asJSON {
		err = diff.WriteDiffJSON(s.Stdout, found)
	} else {
		set, wrong := look.Look()
		if wrong != nil {
			return wrong
		}
		err = diff.WriteDiffText(s.Stdout, found, set.ForTerminal(s))
	}
	switch {
	case err != nil:
		return errors.New("the differences could not be written: " + console.Plain(err))
	case found.Same:
		return nil
	}
	return console.ExitError(console.ExitFail)
}

package main

import (
	"io"
	"time"

	"github.com/spf13/cobra"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/infile"
	"opensrs-doctor/report"
	"opensrs-doctor/report/anonymize"
)

// renderCommand writes a saved report once more, without the network.
func renderCommand(s *console.Streams) *cobra.Command {
	command := &cobra.Command{
		Use:   "render REPORT.json",
		Short: "render a saved report in any format",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				return nil
			}
			return console.Usagef("render takes one report, and got %d", len(args)).
				WithHint("opensrs-doctor render REPORT.json, or - for standard input")
		},
	}
	flags := config.AddFlags(command.Flags(), "render")
	command.RunE = func(_ *cobra.Command, args []string) error { return renderSaved(args[0], flags, s) }
	return command
}

func renderSaved(path string, flags map[string]*config.FlagValue, s *console.Streams) error {
	settings := config.Gather(flags, s)
	settings.Offline()
	request, err := settings.Request()
	if err != nil {
		return err
	}
	saved, err := readReport(path, s.Stdin)
	if err != nil {
		return err
	}
	ctx, stop := console.Interruptible()
	defer stop()
	out, err := parseOutputs(ctx, settings, time.Now().Add(request.Options.Timeout))
	if err != nil {
		return err
	}
	defer out.discard()
	if request.Anonymize {
		saved = anonymize.Anonymize(saved)
	}
	if err := out.write(saved, request.View, s, nil); err != nil {
		return unwritten(saved, s, err)
	}
	switch {
	case settings.Bool("no-exit-status"):
		return nil
	case saved.Interrupted:
		return console.ExitError(console.ExitInternal)
	}
	return out.status(saved, request.FailOn)
}

// readReport reads a saved report; "-" is standard input.
func readReport(path string, stdin io.Reader) (*report.Report, error) {
	from, name := stdin, "standard input"
	if path != "-" {
		name = console.ShownPath(path)
		file, err := infile.Open(path)
		if err != nil {
			return nil, console.Usagef("%s: %s", name, console.Plain(err))
		}
		defer file.Close()
		from = file
	}
	saved, err := report.Read(from)
	if err != nil {
		return nil, console.Usagef("%s: %s", name, err).WithHint("opensrs-doctor check -f json=REPORT.json makes one")
	}
	return saved, nil
}

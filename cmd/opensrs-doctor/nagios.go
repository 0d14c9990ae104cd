package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/report"
	"opensrs-doctor/report/render"
)

// Where nagios is the format on standard output, this program is a plugin of a monitoring system: the exit status
// is one of the four states, and whatever goes wrong is a line on standard output too.

// status ends a run whose report was written: with the verdict's exit status, or as a plugin with its state.
// --fail-on does not concern a plugin, which has a state for a warning.
func (out outputs) status(r *report.Report, failOn string) error {
	for _, one := range out {
		if one.file == nil && one.format.name == "nagios" {
			if state := render.StateOf(r); state != render.NagiosOK {
				return console.ExitError(state)
			}
			return nil
		}
	}
	return verdictStatus(r, failOn)
}

// pluginStatus is the exit status of a plugin. An error is the state unknown, and a line that says so.
func pluginStatus(err error, s *console.Streams) int {
	var exit console.ExitError
	switch {
	case err == nil:
		return console.ExitOK
	case errors.As(err, &exit):
		return int(exit)
	}
	s.StatusOf(err)
	fmt.Fprintln(s.Stdout, render.NagiosLine(render.NagiosUnknown, err.Error()))
	return int(render.NagiosUnknown)
}

// asPlugin reports whether a command line asks for nagios on standard output, or without a --format the config file.
// It has to know that also of a command line that is wrong.
func asPlugin(root *cobra.Command, args []string, s *console.Streams) (is bool) {
	defer func() {
		if recover() != nil { // it is asked after a panic too, and what failed then may fail again
			is = false
		}
	}()
	command, rest, err := root.Find(args)
	if err != nil {
		command, rest = root, args
	}
	if command.Flags().Lookup("fail-on") == nil {
		return false // it has no verdict
	}
	given := flagTexts(command, rest)
	formats := given["format"]
	if len(formats) == 0 && command.Flags().Lookup("config") != nil {
		file := ""
		if paths := given["config"]; len(paths) > 0 {
			file = paths[len(paths)-1]
		}
		formats = config.FormatsOfFile(file, s)
	}
	for _, text := range formats {
		if name, path, _ := strings.Cut(strings.TrimSpace(text), "="); name == "nagios" && (path == "" || path == "-") {
			return true
		}
	}
	return false
}

// flagTexts are the values on a command line by the names of the flags. What is wrong there is passed over: unknown flags,
// and the value that is missing at the end.
func flagTexts(command *cobra.Command, args []string) map[string][]string {
	flags, texts := command.Flags(), map[string][]string{}
	flags.ParseErrorsAllowlist.UnknownFlagsHandling = pflag.IgnoreUnknownFlag
	legible := slices.Clone(args)
	for i, arg := range args {
		if strings.HasPrefix(arg, "--=") || strings.HasPrefix(arg, "---") { // what would end the parsing
			legible[i] = "--illegible="
		}
	}
	flags.ParseAll(legible, func(flag *pflag.Flag, text string) error {
		texts[flag.Name] = append(texts[flag.Name], text)
		return nil
	})
	return texts
}

package help

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/typo"
)

// Completable refuses to complete words that hold what a terminal obeys: cobra repeats them as they are.
func Completable(args []string) error {
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		for _, word := range args {
			if !console.Printable(word) || foreign.Disarm(word) != word {
				return console.Usagef("there is nothing to complete %s with", console.Shown(word))
			}
		}
	}
	return nil
}

// FlagError turns pflag's errors into ours, which name the nearest flag and repeat no value.
func FlagError(cmd *cobra.Command, err error) error {
	var (
		unknown *pflag.NotExistError
		missing *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
	)
	switch {
	case errors.As(err, &unknown):
		return unknownFlag(cmd, unknown)
	case errors.As(err, &missing):
		return console.Usagef("--%s needs a value", missing.GetFlag().Name)
	case errors.As(err, &invalid):
		name := invalid.GetFlag().Name
		return console.Usagef("--%s: %s is not true or false", name, console.Shown(invalid.GetValue()))
	}
	return console.Usagef("a flag is not written as --name or --name=value").WithHint("%s --help", cmd.CommandPath())
}

func unknownFlag(cmd *cobra.Command, unknown *pflag.NotExistError) error {
	name := unknown.GetSpecifiedName()
	if unknown.GetSpecifiedShortnames() != "" && strings.Trim(name, "-") == "o" && cmd.Flags().Lookup("format") != nil {
		return console.Usagef("unknown flag -o").WithHint("the format is -f NAME, as in %s -f json", cmd.CommandPath())
	}
	if unknown.GetSpecifiedShortnames() != "" {
		return console.Usagef("unknown flag -%s", strings.Trim(console.Shown(name), `"`)).WithHint("%s --help lists the flags", cmd.CommandPath())
	}
	switch name {
	case "version":
		return console.Usagef("unknown flag --version").WithHint("opensrs-doctor version")
	case "api-key", "apikey", "key", "password":
		return console.Usagef("there is no flag that takes the key itself: others can read a command line").
			WithHint("use --api-key-file PATH, or OPENSRS_API_KEY")
	}
	if name == "json" && cmd.Flags().Lookup("format") != nil {
		return console.Usagef("unknown flag --json").WithHint("%s -f json", cmd.CommandPath())
	}
	var names []string
	cmd.Flags().VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	err := console.Usagef("unknown flag --%s", strings.Trim(console.Shown(name), `"`))
	if near := typo.Nearest(name, names); near != "" {
		return err.WithHint("did you mean --%s?", near)
	}
	return err.WithHint("%s --help lists the flags", cmd.CommandPath())
}

// NoWords refuses words behind a command that takes none.
func NoWords(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return console.Usagef("%s takes no arguments, got %s", cmd.Name(), console.Shown(args[0])).
		WithHint("%s --help", cmd.CommandPath())
}

// UnknownCommand is the error for a word that is no command, with the nearest of those that are.
func UnknownCommand(root *cobra.Command, word string) error {
	var names []string
	for _, command := range root.Commands() {
		if command.IsAvailableCommand() {
			names = append(names, command.Name())
		}
	}
	err := console.Usagef("unknown command %s", console.Shown(word))
	if near := typo.Nearest(word, names); near != "" {
		return err.WithHint("did you mean opensrs-doctor %s?", near)
	}
	return err.WithHint("opensrs-doctor help lists the commands")
}

package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/typo"
)

// shown quotes a value that the user gave, for an error. A value that could hold a secret, such as a URL
// with a login, a run of hex digits or any other token, is not repeated: errors end up in logs.
func shown(text string) string {
	switch {
	case foreign.MayBeSecret(text):
		return "[not shown, it may hold a secret]"
	case len(text) > 80:
		text = text[:80] + "…"
	}
	return strconv.Quote(text)
}

// shownPath is a path for an error. A key or a URL that was given in a path's place is not repeated; an error
// about a real path names it, in quotes where it is not printable.
func shownPath(text string) string {
	if strings.Contains(text, "://") || !strings.ContainsAny(text, "/\\.") && strings.HasPrefix(shown(text), "[") {
		return "[not shown, it may hold a secret]"
	}
	if !printable(text) {
		return strconv.Quote(text)
	}
	return text
}

// completable refuses to complete words that hold what a terminal obeys: cobra repeats them as they are.
func completable(args []string) error {
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		for _, word := range args {
			if !printable(word) || foreign.Disarm(word) != word {
				return usagef("there is nothing to complete %s with", shown(word))
			}
		}
	}
	return nil
}

// nearest is the known word that looks most like the given one, or "" where none looks like it.
func nearest(word string, known []string) string {
	best, least := "", 0
	for _, candidate := range known {
		distance := typo.Distance(strings.ToLower(word), candidate)
		allowed := max(len(candidate), len(word))/3 + 1
		if strings.HasPrefix(candidate, word) && len(word) >= 3 {
			distance = min(distance, 1)
		}
		if distance <= allowed && (best == "" || distance < least || distance == least && len(candidate) < len(best)) {
			best, least = candidate, distance
		}
	}
	return best
}

// flagError turns pflag's errors into ours, which name the nearest flag and repeat no value.
func flagError(cmd *cobra.Command, err error) error {
	var (
		unknown *pflag.NotExistError
		missing *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
	)
	switch {
	case errors.As(err, &unknown):
		return unknownFlag(cmd, unknown)
	case errors.As(err, &missing):
		return usagef("--%s needs a value", missing.GetFlag().Name)
	case errors.As(err, &invalid):
		name := invalid.GetFlag().Name
		return usagef("--%s: %s is not true or false", name, shown(invalid.GetValue()))
	}
	return usagef("a flag is not written as --name or --name=value").withHint("%s --help", cmd.CommandPath())
}

func unknownFlag(cmd *cobra.Command, unknown *pflag.NotExistError) error {
	name := unknown.GetSpecifiedName()
	if unknown.GetSpecifiedShortnames() != "" && strings.Trim(name, "-") == "o" && cmd.Flags().Lookup("format") != nil {
		return usagef("unknown flag -o").withHint("the format is -f NAME, as in %s -f json", cmd.CommandPath())
	}
	if unknown.GetSpecifiedShortnames() != "" {
		return usagef("unknown flag -%s", strings.Trim(shown(name), `"`)).withHint("%s --help lists the flags", cmd.CommandPath())
	}
	switch name {
	case "version":
		return usagef("unknown flag --version").withHint("opensrs-doctor version")
	case "api-key", "apikey", "key", "password":
		return usagef("there is no flag that takes the key itself: others can read a command line").
			withHint("use --api-key-file PATH, or OPENSRS_API_KEY")
	}
	if name == "json" && cmd.Flags().Lookup("format") != nil {
		return usagef("unknown flag --json").withHint("%s -f json", cmd.CommandPath())
	}
	var names []string
	cmd.Flags().VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	err := usagef("unknown flag --%s", strings.Trim(shown(name), `"`))
	if near := nearest(name, names); near != "" {
		return err.withHint("did you mean --%s?", near)
	}
	return err.withHint("%s --help lists the flags", cmd.CommandPath())
}

// noWords refuses words behind a command that takes none.
func noWords(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usagef("%s takes no arguments, got %s", cmd.Name(), shown(args[0])).
		withHint("%s --help", cmd.CommandPath())
}

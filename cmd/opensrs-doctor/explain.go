package main

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/help"
	"opensrs-doctor/cmd/opensrs-doctor/infile"
	"opensrs-doctor/report/diagnose"
	"opensrs-doctor/report/explain"
	"opensrs-doctor/report/screen"
)

// maxPaste bounds the text of an error that is pasted, in bytes.
const maxPaste = 64 << 10

// explainCommand is the catalogue (every cause in a line, or one of them in full) and the table of the texts that
// clients, systems and the service print.
func explainCommand(s *console.Streams) *cobra.Command {
	command := &cobra.Command{
		Use:                   `explain [CAUSE | rules | CODE | "TEXT OF AN ERROR" | -]`,
		Short:                 "what a cause, a code or the text of an error means; all causes without one",
		DisableFlagsInUseLine: true,
	}
	command.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		err = help.FlagError(cmd, err)
		if usage := (*console.UsageError)(nil); errors.As(err, &usage) && !strings.HasPrefix(usage.Hint, "did you mean") {
			usage.Hint = explainHint
		}
		return err
	})
	flags := config.AddFlags(command.Flags(), "explain")
	command.RunE = func(_ *cobra.Command, args []string) error {
		asJSON, err := wantsJSON(flags, s)
		if err != nil {
			return err
		}
		look := config.Gather(flags, s)
		set, err := look.Look()
		if err != nil {
			return err
		}
		options := set.ForTerminal(s)
		switch {
		case look.Bool("example"):
			return explainExample(args, asJSON, s)
		case len(args) > 0:
			return explainWords(args, asJSON, options, s)
		case asJSON:
			return explain.ExplainListJSON(s.Stdout)
		}
		return explain.ExplainList(s.Stdout, options)
	}
	return command
}

// explainExample shows the recorded run of one cause.
func explainExample(args []string, asJSON bool, s *console.Streams) error {
	switch {
	case asJSON:
		return console.Usagef("--example is a screen, and there is none as JSON").WithHint("leave -f json out")
	case len(args) != 1:
		return console.Usagef("--example takes one cause, got %d words", len(args)).WithHint("opensrs-doctor explain --example port.filtered")
	}
	id := strings.ToLower(args[0])
	if _, found := diagnose.Lookup(id); !found {
		return console.Usagef("no cause is called %s", console.Shown(args[0])).WithHint("opensrs-doctor explain lists them").WithNearest(id, explain.IDs())
	}
	return explain.WriteExample(s.Stdout, id)
}

// explainHint is how a text gets past the shell unharmed.
const explainHint = "opensrs-doctor explain - reads the text from standard input; or put it into single quotes after --"

// explainWords explains a cause, a lesson, or a text. What has the form of a cause's ID and is none was mistyped.
func explainWords(args []string, asJSON bool, options screen.Options, s *console.Streams) error {
	if len(args) > 1 || args[0] == "-" {
		return explainText(args, asJSON, options, s)
	}
	id := strings.ToLower(args[0]) // the IDs are
	if slices.Contains(explain.Topics, id) {
		if asJSON {
			return explain.ExplainTopicJSON(s.Stdout, id)
		}
		return explain.ExplainTopic(s.Stdout, id, options)
	}
	if _, found := diagnose.Lookup(id); found {
		if asJSON {
			return explain.ExplainJSON(s.Stdout, id)
		}
		return explain.Explain(s.Stdout, id, options)
	}
	if likeCause(id) {
		err := console.Usagef("no cause is called %s", console.Shown(args[0])).WithHint("opensrs-doctor explain lists them")
		return err.WithNearest(id, append(explain.IDs(), explain.Topics...))
	}
	return explainText(args, asJSON, options, s)
}

// likeCause reports whether a word has the form of a cause's ID: a group that exists, a dot, and a word.
func likeCause(word string) bool {
	group, rest, found := strings.Cut(word, ".")
	return found && regexp.MustCompile(`^[A-Za-z-]+$`).MatchString(rest) &&
		slices.ContainsFunc(explain.IDs(), func(id string) bool { return strings.HasPrefix(id, strings.ToLower(group)+".") })
}

// explainText explains what a client printed. The text is not repeated: a log can hold a key.
func explainText(args []string, asJSON bool, options screen.Options, s *console.Streams) error {
	text := strings.Join(args, " ")
	if len(args) == 1 && args[0] == "-" {
		content, err := infile.ReadBounded(s.Stdin, maxPaste)
		if err != nil {
			return console.Usagef("standard input %s", console.Plain(err)).WithHint("tail -n 50 FILE | opensrs-doctor explain -")
		}
		text = string(content)
	}
	switch {
	case len(text) > maxPaste:
		return console.Usagef("the text is larger than %d KiB", maxPaste>>10).WithHint("tail -n 50 FILE | opensrs-doctor explain -")
	case strings.TrimSpace(text) == "":
		return console.Usagef("there is no text to explain").WithHint("opensrs-doctor explain lists the causes; %s", explainHint)
	}
	reading := explain.ReadText(text)
	write := func() error { return explain.WriteTextReading(s.Stdout, reading, options) }
	if asJSON {
		write = func() error { return explain.WriteTextReadingJSON(s.Stdout, reading) }
	}
	err := write()
	if err == nil && !reading.Known {
		err = console.ExitError(console.ExitFail)
	}
	return err
}

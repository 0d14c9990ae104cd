package main

import (
	"slices"

	"github.com/spf13/cobra"

	"opensrs-doctor/report"
)

// explainCommand is the catalogue: every cause in a line, or one of them in full.
func explainCommand(s *streams) *cobra.Command {
	command := &cobra.Command{
		Use:   "explain [CAUSE|rules]",
		Short: "what a cause means, how it is recognised and what helps; all causes without one",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) <= 1 {
				return nil
			}
			return usagef("explain takes one cause, and got %d words", len(args))
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return append(causeIDs(), report.Topics...), cobra.ShellCompDirectiveNoFileComp
		},
	}
	flags := addKeys(command.Flags(), append([]key{dataFormat}, viewKeys()...))
	command.RunE = func(_ *cobra.Command, args []string) error {
		asJSON, err := wantsJSON(flags, s)
		if err != nil {
			return err
		}
		look := gather(flags, nil, s)
		options := view{noColor: look.bool("no-color"), ascii: look.bool("ascii")}.forTerminal(s)
		switch {
		case len(args) == 1:
			return explainOne(args[0], asJSON, options, s)
		case asJSON:
			return report.ExplainListJSON(s.stdout)
		}
		return report.ExplainList(s.stdout, options)
	}
	return command
}

// viewKeys are the keys of check that say how words are set.
func viewKeys() []key {
	var out []key
	for _, key := range keys() {
		if key.name == "no-color" || key.name == "ascii" {
			out = append(out, key)
		}
	}
	return out
}

func explainOne(id string, asJSON bool, options report.TextOptions, s *streams) error {
	if slices.Contains(report.Topics, id) {
		if asJSON {
			return report.ExplainTopicJSON(s.stdout, id)
		}
		return report.ExplainTopic(s.stdout, id, options)
	}
	if _, found := report.Lookup(id); !found {
		err := usagef("no cause is called %s", shown(id)).withHint("opensrs-doctor explain lists them")
		return err.withNearest(id, append(causeIDs(), report.Topics...))
	}
	if asJSON {
		return report.ExplainJSON(s.stdout, id)
	}
	return report.Explain(s.stdout, id, options)
}

func causeIDs() []string {
	var ids []string
	for _, cause := range report.Causes() {
		ids = append(ids, cause.ID)
	}
	return ids
}

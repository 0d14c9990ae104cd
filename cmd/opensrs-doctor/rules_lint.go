package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/help"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/report/accessrules"
)

func rulesLintCommand(s *console.Streams) *cobra.Command {
	command := &cobra.Command{
		Use:   "lint",
		Short: "what is wrong or doubtful in a list of access rules, where, and what to do",
		Args:  help.NoWords,
	}
	flags := config.AddFlags(command.Flags(), "rules lint")
	path := command.Flags().String("config", "", "the config file, instead of the default one")
	command.RunE = func(*cobra.Command, []string) error {
		run, err := newRulesRun(flags, *path, s)
		if err != nil {
			return err
		}
		return run.lint()
	}
	return command
}

// lint writes every problem, in the order of the lines. What cannot be read is one of them, and the rest is still looked at.
func (r *rulesRun) lint() error {
	list, err := r.settings.RuleList("rule", "rules-file")
	if err != nil {
		return err
	}
	if !list.Given {
		return console.Usagef("no rules to look at").
			WithHint("give them with --rule or --rules-file, as they are in the control panel")
	}
	for i := range list.Rules {
		if list.Rules[i].Source == "--rule" { // a flag has no line, it is the n-th
			list.Rules[i].Line = flagNumber(len(r.settings.Texts("rule")), list, i)
		}
	}
	problems := append(unreadable(list), iprules.Lint(list.Rules)...)
	if len(list.Bad) == 0 { // else a rule that could not be read may let somebody in
		problems = append(problems, iprules.LintNobody(list.Rules)...)
	}
	use, bad := iprules.NewUse(list.Rules), notedLines{run: r}
	if err := r.addresses(nil, func(name string, line iprules.AddressLine) {
		if line.Why != "" {
			bad.add(name, line)
			return
		}
		use.Add(line.Prefix)
	}); err != nil {
		return err
	}
	bad.end()
	if r.settings.Given("ips") && use.Len() == 0 {
		r.note("there is no IPv4 address in %s, so the rules were not compared with any", console.ShownPath(r.settings.Text("ips")))
	}
	problems = append(problems, use.Problems()...)
	slices.SortStableFunc(problems, func(a, b iprules.Problem) int { return cmp.Compare(a.Line, b.Line) })
	result := accessrules.NewLint(list.Rules, problems)
	write := result.WriteJSON
	if !r.asJSON {
		write = func(w io.Writer) error { return result.WriteText(w, r.options) }
	}
	if err := write(r.streams.Stdout); err != nil {
		return fmt.Errorf("the problems could not be written: %s", console.Plain(err))
	}
	if result.Errors > 0 {
		return console.ExitError(console.ExitFail)
	}
	return nil
}

// flagNumber is which of so many --rule a readable rule is, from 1.
func flagNumber(flags int, list config.RuleList, index int) int {
	for i := range flags {
		bad := false
		for _, failed := range list.Bad {
			bad = bad || failed.Line == i+1
		}
		if bad {
			continue
		}
		if index == 0 {
			return i + 1
		}
		index--
	}
	return 0
}

// unreadable are the lines of a list that are not rules, as problems. An empty list is one too.
func unreadable(list config.RuleList) []iprules.Problem {
	var problems []iprules.Problem
	for _, bad := range list.Bad {
		source, line := bad.Source, bad.Line
		bad.Source, bad.Line = "", 0
		problems = append(problems, iprules.Problem{ID: iprules.Unreadable, Severity: iprules.SeverityError,
			Source: source, Line: line, Text: bad.Error(), Fix: "Write it as in the control panel, or take it out."})
	}
	if len(list.Bad) >= iprules.MaxUnreadable {
		last := list.Bad[len(list.Bad)-1]
		problems = append(problems, iprules.Problem{ID: iprules.Unreadable, Severity: iprules.SeverityError,
			Source: last.Source, Line: last.Line, Text: fmt.Sprintf("%d lines are not rules; reading stopped here", len(list.Bad)),
			Fix: "Give a list of access rules, one a line."})
	}
	if len(list.Rules)+len(list.Bad) == 0 {
		problems = append(problems, iprules.Problem{ID: iprules.Empty, Severity: iprules.SeverityWarning,
			Source: list.Source, Text: "the list holds no rule, and what an empty list means is not documented",
			Fix: "Add an Allow rule for the address that the calls come from."})
	}
	return problems
}

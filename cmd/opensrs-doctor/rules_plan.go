package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/service"
)

func rulesPlanCommand(s *console.Streams) *cobra.Command {
	command := &cobra.Command{
		Use:   "plan [ADDRESS…]",
		Short: "the best Allow rules for some addresses, and the steps to get there",
	}
	flags := config.AddFlags(command.Flags(), "rules plan")
	path := command.Flags().String("config", "", "the config file, instead of the default one")
	command.RunE = func(_ *cobra.Command, args []string) error {
		run, err := newRulesRun(flags, *path, s)
		if err != nil {
			return err
		}
		return run.plan(args)
	}
	return command
}

// plan makes the best list. Exit status 0 says that there is one; what it leaves out is in the output. It is 1 without
// any address to plan for, and with --require-all where one stays out.
func (r *rulesRun) plan(args []string) error {
	if len(args) == 0 && !r.settings.Given("ips") {
		return console.Usagef("no address to plan for").
			WithHint("opensrs-doctor rules plan --ips FILE, or --ips - for standard input")
	}
	limit, err := r.maxRules()
	if err != nil {
		return err
	}
	current, err := r.currentRules(limit)
	if err != nil {
		return err
	}
	given, err := words(args, true)
	if err != nil {
		return err
	}
	wish := wish{run: r, noted: notedLines{run: r}, demand: iprules.Demand{Whole: r.settings.Bool("whole")}}
	for i, prefix := range given {
		wish.add("command line", iprules.AddressLine{Number: i + 1, Prefix: prefix, Bare: !strings.Contains(args[i], "/")})
	}
	if err := r.addresses(nil, wish.add); err != nil {
		return err
	}
	wish.noted.end()
	result := wish.plan(current, limit)
	if r.asJSON {
		err = result.WriteJSON(r.streams.Stdout)
		for _, note := range result.Notes {
			r.note("%s", note)
		}
	} else {
		err = result.WriteText(r.streams.Stdout, r.options)
	}
	if err != nil {
		return fmt.Errorf("the plan could not be written: %s", console.Plain(err))
	}
	if result.Asked == 0 && r.asJSON {
		r.note("no address was asked for, so there is nothing to plan")
	}
	never := wish.demand.Within(iprules.NeverPublicRanges())
	left := result.Asked-result.Plan.Covered > 0 || result.Rejected.Len() > 0
	if result.Asked == never || left && r.settings.Bool("require-all") {
		return console.ExitError(console.ExitFail)
	}
	return nil
}

func (r *rulesRun) maxRules() (int, error) {
	if !r.settings.Given("max-rules") {
		return service.OpenSRS.Rules.Most, nil
	}
	text := r.settings.Text("max-rules")
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > iprules.MaxPlanned {
		return 0, r.settings.Bad("max-rules", 0, "%s is not a number from 1 to %d", console.Shown(text), iprules.MaxPlanned).
			WithHint("the control panel takes %d rules, unless OpenSRS Support has raised that", service.OpenSRS.Rules.Most)
	}
	return n, nil
}

// currentRules reads what is in the panel. It has to be a list that the panel could hold.
func (r *rulesRun) currentRules(limit int) (config.RuleList, error) {
	if r.settings.Given("current-rule") && r.settings.Given("current-rules-file") {
		return config.RuleList{}, console.Usagef("--current-rule and --current-rules-file: the rules come from one place").
			WithHint("give one of the two")
	}
	if r.settings.Text("current-rules-file") == "-" && r.settings.Text("ips") == "-" {
		return config.RuleList{}, console.Usagef("--ips and --current-rules-file: both are to come from standard input").
			WithHint("give one of the two a path")
	}
	list, err := r.settings.Readable("current-rule", "current-rules-file")
	if err != nil {
		return list, err
	}
	for _, problem := range iprules.Lint(list.Rules) {
		if problem.Severity == iprules.SeverityError && problem.ID != iprules.TooMany {
			return list, console.Usagef("current rule %d: %s", problem.Rule, problem.Text).
				WithHint("give the rules as they are in the control panel")
		}
	}
	if n := len(list.Rules); n > limit {
		return list, console.Usagef("%d current rules are more than the %d that the control panel takes", n, limit).
			WithHint("give the rules as they are there; if OpenSRS Support has raised the limit, say so with --max-rules")
	}
	return list, nil
}

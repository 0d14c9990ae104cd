package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/service"
)

// planKeys are the keys of plan.
func planKeys() []key {
	all := []key{
		{"max-rules", "", text, "N", groupRules,
			fmt.Sprintf("how many rules the control panel takes, 1 to %d (default %d)", iprules.MaxPlanned, service.OpenSRS.Rules.Most)},
		{"current-rule", "", list, "RULE", groupRules,
			"a rule that is in the control panel now; repeatable, in order"},
		{"current-rules-file", "", text, "PATH", groupRules,
			"the rules that are there now, one a line; - is standard input"},
		ipsKey,
		{"whole", "", boolean, "", groupAddresses, "an address of a range counts only where the whole range is let in"},
		{"require-all", "", boolean, "", groupAddresses, "exit status 1 where an address stays out, or a line has none"},
		dataFormat,
	}
	return append(all, viewKeys()...)
}

func rulesPlanCommand(s *console.Streams) *cobra.Command {
	command := &cobra.Command{
		Use:   "plan [ADDRESS…]",
		Short: "the best Allow rules for some addresses, and the steps to get there",
	}
	flags := addKeys(command.Flags(), planKeys())
	config := command.Flags().String("config", "", "the config file, instead of the default one")
	command.RunE = func(_ *cobra.Command, args []string) error {
		run, err := newRulesRun(flags, *config, s)
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
	if len(args) == 0 && !r.settings.given("ips") {
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
	wish := wish{run: r, noted: notedLines{run: r}, demand: iprules.Demand{Whole: r.settings.bool("whole")}}
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
	if result.Asked == never || left && r.settings.bool("require-all") {
		return console.ExitError(console.ExitFail)
	}
	return nil
}

func (r *rulesRun) maxRules() (int, error) {
	if !r.settings.given("max-rules") {
		return service.OpenSRS.Rules.Most, nil
	}
	text := r.settings.text("max-rules")
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > iprules.MaxPlanned {
		return 0, r.settings.bad("max-rules", 0, "%s is not a number from 1 to %d", console.Shown(text), iprules.MaxPlanned).
			WithHint("the control panel takes %d rules, unless OpenSRS Support has raised that", service.OpenSRS.Rules.Most)
	}
	return n, nil
}

// currentRules reads what is in the panel. It has to be a list that the panel could hold.
func (r *rulesRun) currentRules(limit int) (ruleList, error) {
	if r.settings.given("current-rule") && r.settings.given("current-rules-file") {
		return ruleList{}, console.Usagef("--current-rule and --current-rules-file: the rules come from one place").
			WithHint("give one of the two")
	}
	if r.settings.text("current-rules-file") == "-" && r.settings.text("ips") == "-" {
		return ruleList{}, console.Usagef("--ips and --current-rules-file: both are to come from standard input").
			WithHint("give one of the two a path")
	}
	list, err := r.settings.readable("current-rule", "current-rules-file")
	if err != nil {
		return list, err
	}
	for _, problem := range iprules.Lint(list.rules) {
		if problem.Severity == iprules.SeverityError && problem.ID != iprules.TooMany {
			return list, console.Usagef("current rule %d: %s", problem.Rule, problem.Text).
				WithHint("give the rules as they are in the control panel")
		}
	}
	if n := len(list.rules); n > limit {
		return list, console.Usagef("%d current rules are more than the %d that the control panel takes", n, limit).
			WithHint("give the rules as they are there; if OpenSRS Support has raised the limit, say so with --max-rules")
	}
	return list, nil
}

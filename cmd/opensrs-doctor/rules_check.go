package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/report/accessrules"
)

func rulesCheckCommand(s *console.Streams) *cobra.Command {
	command := &cobra.Command{
		Use:   "check [ADDRESS…]",
		Short: "what the access rules say of addresses, under each way to read the list",
	}
	flags := config.AddFlags(command.Flags(), "rules check")
	path := command.Flags().String("config", "", "the config file, instead of the default one")
	command.RunE = func(_ *cobra.Command, args []string) error {
		run, err := newRulesRun(flags, *path, s)
		if err != nil {
			return err
		}
		return run.check(args)
	}
	return command
}

// check judges addresses line by line. As JSON nothing is kept of a line, so that a list may be as long as it likes; for
// a person each distinct address is kept.
func (r *rulesRun) check(args []string) error {
	if len(args) == 0 && !r.settings.Given("ips") {
		return console.Usagef("no address to judge").WithHint("opensrs-doctor rules check ADDRESS, or --ips FILE")
	}
	given, err := words(args, false)
	if err != nil {
		return err
	}
	list, err := r.settings.Readable("rule", "rules-file")
	if err != nil {
		return err
	}
	r.doubtfulList(list)
	matcher := iprules.NewMatcher(list.Rules).Public()
	judgement := accessrules.NewJudgement(r.streams.Stdout, matcher, r.asJSON, r.options)
	for _, address := range given {
		judgement.Address(address.Addr())
	}
	err = r.addresses(func() { judgement.Flush() }, func(_ string, line iprules.AddressLine) {
		switch {
		case line.Why != "":
			judgement.Bad(line)
		case !line.Prefix.IsSingleIP():
			judgement.Range(line)
		default:
			judgement.Address(line.Prefix.Addr())
		}
	})
	if wrote := judgement.End(); wrote != nil && err == nil {
		err = fmt.Errorf("the answers could not be written: %s", console.Plain(wrote))
	}
	if err != nil {
		return err
	}
	if counts, bad := judgement.Judged(); counts == (iprules.Counts{}) && bad == 0 {
		r.note("there is no address in the input, so nothing was shown to be allowed")
	}
	if !judgement.AllAllowed() {
		return console.ExitError(console.ExitFail)
	}
	return nil
}

// doubtfulList warns of a list that the answers should not be trusted with.
func (r *rulesRun) doubtfulList(list config.RuleList) {
	switch {
	case !list.Given:
		r.note("no rules were given: --rule or --rules-file, as they are in the control panel")
	case len(list.Rules) == 0:
		r.note("%s holds no rule; what an empty list means is not documented", console.ShownPath(list.Source))
	default:
		for _, problem := range iprules.Lint(list.Rules) {
			if problem.Severity == iprules.SeverityError {
				r.note("the control panel would refuse this list; opensrs-doctor rules lint says why")
				return
			}
		}
	}
}

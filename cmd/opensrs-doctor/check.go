package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"opensrs-doctor/cmd/opensrs-doctor/build"
	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/help"
	"opensrs-doctor/cmd/opensrs-doctor/runner"
	"opensrs-doctor/probes/sandbox"
	"opensrs-doctor/probes/typo"
	"opensrs-doctor/report"
	"opensrs-doctor/report/anonymize"
	"opensrs-doctor/report/diagnose"
	"opensrs-doctor/report/explain"
)

// checkCommand is the main job. The flags are returned too: the root takes the same ones.
func checkCommand(s *console.Streams) (*cobra.Command, *pflag.FlagSet) {
	command := &cobra.Command{
		Use:   "check",
		Short: "find out why this host can't reach the API (the main job; the word may be left out)",
	}
	flags := config.AddFlags(command.Flags(), "check")
	path := command.Flags().String("config", "", "the config file, instead of the default one")
	all := command.Flags().Bool(help.AllFlag, false, "help on all flags")
	command.Args = noFaultWord
	command.RunE = func(*cobra.Command, []string) error {
		if *all {
			help.WriteAll(s.Stdout)
			return nil
		}
		return check(flags, *path, s, nil)
	}
	return command, command.Flags()
}

// noFaultWord refuses words, and says how a fault is written where one may have been meant.
func noFaultWord(cmd *cobra.Command, args []string) error {
	if len(args) > 0 && cmd.Flags().Changed("sandbox") {
		if near := typo.Nearest(args[0], sandbox.Faults()); near == "" && !cmd.HasParent() {
			return help.UnknownCommand(cmd, args[0])
		}
		return console.Usagef("%s takes no arguments, got %s; a fault is written --sandbox=FAULT", cmd.Name(), console.Shown(args[0])).
			WithHint("faults: %s", strings.Join(sandbox.Faults(), " "))
	}
	return help.NoWords(cmd, args)
}

// check validates everything, runs, and writes the report in every format asked for, and into a ticket's bundle
// where there is one.
func check(flags map[string]*config.FlagValue, path string, s *console.Streams, ticket *bundle) error {
	settings, err := config.Load(flags, path, s)
	if err != nil {
		return err
	}
	request, err := settings.Request()
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
	if ticket != nil {
		if err := ticket.prepare(out); err != nil {
			return err
		}
		request.Options.Deep = true
	}
	if request.Sandbox == config.Listed {
		return explain.List(s.Stdout, sandbox.Faults(), "opensrs-doctor --sandbox=FAULT runs against one of these.", request.View.ForTerminal(s))
	}
	if request.Sandbox != "" {
		closeSandbox, err := request.StartSandbox()
		if err != nil {
			return err
		}
		defer closeSandbox()
	}
	for _, note := range request.Notes {
		s.Note("%s", note)
	}
	request.Options.Version = build.Version()
	begun := time.Now()
	result, err := runCheck(ctx, request, s)
	if err != nil {
		return err
	}
	if ticket != nil && !result.Interrupted {
		ticket.askClients(ctx, request, clientsWithin(request.Options.Timeout, time.Since(begun), result.Verdict))
	}
	if request.Anonymize {
		result = anonymize.Anonymize(result)
	}
	var saved error
	if ticket != nil { // before anything is printed: a reader that hangs up would end the program
		saved = ticket.save(result, request)
	}
	err = out.write(result, request.View, s, saved)
	if ticket != nil && saved == nil {
		if told := ticket.tell(request, out, s); err == nil {
			err = told
		}
	}
	if err != nil {
		return unwritten(result, s, err)
	}
	if result.Interrupted {
		s.Say("", result.CutWords()+" The report says what was known by then.")
		return console.ExitError(console.ExitInternal)
	}
	return out.status(result, request.FailOn)
}

// verdictStatus is the exit status for a verdict.
func verdictStatus(r *report.Report, failOn string) error {
	if r.Verdict == report.VerdictFail || r.Verdict == report.VerdictWarn && failOn == "warn" {
		return console.ExitError(console.ExitFail)
	}
	return nil
}

// runCheck is one run, or with --wait several: until nothing is left in the report that can pass by itself, or the
// time is over. The last report counts.
func runCheck(ctx context.Context, r *config.Request, s *console.Streams) (*report.Report, error) {
	began := time.Now()
	if r.As != nil {
		defer r.As.Close()
	}
	var failed error
	result := repeat(ctx, r, s, func() *report.Report {
		progress := console.StartProgress(s)
		defer progress.End()
		began = time.Now()
		var result *report.Report
		if result, failed = runner.Check(ctx, r, progress.Watch); failed != nil {
			return &report.Report{Verdict: report.VerdictFail} // nothing that can pass by itself
		}
		return result
	})
	if r.As != nil && failed == nil {
		progress := console.StartProgress(s)
		runner.FromHere(ctx, r, result, time.Since(began), progress.Watch)
		progress.End()
	}
	return result, failed
}

// waitNews is how often --wait says off a terminal what it waits for.
const waitNews = time.Minute

// repeat is runCheck with the round handed in. A report is incomplete also where the signal came after a complete
// round: then every format says what the exit status says.
func repeat(ctx context.Context, r *config.Request, s *console.Streams, round func() *report.Report) (result *report.Report) {
	defer func() {
		if ctx.Err() != nil {
			result.Interrupt()
		}
	}()
	deadline := time.Now().Add(r.Wait)
	every := min(max(r.Wait/20, time.Second), 30*time.Second)
	var told time.Time
	for {
		result = round()
		left := time.Until(deadline)
		if left <= 0 || ctx.Err() != nil {
			return result
		}
		if !diagnose.CanPass(result) {
			if result.Found() == report.VerdictFail && len(result.Diagnoses) > 0 {
				s.Note("not waiting (--wait): %s does not pass by itself", result.Diagnoses[0].Cause)
			}
			return result
		}
		if _, is := s.Terminal(s.Stderr); len(result.Diagnoses) > 0 && (is || time.Since(told) >= waitNews) {
			told = time.Now()
			s.Say("", fmt.Sprintf("%s  waiting for %s to pass; again in %s, for at most %s", told.Format(time.TimeOnly),
				result.Diagnoses[0].Cause, min(every, left).Round(time.Second), left.Round(time.Second)))
		}
		select {
		case <-ctx.Done():
			return result
		case <-time.After(min(every, left)):
		}
		r.Options.CrossCheck = false // the credentials go to the other environment once, not every round
	}
}

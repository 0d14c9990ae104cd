// Command opensrs-doctor tells why a server can't reach the OpenSRS reseller API, and what to do.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"opensrs-doctor/cmd/opensrs-doctor/process"
)

// Exit statuses of check and render. Where nothing was run the status is never that of a verdict.
const (
	exitOK       = 0 // pass, or warn
	exitFail     = 1 // fail; with --fail-on warn also warn
	exitUsage    = 2 // a wrong flag, word, file or value: nothing was run
	exitInternal = 3 // the tool itself failed, or was interrupted
)

// streams is what a command touches of its process, so that tests can hand in others.
type streams struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	lookup         func(string) (string, bool) // the environment; nil: there is none
}

func (s *streams) getenv(name string) string {
	if s.lookup == nil {
		return ""
	}
	value, _ := s.lookup(name)
	return value
}

func main() {
	keepMemory()
	if pipe, is := process.Entered(); is {
		serveInside(pipe)
		return
	}
	os.Exit(run(os.Args[1:], &streams{os.Stdin, os.Stdout, os.Stderr, os.LookupEnv}))
}

// run runs one command line and gives the exit status.
func run(args []string, s *streams) (status int) {
	root := rootFor(args, s)
	defer func() {
		if value := recover(); value != nil {
			reportPanic(s)
			if status = exitInternal; asPlugin(root, args, s) {
				status = pluginStatus(errors.New("opensrs-doctor itself failed; this is a bug in it"), s)
			}
		}
	}()
	root.SetArgs(args)
	err := completable(args)
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		root.InitDefaultHelpCmd()
		addCompletion(root, root)
	}
	if err == nil {
		err = root.Execute()
	}
	if err != nil && asPlugin(root, args, s) {
		return pluginStatus(err, s)
	}
	return statusOf(err, s)
}

// usageError is a wrong command line, configuration or input file: exit status 2, and nothing was run.
type usageError struct {
	text string   // what is wrong, with the place
	more []string // what else is wrong of its kind, a line each
	hint string   // what to do, or ""

	cause error // what the system said, where a caller may care; nil otherwise
}

func (e *usageError) Unwrap() error { return e.cause }

func (e *usageError) Error() string { return strings.Join(append([]string{e.text}, e.more...), "; ") }

func usagef(format string, args ...any) *usageError {
	return &usageError{text: fmt.Sprintf(format, args...)}
}

func (e *usageError) withHint(format string, args ...any) *usageError {
	e.hint = fmt.Sprintf(format, args...)
	return e
}

// exitError ends the program with a status that was reported already.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// statusOf prints an error in the tool's one form and gives the exit status for it.
func statusOf(err error, s *streams) int {
	var (
		usage *usageError
		exit  exitError
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &exit):
		return int(exit)
	case errors.As(err, &usage):
		s.tell("error: ", usage.text)
		for _, text := range usage.more {
			s.tell("       ", text)
		}
		if usage.hint != "" {
			s.tell("hint: ", usage.hint)
		}
		return exitUsage
	}
	s.tell("error: ", err.Error())
	return exitInternal
}

// reportPanic names the place of a panic and not its value, which may hold anything.
func reportPanic(s *streams) {
	s.say("error: ", "opensrs-doctor itself failed; this is a bug in it. Where:")
	callers := make([]uintptr, 32)
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers)])
	for {
		frame, more := frames.Next()
		if name := frame.Function; strings.HasPrefix(name, "opensrs-doctor/") || strings.HasPrefix(name, "main.") {
			s.say("  ", fmt.Sprintf("%s line %d", name, frame.Line))
		}
		if !more {
			return
		}
	}
}

// subcommands are the commands below the root, check and cobra's own aside.
var subcommands = map[string]func(*streams) *cobra.Command{
	"clients": clientsCommand, "rules": rulesCommand, "sign": signCommand, "sandbox": sandboxCommand, "ticket": ticketCommand,
	"render": renderCommand, "diff": diffCommand, "fleet": fleetCommand, "explain": explainCommand, "version": versionCommand,
}

// rootFor is what a command line needs of the command tree. Where it begins with a command, the others have no part in
// it, and making them would take longer than the quick ones run.
func rootFor(args []string, s *streams) *cobra.Command {
	if len(args) > 0 {
		if command, known := subcommands[args[0]]; known {
			root := bareRoot(s)
			root.AddCommand(command(s))
			return root
		}
	}
	return rootCommand(s)
}

// bareRoot is the root without its flags, and without a command.
func bareRoot(s *streams) *cobra.Command {
	root := &cobra.Command{
		Use:               "opensrs-doctor",
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetOut(s.stdout)
	root.SetErr(s.stderr)
	root.SetIn(s.stdin)
	root.SetFlagErrorFunc(flagError)
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { writeHelp(cmd.OutOrStdout(), cmd) })
	root.SetUsageFunc(func(cmd *cobra.Command) error { writeHelp(cmd.ErrOrStderr(), cmd); return nil })
	return root
}

// rootCommand is the whole command tree. The root itself is check, so that both take its flags.
func rootCommand(s *streams) *cobra.Command {
	check, flags := checkCommand(s)
	root := bareRoot(s)
	root.RunE = check.RunE
	root.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 || cmd.Flags().Changed("sandbox") {
			return check.Args(cmd, args)
		}
		return unknownCommand(root, args[0])
	}
	root.Flags().AddFlagSet(flags)
	addVersionFlag(root, s)
	root.AddCommand(check)
	for _, command := range subcommands {
		root.AddCommand(command(s))
	}
	dressCompletion(root, s)
	root.SetHelpCommand(helpCommand(root, s))
	return root
}

func unknownCommand(root *cobra.Command, word string) error {
	var names []string
	for _, command := range root.Commands() {
		if command.IsAvailableCommand() {
			names = append(names, command.Name())
		}
	}
	err := usagef("unknown command %s", shown(word))
	if near := nearest(word, names); near != "" {
		return err.withHint("did you mean opensrs-doctor %s?", near)
	}
	return err.withHint("opensrs-doctor help lists the commands")
}

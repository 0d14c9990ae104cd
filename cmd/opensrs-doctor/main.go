// Command opensrs-doctor tells why a server can't reach the OpenSRS reseller API, and what to do.
//
// Here is one command a file. The rooms below, from the ground up; a room imports only rooms below it, and of probes and
// report whatever it needs:
//
//	help  runner            what the command line says of itself; one run, here or in a process like the target of --as
//	config                  flags, environment and files → one validated request
//	infile                  the files that are read
//	console  build          streams, errors with their exit status, the terminal; what the binary says of itself
//	process  clientsettings the target of --as; the settings files of clients
//	outfile  child          the files that are written; the programs that a user names
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"opensrs-doctor/cmd/opensrs-doctor/child"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/help"
	"opensrs-doctor/cmd/opensrs-doctor/process"
	"opensrs-doctor/cmd/opensrs-doctor/runner"
	"opensrs-doctor/probes/lazy"
)

func main() {
	child.KeepMemory()
	if pipe, is := process.Entered(); is {
		runner.Serve(pipe)
		return
	}
	os.Exit(run(os.Args[1:], &console.Streams{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Lookup: os.LookupEnv}))
}

// run runs one command line and gives the exit status.
func run(args []string, s *console.Streams) (status int) {
	root := rootFor(args, s)
	defer func() {
		if value := recover(); value != nil {
			reportPanic(s)
			if status = console.ExitInternal; asPlugin(root, args, s) {
				status = pluginStatus(errors.New("opensrs-doctor itself failed; this is a bug in it"), s)
			}
		}
	}()
	root.SetArgs(args)
	err := help.Completable(args)
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		root.InitDefaultHelpCmd()
		help.AddCompletion(root, root)
	}
	if err == nil {
		err = root.Execute()
	}
	if err != nil && asPlugin(root, args, s) {
		return pluginStatus(err, s)
	}
	return s.StatusOf(err)
}

// reportPanic names the place of a panic and not its value, which may hold anything.
func reportPanic(s *console.Streams) {
	s.Say("error: ", "opensrs-doctor itself failed; this is a bug in it. Where:")
	callers := make([]uintptr, 32)
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers)])
	for {
		frame, more := frames.Next()
		if name := frame.Function; strings.HasPrefix(name, "opensrs-doctor/") || strings.HasPrefix(name, "main.") {
			s.Say("  ", fmt.Sprintf("%s line %d", name, frame.Line))
		}
		if !more {
			return
		}
	}
}

// subcommands are the commands below the root, check and cobra's own aside.
var subcommands = lazy.Value[map[string]func(*console.Streams) *cobra.Command]{Make: func() map[string]func(*console.Streams) *cobra.Command {
	return map[string]func(*console.Streams) *cobra.Command{
		"clients": clientsCommand, "rules": rulesCommand, "sign": signCommand, "sandbox": sandboxCommand, "ticket": ticketCommand,
		"render": renderCommand, "diff": diffCommand, "fleet": fleetCommand, "explain": explainCommand, "version": versionCommand,
	}
}}

// rootFor is what a command line needs of the command tree. Where it begins with a command, the others have no part in
// it, and making them would take longer than the quick ones run.
func rootFor(args []string, s *console.Streams) *cobra.Command {
	if len(args) > 0 {
		if command, known := subcommands.Get()[args[0]]; known {
			root := bareRoot(s)
			root.AddCommand(command(s))
			return root
		}
	}
	return rootCommand(s)
}

// bareRoot is the root without its flags, and without a command.
func bareRoot(s *console.Streams) *cobra.Command {
	root := &cobra.Command{
		Use:               "opensrs-doctor",
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetOut(s.Stdout)
	root.SetErr(s.Stderr)
	root.SetIn(s.Stdin)
	root.SetFlagErrorFunc(help.FlagError)
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { help.Write(cmd.OutOrStdout(), cmd) })
	root.SetUsageFunc(func(cmd *cobra.Command) error { help.Write(cmd.ErrOrStderr(), cmd); return nil })
	return root
}

// rootCommand is the whole command tree. The root itself is check, so that both take its flags.
func rootCommand(s *console.Streams) *cobra.Command {
	check, flags := checkCommand(s)
	root := bareRoot(s)
	root.RunE = check.RunE
	root.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 || cmd.Flags().Changed("sandbox") {
			return check.Args(cmd, args)
		}
		return help.UnknownCommand(root, args[0])
	}
	root.Flags().AddFlagSet(flags)
	addVersionFlag(root, s)
	root.AddCommand(check)
	for _, command := range subcommands.Get() {
		root.AddCommand(command(s))
	}
	help.DressCompletion(root, s)
	root.SetHelpCommand(help.Command(root, s))
	return root
}

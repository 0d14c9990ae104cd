// Package help is what the command line says of itself: the help of every command and its manual page, what shells
// complete, and what is wrong with words and flags that no command takes. Which flags there are is config's to say.
package help

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
)

// Write is the help of one command, in 80 columns. The root's help is the list of commands.
func Write(w io.Writer, cmd *cobra.Command) {
	switch {
	case !cmd.HasParent():
		fmt.Fprint(w, rootHelp)
		return
	case cmd.Parent().Name() == "rules":
		fmt.Fprintf(w, "Usage:  %s [flags]\n\n%s.\n", strings.TrimSuffix(cmd.UseLine(), " [flags]"), sentence(cmd.Short))
		writeKeys(w, config.KeysOf(commandWords(cmd)))
		switch cmd.Name() {
		case "plan":
			fmt.Fprint(w, planConfig, planAfter)
		case "lint":
			fmt.Fprint(w, rulesAfter, lintAfter)
		case "check":
			fmt.Fprint(w, rulesAfter, rulesCheckAfter)
		}
		return
	case cmd.Parent().Name() == "deploy":
		writeDeployHelp(w, cmd)
		return
	case cmd.Parent().Name() == "completion":
		cmd = cmd.Parent() // where the script goes
	case cmd.Name() == "check":
		if _, page := w.(*manual); page {
			WriteAll(w)
			return
		}
		fmt.Fprint(w, checkHelp)
		writeKeys(w, slices.DeleteFunc(config.KeysOf("check"), func(k config.Key) bool { return !slices.Contains(mostPeoples, k.Name) }))
		fmt.Fprint(w, checkShort)
		return
	case cmd.Name() == "ticket":
		fmt.Fprint(w, ticketHelp)
		writeKeys(w, config.KeysOf("ticket"))
		fmt.Fprint(w, ticketAfter)
		return
	}
	fmt.Fprintf(w, "Usage:  opensrs-doctor %s\n\n%s.\n", strings.TrimPrefix(cmd.UseLine(), "opensrs-doctor "),
		sentence(cmd.Short))
	switch cmd.Name() {
	case "rules":
		fmt.Fprint(w, rulesHelp)
	case "fleet":
		fmt.Fprint(w, fleetHelp)
	case "deploy":
		fmt.Fprint(w, deployHelp)
	case "clients":
		fmt.Fprint(w, clientsHelp)
	case "explain":
		fmt.Fprint(w, explainHelp)
	case "completion":
		fmt.Fprint(w, completionHelp)
	}
	writeKeys(w, config.KeysOf(commandWords(cmd)))
	fmt.Fprint(w, map[string]string{"merge": mergeAfter, "clients": clientsAfter, "diff": diffAfter, "explain": explainAfter,
		"sign": signAfter, "verify": verifyAfter, "sandbox": sandboxAfter}[cmd.Name()])
}

// commandWords are the words that name a command, without the program's.
func commandWords(cmd *cobra.Command) string {
	_, words, _ := strings.Cut(cmd.CommandPath(), " ")
	return words
}

func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// mostPeoples are the flags of check that most people need.
var mostPeoples = []string{"env", "endpoint", "sandbox", "username", "api-key-file", "client-config", "rule", "rules-file", "proxy", "as",
	"wait", "require", "format", "verbose"}

// AllFlag is the flag that shows the others too.
const AllFlag = "help-all"

// WriteAll is the help of check with all its flags.
func WriteAll(w io.Writer) {
	fmt.Fprint(w, checkHelp)
	writeKeys(w, config.KeysOf("check --"+AllFlag))
	fmt.Fprint(w, checkAfter)
}

// column is where the words of a flag begin.
const column = 29

// writeKeys lists flags under their headings.
func writeKeys(w io.Writer, keys []config.Key) {
	if page, ok := w.(*manual); ok {
		page.takeKeys(keys)
		return
	}
	for _, group := range config.Groups {
		headed := false
		for _, key := range keys {
			if key.Group != group {
				continue
			}
			if !headed {
				fmt.Fprintf(w, "\n%s:\n", group)
				headed = true
			}
			writeKey(w, key)
		}
	}
}

func writeKey(w io.Writer, key config.Key) {
	left := "      --" + key.Name
	if key.Short != "" {
		left = "  -" + key.Short + ", --" + key.Name
	}
	switch {
	case key.Kind == config.Option:
		left += "[=" + key.Arg + "]"
	case key.Arg != "":
		left += " " + key.Arg
	}
	line := left
	if len(left)+1 > column {
		fmt.Fprintln(w, left)
		line = ""
	}
	line += strings.Repeat(" ", column-len(line))
	for _, word := range strings.Fields(key.Help) {
		if len(line) > column && len([]rune(line))+len([]rune(word)) > console.PlainWidth {
			fmt.Fprintln(w, strings.TrimRight(line, " "))
			line = strings.Repeat(" ", column)
		}
		line += word + " "
	}
	fmt.Fprintln(w, strings.TrimRight(line, " "))
}

// Command is help [COMMAND].
func Command(root *cobra.Command, s *console.Streams) *cobra.Command {
	help := &cobra.Command{Use: "help [COMMAND]", Short: "help on a command"}
	flags := config.AddFlags(help.Flags(), "help")
	help.RunE = func(_ *cobra.Command, args []string) error {
		command := root
		if len(args) > 0 {
			if command = commandNamed(root, args); command == nil {
				return UnknownCommand(root, args[0])
			}
		}
		if config.Gather(flags, s).Bool("man") {
			return writeManual(root.OutOrStdout(), command, s)
		}
		Write(root.OutOrStdout(), command)
		return nil
	}
	return help
}

// commandNamed is the command that words name: rules plan, or rules where a later word names none. nil is an unknown one.
func commandNamed(root *cobra.Command, words []string) *cobra.Command {
	for _, command := range root.Commands() {
		if command.Name() != words[0] {
			continue
		}
		if below, rest, err := command.Find(words[1:]); err == nil && len(rest) == 0 {
			return below
		}
		return command
	}
	return nil
}

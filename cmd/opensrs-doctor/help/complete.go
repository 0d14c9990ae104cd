package help

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/process"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/runtimes"
	"opensrs-doctor/probes/sandbox"
	"opensrs-doctor/report/diagnose"
	"opensrs-doctor/report/explain"
)

// A shell asks for what could stand where the cursor is. The answers are static, but for --as: nothing else is read, and
// nobody is asked.

// completer gives what a flag or an argument can be, each with a description behind a tab.
type completer = func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective)

// onlyThese offers those of words that begin as the user's word does, and no files.
func onlyThese(words ...string) completer {
	return func(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		return beginning(words, word), cobra.ShellCompDirectiveNoFileComp
	}
}

func beginning(words []string, with string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(word string) bool { return !strings.HasPrefix(word, with) })
}

// filesEnding offers files with these extensions, and directories. A bare key file has none: there all are offered.
func filesEnding(extensions ...string) completer {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return extensions, cobra.ShellCompDirectiveFilterFileExt
	}
}

func anyFile(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

// AddCompletion says what every flag and argument can be, of a command and of those below it. Where it can be anything,
// nothing is offered: a shell would offer the files of the directory in its place.
func AddCompletion(root, command *cobra.Command) {
	command.Flags().VisitAll(func(flag *pflag.Flag) {
		form := ""
		if forms := flag.Annotations[config.ValueForm]; len(forms) > 0 {
			form = forms[0]
		}
		// The root's flags are those of check: to register them again changes nothing.
		_ = command.RegisterFlagCompletionFunc(flag.Name, completerOf(flag.Name, form))
	})
	switch command.Name() {
	case "explain":
		command.ValidArgsFunction = completeExplain
	case "help":
		command.ValidArgsFunction = completeHelp(root)
	case "merge":
		command.ValidArgsFunction = filesEnding("json", "jsonl", "ndjson", "gz")
	case "render", "diff":
		command.ValidArgsFunction = filesEnding("json")
	case "sandbox":
		command.ValidArgsFunction = anyFile // a command of the user's, behind --
	default:
		if command.ValidArgsFunction == nil {
			command.ValidArgsFunction = onlyThese()
		}
	}
	for _, below := range command.Commands() {
		if below.Name() != "completion" {
			AddCompletion(root, below)
		}
	}
}

// completeTargets offers what runs here: systemd units and programs by name, and the forms that need more.
func completeTargets(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	offered := []string{"user:", "container:"}
	programs, units := process.Running()
	for _, unit := range units {
		offered = append(offered, "unit:"+unit)
	}
	for _, program := range programs {
		offered = append(offered, "process:"+program)
	}
	return beginning(offered, word), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completerOf chooses by the form of the value, as the help has it.
func completerOf(name, form string) completer {
	switch name {
	case "sandbox":
		return onlyThese(causesWith(sandbox.Faults())...)
	case "fault":
		return onlyThese(causesWith(sandbox.ServerFaults())...)
	case "as":
		return completeTargets
	case "color":
		return onlyThese("auto", "always", "never")
	case "only", "skip", "require":
		if form == "NAME" { // of clients
			return onlyThese(runtimes.Families...)
		}
		return onlyThese(probeWords()...)
	case "client-config":
		return filesEnding("php", "env", "ini", "conf", "cfg", "yaml", "yml")
	case "egress-source", "control", "status-url", "port-witness":
		return onlyThese("none\tnobody is asked")
	case "proxy":
		return onlyThese("env\tHTTPS_PROXY and NO_PROXY", "none\tno proxy")
	case "log-format":
		return onlyThese("text", "json")
	case "format":
		if form == "human|json" {
			return onlyThese("human", "json")
		}
		return completeFormat
	}
	switch {
	case strings.Contains(form, "|") && strings.ToLower(form) == form: // live|test
		return onlyThese(strings.Split(form, "|")...)
	case form == "PEM":
		return filesEnding("pem", "crt", "cer")
	case strings.HasSuffix(name, "rules-file"), name == "ips":
		return filesEnding("txt", "csv", "log")
	case name == "config":
		return filesEnding("yaml", "yml")
	case name == "compare":
		return filesEnding("json")
	case name == "output":
		return filesEnding("zip")
	case form == "PATH", form == "FILE":
		return anyFile
	}
	return onlyThese()
}

// completeFormat offers the formats, and behind NAME= a file.
func completeFormat(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	if strings.Contains(word, "=") {
		return nil, cobra.ShellCompDirectiveDefault
	}
	words := make([]string, 0, len(config.Formats))
	for _, one := range config.Formats {
		words = append(words, one+"\t"+formatPurposes.Get()[one])
	}
	return beginning(words, word), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// formatPurposes say whom a format is for.
var formatPurposes = lazy.Value[map[string]string]{Make: func() map[string]string {
	return map[string]string{
		"human": "for a terminal", "json": "the whole report", "junit": "for pipelines", "tap": "Test Anything Protocol",
		"markdown": "for a ticket or a chat", "html": "one page with drawings", "prometheus": "for the textfile collector",
		"nagios": "a plugin's line and exit status", "github": "annotations and step summary",
	}
}}

func probeWords() []string {
	purposes := map[string]string{
		"egress": "the public address", "rules": "the access rules", "dns": "name servers", "port": "TCP",
		"tls": "the certificate", "call": "a signed GET_BALANCE",
	}
	var words []string
	for _, name := range evidence.Names {
		words = append(words, name+"\t"+purposes[name])
	}
	return words
}

// causesWith are causes with their summaries.
func causesWith(ids []string) []string {
	var words []string
	for _, id := range ids {
		word := id
		if cause, found := diagnose.Lookup(id); found {
			word += "\t" + explain.PageOf(cause).Summary
		}
		words = append(words, word)
	}
	return words
}

// completeExplain offers the causes and the topics as the first word; a text is the user's own.
func completeExplain(_ *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	words := causesWith(explain.IDs())
	for _, topic := range explain.Topics {
		words = append(words, topic+"\tthe IP access rules, on one screen")
	}
	return beginning(words, word), cobra.ShellCompDirectiveNoFileComp
}

// completeHelp offers the commands, and below one its own.
func completeHelp(root *cobra.Command) completer {
	return func(_ *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		command := root
		if len(args) > 0 {
			if command = commandNamed(root, args); command == nil || pageDepth(command) != len(args) {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
		}
		var words []string
		for _, below := range command.Commands() {
			if hasManual(below) {
				words = append(words, below.Name()+"\t"+below.Short)
			}
		}
		slices.Sort(words)
		return beginning(words, word), cobra.ShellCompDirectiveNoFileComp
	}
}

// pageDepth is how many words name a command.
func pageDepth(command *cobra.Command) int { return strings.Count(command.CommandPath(), " ") }

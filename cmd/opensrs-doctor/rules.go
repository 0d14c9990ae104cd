package main

import (
	"fmt"
	"io"
	"net/netip"

	"github.com/spf13/cobra"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/report/accessrules"
	"opensrs-doctor/report/screen"
)

// rulesCommand is the arithmetic of the access rules. Nobody is asked anything.
func rulesCommand(s *console.Streams) *cobra.Command {
	command := &cobra.Command{
		Use:   "rules lint|check|plan",
		Short: "lint the access rules, check addresses against them, plan them",
	}
	command.AddCommand(rulesLintCommand(s), rulesCheckCommand(s), rulesPlanCommand(s))
	oneOf(command)
	return command
}

// rulesRun is one run of a rules command: its settings and how its words are set.
type rulesRun struct {
	settings *config.Settings
	asJSON   bool
	options  screen.Options
	streams  *console.Streams
}

// newRulesRun reads the flags, and from the config file the list of rules and how words are set.
func newRulesRun(flags map[string]*config.FlagValue, path string, s *console.Streams) (*rulesRun, error) {
	settings, err := config.ForRules(flags, path, s)
	if err != nil {
		return nil, err
	}
	asJSON, err := settings.JSON()
	if err != nil {
		return nil, err
	}
	if settings.Text("ips") == "-" && settings.Text("rules-file") == "-" {
		return nil, console.Usagef("--ips and --rules-file: both are to come from standard input").
			WithHint("give one of the two a path")
	}
	look, err := settings.Look()
	if err != nil {
		return nil, err
	}
	return &rulesRun{settings, asJSON, look.ForTerminal(s), s}, nil
}

// note is a word on standard error.
func (r *rulesRun) note(format string, args ...any) {
	r.streams.Note(format, args...)
}

// addresses calls tell with every line of --ips. name is how the file is called in a message. Of lines with more than
// one address it notes that only the first counts.
func (r *rulesRun) addresses(idle func(), tell func(name string, line iprules.AddressLine)) error {
	if !r.settings.Given("ips") {
		return nil
	}
	file, name, err := r.settings.Open("ips")
	if err != nil {
		return err
	}
	defer file.Close()
	in := iprules.NewAddressReader(idleReader{file, idle})
	more, first := 0, 0
	for {
		line, ok := in.Next()
		if !ok {
			break
		}
		if line.More {
			if more++; more == 1 {
				first = line.Number
			}
		}
		tell(name, line)
	}
	if more > 0 {
		r.note("%s:%d: more than one address on the line; only the first one counts. Such lines: %d", name, first, more)
	}
	if err := in.Err(); err != nil {
		return fmt.Errorf("%s could not be read to its end, only to line %d: %s", name, in.Lines(), console.Plain(err))
	}
	return nil
}

// idleReader calls idle before it may have to wait for input, so that what is known is shown by then.
type idleReader struct {
	from io.Reader
	idle func()
}

func (r idleReader) Read(p []byte) (int, error) {
	if r.idle != nil {
		r.idle()
	}
	return r.from.Read(p)
}

// notedLines notes the first lines of --ips that hold no address.
type notedLines struct {
	run  *rulesRun
	name string
	n    int
}

func (b *notedLines) add(name string, line iprules.AddressLine) {
	if b.n++; b.n <= accessrules.MaxNotes {
		b.run.note("%s:%d: %s", name, line.Number, line.Error())
	}
	b.name = name
}

// end says how many more there are.
func (b *notedLines) end() {
	if b.n > accessrules.MaxNotes {
		b.run.note("%s: %d more lines like these", b.name, b.n-accessrules.MaxNotes)
	}
}

// words reads the addresses on the command line itself.
func words(args []string, ranges bool) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for _, arg := range args {
		line := iprules.ParseAddress(arg)
		switch {
		case arg == "-":
			return nil, console.Usagef(`"-" is not an address`).WithHint("--ips - reads addresses from standard input")
		case line.Why != "":
			return nil, console.Usagef("%s", line.Error())
		case !ranges && !line.Prefix.IsSingleIP():
			return nil, console.Usagef("%s is a range, and check takes single addresses", line.Prefix).
				WithHint("opensrs-doctor rules plan takes ranges")
		}
		prefixes = append(prefixes, line.Prefix)
	}
	return prefixes, nil
}

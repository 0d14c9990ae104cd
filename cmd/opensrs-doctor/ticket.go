package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/outfile"
	"opensrs-doctor/cmd/opensrs-doctor/process"
	"opensrs-doctor/cmd/opensrs-doctor/runner"
	"opensrs-doctor/report"
	"opensrs-doctor/report/anonymize"
	"opensrs-doctor/report/clients"
	"opensrs-doctor/report/ticket"
)

// ticketCommand is check with the deeper facts that support asks for, and a bundle of all of it.
func ticketCommand(s *console.Streams) *cobra.Command {
	command := &cobra.Command{
		Use:   "ticket",
		Short: "check, and write the bundle for a support ticket",
		Args:  noFaultWord,
	}
	flags := config.AddFlags(command.Flags(), "ticket")
	output, compare := flags["output"], flags["compare"]
	delete(flags, "output") // neither is a setting of the check
	delete(flags, "compare")
	path := command.Flags().String("config", "", "the config file, instead of the default one")
	command.RunE = func(*cobra.Command, []string) error {
		b := &bundle{given: len(output.Texts) > 0}
		if b.given {
			b.path = output.Texts[0]
		}
		if len(compare.Texts) > 0 {
			if compare.Texts[0] == "-" {
				return console.Usagef("--compare: name a file; standard input may be the key's")
			}
			var err error
			if b.earlier, err = readReport(compare.Texts[0], s.Stdin); err != nil {
				return err
			}
		}
		return check(flags, *path, s, b)
	}
	return command
}

// bundle is the zip of one run of ticket.
type bundle struct {
	path  string
	given bool // --output
	files []ticket.TicketFile

	clients []byte         // the table of the runtimes; nil: none was made
	earlier *report.Report // --compare; nil: none was given
}

// askClients asks the language runtimes, for the bundle's table. A sandbox's authority is known to none of them, and an
// anonymized bundle has no place for what they say. They are asked when the check has ended, whose times and counters
// they would disturb.
func (b *bundle) askClients(ctx context.Context, r *config.Request, within time.Duration) {
	if r.Sandbox != "" || r.Anonymize || ctx.Err() != nil {
		return
	}
	again := *r
	if r.As != nil {
		target, err := process.Find(r.As.Asked) // the first one is closed
		if err != nil {
			return
		}
		defer target.Close()
		again.As = target
	}
	found, err := runner.Clients(ctx, &again, nil, within)
	if err != nil {
		return
	}
	var table bytes.Buffer
	if clients.WriteText(&table, found, console.View{}.Plain()) == nil && ctx.Err() == nil {
		b.clients = table.Bytes()
	}
}

// The time of a check and its runtimes where the check fails, which leaves half a second of 12 to write the bundle, and
// the least that the runtimes have of it.
const (
	failingTicket = 11500 * time.Millisecond
	leastClients  = 3 * time.Second
)

// clientsWithin is how long the runtimes may take after a check that took so long. Where it failed they most likely wait
// in vain too, and the ticket is to be ready when a check of nothing but silence would be.
func clientsWithin(timeout, took time.Duration, verdict string) time.Duration {
	if verdict == report.VerdictFail {
		timeout = min(timeout, failingTicket)
	}
	return max(timeout-took, leastClients)
}

// prepare finds out before the run whether the bundle can be written, and gives it a name where the user gave none.
func (b *bundle) prepare(out outputs) error {
	if !b.given {
		b.path = freeName(time.Now(), 0)
	}
	bad := func(why string) *console.UsageError {
		return console.Usagef("--output: %s: %s", console.ShownPath(b.path), why).WithHint("name a new file, as in --output ticket.zip")
	}
	switch info, err := os.Lstat(b.path); {
	case b.path == "":
		return console.Usagef("--output: the path is empty")
	case b.path == "-":
		return console.Usagef("--output: a bundle does not go to standard output").WithHint("name a file, as in --output ticket.zip")
	case err == nil && info.IsDir():
		return bad("it is a directory")
	case err == nil:
		return bad("it exists already, and a bundle never replaces a file")
	case !errors.Is(err, fs.ErrNotExist):
		return bad(console.Plain(err))
	}
	for _, one := range out {
		if one.path == outfile.Key(b.path) {
			return bad("a format goes to the same path")
		}
	}
	trial, err := outfile.New(b.path)
	if err != nil {
		refused := bad("cannot write there: " + console.Plain(err))
		if !b.given {
			elsewhere := filepath.Join(os.TempDir(), filepath.Base(b.path))
			return refused.WithHint("name a file in a directory that you may write to, as in --output %s", console.ShownPath(elsewhere))
		}
		return refused
	}
	trial.Discard()
	return nil
}

// freeName is the name of a bundle that was made at that time: the n-th that is not taken yet, from 0.
func freeName(at time.Time, n int) string {
	for ; ; n++ {
		name := "opensrs-ticket-" + at.UTC().Format("20060102-150405")
		if n > 0 {
			name += fmt.Sprintf("-%d", n+1)
		}
		if _, err := os.Lstat(name + ".zip"); errors.Is(err, fs.ErrNotExist) || n >= 1000 {
			return name + ".zip"
		}
	}
}

// save writes the bundle.
func (b *bundle) save(r *report.Report, request *config.Request) (err error) {
	beside := &ticket.Beside{Clients: b.clients, Earlier: b.earlier, Secrets: request.Options.Scrubber()}
	if b.earlier != nil && request.Anonymize {
		beside.Earlier = anonymize.Anonymize(b.earlier)
	}
	if b.files, err = ticket.TicketFiles(r, request.Anonymize, beside); err != nil {
		return err
	}
	for n := 0; ; n++ {
		var content []byte
		if content, err = zipOf(b.folder(), b.files, r.StartedAt); err != nil {
			return err
		}
		err = outfile.WriteNew(b.path, content)
		if b.given || !errors.Is(err, fs.ErrExist) || n >= 10 {
			break
		}
		b.path = freeName(time.Now(), n) // another run took the name meanwhile
	}
	if err != nil {
		return fmt.Errorf("%s: %s", console.ShownPath(b.path), console.Plain(err))
	}
	return nil
}

// folder is the one that all files of the bundle are in: that of its name.
func (b *bundle) folder() string {
	name := filepath.Base(b.path)
	if inner := strings.TrimSuffix(name, ".zip"); strings.Trim(inner, ".") != "" {
		return inner
	}
	return "opensrs-ticket"
}

// tell says what was written: on standard output where the report for people is, else on standard error, so that
// what programs read there stays theirs.
func (b *bundle) tell(request *config.Request, out outputs, s *console.Streams) error {
	to, options := s.Stderr, request.View.Plain()
	if out.forPeople() {
		to, options = s.Stdout, request.View.ForTerminal(s)
		if !options.Quiet {
			fmt.Fprintln(to)
		}
	}
	return ticket.WriteTicketNote(to, console.ShownPath(b.path), b.files, request.Anonymize, options)
}

// forPeople reports whether the report for people goes to standard output.
func (out outputs) forPeople() bool {
	for _, one := range out {
		if one.file == nil && one.format.name == "human" {
			return true
		}
	}
	return false
}

// zipOf is the zip with the files in one folder, in their order, all of that time: the same report gives the same bytes.
func zipOf(folder string, files []ticket.TicketFile, at time.Time) ([]byte, error) {
	if year := at.Year(); year < 1980 || year > 2100 { // a zip cannot say so; this host's clock is wrong
		at = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, file := range files {
		head := &zip.FileHeader{Name: folder + "/" + file.Name, Method: zip.Deflate, Modified: at.UTC().Truncate(time.Second)}
		head.SetMode(0o600)
		entry, err := archive.CreateHeader(head)
		if err != nil {
			return nil, err
		}
		if _, err := entry.Write(file.Content); err != nil {
			return nil, err
		}
	}
	err := archive.Close()
	return out.Bytes(), err
}

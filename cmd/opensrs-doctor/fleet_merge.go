package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/infile"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/report"
	"opensrs-doctor/report/accessrules"
	"opensrs-doctor/report/fleet"
	"opensrs-doctor/report/screen"
)

// fleetFormats are the formats of fleet merge, the default first.
var fleetFormats = []string{"human", "json", "html", "markdown", "prometheus"}

// fleetMergeCommand makes one answer of the reports of many hosts.
func fleetMergeCommand(s *console.Streams) *cobra.Command {
	command := &cobra.Command{
		Use:   "merge REPORT.json|DIR|-…",
		Short: "one answer from the reports of many hosts",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return console.Usagef("no report is named").WithHint("opensrs-doctor fleet merge DIR, or REPORT.json…, or - for standard input")
			}
			return nil
		},
	}
	flags := config.AddFlags(command.Flags(), "fleet merge")
	command.RunE = func(_ *cobra.Command, args []string) error { return mergeFleet(args, flags, s) }
	return command
}

// mergeFleet reads, merges, plans and writes. Exit status 0: all pass or warn; 1: some fail or are incomplete; 3: nothing
// could be read.
func mergeFleet(args []string, flags map[string]*config.FlagValue, s *console.Streams) error {
	settings := config.Gather(flags, s)
	look, err := settings.Look()
	if err != nil {
		return err
	}
	run := &rulesRun{settings: settings, streams: s, asJSON: true}
	limit, err := run.maxRules()
	if err != nil {
		return err
	}
	current, err := run.currentRules(limit)
	if err != nil {
		return err
	}
	merger := fleet.NewMerger()
	var answer *fleet.Fleet
	var plan string
	out, err := parseOutputsOf(context.Background(), settings, fleetWriters(&answer, &plan), time.Now().Add(30*time.Second))
	if err != nil {
		return err
	}
	defer out.discard()
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(mergeMemory)) // garbage is collected in time, however many come
	if err := readReports(args, merger, s.Stdin); err != nil {
		return err
	}
	answer = merger.Merge()
	if plan, err = planFleet(merger, answer, current, limit, run); err != nil {
		return err
	}
	if err := out.write(nil, look, s, nil); err != nil {
		return errors.New("the answer could not be written: " + console.Plain(err))
	}
	switch {
	case answer.Hosts == 0:
		s.Tell("error: ", "no report could be read")
		return console.ExitError(console.ExitInternal)
	case answer.Verdicts[report.VerdictFail]+answer.Verdicts[report.VerdictIncomplete] > 0:
		return console.ExitError(console.ExitFail)
	}
	return nil
}

// mergeMemory is how much memory the reports of a large fleet may take until garbage is collected early, in bytes.
const mergeMemory = 180 << 20

// fleetWriters write the answer that is there by then.
func fleetWriters(answer **fleet.Fleet, plan *string) []format {
	to := func(write func(w io.Writer, o screen.Options) error) func(io.Writer, *report.Report, screen.Options) error {
		return func(w io.Writer, _ *report.Report, o screen.Options) error { return write(w, o) }
	}
	writers := []func(w io.Writer, o screen.Options) error{
		func(w io.Writer, o screen.Options) error { return fleet.WriteText(w, *answer, *plan, o) },
		func(w io.Writer, _ screen.Options) error { return fleet.WriteJSON(w, *answer) },
		func(w io.Writer, _ screen.Options) error { return fleet.WriteHTML(w, *answer, *plan) },
		func(w io.Writer, _ screen.Options) error { return fleet.WriteMarkdown(w, *answer, *plan) },
		func(w io.Writer, _ screen.Options) error { return fleet.WritePrometheus(w, *answer) },
	}
	var all []format
	for i, name := range fleetFormats {
		all = append(all, format{name, to(writers[i])})
	}
	return all
}

// readReports reads everything that the words name: files, folders and what is below them, patterns, standard input. What
// cannot be read is named in the answer and stops nothing; a word that names nothing is an error.
func readReports(args []string, merger *fleet.Merger, stdin io.Reader) error {
	documents := make(chan fleet.Document, 8) // each may have 8 MiB
	var readers sync.WaitGroup
	for range max(runtime.GOMAXPROCS(0), 1) {
		readers.Go(func() {
			for document := range documents {
				merger.Add(document)
			}
		})
	}
	defer readers.Wait()
	defer close(documents)
	keep := func(d fleet.Document) bool { documents <- d; return true }
	for _, arg := range args {
		if arg == "-" {
			fleet.Split("standard input", stdin, keep, merger.Bad)
			continue
		}
		paths := []string{arg}
		if _, err := os.Lstat(arg); err != nil {
			if paths, _ = filepath.Glob(arg); len(paths) == 0 {
				return console.Usagef("%s: %s", console.ShownPath(arg), console.Plain(err)).WithHint("name reports, folders of reports, or - for standard input")
			}
		}
		for _, path := range paths {
			readPath(path, keep, merger.Bad)
		}
	}
	return nil
}

// readPath reads a file, or those below a folder whose names say that they may hold reports. In a folder a pipe, a socket
// or a device is named, and not waited for.
func readPath(path string, keep func(fleet.Document) bool, bad func(fleet.Unreadable)) {
	named, err := os.Stat(path)
	if err == nil && named.IsDir() {
		path += string(filepath.Separator) // a link to a folder is that folder
	}
	_ = filepath.WalkDir(path, func(at string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			bad(fleet.Unreadable{File: at, Why: console.Plain(err)})
		case entry.IsDir(), at != path && !mayHoldReports(entry.Name()):
		case at != path && !entry.Type().IsRegular() && !regular(at):
			bad(fleet.Unreadable{File: at, Why: "not a regular file"})
		default:
			file, err := infile.Open(at)
			if err != nil {
				bad(fleet.Unreadable{File: at, Why: console.Plain(err)})
				return nil
			}
			defer file.Close()
			fleet.Split(at, file, keep, bad)
		}
		return nil
	})
}

// regular reports whether a path leads to a regular file, or to nothing, so that opening it says why.
func regular(path string) bool {
	info, err := os.Stat(path)
	return err != nil || info.Mode().IsRegular()
}

func mayHoldReports(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	return slices.Contains([]string{".json", ".jsonl", ".ndjson"}, filepath.Ext(name))
}

// planFleet plans the access rules for all addresses of the fleet, puts the plan into the answer and gives it for people.
func planFleet(merger *fleet.Merger, answer *fleet.Fleet, current config.RuleList, limit int, run *rulesRun) (string, error) {
	addresses, named := merger.Addresses(answer)
	if !current.Given {
		for _, text := range named {
			if rule, err := iprules.Parse(text); err == nil {
				current.Rules, current.Given = append(current.Rules, rule), true
			}
		}
		if slices.ContainsFunc(iprules.Lint(current.Rules), func(p iprules.Problem) bool { return p.Severity == iprules.SeverityError }) || len(current.Rules) > limit {
			current = config.RuleList{} // no list that the panel could hold
		}
	}
	wish := wish{run: run, noted: notedLines{run: run}}
	for i, text := range addresses {
		if address, err := netip.ParseAddr(text); err == nil {
			wish.add("", iprules.AddressLine{Number: i + 1, Prefix: netip.PrefixFrom(address, address.BitLen()), Bare: true, Text: text})
		}
	}
	var result *accessrules.Plan = wish.plan(current, limit)
	if result.Asked == 0 {
		return "", nil
	}
	var asJSON, asText bytes.Buffer
	if err := result.WriteJSON(&asJSON); err != nil {
		return "", err
	}
	if err := result.WriteText(&asText, screen.Options{}); err != nil {
		return "", err
	}
	answer.Plan = asJSON.Bytes()
	return asText.String(), nil
}

package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/outfile"
	"opensrs-doctor/probes/wording"
	"opensrs-doctor/report"
	"opensrs-doctor/report/render"
	"opensrs-doctor/report/render/page"
	"opensrs-doctor/report/screen"
)

// format is one way to write a report.
type format struct {
	name  string
	write func(io.Writer, *report.Report, screen.Options) error
}

// formats are all that -f takes, the default first.
func formats() []format {
	return []format{
		{"human", render.WriteText},
		{"json", sameForAll(report.WriteJSON)},
		{"junit", sameForAll(render.WriteJUnit)},
		{"tap", sameForAll(render.WriteTAP)},
		{"markdown", sameForAll(render.WriteMarkdown)},
		{"html", sameForAll(page.WriteHTML)},
		{"prometheus", sameForAll(render.WritePrometheus)},
		{"nagios", sameForAll(render.WriteNagios)},
		{"github", sameForAll(render.WriteGitHub)},
	}
}

// formatNames are the words that -f takes, the default first.
func formatNames() []string {
	var names []string
	for _, one := range formats() {
		names = append(names, one.name)
	}
	return names
}

// formatChoice is what the help says of them.
func formatChoice() string {
	names := formatNames()
	names[0] += " (default)"
	return wording.Join(names, "or")
}

// sameForAll makes a writer of one that does not ask how a person wants to read.
func sameForAll(write func(io.Writer, *report.Report) error) func(io.Writer, *report.Report, screen.Options) error {
	return func(w io.Writer, r *report.Report, _ screen.Options) error { return write(w, r) }
}

// output is one format of a run and where it goes.
type output struct {
	format format
	path   string // "" is standard output; else outfile.Key of it
	given  string // the path as it was written
	file   *outfile.File
}

// outputs are all formats of a run.
type outputs []output

// parseOutputs reads the values of --format and opens the files, so that a path that cannot be written is an
// error before the run and not after it. Until the deadline or the end of ctx a pipe is waited for. The caller ends with
// write or discard.
func (s *settings) parseOutputs(ctx context.Context, deadline time.Time) (out outputs, err error) {
	return s.parseOutputsOf(ctx, formats(), deadline)
}

// parseOutputsOf is parseOutputs for those formats, the default first.
func (s *settings) parseOutputsOf(ctx context.Context, all []format, deadline time.Time) (out outputs, err error) {
	var names []string
	for _, one := range all {
		names = append(names, one.name)
	}
	if !s.given("format") {
		return outputs{{format: all[0]}}, nil
	}
	defer func() {
		if err != nil {
			out.discard()
		}
	}()
	paths, inputs := map[string]bool{}, s.inputs()
	for i, one := range s.merged["format"].values {
		name, path, hasPath := strings.Cut(strings.TrimSpace(one.text), "=")
		at := slices.Index(names, name)
		switch {
		case at < 0:
			return out, s.bad("format", i, "%s is not a format; the formats are %s", console.Shown(name),
				strings.Join(names, ", ")).WithNearest(name, names)
		case hasPath && path == "":
			return out, s.bad("format", i, "the path after %s= is empty", name)
		case path == "-":
			path = ""
		}
		given := path
		if path != "" {
			path = outfile.Key(path)
		}
		if paths[path] && path == "" {
			return out, s.bad("format", i, "only one format can go to standard output").
				WithHint("give the others a path, as in -f %s=PATH", name)
		}
		if paths[path] {
			return out, s.bad("format", i, "two formats cannot go to the same path %s", console.ShownPath(given))
		}
		if input := inputs[path]; input != "" {
			return out, s.bad("format", i, "%s is the file of %s, and would be replaced", console.ShownPath(given), input)
		}
		paths[path] = true
		next := output{format: all[at], path: path, given: given}
		if path != "" {
			if next.file, err = outfile.Open(ctx, given, deadline); err != nil {
				return out, s.bad("format", i, "cannot write %s: %s", console.ShownPath(given), console.Plain(err))
			}
			if next.file.IsStdout() {
				if paths[""] {
					next.file.Discard()
					return out, s.bad("format", i, "%s is standard output, and only one format can go there", console.ShownPath(given))
				}
				paths[""] = true
			}
		}
		out = append(out, next)
	}
	return out, nil
}

// inputs are the files that this run reads, by outfile.Key, and the setting of each.
func (s *settings) inputs() map[string]string {
	found := map[string]string{}
	for _, name := range []string{"api-key-file", "rules-file", "ca-file", "public-roots", "system-roots"} {
		if path := s.text(name); path != "" && path != "-" && s.merged[name].from != "environment" {
			found[outfile.Key(path)] = name
		}
	}
	for _, one := range s.merged {
		if one.from == "file" {
			found[outfile.Key(one.file)] = "config"
		}
	}
	return found
}

// write writes every format, those with a path first. All are tried; the first error is returned, which is the
// given one where something else could not be written before. A plugin's line is not written after an error:
// the line for the error takes its place.
func (out outputs) write(r *report.Report, v console.View, s *console.Streams, before error) error {
	first := before
	for _, one := range out {
		if one.file == nil {
			continue
		}
		err := one.format.write(one.file, r, v.Plain())
		if err == nil {
			err = one.file.Commit()
		} else {
			one.file.Discard()
		}
		if err != nil && first == nil {
			first = fmt.Errorf("%s: %s", console.ShownPath(one.given), console.Plain(err))
		}
	}
	for _, one := range out {
		if one.file != nil || first != nil && one.format.name == "nagios" {
			continue
		}
		if err := one.format.write(s.Stdout, r, v.ForTerminal(s)); err != nil && first == nil {
			first = fmt.Errorf("standard output: %s", console.Plain(err))
		}
	}
	out.summarize(r, s)
	return first
}

// unwritten is the error for a report that could not be written, after one line with the result: what was found is not
// lost with the disk that was to hold it.
func unwritten(r *report.Report, s *console.Streams, err error) error {
	result := r.Verdict
	if len(r.Diagnoses) > 0 {
		result += ", " + r.Diagnoses[0].Cause + ": " + render.HeadlineOf(r.Diagnoses[0])
	}
	s.Tell("", "The result was: "+result)
	return fmt.Errorf("the report could not be written: %s", console.Plain(err))
}

// discard gives up files that were opened and not written; what stood there before stays.
func (out outputs) discard() {
	for _, one := range out {
		if one.file != nil {
			one.file.Discard()
		}
	}
}

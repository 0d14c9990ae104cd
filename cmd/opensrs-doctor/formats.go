package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/outfile"
	"opensrs-doctor/probes/lazy"
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

// writers write a report in the formats that -f takes.
var writers = lazy.Value[map[string]func(io.Writer, *report.Report, screen.Options) error]{Make: func() map[string]func(io.Writer, *report.Report, screen.Options) error {
	return map[string]func(io.Writer, *report.Report, screen.Options) error{
		"human":      render.WriteText,
		"json":       sameForAll(report.WriteJSON),
		"junit":      sameForAll(render.WriteJUnit),
		"tap":        sameForAll(render.WriteTAP),
		"markdown":   sameForAll(render.WriteMarkdown),
		"html":       sameForAll(page.WriteHTML),
		"prometheus": sameForAll(render.WritePrometheus),
		"nagios":     sameForAll(render.WriteNagios),
		"github":     sameForAll(render.WriteGitHub),
	}
}}

// formats are all that -f takes, the default first.
func formats() []format {
	var all []format
	for _, name := range config.Formats {
		all = append(all, format{name, writers.Get()[name]})
	}
	return all
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
func parseOutputs(ctx context.Context, s *config.Settings, deadline time.Time) (out outputs, err error) {
	return parseOutputsOf(ctx, s, formats(), deadline)
}

// parseOutputsOf is parseOutputs for those formats, the default first.
func parseOutputsOf(ctx context.Context, s *config.Settings, all []format, deadline time.Time) (out outputs, err error) {
	var names []string
	for _, one := range all {
		names = append(names, one.name)
	}
	if !s.Given("format") {
		return outputs{{format: all[0]}}, nil
	}
	defer func() {
		if err != nil {
			out.discard()
		}
	}()
	paths, inputs := map[string]bool{}, s.Inputs()
	for i, text := range s.Texts("format") {
		name, path, hasPath := strings.Cut(strings.TrimSpace(text), "=")
		at := slices.Index(names, name)
		switch {
		case at < 0:
			return out, s.Bad("format", i, "%s is not a format; the formats are %s", console.Shown(name),
				strings.Join(names, ", ")).WithNearest(name, names)
		case hasPath && path == "":
			return out, s.Bad("format", i, "the path after %s= is empty", name)
		case path == "-":
			path = ""
		}
		given := path
		if path != "" {
			path = outfile.Key(path)
		}
		if paths[path] && path == "" {
			return out, s.Bad("format", i, "only one format can go to standard output").
				WithHint("give the others a path, as in -f %s=PATH", name)
		}
		if paths[path] {
			return out, s.Bad("format", i, "two formats cannot go to the same path %s", console.ShownPath(given))
		}
		if input := inputs[path]; input != "" {
			return out, s.Bad("format", i, "%s is the file of %s, and would be replaced", console.ShownPath(given), input)
		}
		paths[path] = true
		next := output{format: all[at], path: path, given: given}
		if path != "" {
			if next.file, err = outfile.Open(ctx, given, deadline); err != nil {
				return out, s.Bad("format", i, "cannot write %s: %s", console.ShownPath(given), console.Plain(err))
			}
			if next.file.IsStdout() {
				if paths[""] {
					next.file.Discard()
					return out, s.Bad("format", i, "%s is standard output, and only one format can go there", console.ShownPath(given))
				}
				paths[""] = true
			}
		}
		out = append(out, next)
	}
	return out, nil
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

package main

import (
	"bytes"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/outfile"
	"opensrs-doctor/report"
	"opensrs-doctor/report/render"
)

// stepSummary is GitHub's variable: the file that the summary of a step is appended to.
const stepSummary = "GITHUB_STEP_SUMMARY"

// summarize appends the report to the summary of the step, where the github format was asked for and a step
// runs. A summary that cannot be written is worth a note; the annotations have told the verdict.
func (out outputs) summarize(r *report.Report, s *console.Streams) {
	path, asked := s.Getenv(stepSummary), false
	for _, one := range out {
		asked = asked || one.format.name == "github"
	}
	if !asked || path == "" {
		return
	}
	text := bytes.NewBufferString("\n") // the file may end within a line
	err := render.WriteMarkdown(text, r)
	if err == nil {
		err = outfile.Append(path, text.Bytes())
	}
	if err != nil {
		s.Note("the step summary %s could not be written: %s", console.ShownPath(path), console.Plain(err))
	}
}

//go:build unix

package main

import (
	"bytes"
	"encoding/xml"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/sandbox"
	"opensrs-doctor/report"
)

// judges are programs of other people that read a format: what they want to see on standard input or as a file,
// and which exit status says that it is good. Package report's tests read every format in Go.
var judges = []struct {
	format, program string
	args            []string
	good            func(r *report.Report) bool // whether the program has to end with 0
}{
	{"prometheus", "promtool", []string{"check", "metrics"}, always},
	{"junit", "xmllint", []string{"--noout", "-"}, always},
	{"tap", "prove", []string{"--quiet", "--exec", "cat"}, func(r *report.Report) bool { return r.Verdict != report.VerdictFail }},
}

func always(*report.Report) bool { return true }

// TestEveryFaultInEveryFormat: whatever is wrong, each format is valid in the eyes of those who read it, agrees
// with the verdict, holds no secret, and is the same when it is made of the saved report.
func TestEveryFaultInEveryFormat(t *testing.T) {
	t.Parallel()
	missing := map[string]bool{}
	for _, judge := range judges {
		if _, err := exec.LookPath(judge.program); err != nil {
			missing[judge.program] = true
			t.Run(judge.program, func(t *testing.T) { t.Skipf("%s is not installed", judge.program) })
		}
	}
	atOnce(t, append(sandbox.Faults(), "healthy", "not chosen", "required"), func(t *testing.T, fault string) {
		args := []string{"--sandbox=" + fault, "--timeout", "4s"}
		switch fault {
		case "not chosen":
			args = []string{"--sandbox", "--only", "dns,rules"}
		case "required":
			args = []string{"--sandbox", "--only", "dns,rules", "--require", "rules"}
		}
		got, files := everyFormat(t, invocation{environment: credentialsIn()}, noSignatures, args...)
		for name, text := range texts(t, files, got.stdout) {
			if balance.MatchString(text) {
				t.Errorf("the balance was written: %s", name)
			}
		}
		if slices.Contains(sandbox.Faults(), fault) && got.report(t).cause() != fault {
			t.Errorf("cause %s", got.report(t).cause())
		}
		saved, err := report.Read(strings.NewReader(got.stdout))
		if err != nil {
			t.Fatal(err)
		}
		for _, judge := range judges {
			if !missing[judge.program] {
				judgedBy(t, judge.program, judge.args, files[judge.format], judge.good(saved))
			}
		}
		var suites junit.Testsuites
		if err := xml.Unmarshal([]byte(texts(t, files, "")["junit"]), &suites); err != nil {
			t.Error(err)
		}
		if (suites.Failures > 0) != (saved.Verdict == report.VerdictFail) {
			t.Errorf("junit has %d failures, the verdict is %s", suites.Failures, saved.Verdict)
		}
	})
}

// balance is the sandbox's, as a number of its own.
var balance = regexp.MustCompile(`(^|[^0-9.])` + regexp.QuoteMeta(sandbox.Balance) + `($|[^0-9])`)

// texts are the files' contents by their formats, and the JSON that went to standard output.
func texts(t *testing.T, files map[string]string, document string) map[string]string {
	t.Helper()
	all := map[string]string{"json": document}
	for name, path := range files {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(content)
	}
	return all
}

// judgedBy runs a program over a file.
func judgedBy(t *testing.T, program string, args []string, path string, good bool) {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, args...)
	if program == "prove" { // it wants a file, and gives it to cat
		command.Args = append(command.Args, path)
	} else {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		command.Stdin = file
	}
	words, err := command.CombinedOutput()
	if good != (err == nil) || bytes.Contains(words, []byte("Parse errors")) || good && program == "promtool" && len(words) > 0 {
		text, _ := os.ReadFile(path)
		t.Errorf("%s: %v\n%s\n%s", program, err, words, text)
	}
}

// sameAgain renders the saved report in process and compares with what the run itself wrote.
func sameAgain(t *testing.T, document string, files map[string]string) {
	t.Helper()
	saved, err := report.Read(strings.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	written := texts(t, files, document)
	for _, format := range formats() {
		var second bytes.Buffer
		if err := format.write(&second, saved, console.View{Verbose: true}.Plain()); err != nil {
			t.Fatal(err)
		}
		if first := written[format.name]; first != second.String() {
			t.Errorf("%s differs when the saved report is rendered:\n%s\n%s", format.name, first, second.String())
		}
	}
}

// TestEveryFormatHasAWriter, and nothing is written that the help does not name.
func TestEveryFormatHasAWriter(t *testing.T) {
	if named := slices.Sorted(slices.Values(config.Formats)); !slices.Equal(named, slices.Sorted(maps.Keys(writers.Get()))) {
		t.Errorf("the help names %v", named)
	}
}

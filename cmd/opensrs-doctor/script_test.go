package main

import (
	"errors"
	"flag"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"opensrs-doctor/cmd/opensrs-doctor/process"
	"opensrs-doctor/cmd/opensrs-doctor/runner"
)

var update = flag.Bool("update", false, "write the expected outputs anew")

func TestMain(m *testing.M) {
	if pipe, is := process.Entered(); is { // a check --as starts its own program
		runner.Serve(pipe)
		return
	}
	testscript.Main(m, map[string]func(){"opensrs-doctor": main})
}

// TestScripts runs the transcripts in testdata/script with the real program.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "secret": secret, "bundle": openBundle,
		},
		RequireExplicitExec: true,
		UpdateScripts:       *update,
	})
}

// exits STATUS COMMAND…: the command ends with exactly that status.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var status *exec.ExitError
	switch err := ts.Exec(args[1], args[2:]...); {
	case errors.As(err, &status):
		got = status.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// secret TEXT…: none of the texts, nor any 8 consecutive bytes of one, stands in what the last command printed.
func secret(ts *testscript.TestScript, _ bool, texts []string) {
	printed := strings.ToLower(ts.ReadFile("stdout") + ts.ReadFile("stderr"))
	for _, text := range texts {
		for at := 0; at+8 <= len(text); at++ {
			if part := strings.ToLower(text[at : at+8]); strings.Contains(printed, part) {
				ts.Fatalf("a part of a secret was printed: %s", part)
			}
		}
	}
}

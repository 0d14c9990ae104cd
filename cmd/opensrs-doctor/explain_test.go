package main

import (
	"bytes"
	"strings"
	"testing"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/report/explain"
)

// TestTextCommands: every command that the table of texts proposes exists, with its flags and words.
func TestTextCommands(t *testing.T) {
	commands := explain.TextCommands()
	if len(commands) < 5 {
		t.Fatalf("%q", commands)
	}
	for _, line := range commands {
		words := strings.Fields(strings.ReplaceAll(line, `"allow ADDRESS"`, "allow_ADDRESS"))
		s := &console.Streams{Stdin: strings.NewReader(""), Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}, Lookup: func(string) (string, bool) { return "", false }}
		command, rest, err := rootCommand(s).Find(words[1:])
		if err != nil || words[0] != "opensrs-doctor" {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if err := command.ParseFlags(rest); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		if err := command.ValidateArgs(command.Flags().Args()); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		for _, word := range command.Flags().Args() {
			t.Errorf("%s: %s is no word of a command", line, word)
		}
	}
}

// TestExplainBounds: more than 64 KiB is refused, with the way out; just as much is read.
func TestExplainBounds(t *testing.T) {
	for size, want := range map[int]int{maxPaste + 1: console.ExitUsage, maxPaste: console.ExitOK} {
		text := "cURL error 60 " + strings.Repeat("x", size-14)
		for name, args := range map[string][]string{"stdin": {"explain", "-"}, "argument": {"explain", text}} {
			var out, errs bytes.Buffer
			s := &console.Streams{Stdin: strings.NewReader(text), Stdout: &out, Stderr: &errs, Lookup: func(string) (string, bool) { return "", false }}
			if status := run(args, s); status != want {
				t.Errorf("%s of %d bytes: status %d", name, size, status)
			}
			if want == console.ExitUsage && !strings.Contains(errs.String(), "64 KiB\nhint: tail -n 50") {
				t.Errorf("%s: %s", name, errs.String())
			}
		}
	}
}

// TestExplainCase: a cause and a lesson are found in capitals too.
func TestExplainCase(t *testing.T) {
	for _, id := range []string{"Call.Auth-Failed", "RULES", "PORT.FILTERED"} {
		var out, small, errs bytes.Buffer
		none := func(string) (string, bool) { return "", false }
		status := run([]string{"explain", id}, &console.Streams{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Lookup: none})
		run([]string{"explain", strings.ToLower(id)}, &console.Streams{Stdin: strings.NewReader(""), Stdout: &small, Stderr: &errs, Lookup: none})
		if status != console.ExitOK || out.Len() == 0 || out.String() != small.String() {
			t.Errorf("%s: status %d, %s", id, status, errs.String())
		}
	}
}

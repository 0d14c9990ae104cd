//go:build unix

package main

import (
	"bytes"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/sandbox"
)

// goroutines are the stacks of all that run, by their numbers.
func goroutines() map[string]string {
	buffer := make([]byte, 4<<20)
	stacks := map[string]string{}
	for stack := range strings.SplitSeq(string(buffer[:runtime.Stack(buffer, true)]), "\n\n") {
		if number, _, found := strings.Cut(strings.TrimPrefix(stack, "goroutine "), " "); found {
			stacks[number] = stack
		}
	}
	return stacks
}

// left are the goroutines that were not there before, once those that are on their way out have had time to go. The one
// that hands signals on stays in every program that has asked for one.
func left(before map[string]string) (stacks []string) {
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		stacks = nil
		for number, stack := range goroutines() {
			if before[number] == "" && !strings.Contains(stack, "os/signal.loop") {
				stacks = append(stacks, stack)
			}
		}
		if len(stacks) == 0 || time.Now().After(end) {
			return stacks
		}
	}
}

// TestNothingRunsOn: after a check no goroutine of it is left, whatever was wrong: with --wait and in the inner process of
// --as, each round's would add up. It does not run beside other tests, whose goroutines it would see.
func TestNothingRunsOn(t *testing.T) {
	silence, _ := quiet(t)
	server, _ := quietServer(t)
	filtered := []string{"--endpoint", full(t), "--proxy", "none", "--timeout", "1s"}
	worlds := map[string][]string{
		"filtered":         append(slices.Clone(filtered), "--egress-source", "none", "--control", silence, "--status-url", "none"),
		"filtered, silent": append(slices.Clone(filtered), "--egress-source", "http://"+silence, "--control", silence, "--status-url", "http://"+silence),
		"silent":           {"--endpoint", silence, "--egress-source", "http://" + silence, "--egress-source", "dns://" + server + "/a.example?type=A", "--control", silence, "--status-url", "http://" + silence, "--proxy", "none", "--timeout", "1s"},
		"silent resolver":  {"--endpoint", "api.example:55443", "--resolver", server, "--egress-source", "none", "--control", silence, "--status-url", "none", "--proxy", "none", "--timeout", "1s"},
		"silent proxy":     {"--endpoint", "192.0.2.1:55443", "--no-third-parties", "--proxy", "http://" + silence, "--timeout", "1s"},
		"waiting":          {"--sandbox=rules.propagating", "--wait", "1s"},
		"healthy":          {"--sandbox"},
	}
	for _, fault := range sandbox.Faults() {
		worlds[fault] = []string{"--sandbox=" + fault, "--timeout", "1s"}
	}
	for name, args := range worlds {
		t.Run(name, func(t *testing.T) {
			before := goroutines()
			var out bytes.Buffer
			if status := run(args, &console.Streams{Stdin: strings.NewReader(""), Stdout: &out, Stderr: io.Discard}); status > console.ExitFail && status != console.ExitInternal {
				t.Fatalf("exit status %d: %s", status, out.String())
			}
			for _, stack := range left(before) {
				t.Errorf("still running:\n%s", stack)
			}
		})
	}
}

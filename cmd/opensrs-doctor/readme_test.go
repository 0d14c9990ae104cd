package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/kballard/go-shellquote"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"opensrs-doctor/cmd/opensrs-doctor/console"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// shownCommand is a command line of README, up to a comment, a pipe or a command of others.
var shownCommand = regexp.MustCompile("(?m)(?:^|`|\\| )(?:sudo )?(?:/usr/bin/)?opensrs-doctor((?: [^\n`#|]+)?)")

// TestReadmeCommands: what README prints can be typed: each command line has commands and flags that there are.
func TestReadmeCommands(t *testing.T) {
	root, seen := rootCommand(&console.Streams{}), map[string]bool{}
	for _, found := range shownCommand.FindAllStringSubmatch(readme(t), -1) {
		line, _, _ := strings.Cut(found[1], " -- ")
		words, err := shellquote.Split(strings.ReplaceAll(line, "…", ""))
		if err != nil {
			continue // prose, with an apostrophe
		}
		command, rest, err := root.Find(words)
		if err != nil || command == root && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
			continue // prose: the name of the program, and a verb that is not a command
		}
		seen[command.Name()] = true
		if err := command.ParseFlags(rest); err != nil {
			t.Errorf("opensrs-doctor%s: %v", line, err)
		}
	}
	for _, name := range []string{"opensrs-doctor", "check", "clients", "ticket", "explain", "lint", "plan", "sandbox", "sign", "verify", "render", "merge", "ansible"} {
		if !seen[name] {
			t.Errorf("README shows no %s", name)
		}
	}
}

// TestReadmeFlags: a flag that README names is one of some command.
func TestReadmeFlags(t *testing.T) {
	known := map[string]bool{}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) { known[f.Name] = true })
		for _, child := range c.Commands() {
			walk(child)
		}
	}
	walk(rootCommand(&console.Streams{}))
	named := regexp.MustCompile("[`( ]--([a-z][a-z-]+)").FindAllStringSubmatch(readme(t), -1)
	if len(named) < 50 {
		t.Fatalf("README names %d flags", len(named))
	}
	for _, flag := range named {
		if !known[flag[1]] && flag[1] != "now" { // systemctl's
			t.Errorf("README names --%s", flag[1])
		}
	}
}

// TestReadmeScreen: the screen in README is that of today, addresses and times aside.
func TestReadmeScreen(t *testing.T) {
	plain := func(text string) string {
		text = regexp.MustCompile(`[0-9.]+(:443)?( ms| s)?`).ReplaceAllString(text, "N")
		return strings.Join(strings.Fields(text), " ")
	}
	_, screen, _ := strings.Cut(readme(t), "```\n")
	screen, _, _ = strings.Cut(screen, "```")
	today, err := os.ReadFile("../../report/testdata/port.filtered.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := plain(screen), plain(string(today)); got != want {
		t.Errorf("README has\n%s\nand today's is\n%s", got, want)
	}
}

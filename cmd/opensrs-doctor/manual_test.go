//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"opensrs-doctor/cmd/opensrs-doctor/console"
)

// TestManual: every command has a page that names all its flags, and the two readers of such pages find nothing to
// complain about.
func TestManual(t *testing.T) {
	t.Parallel()
	mandoc, groff := program(t, "mandoc"), program(t, "groff")
	directory := t.TempDir()
	var pages []string
	for _, command := range commandsOf(rootCommand(&console.Streams{Lookup: os.LookupEnv})) {
		if command.HasParent() && (command.Parent().Name() == "completion" || strings.HasPrefix(command.Name(), "__")) {
			continue // the shells of completion have none, nor has what shells ask
		}
		page := printed(t, map[string]string{"SOURCE_DATE_EPOCH": "1700000000"},
			append([]string{"help", "--man"}, strings.Fields(command.CommandPath())[1:]...)...)
		command.LocalFlags().VisitAll(func(flag *pflag.Flag) {
			if !flag.Hidden && flag.Name != "help" && !strings.Contains(page, `\fB\-\-`+strings.ReplaceAll(flag.Name, "-", `\-`)+`\fR`) &&
				command.HasParent() { // the root's are those of check
				t.Errorf("%s: no word about --%s", command.CommandPath(), flag.Name)
			}
		})
		for _, section := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "SEE ALSO"} {
			if before, after, found := strings.Cut(page, `.SH "`+section+`"`+"\n"); !found || before == "" || after == "" {
				t.Errorf("%s: no %s", command.CommandPath(), section)
			}
		}
		if !strings.Contains(page, " 2023-11-14 ") {
			t.Errorf("%s: not the day of SOURCE_DATE_EPOCH", command.CommandPath())
		}
		path := filepath.Join(directory, strings.ReplaceAll(command.CommandPath(), " ", "-")+".1")
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
		pages = append(pages, path)
	}
	if len(pages) < 12 {
		t.Errorf("%d pages", len(pages))
	}
	for _, judge := range [][]string{{mandoc, "-Tlint", "-W", "warning"}, {groff, "-man", "-Tutf8", "-ww", "-z"}} {
		words, err := exec.Command(judge[0], append(judge[1:], pages...)...).CombinedOutput()
		if err != nil || len(words) > 0 {
			t.Errorf("%s: %v\n%s", filepath.Base(judge[0]), err, words)
		}
	}
}

// TestManualReads looks at one page as a reader sees it.
func TestManualReads(t *testing.T) {
	t.Parallel()
	mandoc := program(t, "mandoc")
	page := printed(t, nil, "help", "--man", "check")
	command := exec.Command(mandoc, "-Tascii", "-Owidth=100")
	command.Stdin = strings.NewReader(page)
	shown, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(dropOverstrikes(string(shown))), " ")
	for _, want := range []string{
		"opensrs-doctor-check - find out why this host can't reach the API",
		"opensrs-doctor [check] [flags]",
		"-f, --format NAME[=PATH] human (default), json, junit,",
		"--sandbox[=FAULT] run against a sandbox",
		"EXIT STATUS 0 pass or warn, 1 fail (with --fail-on warn also warn)",
		"/etc/opensrs-doctor/config.yaml",
		"SEE ALSO opensrs-doctor(1)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page has no %q:\n%s", want, shown)
		}
	}
}

// dropOverstrikes takes out what prints a letter twice, for bold.
func dropOverstrikes(text string) string {
	var out []byte
	for i := 0; i < len(text); i++ {
		if text[i] == '\b' && len(out) > 0 {
			out = out[:len(out)-1]
			continue
		}
		out = append(out, text[i])
	}
	return string(out)
}

// printed runs a command that cannot fail and gives its standard output.
func printed(t *testing.T, environment map[string]string, args ...string) string {
	t.Helper()
	var out, errs strings.Builder
	lookup := func(name string) (string, bool) { value, found := environment[name]; return value, found }
	if status := run(args, &console.Streams{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Lookup: lookup}); status != console.ExitOK || errs.Len() > 0 {
		t.Fatalf("%q: status %d, %s", args, status, errs.String())
	}
	return out.String()
}

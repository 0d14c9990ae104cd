package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
)

// nasties are values that nobody gives by chance: a terminal or a CI system obeys what is in them.
var nasties = []string{
	"a\x1b[31mb\n::error::c", "\n::stop-commands::x", "##vso[task.complete]x", "::set-output name=a::b", "\r\n##[error]x",
	"a\u202eb\u2028::error::c", "\u009b31m\ue000\ufdd0\ufeff", "\xff\xfe\x80", "x\x00y", "\u00a0::debug::x", "<0>x\n<0>y",
	"https://a\x1bb/\n::error::", "192.0.2.1\n::error::", "allow \x1b[1m\n##vso[x]", "/tmp\x1b/\n::error::x", "@\x1b[0m", "{\x1b: [\n",
	"human=\x1b\n::error::x", "json=none/\n::error::", "1\x1bs", "=\x1b", "-\x1b", "dns://\x1b\n::error::/x", "\t",
}

// aloud is the beginning of a line that a CI system obeys, or the journal.
var aloud = regexp.MustCompile(`(?im)^[\s\p{Z}]*::[^\s:][^\n]*::|##[a-z]*\[|^[\s\p{Z}]*<[0-9]{1,3}>`)

// harmless looks at what a command wrote to a stream.
func harmless(t *testing.T, stream, text string, args []string) {
	t.Helper()
	for _, r := range text {
		if r != '\n' && !strconv.IsPrint(r) {
			t.Errorf("%q: %U on %s: %q", args, r, stream, text)
			return
		}
	}
	if order := aloud.FindString(text); order != "" || !utf8.ValidString(text) {
		t.Errorf("%q: %q on %s: %q", args, order, stream, text)
	}
}

// runHarmless runs one command line in its own directory; nothing in it leads out of this host.
func runHarmless(t *testing.T, environment map[string]string, stdin string, args ...string) (stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	s := &console.Streams{Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs, Lookup: func(name string) (string, bool) { value, is := environment[name]; return value, is }}
	ended := make(chan int, 1)
	go func() { ended <- run(args, s) }()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatalf("%q does not end", args)
	}
	harmless(t, "standard error", errs.String(), args)
	if !slices.Contains(args, "github") {
		harmless(t, "standard output", out.String(), args)
	}
	return errs.String()
}

// offline are the words that end a command at once: what they leave to be asked is not there.
func offline(command *cobra.Command) (before, after []string) {
	switch command.Name() {
	case "opensrs-doctor", "check", "ticket":
		return []string{"--timeout", "50ms", "--endpoint", "https://127.0.0.1:1", "--no-third-parties", "--resolver", "127.0.0.1:1",
			"--proxy", "none"}, nil
	case "sandbox":
		return nil, []string{"--", "true"}
	}
	return nil, nil
}

// commandsOf are all commands of the tree, the root first.
func commandsOf(command *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{command}
	for _, one := range command.Commands() {
		all = append(all, commandsOf(one)...)
	}
	return all
}

// Every flag of every command, every argument, and what is no flag, given every nasty value: nothing of it is obeyed.
func TestWordsOfTheCommandLineAreQuoted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("such names are not possible there")
	}
	t.Chdir(t.TempDir())
	flags := 0
	for _, command := range commandsOf(rootCommand(&console.Streams{Lookup: os.LookupEnv})) {
		path := strings.Fields(command.CommandPath())[1:]
		before, after := offline(command)
		try := func(words ...string) string {
			t.Helper()
			return runHarmless(t, nil, "", slices.Concat(path, before, words, after)...)
		}
		for i, nasty := range nasties {
			try(nasty)
			try("--" + nasty)
			try("-" + nasty)
			try("--" + nasty + "=x")
			try("--", nasty)
			runHarmless(t, nil, "", append([]string{"help"}, append(path, nasty)...)...)
			runHarmless(t, nil, "", append([]string{"__complete"}, append(path, nasty, "")...)...)
			command.Flags().VisitAll(func(flag *pflag.Flag) {
				if flags++; i%4 != flags%4 && flag.Value.Type() == "bool" {
					return
				}
				try("--" + flag.Name + "=" + nasty)
				if flag.Shorthand != "" {
					try("-" + flag.Shorthand + nasty)
				}
			})
		}
	}
	if flags < 100*len(nasties) {
		t.Errorf("the tree has %d flags", flags/len(nasties))
	}
}

// The names of files, which are there and not what they should be, and their content; the keys and values of the
// config file; the environment.
func TestWordsOfFilesAreQuoted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("such names are not possible there")
	}
	t.Chdir(t.TempDir())
	file := "a\x1b[31m\n::error::x ##vso[y].txt"
	content := strings.Join(nasties, "\n") + "\nallow 192.0.2.\x1b\n192.0.2.300\u202e\n"
	for _, name := range []string{file, "dir/" + file} {
		os.MkdirAll(filepath.Dir(name), 0o700)
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir("d\x1b\n::error::.d", 0o700); err != nil {
		t.Fatal(err)
	}
	paths := []string{file, "dir/" + file, file + "/x", "none\x1b/\n::error::.x", "d\x1b\n::error::.d", "./" + strings.Repeat("x\x1b", 200)}
	root := rootCommand(&console.Streams{Lookup: os.LookupEnv})
	quoted := 0
	for _, path := range paths {
		for _, command := range commandsOf(root) {
			words := strings.Fields(command.CommandPath())[1:]
			before, after := offline(command)
			try := func(more ...string) {
				t.Helper()
				said := runHarmless(t, nil, content, slices.Concat(words, before, more, after)...)
				quoted += strings.Count(said, strconv.Quote(path))
			}
			try(path)
			try(path, path)
			command.Flags().VisitAll(func(flag *pflag.Flag) {
				if flag.Value.Type() == "bool" {
					return
				}
				try("--"+flag.Name, path)
				if flag.Name == "format" {
					try("--format", "human="+path)
				}
			})
		}
		sandboxEnd := []string{"sandbox", "--", path}
		runHarmless(t, nil, "", sandboxEnd...)
	}
	if quoted < 100 {
		t.Errorf("a path was quoted %d times", quoted)
	}
}

func TestWordsOfTheConfigFileAndTheEnvironmentAreQuoted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("such names are not possible there")
	}
	t.Chdir(t.TempDir())
	name := "config\x1b\n::error::.yaml"
	known := map[string]bool{}
	for _, one := range config.KeysOf("check") {
		known[one.Name] = true
	}
	before, _ := offline(rootCommand(&console.Streams{Lookup: os.LookupEnv}))
	configured := func(document string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(document), 0o600); err != nil {
			t.Fatal(err)
		}
		runHarmless(t, nil, "", append(slices.Clone(before), "--config", name)...)
	}
	for i, nasty := range nasties {
		value, _ := json.Marshal(nasty)
		configured(nasty)
		configured(string(value) + ": x\n")
		configured("env: " + nasty)
		configured("? [" + string(value) + "]\n: x\n")
		configured("env: !" + nasty + " x\n")
		configured("a: &" + nasty + " x\nb: *" + nasty + "\n")
		for n, key := range slices.Sorted(maps.Keys(known)) {
			if n%4 == i%4 || i < 3 {
				configured(key + ": " + string(value) + "\n")
				configured(key + ": [" + string(value) + ", {" + string(value) + ": 1}]\n")
			}
		}
		for _, variable := range []string{"OPENSRS_USERNAME", "OPENSRS_API_KEY", "OPENSRS_CONFIG", "HOME", "XDG_CONFIG_HOME",
			"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "GITHUB_STEP_SUMMARY", "TERM"} {
			args := []string{"check", "--timeout", "50ms", "--endpoint", "https://127.0.0.1:1", "--no-third-parties", "--resolver", "127.0.0.1:1",
				"-f", "human", "-f", "github=out"}
			runHarmless(t, map[string]string{variable: nasty}, "", args...)
			runHarmless(t, map[string]string{variable: nasty}, "", "sign", "--body", "-")
		}
	}
}

// What a user says of himself: his name in the headers that he copies, and in the check that fits a sandbox.
func TestUsernamesOrderNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("body.xml", []byte("<x/>"), 0o600); err != nil {
		t.Fatal(err)
	}
	environment := map[string]string{"OPENSRS_API_KEY": strings.Repeat("0123456789abcdef", 7)}
	for _, nasty := range nasties {
		for _, words := range [][]string{
			{"sign", "--body", "body.xml"}, {"sign", "--body", "body.xml", "-f", "json"}, {"sign", "--body", "body.xml", "--api-key-file", nasty},
			{"check", "--sandbox", "-v"}, {"sandbox", "--log-format", "json", "--", "true"}, {"sandbox", "--fault", "call.wrong-key", "--", "true"},
		} {
			runHarmless(t, environment, "", append([]string{words[0], "--username=" + nasty}, words[1:]...)...)
		}
	}
}

// There is one way for words to standard error.
func TestOnlySayWritesToStandardError(t *testing.T) {
	files, err := filepath.Glob("*.go")
	rooms, wrong := filepath.Glob("*/*.go")
	if err != nil || wrong != nil || len(files) == 0 || len(rooms) == 0 {
		t.Fatal(files, err, rooms, wrong)
	}
	direct := regexp.MustCompile(`(?:Fprint\w*|WriteString)\([\w.]*(?:stderr|Stderr|ErrOrStderr\(\))|\.(?:stderr|Stderr)\.Write|\.PrintErr|\bprintln\(`)
	for _, name := range append(files, rooms...) {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := direct.Find(source); found != nil && name != filepath.Join("console", "say.go") && !strings.HasSuffix(name, "_test.go") {
			t.Errorf("%s: %s", name, found)
		}
	}
}

package config

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"opensrs-doctor/cmd/opensrs-doctor/console"
)

// TestConfigPaths: in a config file ~ is the home directory, and a relative path lies beside the file; where a report is
// written to stays relative to the working directory.
func TestConfigPaths(t *testing.T) {
	home, dir := t.TempDir(), t.TempDir()
	variable := "HOME"
	if runtime.GOOS == "windows" {
		variable = "USERPROFILE"
	}
	config := filepath.Join(dir, "c.yaml")
	secret := strings.Repeat("0f", 56)
	for _, c := range []struct{ key, text, want string }{
		{"api-key-file", "key", filepath.Join(dir, "key")},
		{"api-key-file", "../other/key", filepath.Join(filepath.Dir(dir), "other", "key")},
		{"api-key-file", "~/opensrs/key", filepath.Join(home, "opensrs", "key")},
		{"api-key-file", `"-"`, "-"},
		{"api-key-file", secret, secret}, // pasted where the path belongs: it must not become a part of one that is shown
		{"rules-file", `"~"`, home},
		{"rules-file", filepath.Join(home, "rules"), filepath.Join(home, "rules")},
		{"ca-file", "ca.pem", filepath.Join(dir, "ca.pem")},
		{"public-roots", "~/roots.pem", filepath.Join(home, "roots.pem")},
		{"system-roots", "roots.pem", filepath.Join(dir, "roots.pem")},
		{"format", "json=report.json", "json=report.json"},
		{"format", "json=~/report.json", "json=" + filepath.Join(home, "report.json")},
		{"format", "json", "json"},
		{"username", "~bob", "~bob"},
		{"api-key-file", "~bob/key", "c.yaml:1: api-key-file: ~bob is the home directory of another user"},
		{"format", "[human, json=~bob/r.json]", "c.yaml:1: format: ~bob is the home directory of another user"},
	} {
		writeFile(t, config, c.key+": "+strings.ReplaceAll(c.text, `\`, `\\`)+"\n")
		s := &console.Streams{Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard, Lookup: func(name string) (string, bool) { return home, name == variable }}
		file, err := read(config, s)
		switch {
		case err != nil:
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %s: %v", c.key, c.text, err)
			}
		case file[c.key].values[0].text != c.want:
			t.Errorf("%s: %s is %s, want %s", c.key, c.text, file[c.key].values[0].text, c.want)
		}
	}
	writeFile(t, config, "api-key-file: ~/key\n")
	s := &console.Streams{Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard, Lookup: func(string) (string, bool) { return "", false }}
	if _, err := read(config, s); err == nil || !strings.Contains(err.Error(), variable+" is not set") {
		t.Errorf("without a home directory: %v", err)
	}
}

// TestSystemConfig: this host's config file is read where the user has none, and only then.
func TestSystemConfig(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such file")
	}
	dir := t.TempDir()
	defer func(was string) { systemConfig = was }(systemConfig)
	systemConfig = filepath.Join(dir, "etc.yaml")
	writeFile(t, systemConfig, "username: everybody\n")
	environment := map[string]string{"HOME": filepath.Join(dir, "home")}
	s := &console.Streams{Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard, Lookup: func(name string) (string, bool) { return environment[name], true }}
	user := func(want string) {
		t.Helper()
		file, err := read("", s)
		if got := ""; err != nil || len(file["username"].values) > 0 {
			if err == nil {
				got = file["username"].values[0].text
			}
			if got != want {
				t.Errorf("%q, %v, want %q", got, err, want)
			}
		} else if want != "" {
			t.Errorf("nothing was read, want %q", want)
		}
	}
	user("everybody")
	environment["HOME"] = "" // as in a service or a cron job
	user("everybody")
	environment["XDG_CONFIG_HOME"] = filepath.Join(dir, "xdg")
	user("everybody")
	own := filepath.Join(dir, "xdg", "opensrs-doctor", "config.yaml")
	if err := os.MkdirAll(filepath.Dir(own), 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, own, "env: test\n")
	user("")
	writeFile(t, own, "username: me\n")
	user("me")
	if err := os.Remove(own); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(own, 0o700); err != nil { // it is there, and wrong: no other file takes its place in silence
		t.Fatal(err)
	}
	if _, err := read("", s); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("%v", err)
	}
	systemConfig = filepath.Join(dir, "nowhere.yaml")
	environment["XDG_CONFIG_HOME"] = ""
	user("")
	writeFile(t, filepath.Join(dir, "wrong.yaml"), "usernme: bob\n")
	systemConfig = filepath.Join(dir, "wrong.yaml")
	if _, err := read("", s); err == nil || !strings.Contains(err.Error(), "wrong.yaml:1: unknown key") {
		t.Errorf("%v", err)
	}
}

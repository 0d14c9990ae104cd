//go:build linux

package deploy

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// stand is in the program's place: it keeps what it is given, and leaves a report.
const stand = `#!/bin/sh
case "$1" in
check) cp "$3" "$KEPT/config.yaml"; cat >"$KEPT/key"; printf '{"verdict": "pass"}' >"${7#json=}" ;;
fleet) ls "$3" >"$KEPT/merged"; echo "all is well" ;;
esac
`

// play runs the playbook on this machine.
func play(t *testing.T, s Settings, args ...string) (out, kept string, status int) {
	t.Helper()
	program(t, "ansible-playbook")
	dir, kept := t.TempDir(), t.TempDir()
	s.Binary = filepath.Join(dir, "stand in {{ x }}") // a name that Jinja would read
	if err := os.WriteFile(s.Binary, []byte(stand), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"play.yml": Files("ansible", s)[0].Content,
		"hosts.ini": "[all:vars]\nansible_connection=local\nansible_python_interpreter=/usr/bin/python3\n[all]\nweb1\nweb2\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("ansible-playbook", append([]string{"-i", "hosts.ini", "play.yml", "-v"}, args...)...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "KEPT=" + kept, "ANSIBLE_REMOTE_TEMP=" + dir + "/tmp", "LC_ALL=C.UTF-8", "ANSIBLE_NOCOLOR=1"}
	text, _ := cmd.CombinedOutput()
	return string(text), kept, cmd.ProcessState.ExitCode()
}

// Whatever is in a setting, the check's config file has it as it was given; the key arrives on standard input alone.
func TestAnsibleValues(t *testing.T) {
	const key = "the {{ key }} of $HOME"
	given, _ := json.Marshal(map[string]any{"opensrs_api_key": map[string]string{"__ansible_unsafe": key}})
	out, kept, status := play(t, settings(hostile...), "-e", string(given), "--limit", "web1,localhost")
	if status != 0 || strings.Contains(out, "web2") || !strings.Contains(out, "all is well") || strings.Contains(out, "of $HOME") {
		t.Fatalf("%d\n%s", status, out)
	}
	text, err := os.ReadFile(filepath.Join(kept, "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Username string
		Rule     []string
		No       bool `yaml:"no-third-parties"`
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if config.Username != hostile[0] || !config.No || !reflect.DeepEqual(config.Rule, hostile) {
		t.Errorf("%q\nwant %q", config.Rule, hostile)
	}
	if got, _ := os.ReadFile(filepath.Join(kept, "key")); string(got) != key {
		t.Errorf("the key arrived as %q", got)
	}
	if merged, _ := os.ReadFile(filepath.Join(kept, "merged")); string(merged) != "web1.json\n" {
		t.Errorf("merged: %q", merged)
	}
}

// Without a key nothing is run, and it says what to do.
func TestAnsibleWithoutKey(t *testing.T) {
	out, kept, status := play(t, settings("reseller"))
	if files, _ := filepath.Glob(filepath.Join(kept, "*")); status == 0 || len(files) > 0 || !strings.Contains(out, "the variable opensrs_api_key is not set") {
		t.Errorf("%d %q\n%s", status, files, out)
	}
}

func TestAnsibleSyntax(t *testing.T) {
	program(t, "ansible-playbook")
	s := settings(hostile...)
	s.Hosts = "web:&prod:!db[0:3]"
	asks(t, written(t, "ansible", s), "ansible-playbook", "--syntax-check", "-i", "localhost,", "opensrs-doctor.yml")
}

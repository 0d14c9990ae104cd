//go:build linux

package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// A service that systemd takes without a word, well hardened, as systemd-analyze scores it.
func TestSystemdAnalyze(t *testing.T) {
	program(t, "systemd-analyze")
	for _, textfile := range []string{"", "/var/lib/prometheus/node-exporter"} {
		s := settings(hostile...)
		s.Schedule, s.TextfileDir = "hourly", textfile
		dir := written(t, "systemd", s)
		if out := asks(t, dir, "systemd-analyze", "verify", "./opensrs-doctor.service", "./opensrs-doctor.timer"); strings.Contains(out, "opensrs-doctor") {
			t.Error(out)
		}
		out := asks(t, dir, "systemd-analyze", "security", "--offline=true", "--no-pager", "./opensrs-doctor.service")
		found := regexp.MustCompile(`exposure level for opensrs-doctor.service: ([0-9.]+)`).FindStringSubmatch(out)
		if found == nil {
			t.Fatal(out)
		}
		if level, _ := strconv.ParseFloat(found[1], 64); level > 2.5 {
			t.Errorf("exposure %.1f with textfile %q", level, textfile)
		}
		if t.Failed() {
			return
		}
	}
}

// systemd itself loads the unit and shows the command line that it would run.
func TestSystemdWords(t *testing.T) {
	path := "/lib/systemd/systemd"
	if _, err := os.Stat(path); err != nil {
		t.Skip("systemd is not installed")
	}
	s := settings(hostile[0:1]...)
	s.Check[0].Values, s.Check[1].Values = []string{"x"}, hostile
	dir := written(t, "systemd", s)
	for _, name := range []string{"basic", "shutdown", "sysinit", "timers"} {
		if err := os.WriteFile(filepath.Join(dir, name+".target"), []byte("[Unit]\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(path, "--test", "--user", "--unit=opensrs-doctor.service")
	home, err := os.MkdirTemp("", "systemd")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(home)
	if os.Geteuid() == 0 { // it does not test as root
		for at := dir; len(at) > len(os.TempDir()); at = filepath.Dir(at) {
			if err := os.Chmod(at, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chown(home, 65534, 65534); err != nil {
			t.Fatal(err)
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	cmd.Env = []string{"XDG_RUNTIME_DIR=" + home, "HOME=" + home, "SYSTEMD_UNIT_PATH=" + dir, "LC_ALL=C.UTF-8"}
	out, err := cmd.CombinedOutput()
	shown := regexp.MustCompile(`(?m)^\s*Command Line: (/bin/true .*)$`).FindSubmatch(out)
	if shown == nil {
		t.Skipf("systemd does not show units here: %v\n%.500s", err, out)
	}
	var got []string
	for _, word := range shells(t, string(shown[1])) {
		// Shown is what it is before a variable's value takes its place, and one $ that of two.
		got = append(got, strings.ReplaceAll(word, "$$", "$"))
	}
	want := append([]string{"/bin/true", "check", "--config", "/dev/null"}, append(s.words(), "--api-key-file", "${CREDENTIALS_DIRECTORY}/api-key")...)
	if len(got) < len(want) || !reflect.DeepEqual(got[:len(want)], want) {
		t.Errorf("%q\nwant %q", got, want)
	}
}

package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"opensrs-doctor/cmd/opensrs-doctor/console"
)

const stranger = 65534 // nobody

// asRoot skips where the files of the test cannot be made another user's.
func asRoot(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: some files are another user's")
	}
	program, err := theBinary()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// doctor runs the program, and gives its exit status and all that it printed.
func doctor(t *testing.T, program, dir string, environment []string, args ...string) (status int, printed string) {
	t.Helper()
	run := exec.Command(program, args...)
	run.Dir, run.Env = dir, append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}, environment...)
	out, err := run.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return run.ProcessState.ExitCode(), string(out)
}

func foreignLink(t *testing.T, target, path string) {
	t.Helper()
	if err := errors.Join(os.Symlink(target, path), os.Lchown(path, stranger, stranger)); err != nil {
		t.Fatal(err)
	}
}

// As root in a directory that everybody can write, no link of another user is followed: not by a report, a ticket's
// bundle, a sandbox's ready file or a step's summary.
func TestForeignLinksAreNotFollowed(t *testing.T) {
	program := asRoot(t)
	shared, private := t.TempDir(), t.TempDir()
	if err := os.Chmod(shared, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	victim, way := filepath.Join(private, "victim"), filepath.Join(shared, "way")
	foreignLink(t, victim, filepath.Join(shared, "report"))
	foreignLink(t, private, way)
	device := filepath.Join(private, "device")
	if err := syscall.Mknod(device, syscall.S_IFBLK|0o600, 7<<8|250); err == nil { // a loop device that nothing uses
		foreignLink(t, device, filepath.Join(shared, "device"))
	}
	sandboxed := []string{"check", "--sandbox"}
	for name, args := range map[string][]string{
		"a report":              append(sandboxed, "-f", "json="+shared+"/report"),
		"a report on the way":   append(sandboxed, "-f", "html="+way+"/victim"),
		"a device":              append(sandboxed, "-f", "prometheus="+shared+"/device"),
		"a bundle":              {"ticket", "--sandbox", "--output", way + "/new.zip"},
		"a bundle in the place": {"ticket", "--sandbox", "--output", shared + "/report"},
		"a ready file":          {"sandbox", "--ready-file", shared + "/report", "--", "true"},
	} {
		write(t, victim, "precious")
		status, printed := doctor(t, program, private, nil, args...)
		if status != console.ExitUsage || !strings.Contains(printed, "link") && !strings.Contains(printed, "never replaces") {
			t.Errorf("%s: exit status %d: %s", name, status, printed)
		}
		if got := read(t, victim); got != "precious" {
			t.Errorf("%s: the victim holds %q", name, got)
		}
	}
	if left, err := os.ReadDir(private); err != nil || len(left) > 2 {
		t.Errorf("something was put beside the victim: %v", left)
	}
	summary := append(sandboxed, "-f", "github")
	if status, printed := doctor(t, program, private, []string{"GITHUB_STEP_SUMMARY=" + shared + "/report"}, summary...); status != 0 ||
		!strings.Contains(printed, "could not be written") || read(t, victim) != "precious" {
		t.Errorf("a summary: exit status %d: %s", status, printed)
	}
}

// node_exporter runs as a user of its own: it can read the textfile, and nobody else can write it.
func TestReportsCanBeReadByOthers(t *testing.T) {
	program := asRoot(t)
	dir := t.TempDir()
	for at := dir; at != "/" && at != "/tmp"; at = filepath.Dir(at) {
		if err := os.Chmod(at, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "opensrs.prom")
	run := exec.Command("sh", "-c", `umask 0; exec "$0" check --sandbox -f prometheus=opensrs.prom`, program)
	run.Dir = dir
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	reader := exec.Command("cat", path)
	reader.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: stranger, Gid: stranger}}
	if out, err := reader.Output(); err != nil || !strings.Contains(string(out), "opensrs_doctor") {
		t.Errorf("another user reads %q, %v", out, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o002 != 0 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if status, printed := doctor(t, program, dir, nil, "ticket", "--sandbox", "--output", "ticket.zip"); status != 0 {
		t.Fatalf("%d: %s", status, printed)
	}
	if info, err := os.Stat(filepath.Join(dir, "ticket.zip")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the bundle has mode %v, %v", info.Mode(), err)
	}
}

// A pipe's reader may come later than the run, and may never come.
func TestReportIntoAPipe(t *testing.T) {
	program, err := theBinary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if status, printed := doctor(t, program, dir, nil, "check", "--sandbox", "--timeout", "3s", "-f", "json=pipe"); status != console.ExitInternal ||
		!strings.Contains(printed, "no process reads") {
		t.Errorf("without a reader: exit status %d: %s", status, printed)
	}
	got := make(chan []byte)
	go func() {
		content, _ := os.ReadFile(pipe)
		got <- content
	}()
	if status, printed := doctor(t, program, dir, nil, "check", "--sandbox", "-f", "json=pipe"); status != 0 || !json.Valid(<-got) {
		t.Errorf("with a reader: exit status %d: %s", status, printed)
	}
}

// As root a config file that was found and not named is another user's word.
func TestConfigFileOfAnotherUser(t *testing.T) {
	program := asRoot(t)
	for name, one := range map[string]struct {
		owner     int
		mode      os.FileMode
		directory int
		sudo      string
		named     bool
		used      bool
	}{
		"root's":                     {0, 0o644, 0, "", false, true},
		"another user's":             {stranger, 0o644, 0, "", false, false},
		"the caller of sudo's":       {stranger, 0o644, stranger, strconv.Itoa(stranger), false, true},
		"another than the caller's":  {stranger, 0o644, 0, "1000", false, false},
		"writable by others":         {0, 0o646, 0, "", false, false},
		"in another user's place":    {0, 0o644, stranger, "", false, false},
		"another user's, but named":  {stranger, 0o666, stranger, "", true, true},
		"with a word for the caller": {stranger, 0o644, 0, "x", false, false},
	} {
		home := t.TempDir()
		directory := filepath.Join(home, ".config", "opensrs-doctor")
		if err := os.MkdirAll(directory, 0o755); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(directory, "config.yaml")
		write(t, path, "username: from-the-file\n")
		if err := errors.Join(os.Chmod(path, one.mode), os.Chown(path, one.owner, one.owner), os.Chown(directory, one.directory, one.directory)); err != nil {
			t.Fatal(err)
		}
		args := []string{"check", "--only", "rules", "--egress-ip", "203.0.113.10", "--rule", "allow 203.0.113.10", "-f", "json"}
		if one.named {
			args = append(args, "--config", path)
		}
		status, printed := doctor(t, program, home, []string{"SUDO_UID=" + one.sudo}, args...)
		if used := status == 0 && strings.Contains(printed, "from-the-file"); used != one.used {
			t.Errorf("%s: exit status %d: %s", name, status, printed)
		}
		if !one.used && (status != console.ExitUsage || !strings.Contains(printed, "--config") || !strings.Contains(printed, path)) {
			t.Errorf("%s: exit status %d: %s", name, status, printed)
		}
	}
}

// A proxy variable that Go reads otherwise than its writer meant it is an error without a word of it.
func TestProxyVariables(t *testing.T) {
	program, err := theBinary()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"check", "--no-third-parties", "--only", "rules", "--egress-ip", "203.0.113.10", "--rule", "allow 203.0.113.10",
		"-f", "human", "-f", "json=report.json"}
	for value, fine := range map[string]bool{
		"http://proxy.example:3128": true, "proxy.example:3128": true, "socks5h://proxy.example": true, "http://proxy.example/": true,
		"http://bob:s3cr3t%2Fword@proxy.example:3128": true,
		"http://bob:12/s3cr3t@proxy.example:3128":     false,
		"http://bob:s3cr3t/word@proxy.example:3128":   false,
		"http://bob:12?s3cr3t@proxy.example:3128":     false,
		"http://bob:12#s3cr3t@proxy.example:3128":     false,
		"http://s3cr3t?@proxy.example:3128":           false,
		"http://s3cr3t#@proxy.example:3128":           false,
		"bob:12/s3cr3t@proxy.example:3128":            false,
		"http://bob:s3cr3t@proxy.example:65536":       false,
		"http://bob:s3cr3t@proxy.example:0":           false,
		"http://bob:s3cr3t@proxy.example:":            false,
		"http://bob:s3cr3t@proxy example:3128":        false,
		"http://bob:s3cr3t%zz@proxy.example:3128":     false,
		"ftp://bob:s3cr3t@proxy.example:3128":         false,
		"https:/bob:s3cr3t@proxy.example":             false,
	} {
		for _, variable := range []string{"HTTPS_PROXY", "https_proxy"} {
			dir := t.TempDir()
			status, printed := doctor(t, program, dir, []string{variable + "=" + value}, args...)
			saved, _ := os.ReadFile(filepath.Join(dir, "report.json"))
			if (status == 0) != fine || !fine && (status != console.ExitUsage || !strings.Contains(printed, "HTTPS_PROXY")) {
				t.Errorf("%s: exit status %d: %s", value, status, printed)
			}
			for _, word := range []string{"s3cr3t", "bob", "proxy example"} {
				if strings.Contains(printed+string(saved), word) {
					t.Errorf("%s: %s is told: %s%s", value, word, printed, saved)
				}
			}
			if !fine {
				if status, printed := doctor(t, program, dir, nil, append(args, "--proxy", value)...); status != console.ExitUsage ||
					strings.Contains(printed, "s3cr3t") {
					t.Errorf("--proxy %s: exit status %d: %s", value, status, printed)
				}
			}
		}
	}
}

// As root the sandbox's files are not put where another user could exchange the directory.
func TestSandboxNeedsADirectoryOfItsOwn(t *testing.T) {
	program := asRoot(t)
	theirs := filepath.Join(t.TempDir(), "theirs")
	if err := errors.Join(os.Mkdir(theirs, 0o755), os.Chown(theirs, stranger, stranger), os.Mkdir(theirs+"/mine", 0o700)); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{theirs, theirs + "/mine"} {
		status, printed := doctor(t, program, t.TempDir(), []string{"TMPDIR=" + at}, "sandbox", "--", "true")
		if status != console.ExitUsage || !strings.Contains(printed, "belongs to another user") {
			t.Errorf("%s: exit status %d, %s", at, status, printed)
		}
	}
}

// As root, a command out of a config file that another user can change is not run; root's own is.
func TestKeyCommandOutOfAForeignFile(t *testing.T) {
	program, dir := asRoot(t), t.TempDir()
	ran, config := filepath.Join(dir, "ran"), filepath.Join(dir, "c.yaml")
	if err := os.WriteFile(config, []byte("username: bob\napi-key-command: touch "+ran+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct {
		why   string
		owner int
		mode  os.FileMode
	}{{"belongs to another user", stranger, 0o644}, {"can be written by others", 0, 0o646}, {"", 0, 0o600}} {
		if err := errors.Join(os.Chown(config, one.owner, one.owner), os.Chmod(config, one.mode)); err != nil {
			t.Fatal(err)
		}
		status, printed := doctor(t, program, dir, nil, "--sandbox", "--config", config)
		_, err := os.Stat(ran)
		switch {
		case one.why == "" && err != nil:
			t.Errorf("root's own command was not run: %s", printed)
		case one.why != "" && (err == nil || status != console.ExitUsage || !strings.Contains(printed, "c.yaml:2: api-key-command: as root the command is not run") ||
			!strings.Contains(printed, one.why)):
			t.Errorf("%s: exit status %d, run: %t, %s", one.why, status, err == nil, printed)
		}
	}
}

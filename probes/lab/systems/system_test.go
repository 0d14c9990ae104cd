//go:build linux

package systems

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// system is another system on this machine.
type system struct {
	name    string // of what runs its programs
	os      string // GOOS/GOARCH
	prepare func(*system) error

	dir     string   // for its files
	command []string // what goes before a program
	environ []string
	program string            // the built command
	tests   map[string]string // of each of tested: the compiled tests

	once        sync.Once
	unavailable string // why there is no such system here
	broken      error  // it is there, and cannot be used
	ran         atomic.Int32
	cleanup     []func()
}

var (
	wine = &system{name: "wine", os: "windows/amd64", prepare: prepareWine}
	qemu = &system{name: "qemu", os: "linux/arm64", prepare: prepareQemu}
	all  = []*system{wine, qemu}
)

func (s *system) String() string { return fmt.Sprintf("%s %d", s.name, s.ran.Load()) }

// need makes the system ready. Without it, the test is skipped, or fails where a lab is required.
func (s *system) need(t *testing.T) {
	t.Helper()
	s.once.Do(func() {
		if s.broken = s.prepare(s); s.broken == nil && s.unavailable == "" {
			s.broken = s.build()
		}
	})
	switch {
	case s.broken != nil:
		t.Fatal(s.broken)
	case s.unavailable == "":
	case os.Getenv("OPENSRS_DOCTOR_LAB") == "require":
		t.Fatalf("no %s on this machine: %s", s.name, s.unavailable)
	default:
		t.Skipf("no %s on this machine: %s", s.name, s.unavailable)
	}
}

// find is the first of these programs that is here; "" where none is, and then the system is not available.
func (s *system) find(names ...string) string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	s.unavailable = "needs the program " + filepath.Base(names[0])
	return ""
}

// tested are the rooms whose tests run on the other systems, each with one that has to pass there: they ask the system's
// own sockets and files.
var tested = map[string]string{
	"probes":            "TestConnectAny",
	"probes/classify":   "TestSystemErrors",
	"probes/trust":      "TestJudge",
	"probes/traceroute": "TestDistanceOf",
}

// build compiles the command and the tests of those rooms for the system.
func (s *system) build() error {
	s.program, s.tests = filepath.Join(s.dir, s.name+".exe"), map[string]string{}
	goos, goarch, _ := strings.Cut(s.os, "/")
	commands := [][]string{{"build", "-o", s.program, "opensrs-doctor/cmd/opensrs-doctor"}}
	for room := range tested {
		s.tests[room] = filepath.Join(s.dir, s.name+"-"+filepath.Base(room)+".test.exe")
		commands = append(commands, []string{"test", "-c", "-o", s.tests[room], "opensrs-doctor/" + room})
	}
	for _, args := range commands {
		cmd := exec.Command("go", args...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go %s: %w\n%s", args[0], err, out)
		}
	}
	return nil
}

func (s *system) end() {
	for _, clean := range s.cleanup {
		clean()
	}
}

// path is how programs of the system call a file of this one.
func (s *system) path(file string) string {
	if s == wine {
		return `Z:` + strings.ReplaceAll(file, "/", `\`)
	}
	return file
}

// longest is how long one program may run; the command itself ends within its own --timeout.
const longest = 2 * time.Minute

// result is how a program ended.
type result struct {
	stdout, stderr []byte
	exit           int
}

// run runs a program of the system, with nothing of this process's environment.
func (s *system) run(t *testing.T, program string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	words := append(append(append([]string{}, s.command...), program), args...)
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir, cmd.Env = s.dir, s.environ
	printed, err := runInto(t.TempDir(), cmd)
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Fatalf("%s: %v\n%s%s", s.name, err, printed[0], printed[1])
	}
	s.ran.Add(1)
	return result{printed[0], printed[1], cmd.ProcessState.ExitCode()}
}

// runInto runs a command, and gives what it printed to its two outputs. They are files: a pipe would stay open for as
// long as the processes live that Wine leaves in the background.
func runInto(dir string, cmd *exec.Cmd) (printed [2][]byte, failed error) {
	var files [2]*os.File
	for i, name := range []string{"stdout", "stderr"} {
		file, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return printed, err
		}
		defer file.Close()
		files[i] = file
	}
	cmd.Stdout, cmd.Stderr = files[0], files[1]
	failed = cmd.Run()
	for i, file := range files {
		content, err := os.ReadFile(file.Name())
		if err != nil {
			return printed, err
		}
		printed[i] = content
	}
	return printed, failed
}

func prepareQemu(s *system) error {
	s.environ = []string{"HOME=" + s.dir, "PATH=/usr/bin:/bin"}
	if runtime.GOARCH == "arm64" {
		return nil // then it runs as it is
	}
	if found := s.find("qemu-aarch64-static", "qemu-aarch64"); found != "" {
		s.command = []string{found}
	}
	return nil
}

// prepareWine makes a Windows of its own: Wine's prefix, with the library in it that Go programs need.
func prepareWine(s *system) error {
	if runtime.GOARCH != "amd64" {
		s.unavailable = "it runs amd64 programs"
		return nil
	}
	loader := s.find("wine64", "/usr/lib/wine/wine64", "wine")
	server := s.find("wineserver", "/usr/lib/wine/wineserver64", "/usr/lib/wine/wineserver")
	compiler := s.find("x86_64-w64-mingw32-gcc")
	if loader == "" || server == "" || compiler == "" {
		return nil
	}
	prefix := filepath.Join(s.dir, "wine")
	s.command = []string{loader}
	s.environ = []string{"HOME=" + s.dir, "PATH=/usr/bin:/bin", "WINEPREFIX=" + prefix, "WINEARCH=win64", "WINEDEBUG=-all",
		"WINEDLLOVERRIDES=mscoree,mshtml=;bcryptprimitives=n"} // no questions about further packages
	do := func(name string, args ...string) error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Env = s.environ
		if printed, err := runInto(s.dir, cmd); err != nil {
			return fmt.Errorf("%s %s: %w\n%s%s", filepath.Base(name), strings.Join(args, " "), err, printed[0], printed[1])
		}
		return nil
	}
	s.cleanup = append(s.cleanup, func() { _ = do(server, "-k"); _ = do(server, "-w") }) // of this prefix only
	if err := os.Mkdir(prefix, 0o700); err != nil {
		return err
	}
	if err := do(server, "-p"); err != nil { // keeps it up between the programs
		return err
	}
	if err := do(loader, "wineboot", "-i"); err != nil {
		return err
	}
	library := filepath.Join(prefix, "drive_c/windows/system32/bcryptprimitives.dll")
	return do(compiler, "-shared", "-O", "-o", library, "testdata/bcryptprimitives.c", "-ladvapi32")
}

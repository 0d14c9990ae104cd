package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal makes a pseudo-terminal: what a person types goes into the one end, programs have the other.
func openTerminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { person.Close() })
	var number int
	if err = unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err == nil {
		number, err = unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	}
	if err == nil {
		program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return person, program
}

// TestSandboxCommandTerminal: on a terminal the command stays in the foreground, where it can read, and Ctrl-C reaches
// it once.
func TestSandboxCommandTerminal(t *testing.T) {
	t.Parallel()
	binary, err := theBinary()
	if err != nil {
		t.Fatal(err)
	}
	person, terminal := openTerminal(t)
	command := exec.Command(binary, "sandbox", "--", "sh", "-c", `count=0; trap 'count=$((count+1)); echo "got $count"' INT
		echo ready; read -r word; read -r word; echo "read $word"; exit $((count + 40))`)
	command.Env = []string{"TMPDIR=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}
	command.Stdin, command.Stdout, command.Stderr = terminal, terminal, terminal
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	terminal.Close()
	lines := bufio.NewScanner(person)
	await := func(wanted string) {
		t.Helper()
		for lines.Scan() {
			if strings.Contains(lines.Text(), wanted) {
				return
			}
		}
		t.Errorf("%q was never printed", wanted)
	}
	await("ready")
	person.WriteString("\x03") // Ctrl-C
	await("got 1")
	person.WriteString("one\ntwo\n")
	await("read ")
	command.Wait()
	if got := command.ProcessState.ExitCode(); got != 41 {
		t.Errorf("exit status %d, want 41: Ctrl-C came %d times", got, got-40)
	}
}

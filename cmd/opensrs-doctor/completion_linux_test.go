package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// typed are words that somebody begins, and what the Tab key makes of them.
var typed = []struct{ line, want string }{
	{"opensrs-doctor --sandbox=tls.sel", "--sandbox=tls.self-signed"},
	{"opensrs-doctor check --env t", "test"},
	{"opensrs-doctor sandbox --fault call.rate", "call.rate-limited"},
	{"opensrs-doctor check --fail-on w", "warn"},
	{"opensrs-doctor check --only eg", "egress"},
	{"opensrs-doctor help ru", "rules"},
	{"opensrs-doctor help rules pl", "plan"},
	{"opensrs-doctor explain port.filt", "port.filtered"},
	{"opensrs-doctor version -f js", "json"},
	{"opensrs-doctor render re", "report.json"},
	{"opensrs-doctor check --ca-file re", "relay.pem"},
}

// shellHome is a directory with the program, files to complete, and the completion script of a shell.
func shellHome(t *testing.T, shell string) (home, script string) {
	t.Helper()
	home = t.TempDir()
	binary, err := theBinary()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(binary, filepath.Join(home, "opensrs-doctor")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"report.json", "readme.txt", "relay.pem"} {
		write(t, filepath.Join(home, name), "")
	}
	script = filepath.Join(home, "script."+shell)
	write(t, script, printed(t, nil, "completion", shell))
	return home, script
}

// TestCompletionInShells types into shells that people have, bash with its package and without it.
func TestCompletionInShells(t *testing.T) {
	t.Parallel()
	const withPackage = "/usr/share/bash-completion/bash_completion"
	shells := map[string]struct {
		program string
		words   []string
		setup   string
	}{
		"bash":              {"bash", []string{"--norc", "--noprofile", "-i"}, "source script.bash"},
		"bash-with-package": {"bash", []string{"--norc", "--noprofile", "-i"}, "source " + withPackage + "; source script.bash"},
		"zsh":               {"zsh", []string{"-f", "-i"}, "bindkey -e; unsetopt beep prompt_sp; autoload -U compinit; compinit -u -D; source script.zsh"},
	}
	for name, shell := range shells {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := program(t, shell.program)
			if _, err := os.Stat(withPackage); err != nil && strings.HasSuffix(name, "package") {
				t.Skip("the package bash-completion is not installed")
			}
			home, _ := shellHome(t, shell.program)
			terminal := startShell(t, home, path, shell.words...)
			terminal.send("PS1='rea''dy> '; PS2=''; " + shell.setup + "\n")
			terminal.await(t, "ready> ")
			for i, one := range typed {
				// What the line has become is printed as words, each in brackets: at its beginning, behind Control-A.
				terminal.send(one.line + "\t")
				terminal.send("\x01" + fmt.Sprintf("printf '%d<%%s>' ", i) + "\n")
				terminal.await(t, "<"+one.want+">")
				terminal.await(t, "ready> ")
			}
		})
	}
}

// TestCompletionInFish asks fish, which says what it would offer.
func TestCompletionInFish(t *testing.T) {
	t.Parallel()
	fish := program(t, "fish")
	home, script := shellHome(t, "fish")
	for _, one := range typed {
		command := exec.Command(fish, "--no-config", "-c", "source "+script+"; complete -C '"+one.line+"'")
		command.Dir, command.Env = home, append(os.Environ(), "HOME="+home, "PATH="+home+":"+os.Getenv("PATH"), "LC_ALL=C.UTF-8")
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		offered := strings.Split(strings.TrimSpace(string(out)), "\n")
		word, _, _ := strings.Cut(offered[0], "\t")
		isFile := strings.Contains(one.want, "re") && strings.Contains(one.line, " re") // of any kind: fish does not ask by extension
		if word != one.want && !isFile || !strings.Contains(string(out), one.want) || len(offered) > 1 && !isFile {
			t.Errorf("%s: %q, want %s", one.line, out, one.want)
		}
	}
}

// typist is a shell on a terminal of its own, and what it has written.
type typist struct {
	file *os.File
	mu   sync.Mutex
	text bytes.Buffer
	read int // up to where await has looked
	more chan struct{}
}

func startShell(t *testing.T, home, path string, words ...string) *typist {
	t.Helper()
	person, terminal := openTerminal(t)
	if err := unix.IoctlSetWinsize(int(person.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: 200}); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(path, words...)
	command.Dir = home
	command.Env = []string{"HOME=" + home, "PATH=" + home + ":/usr/bin:/bin", "TERM=vt100", "LC_ALL=C.UTF-8"}
	command.Stdin, command.Stdout, command.Stderr = terminal, terminal, terminal
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	terminal.Close()
	term := &typist{file: person, more: make(chan struct{}, 1)}
	go term.collect()
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	return term
}

func (m *typist) collect() {
	part := make([]byte, 4096)
	for {
		n, err := m.file.Read(part)
		m.mu.Lock()
		m.text.Write(part[:n])
		m.mu.Unlock()
		select {
		case m.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (m *typist) send(text string) { m.file.WriteString(text) }

// await waits until the shell has written a text, after what was waited for before.
func (m *typist) await(t *testing.T, text string) {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		m.mu.Lock()
		rest := m.text.String()[m.read:]
		at := strings.Index(rest, text)
		if at >= 0 {
			m.read += at + len(text)
		}
		m.mu.Unlock()
		if at >= 0 {
			return
		}
		select {
		case <-m.more:
		case <-deadline:
			t.Fatalf("no %q in %q", text, rest)
		}
	}
}

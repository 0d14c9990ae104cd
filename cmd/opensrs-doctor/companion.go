package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"time"

	"opensrs-doctor/cmd/opensrs-doctor/child"
	"opensrs-doctor/cmd/opensrs-doctor/console"
)

// Exit statuses for a command that cannot be run, as shells have them.
const (
	exitCannotRun = 126
	exitNotFound  = 127
	exitBySignal  = 128 // and the signal's number
)

// lastGrace is how long a command that was told to end may take. Then it is killed.
const lastGrace = 10 * time.Second

// companion is the command that runs with the sandbox. It has the standard streams, gets the signals that this
// program gets, and is ended with all that it has started.
type companion struct {
	command *exec.Cmd
	signals chan os.Signal
	apart   bool // it has a process group of its own, with what it starts
}

// newCompanion finds the command, and begins to take signals for it. An error that was not reported yet is none of
// console.ExitError.
func newCompanion(args []string, s *console.Streams) (*companion, error) {
	c := &companion{command: exec.Command(args[0], args[1:]...), signals: make(chan os.Signal, 16)}
	if err := c.command.Err; err != nil {
		return nil, cannotRun(args[0], err, s)
	}
	c.command.Stdin, c.command.Stdout, c.command.Stderr = s.Stdin, s.Stdout, s.Stderr
	for _, one := range forwarded {
		if !signal.Ignored(one) { // as nohup has it: then the command ignores it too
			signal.Notify(c.signals, one)
		}
	}
	return c, nil
}

// cannotRun reports a command that cannot be run, and gives the exit status that a shell has for it.
func cannotRun(name string, err error, s *console.Streams) error {
	status, why := console.ExitError(exitCannotRun), console.Plain(err)
	switch {
	case errors.Is(err, exec.ErrDot):
		why = "it is in the current directory, which PATH should not lead to; write its path"
	case errors.Is(err, exec.ErrNotFound):
		status, why = exitNotFound, "there is no such command in PATH"
	case errors.Is(err, fs.ErrNotExist):
		status = exitNotFound
	case errors.Is(err, fs.ErrPermission):
		why = "it is not executable"
	}
	s.Tell("error: ", fmt.Sprintf("cannot run %s: %s", console.ShownPath(name), why))
	return status
}

// environment are the variables that tell a client where the sandbox is.
func (r *sandboxReady) environment() []string {
	variables := []string{"OPENSRS_URL=" + r.URL, "OPENSRS_USERNAME=" + r.Username, "OPENSRS_API_KEY_FILE=" + r.APIKeyFile,
		"OPENSRS_CA_FILE=" + r.CAFile, "SSL_CERT_FILE=" + r.CAFile}
	if at, err := url.Parse(r.URL); err == nil {
		variables = append(variables, "OPENSRS_HOST="+at.Hostname(), "OPENSRS_PORT="+at.Port())
	}
	return variables
}

// run runs the command to its end, and gives its exit status.
func (c *companion) run(r *sandboxReady, s *console.Streams) (status int, err error) {
	defer signal.Stop(c.signals)
	c.command.Env = append(os.Environ(), r.environment()...)
	c.setApart()
	if err := child.Start(c.command); err != nil {
		return 0, cannotRun(c.command.Path, err, s)
	}
	ended := make(chan struct{})
	go func() { c.command.Wait(); close(ended) }()
	var tooLate <-chan time.Time
	for {
		select {
		case <-ended:
			c.endRest()
			return c.exitStatus(), nil
		case one := <-c.signals:
			if c.forward(one) && tooLate == nil {
				tooLate = time.After(lastGrace)
			}
		case <-tooLate:
			c.kill()
		}
	}
}

package config

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/kballard/go-shellquote"

	"opensrs-doctor/cmd/opensrs-doctor/child"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/infile"
	"opensrs-doctor/probes/foreign"
)

// keyCommandTime bounds the command that prints the key.
var keyCommandTime = 10 * time.Second

// maxCommandWords is how much of what the command says on its standard error is shown, in bytes.
const maxCommandWords = 4 << 10

// runKeyCommand gives what a command prints, as --password-command of other programs: its words are split as a shell
// splits them, and no shell runs it. source is what the report calls it: its words may hold secrets, its name does not.
// said is its standard error, which belongs on ours. With ctx the command ends too: its group is not the terminal's, so
// Ctrl-C would not reach it.
func runKeyCommand(ctx context.Context, line string) (key []byte, source, said string, err error) {
	words, err := shellquote.Split(line)
	switch {
	case err != nil:
		return nil, "", "", errors.New("a quote in it is not closed")
	case len(words) == 0:
		return nil, "", "", errors.New("the command is empty")
	}
	name := filepath.Base(words[0])
	ctx, cancel := context.WithTimeout(ctx, keyCommandTime)
	defer cancel()
	command := exec.CommandContext(ctx, words[0], words[1:]...)
	out, errs := &capped{left: maxKey, over: cancel}, &capped{left: maxCommandWords}
	command.Stdout, command.Stderr, command.WaitDelay = out, errs, time.Second
	child.InGroup(command)
	err = child.Start(command)
	if err == nil {
		err = command.Wait()
		child.EndGroup(command)
	}
	scrub := &foreign.Scrubber{}
	scrub.Add(strings.TrimSpace(out.kept.String()))
	said = scrub.Quote(errs.kept.String(), maxCommandWords).String()
	switch {
	case err == nil:
		return bytes.TrimSpace(out.kept.Bytes()), fmt.Sprintf("--api-key-command (%s)", name), said, nil
	case out.left < 0:
		err = fmt.Errorf("%s printed more than %d KiB, and a key is shorter", console.ShownPath(name), maxKey>>10)
	case ctx.Err() != nil:
		err = fmt.Errorf("%s did not end within %s, and was ended", console.ShownPath(name), keyCommandTime)
	case errors.Is(err, exec.ErrNotFound):
		err = fmt.Errorf("there is no command %s in PATH", console.ShownPath(name))
	case command.ProcessState == nil:
		err = fmt.Errorf("cannot run %s: %s", console.ShownPath(name), console.Plain(err))
	default:
		err = fmt.Errorf("%s ended with %s and no key", console.ShownPath(name), command.ProcessState)
	}
	return nil, "", said, err
}

// capped keeps what fits, and calls over once something does not. The buffer is not embedded: its ReadFrom would pass by
// the limit.
type capped struct {
	kept bytes.Buffer
	left int
	over func()
}

func (c *capped) Write(p []byte) (int, error) {
	n := len(p)
	if c.left -= n; c.left < 0 {
		p = p[:max(len(p)+c.left, 0)]
		if c.over != nil {
			c.over()
		}
	}
	c.kept.Write(p)
	return n, nil
}

// commandTrusted refuses, as root, a command out of a config file that somebody else can change: it would run as root.
func (s *Settings) commandTrusted() error {
	command := s.merged["api-key-command"]
	if command.from != "file" || os.Geteuid() != 0 {
		return nil
	}
	for _, path := range []string{command.file, filepath.Dir(command.file)} {
		info, err := os.Stat(path)
		if err != nil {
			return s.Bad("api-key-command", 0, "%s", console.Plain(err))
		}
		if why := infile.NotRoots(info); why != "" {
			return s.Bad("api-key-command", 0, "as root the command is not run: %s %s", console.ShownPath(path), why).
				WithHint("make it root's and writable by no one else, or give --api-key-command on the command line")
		}
	}
	return nil
}

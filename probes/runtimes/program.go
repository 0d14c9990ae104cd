package runtimes

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
)

// ending is how a program ended.
type ending struct {
	output, words []byte // standard output and standard error, at most maxOutput of each
	code          int    // exit status; -1 where it was ended or did not start
	why           foreign.Text
}

// program runs a program from the root directory, so that no file of the working directory is loaded, with input on its
// standard input. It, and what it started, ends with the context or when it prints too much.
func (r *run) program(ctx context.Context, path string, input []byte, args ...string) ending {
	return r.printing(ctx, maxOutput, path, input, args...)
}

// printing is program with a bound of its own for the output, in bytes.
func (r *run) printing(ctx context.Context, most int, path string, input []byte, args ...string) ending {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out, words := &capped{most: most, over: cancel}, &capped{most: maxOutput}
	command := exec.CommandContext(ctx, path, args...)
	command.Dir, command.Env = string(filepath.Separator), r.env
	file, err := inputFile(input)
	if err != nil {
		return ending{code: -1, why: foreign.Join(foreign.Ours("its script could not be written:"), r.quote(plainError(err)))}
	}
	if file != nil {
		defer file.Close()
		command.Stdin = file
	}
	command.Stdout, command.Stderr = out, words
	command.WaitDelay = 200 * time.Millisecond
	grouped(command)
	if err := command.Start(); err != nil {
		return ending{code: -1, why: foreign.Join(foreign.Ours("it does not start:"), r.quote(plainError(err)))}
	}
	_ = command.Wait() // how it ended is in the state
	_ = endGroup(command)
	end := ending{output: out.kept.Bytes(), words: words.kept.Bytes(), code: command.ProcessState.ExitCode()}
	switch {
	case out.full:
		end.why = foreign.Oursf("it printed more than %d KiB, and was ended", most>>10)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		end.why = foreign.Ours("it gave no answer in time, and was ended")
	case ctx.Err() != nil:
		end.why = foreign.Ours("the run was interrupted")
	case end.code != 0:
		end.why = foreign.Join(foreign.Oursf("it ended with exit status %d and no answer:", end.code), r.quote(lastLine(end.words)))
	default:
		end.why = foreign.Ours("it printed something else than an answer")
	}
	return end
}

// inputFile is a file that holds a script and has no name any more: Java wants to move about in its source, which a pipe
// does not allow, and nobody else can change it. Nil without a script.
func inputFile(script []byte) (*os.File, error) {
	if script == nil {
		return nil, nil
	}
	file, err := os.CreateTemp("", "opensrs-doctor-*")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(file.Name())
	if _, err = file.Write(script); err == nil {
		_, err = file.Seek(0, 0)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// plainError is a system's error without the path, which is next to it.
func plainError(err error) string {
	if inner := errors.Unwrap(err); inner != nil {
		return inner.Error()
	}
	return err.Error()
}

// lastLine is the last line with words in it.
func lastLine(words []byte) string {
	lines := bytes.Split(bytes.TrimSpace(words), []byte("\n"))
	return string(bytes.TrimSpace(lines[len(lines)-1]))
}

// capped keeps what fits, and calls over once something does not.
type capped struct {
	kept bytes.Buffer
	most int
	full bool
	over func()
}

func (c *capped) Write(p []byte) (int, error) {
	n := len(p)
	if left := c.most - c.kept.Len(); n > left {
		p = p[:left]
		c.full = true
		if c.over != nil {
			c.over()
		}
	}
	c.kept.Write(p)
	return n, nil
}

// askScript asks a runtime by its script.
func (r *run) askScript(one kind) func(context.Context, *looker) []evidence.Client {
	return func(ctx context.Context, l *looker) []evidence.Client {
		script, err := scripts.ReadFile("scripts/" + one.script)
		if err != nil {
			panic(err)
		}
		args := append(append([]string{}, one.args...), r.o.Host, strconv.Itoa(int(r.o.Port)), strconv.Itoa(r.scriptWait(l)))
		end := r.program(ctx, l.path, script, args...)
		if l.java && noCompiler(end) {
			if c, asked := r.askCacerts(ctx, l); asked {
				return []evidence.Client{c}
			}
			end.why = foreign.Ours("it is a Java without a compiler (11 or later with one is needed), and its keytool does not list its store: it was not asked")
		}
		return r.clients(l, end.output, end.why)
	}
}

// noCompiler reports whether Java did not take source: a JRE, or one before 11.
func noCompiler(end ending) bool {
	for _, words := range []string{"jdk.compiler", "Unrecognized option: --source", "Could not find or load main class"} {
		if bytes.Contains(end.words, []byte(words)) {
			return true
		}
	}
	return false
}

package console

import (
	"errors"
	"fmt"
	"strings"

	"opensrs-doctor/probes/typo"
)

// Exit statuses of check and render. Where nothing was run the status is never that of a verdict.
const (
	ExitOK       = 0 // pass, or warn
	ExitFail     = 1 // fail; with --fail-on warn also warn
	ExitUsage    = 2 // a wrong flag, word, file or value: nothing was run
	ExitInternal = 3 // the tool itself failed, or was interrupted
)

// UsageError is a wrong command line, configuration or input file: exit status 2, and nothing was run.
type UsageError struct {
	Text string   // what is wrong, with the place
	More []string // what else is wrong of its kind, a line each
	Hint string   // what to do, or ""

	Cause error // what the system said, where a caller may care; nil otherwise
}

// Unwrap is what the system said, or nil.
func (e *UsageError) Unwrap() error { return e.Cause }

// Error is all that is wrong, in one line and without the hint.
func (e *UsageError) Error() string { return strings.Join(append([]string{e.Text}, e.More...), "; ") }

// Usagef is a usage error with that text.
func Usagef(format string, args ...any) *UsageError {
	return &UsageError{Text: fmt.Sprintf(format, args...)}
}

// WithHint is the same error with what to do.
func (e *UsageError) WithHint(format string, args ...any) *UsageError {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// WithNearest is the same error; of the known words it suggests the one that looks most like the given one, where one
// does.
func (e *UsageError) WithNearest(word string, known []string) *UsageError {
	if near := typo.Nearest(word, known); near != "" {
		return e.WithHint("did you mean %s?", near)
	}
	return e
}

// ExitError ends the program with a status that was reported already.
type ExitError int

// Error is for whoever prints it anyway.
func (e ExitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// StatusOf prints an error in the tool's one form and gives the exit status for it.
func (s *Streams) StatusOf(err error) int {
	var (
		usage *UsageError
		exit  ExitError
	)
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &exit):
		return int(exit)
	case errors.As(err, &usage):
		s.Tell("error: ", usage.Text)
		for _, text := range usage.More {
			s.Tell("       ", text)
		}
		if usage.Hint != "" {
			s.Tell("hint: ", usage.Hint)
		}
		return ExitUsage
	}
	s.Tell("error: ", err.Error())
	return ExitInternal
}

// Package console is what a command touches of its process: the standard streams and the environment, what is said on
// standard error and in which form, errors with their exit status, signals, and the terminal. It knows no command, no
// setting, and nothing of what a report says.
package console

import "io"

// Streams is what a command touches of its process, so that tests can hand in others.
type Streams struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Lookup         func(string) (string, bool) // the environment; nil: there is none
}

// Getenv is a variable of the environment; "" where it is not set.
func (s *Streams) Getenv(name string) string {
	if s.Lookup == nil {
		return ""
	}
	value, _ := s.Lookup(name)
	return value
}

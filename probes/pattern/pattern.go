// Package pattern keeps regular expressions that are compiled when they are first used: most runs need few of them, and a
// program that only prints its version needs none.
package pattern

import (
	"regexp"
	"sync"
)

// Of is a regular expression as regexp.MustCompile takes it: it panics, at its first use, where the text is none.
//
// It is not inlined: a thousand bytes of code for each of a hundred variables, which every start reads in, would be.
//
//go:noinline
func Of(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

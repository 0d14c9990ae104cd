// Package lazy makes tables and regular expressions when they are first asked for: most runs need few of them, and a program
// that only prints its version needs none.
//
// Its types are written as composite literals, which the linker lays out. A variable that holds a map, or is set by a call, is
// code instead that every start reads from disk and runs.
package lazy

import (
	"regexp"
	"sync"
)

// Value is what Make gives: Make is called at the first Get, once, and does not panic.
type Value[T any] struct {
	Make  func() T
	once  sync.Once
	value T
}

// Get is the value, the same for all callers.
func (v *Value[T]) Get() T {
	v.once.Do(func() { v.value = v.Make() })
	return v.value
}

// Pattern is a regular expression, its Text as regexp.MustCompile takes it.
type Pattern struct {
	Text     string
	once     sync.Once
	compiled *regexp.Regexp
}

// Regexp is the expression, compiled at the first call, which panics where the text is none.
func (p *Pattern) Regexp() *regexp.Regexp {
	p.once.Do(func() { p.compiled = regexp.MustCompile(p.Text) })
	return p.compiled
}

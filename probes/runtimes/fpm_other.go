//go:build !unix

package runtimes

// scriptFiles are the script files that were made for php-fpm, which only Unix has.
type scriptFiles struct{}

func (f *scriptFiles) remove() {}

func (r *run) pools() []looker { return nil }

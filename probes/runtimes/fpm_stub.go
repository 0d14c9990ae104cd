package runtimes

// scriptFiles are the script files that were made for php-fpm.
type scriptFiles struct{}

func (f *scriptFiles) remove() {}

func (r *run) pools() []looker { return nil }

package sandbox

import "syscall"

// reuse does nothing: here such a port is free at once, and the option would take it from whoever listens.
func reuse(_, _ string, _ syscall.RawConn) error { return nil }

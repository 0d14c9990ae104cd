//go:build !linux

package probes

// noLibcDNS: only glibc reads nsswitch.conf(5) so.
func noLibcDNS() string { return "" }

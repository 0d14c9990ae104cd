//go:build !linux && !darwin

package infile

// onReadOnlyMount is not known here.
func onReadOnlyMount(string) bool { return false }

//go:build !linux && !darwin

package main

// onReadOnlyMount is not known here.
func onReadOnlyMount(string) bool { return false }

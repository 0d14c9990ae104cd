//go:build unix && !linux && !darwin

package probes

func productName() string { return "" }

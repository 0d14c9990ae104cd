package probes

import "golang.org/x/sys/unix"

// productName is "macOS" and its version, as sw_vers tells it.
func productName() string {
	version, err := unix.Sysctl("kern.osproductversion")
	if err != nil {
		return "macOS"
	}
	return "macOS " + version
}

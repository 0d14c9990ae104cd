//go:build unix

package probes

import "golang.org/x/sys/unix"

// release is the system's name for people, and the kernel's by uname(2): without the host's name, which stands
// elsewhere.
func release() (system, kernel string) {
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		kernel = unix.ByteSliceToString(name.Sysname[:]) + " " + unix.ByteSliceToString(name.Release[:]) + " " +
			unix.ByteSliceToString(name.Machine[:])
	}
	return productName(), kernel
}

//go:build linux || darwin

package infile

import "golang.org/x/sys/unix"

// onReadOnlyMount reports whether the file system of a path is mounted read-only: the bit 1 of the flags of
// statfs, ST_RDONLY on Linux and MNT_RDONLY on macOS.
func onReadOnlyMount(path string) bool {
	var fs unix.Statfs_t
	return unix.Statfs(path, &fs) == nil && fs.Flags&1 != 0
}

//go:build unix

package infile

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"opensrs-doctor/cmd/opensrs-doctor/console"
)

// ReadTrusted is Read for a file that nobody named. As root it is read only where root, or the user who called sudo,
// owns it and its directory, and nobody else can write either: what it says is done as root.
func ReadTrusted(path string, limit int64) ([]byte, error) {
	if os.Geteuid() != 0 {
		return Read(path, limit)
	}
	file, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	directory, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	for _, one := range []struct {
		what string
		info fs.FileInfo
	}{{"", info}, {"is in a directory that ", directory}} {
		if why := distrusted(one.info); why != "" {
			return nil, console.Usagef("%s%s; as root it is not read unasked", one.what, why).
				WithHint("name it with --config if it is right, or make it root's and writable by no one else")
		}
	}
	return ReadBounded(file, limit)
}

// NotRoots says why a file is not root's alone; "" where it is.
func NotRoots(info fs.FileInfo) string {
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !ok || stat.Uid != 0:
		return "belongs to another user"
	case info.Mode().Perm()&0o002 != 0, info.Mode().Perm()&0o020 != 0 && stat.Gid != 0:
		return "can be written by others"
	}
	return ""
}

// distrusted says why root does not trust a file; "" where it does. A group of one user's own, which has the user's
// number, is nobody else.
func distrusted(info fs.FileInfo) string {
	stat, ok := info.Sys().(*syscall.Stat_t)
	caller, err := strconv.ParseUint(os.Getenv("SUDO_UID"), 10, 32)
	switch {
	case !ok:
		return "has no owner"
	case stat.Uid != 0 && (err != nil || uint64(stat.Uid) != caller):
		return "belongs to another user (uid " + strconv.FormatUint(uint64(stat.Uid), 10) + ")"
	case info.Mode().Perm()&0o002 != 0, info.Mode().Perm()&0o020 != 0 && stat.Gid != 0 && stat.Gid != stat.Uid:
		return "can be written by others"
	}
	return ""
}

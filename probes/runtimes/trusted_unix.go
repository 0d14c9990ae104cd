//go:build unix

package runtimes

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// maxLinks bounds how many symbolic links are followed, as the kernel does.
const maxLinks = 40

func asRoot() bool { return os.Geteuid() == 0 }

// untrusted says why root should not run what is at a path, or take it as its own: somebody else owns or can write it, a
// directory on the way, or what a symbolic link leads over. "" is trusted.
func untrusted(path string) string {
	if !filepath.IsAbs(path) {
		return "its path is not absolute"
	}
	rest, at := strings.Split(strings.Trim(filepath.Clean(path), "/"), "/"), "/"
	if why := othersCanWrite(at); why != "" {
		return why
	}
	for links := 0; len(rest) > 0; {
		name := rest[0]
		rest = rest[1:]
		if name == "" || name == "." {
			continue
		}
		if name == ".." {
			at = filepath.Dir(at)
			continue
		}
		next := filepath.Join(at, name)
		info, err := os.Lstat(next)
		if err != nil {
			return "it cannot be looked at"
		}
		if info.Mode()&os.ModeSymlink == 0 {
			if why := othersCanWrite(next); why != "" {
				return why
			}
			at = next
			continue
		}
		target, err := os.Readlink(next)
		if links++; err != nil || links > maxLinks {
			return "its symbolic links lead nowhere"
		}
		if filepath.IsAbs(target) {
			at = "/"
		}
		rest = append(strings.Split(strings.Trim(target, "/"), "/"), rest...)
	}
	return ""
}

// othersCanWrite says who besides root can change a file or directory; "" where nobody can.
func othersCanWrite(path string) string {
	info, err := os.Lstat(path)
	if err != nil {
		return "it cannot be looked at"
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	switch mode := info.Mode().Perm(); {
	case !ok:
		return "its owner is not known"
	case owner.Uid != 0:
		return "root does not own " + path
	case mode&0o002 != 0, mode&0o020 != 0 && owner.Gid != 0:
		return "others can write " + path
	}
	return ""
}

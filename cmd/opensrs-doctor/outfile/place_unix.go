//go:build linux || darwin

package outfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	nonblock    = unix.O_NONBLOCK
	descriptors = true
	mostLinks   = 40
)

// place is a name in a directory that is held open: whatever happens to the path to it, it stays this directory.
type place struct {
	directory int
	name      string
}

func (at *place) close() { unix.Close(at.directory) }

// find walks to where path leads. info is nil where nothing is there.
func find(to string) (at *place, info *facts, err error) {
	w := &walk{directory: -1}
	defer func() {
		if err != nil && w.directory >= 0 {
			unix.Close(w.directory)
		}
	}()
	if err := w.start(to); err != nil {
		return nil, nil, err
	}
	for {
		name := w.next()
		if len(w.rest) > 0 {
			if err := w.enter(name); err != nil {
				return nil, nil, err
			}
			continue
		}
		at = &place{w.directory, name}
		info, err := at.look(name)
		switch {
		case err != nil:
			return nil, nil, err
		case info != nil && info.mode&fs.ModeSymlink != 0:
			if err := w.follow(name); err != nil {
				return nil, nil, err
			}
			continue
		case (name == "." || name == "..") && info != nil || w.slash && info == nil:
			return nil, nil, errors.New("it is a directory")
		}
		return at, info, nil
	}
}

// trusted reports whether a user is root or the one that this process runs as.
func trusted(uid uint32) bool { return uid == 0 || int(uid) == os.Geteuid() }

// Trustworthy is an error where another user could put something else in the place of what this process makes in a
// directory: where that user owns it or one above it, or where others can write one that is not sticky.
func Trustworthy(directory string) error {
	real, err := filepath.Abs(directory)
	if err == nil {
		real, err = filepath.EvalSymlinks(real)
	}
	if err != nil {
		return err
	}
	for {
		var stat unix.Stat_t
		if err := unix.Stat(real, &stat); err != nil {
			return err
		}
		group := stat.Mode&0o020 != 0 && stat.Gid != 0 && stat.Gid != stat.Uid
		switch {
		case !trusted(stat.Uid):
			return fmt.Errorf("%s belongs to another user (uid %d)", real, stat.Uid)
		case stat.Mode&unix.S_ISVTX == 0 && (group || stat.Mode&0o002 != 0):
			return fmt.Errorf("%s can be changed by others", real)
		case real == "/":
			return nil
		}
		real = filepath.Dir(real)
	}
}

// look is what has a name in the directory, a link as a link; nil where nothing has.
func (at *place) look(name string) (*facts, error) {
	var stat unix.Stat_t
	switch err := unix.Fstatat(at.directory, name, &stat, unix.AT_SYMLINK_NOFOLLOW); {
	case errors.Is(err, unix.ENOENT):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return newFacts(&stat), nil
}

func (at *place) open(name string, flags int, mode fs.FileMode) (*os.File, error) {
	fd, err := retried(func() (int, error) {
		return unix.Openat(at.directory, name, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NOCTTY, uint32(mode))
	})
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

func retried(open func() (int, error)) (fd int, err error) {
	for {
		if fd, err = open(); !errors.Is(err, unix.EINTR) {
			return fd, err
		}
	}
}

// openToAll reports whether everybody can write the directory.
func (at *place) openToAll() bool {
	var directory unix.Stat_t
	return unix.Fstat(at.directory, &directory) != nil || directory.Mode&0o002 != 0
}

// writable is an error where this user may not write the file.
func (at *place) writable() error {
	file, err := at.open(at.name, os.O_WRONLY|nonblock, 0)
	if err == nil {
		file.Close()
	}
	return err
}

func (at *place) rename(from, to string) error {
	return unix.Renameat(at.directory, from, at.directory, to)
}

func (at *place) link(from, to string) error {
	return unix.Linkat(at.directory, from, at.directory, to, 0)
}

// remove takes a name away; that it is gone already is not an error.
func (at *place) remove(name string) error {
	if err := unix.Unlinkat(at.directory, name, 0); !errors.Is(err, unix.ENOENT) {
		return err
	}
	return nil
}

// removeSame takes a name away where it is still the name of that file.
func (at *place) removeSame(name string, made *facts) {
	if now, err := at.look(name); err == nil && now.same(made) {
		_ = at.remove(name)
	}
}

// key tells the place, or the file that is there.
func (at *place) key(found *facts) string {
	if found != nil {
		return fmt.Sprintf("file %d:%d", found.device, found.inode)
	}
	var directory unix.Stat_t
	_ = unix.Fstat(at.directory, &directory)
	return fmt.Sprintf("in %d:%d %s", directory.Dev, directory.Ino, at.name)
}

func duplicate(n int) (*os.File, error) {
	fd, err := unix.FcntlInt(uintptr(n), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), fmt.Sprintf("/dev/fd/%d", n)), nil
}

// noReader reports whether a pipe could not be opened because nobody reads it.
func noReader(err error) bool { return errors.Is(err, syscall.ENXIO) }

// facts are what is known of a file, a link being a file of its own.
type facts struct {
	mode                 fs.FileMode
	owner                uint32
	device, inode, names uint64
}

func newFacts(stat *unix.Stat_t) *facts {
	known := &facts{fs.FileMode(stat.Mode & 0o777), stat.Uid, uint64(stat.Dev), stat.Ino, uint64(stat.Nlink)}
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		known.mode |= fs.ModeDir
	case unix.S_IFLNK:
		known.mode |= fs.ModeSymlink
	case unix.S_IFIFO:
		known.mode |= fs.ModeNamedPipe
	case unix.S_IFCHR:
		known.mode |= fs.ModeDevice | fs.ModeCharDevice
	case unix.S_IFBLK:
		known.mode |= fs.ModeDevice
	case unix.S_IFSOCK:
		known.mode |= fs.ModeSocket
	}
	return known
}

// factsOf asks through SyscallConn, because Fd would make a pipe wait.
func factsOf(file *os.File) (*facts, error) {
	var stat unix.Stat_t
	conn, err := file.SyscallConn()
	if err != nil {
		return nil, err
	}
	var failed error
	if err := conn.Control(func(fd uintptr) { failed = unix.Fstat(int(fd), &stat) }); err != nil {
		return nil, err
	}
	return newFacts(&stat), failed
}

// same reports whether both are one file; nil is none.
func (f *facts) same(other *facts) bool {
	return f != nil && other != nil && f.device == other.device && f.inode == other.inode
}

// mine reports whether this user owns the file.
func (f *facts) mine() bool { return int(f.owner) == os.Geteuid() }

// single reports whether it is a regular file that has one name only.
func (f *facts) single() bool { return f.mode.IsRegular() && f.names == 1 }

//go:build linux || darwin

package outfile

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// walk is a path being walked.
type walk struct {
	directory int      // open; -1 before the start
	rest      []string // components ahead
	slash     bool     // the path ends in one
	links     int      // followed so far
}

// start begins at the root for an absolute path, else where the walk is.
func (w *walk) start(to string) error {
	if to == "" {
		return fs.ErrNotExist
	}
	from := "."
	if path.IsAbs(to) {
		from = "/"
	}
	if w.directory < 0 || from == "/" {
		next, err := unix.Open(from, search|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		w.leave(next)
	}
	w.slash = len(w.rest) == 0 && strings.HasSuffix(to, "/")
	var names []string
	for _, name := range strings.Split(to, "/") {
		if name != "" && name != "." {
			names = append(names, name)
		}
	}
	w.rest = append(names, w.rest...)
	if len(w.rest) == 0 {
		w.rest = []string{"."}
	}
	return nil
}

func (w *walk) leave(next int) {
	if w.directory >= 0 {
		unix.Close(w.directory)
	}
	w.directory = next
}

func (w *walk) next() string {
	name := w.rest[0]
	w.rest = w.rest[1:]
	return name
}

// enter goes into a directory, or follows the link in its place.
func (w *walk) enter(name string) error {
	next, err := unix.Openat(w.directory, name, search|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err == nil {
		w.leave(next)
		return nil
	}
	at := &place{w.directory, name}
	if info, looked := at.look(name); looked == nil && info != nil && info.mode&fs.ModeSymlink != 0 {
		return w.follow(name)
	}
	return err
}

// follow takes a link's target as the path ahead, where nobody but root and this user can have made the link.
func (w *walk) follow(name string) error {
	if w.links++; w.links > mostLinks {
		return errors.New("too many links, one leads to another")
	}
	target, owner, err := readLink(w.directory, name)
	if err != nil {
		return err
	}
	var directory unix.Stat_t
	if err := unix.Fstat(w.directory, &directory); err != nil {
		return err
	}
	switch {
	case !trusted(owner):
		return fmt.Errorf("%s is a link that another user made (uid %d), and is not followed; name the file itself", name, owner)
	case !trusted(directory.Uid):
		return fmt.Errorf("%s is a link in a directory of another user (uid %d), and is not followed; name the file itself",
			name, directory.Uid)
	case directory.Mode&0o002 != 0:
		return fmt.Errorf("%s is a link in a directory that everybody can write, and is not followed; name the file itself", name)
	}
	return w.start(target)
}

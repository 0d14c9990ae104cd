package outfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	nonblock    = 0
	descriptors = false
)

// place is a name in a directory. Who may put a link there is the business of this system's permissions: only
// administrators may by default.
type place struct {
	directory *os.Root
	name      string
}

func (at *place) close() { at.directory.Close() }

// find gives the place that path names, links followed. info is nil where nothing is there.
func find(path string) (*place, *facts, error) {
	if path == "" {
		return nil, nil, fs.ErrNotExist
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	} else if _, linked := os.Readlink(path); linked == nil {
		return nil, nil, errors.New("it is a link that leads nowhere")
	}
	directory, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, nil, err
	}
	at := &place{directory, filepath.Base(path)}
	info, err := at.look(at.name)
	if err != nil {
		at.close()
		return nil, nil, err
	}
	return at, info, nil
}

func (at *place) look(name string) (*facts, error) {
	switch info, err := at.directory.Lstat(name); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	default:
		return &facts{info.Mode(), info}, nil
	}
}

func (at *place) open(name string, flags int, mode fs.FileMode) (*os.File, error) {
	return at.directory.OpenFile(name, flags, mode)
}

// openToAll is about a mode that this system does not have.
func (at *place) openToAll() bool { return false }

// writable is an error where this user may not write the file.
func (at *place) writable() error {
	file, err := at.open(at.name, os.O_WRONLY, 0)
	if err == nil {
		file.Close()
	}
	return err
}

func (at *place) rename(from, to string) error { return at.directory.Rename(from, to) }

func (at *place) link(from, to string) error { return at.directory.Link(from, to) }

// remove takes a name away; that it is gone already is not an error.
func (at *place) remove(name string) error {
	if err := at.directory.Remove(name); !errors.Is(err, fs.ErrNotExist) {
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

// key tells the place.
func (at *place) key(*facts) string {
	absolute, _ := filepath.Abs(filepath.Join(at.directory.Name(), at.name))
	return absolute
}

func duplicate(int) (*os.File, error) { return nil, errors.ErrUnsupported }

func noReader(error) bool { return false }

// facts are what is known of a file.
type facts struct {
	mode fs.FileMode
	info os.FileInfo
}

func factsOf(file *os.File) (*facts, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	return &facts{info.Mode(), info}, nil
}

// same reports whether both are one file; nil is none.
func (f *facts) same(other *facts) bool {
	return f != nil && other != nil && os.SameFile(f.info, other.info)
}

// mine reports whether the mode of the file is this user's to keep: this system has no such mode.
func (f *facts) mine() bool { return false }

// single reports whether it is a regular file.
func (f *facts) single() bool { return f.mode.IsRegular() }

// Trustworthy is not asked on Windows, whose directory for temporary files is each user's own.
func Trustworthy(string) error { return nil }

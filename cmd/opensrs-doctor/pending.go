package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// pendingFile is a file that replaces another one at once when it is complete, or not at all.
type pendingFile struct {
	*os.File
	target string // "" where the file is written in place
	shared bool   // a stream of this process: others write to it too, and it stays open
	done   bool
}

// realPath is a path as the system sees it, so that two spellings of one file are noticed.
func realPath(path string) string {
	directory, name := filepath.Split(path)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	} else if real, err := filepath.EvalSymlinks(filepath.Clean(directory)); err == nil {
		path = filepath.Join(real, name)
	}
	if absolute, err := filepath.Abs(path); err == nil {
		return absolute
	}
	return path
}

// openPending opens the file that will replace path: next to it, or it could not be renamed. What is no
// regular file, such as a pipe, cannot be replaced and is written in place. So is what this process's own
// streams lead to, as /dev/stderr does: to replace the file that a shell appends them to would lose what it holds.
func openPending(path string) (*pendingFile, error) {
	if stream := ownStream(path); stream != nil {
		return &pendingFile{File: stream, shared: true}, nil
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil, errors.New("it is a directory")
	case err == nil && !info.Mode().IsRegular(): // by the name that was given: of /dev/fd/63 the link names no file
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		return &pendingFile{File: file}, err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // the link stays, what it points to is replaced
	}
	if _, linked := os.Readlink(path); linked == nil {
		return nil, errors.New("it is a link that leads nowhere")
	}
	switch {
	case err == nil:
		// A file that may not be written may not be replaced, though the directory would allow it.
		probe, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		probe.Close()
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	file, err := openBeside(path, 0o666)
	if err != nil {
		return nil, err
	}
	if info != nil {
		_ = file.Chmod(info.Mode().Perm())
	}
	return &pendingFile{File: file, target: path}, nil
}

// openBeside makes a file with a name of its own in the directory of path. Not os.CreateTemp: its mode is 0600, and a
// new file gets what the umask leaves of mode.
func openBeside(path string, mode fs.FileMode) (*os.File, error) {
	directory, name := filepath.Split(path)
	for try := 0; ; try++ {
		temporary := filepath.Join(directory, "."+name+"."+strconv.Itoa(os.Getpid())+"-"+strconv.Itoa(try)+".tmp")
		file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if !errors.Is(err, fs.ErrExist) || try >= 1000 {
			return file, err
		}
	}
}

// ownStream is standard output or standard error where path leads to the same, else nil.
func ownStream(path string) *os.File {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	for _, stream := range []*os.File{os.Stdout, os.Stderr} {
		if own, err := stream.Stat(); err == nil && os.SameFile(info, own) {
			return stream
		}
	}
	return nil
}

// commit puts the complete file in its place.
func (p *pendingFile) commit() error {
	p.done = true
	if p.shared {
		return nil
	}
	if p.target == "" {
		return p.Close()
	}
	err := errors.Join(p.Sync(), p.Close())
	if err == nil {
		err = os.Rename(p.Name(), p.target)
	}
	if err != nil {
		os.Remove(p.Name())
	}
	return err
}

// discard leaves what stood there before. After commit it does nothing.
func (p *pendingFile) discard() {
	if p.done {
		return
	}
	p.done = true
	if p.shared {
		return
	}
	p.Close()
	if p.target != "" {
		os.Remove(p.Name())
	}
}

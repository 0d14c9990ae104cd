// Package outfile writes the files that a user names. The tool often runs as root, and in directories that others can
// write; so a path is walked by this package and not by the kernel:
//
//   - Every component is opened by itself, from the one before it. What is put in its place a moment later changes
//     nothing any more.
//   - A link is followed only where root or this user owns it and its directory, and others cannot write there: then
//     nobody else can have put it there.
//   - A file appears under its name when it is complete, or not at all. Written in place are only pipes and character
//     devices, and what this process was given as a descriptor, such as a shell's >(…).
//   - Taken away again is only what was put there.
package outfile

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// File is a file being written: Write, then Commit or Discard.
type File struct {
	file      *os.File // nil for a pipe or device, which is opened at Commit
	at        *place
	temporary string // its name until Commit; "" where it is written in place
	made      *facts // the file that was put there
	stream    *facts // of a pipe or device: what was found
	buffer    bytes.Buffer
	deadline  time.Time
	stopped   context.Context // its end is that of waiting for a pipe's reader
	shared    bool            // a stream of this process: it stays open
	done      bool            // committed, or given up
	there     bool            // it has its name
}

// patience is how long at least a pipe's reader has, however long the run before it took.
const patience = 2 * time.Second

// Open opens what will be at path when it is complete, in the place of what is there now. The mode of this user's own
// file is kept; others can never write a new one. A pipe or device is written at Commit, which waits for a reader until
// the deadline, and two seconds at least; no longer once ctx ends, and two seconds where it has ended before that.
func Open(ctx context.Context, path string, deadline time.Time) (*File, error) {
	return open(ctx, path, deadline, 0o664)
}

// OpenPrivate is Open for a file that its owner alone can read, from its first moment.
func OpenPrivate(path string, deadline time.Time) (*File, error) {
	return open(context.Background(), path, deadline, private)
}

// private is the mode of a file that its owner alone can read.
const private fs.FileMode = 0o600

func open(ctx context.Context, path string, deadline time.Time, mode fs.FileMode) (*File, error) {
	if file, err := given(path); file != nil || err != nil {
		return file, err
	}
	at, info, err := find(path)
	if err != nil {
		return nil, err
	}
	file, err := at.replace(info, mode)
	if err != nil || file.at == nil {
		at.close()
	}
	if file != nil {
		file.deadline, file.stopped = deadline, ctx
	}
	return file, err
}

// Write adds to the file.
func (f *File) Write(text []byte) (int, error) {
	if f.file == nil {
		return f.buffer.Write(text)
	}
	return f.file.Write(text)
}

// IsStdout reports whether the file is this process's standard output.
func (f *File) IsStdout() bool { return f.file == os.Stdout }

// replace opens what takes the place of info, which is nil where nothing is there.
func (at *place) replace(info *facts, mode fs.FileMode) (*File, error) {
	if info == nil {
		return at.beside(mode)
	}
	kind := info.mode
	switch {
	case kind.IsDir():
		return nil, errors.New("it is a directory")
	case kind&fs.ModeNamedPipe != 0 && !info.mine() && at.openToAll():
		return nil, errors.New("it is another user's pipe, in a directory that everybody can write")
	case kind&fs.ModeNamedPipe != 0, kind&fs.ModeCharDevice != 0:
		return &File{at: at, stream: info}, nil
	case !kind.IsRegular():
		return nil, errors.New("it is neither a file nor a pipe")
	}
	if stream := ownStream(info); stream != nil { // to replace it would lose what a shell appends to it
		return &File{file: stream, shared: true}, nil
	}
	if err := at.writable(); err != nil { // what may not be written may not be replaced, though the directory allows it
		return nil, err
	}
	file, err := at.beside(mode)
	if err == nil && info.mine() && mode != private {
		_ = file.file.Chmod(kind.Perm() &^ 0o002)
	}
	return file, err
}

// New opens what will be at path when it is complete, where nothing may be now. Its owner alone can read it.
func New(path string) (*File, error) {
	at, info, err := find(path)
	if err == nil && info != nil {
		at.close()
		err = fs.ErrExist
	}
	if err != nil {
		return nil, err
	}
	file, err := at.beside(private)
	if err != nil {
		at.close()
	}
	return file, err
}

var errInterrupted = errors.New("interrupted while no process read this pipe")

var errSwapped = errors.New("something else was put there meanwhile")

// WriteNew writes a file that was not there before, whole or not at all. The error is fs.ErrExist where something is at
// path, also where it came there a moment ago.
func WriteNew(path string, content []byte) error {
	file, err := New(path)
	if err != nil {
		return err
	}
	defer file.Discard()
	if _, err := file.Write(content); err != nil {
		return err
	}
	return file.Publish()
}

// beside makes a file with a name of its own next to the target.
func (at *place) beside(mode fs.FileMode) (*File, error) {
	for try := 0; ; try++ {
		name := "." + at.name + "." + strconv.Itoa(os.Getpid()) + "-" + strconv.Itoa(try) + ".tmp"
		file, err := at.open(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if err == nil {
			made, err := factsOf(file)
			return &File{file: file, at: at, temporary: name, made: made}, err
		}
		if !errors.Is(err, fs.ErrExist) || try >= 1000 {
			return nil, err
		}
	}
}

// pour writes what was kept for a pipe or device. A pipe is opened without waiting for a reader, and asked again until
// there is one: whoever was to read it may never come.
func (f *File) pour() error {
	deadline, stopped := f.deadline, f.stopped.Done()
	least := time.Now().Add(patience)
	if f.stopped.Err() != nil { // what a cut run found is written too, where a reader is at hand
		deadline, stopped = least, nil
	}
	if deadline.Before(least) {
		deadline = least
	}
	for {
		file, err := f.at.open(f.at.name, os.O_WRONLY|nonblock, 0)
		switch {
		case err == nil:
			now, err := factsOf(file)
			if err == nil && !now.same(f.stream) {
				err = errSwapped
			}
			if err == nil {
				_ = file.SetWriteDeadline(deadline) // a device has none
				if stopped != nil {
					defer context.AfterFunc(f.stopped, func() { _ = file.SetWriteDeadline(time.Now()) })()
				}
				_, err = f.buffer.WriteTo(file)
			}
			return errors.Join(err, file.Close())
		case !noReader(err):
			return err
		case time.Now().Before(deadline):
			select {
			case <-stopped:
				return errInterrupted
			case <-time.After(20 * time.Millisecond):
			}
		case f.stopped.Err() != nil:
			return errInterrupted
		default:
			return errors.New("no process reads this pipe")
		}
	}
}

// Commit puts the complete file in its place.
func (f *File) Commit() error {
	return f.end(func() error { return f.at.rename(f.temporary, f.at.name) })
}

// Publish is Commit for a file of New: the error is fs.ErrExist where something came there meanwhile.
func (f *File) Publish() error { return f.end(f.claim) }

// claim gives the file its name if nobody has it. A link does that at once; where the file system has no links, an empty
// file claims the name first.
func (f *File) claim() error {
	err := f.at.link(f.temporary, f.at.name)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return errors.Join(err, f.at.remove(f.temporary))
	}
	return f.claimByName()
}

// claimByName is claim without links.
func (f *File) claimByName() error {
	claimed, err := f.at.open(f.at.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return errors.Join(err, f.at.remove(f.temporary))
	}
	made, err := factsOf(claimed)
	if err = errors.Join(err, claimed.Close()); err == nil {
		err = f.at.rename(f.temporary, f.at.name)
	}
	if err != nil {
		f.at.removeSame(f.at.name, made)
	}
	return err
}

func (f *File) end(name func() error) error {
	f.done = true
	switch {
	case f.shared:
		return nil
	case f.stream != nil:
		defer f.at.close()
		return f.pour()
	case f.temporary == "":
		return f.file.Close()
	}
	err := errors.Join(f.file.Sync(), f.file.Close())
	if now, gone := f.at.look(f.temporary); err == nil && (gone != nil || !now.same(f.made)) {
		err = errSwapped
	}
	if err == nil {
		err = name()
	}
	if f.there = err == nil; !f.there {
		f.at.removeSame(f.temporary, f.made)
	}
	return err
}

// Discard leaves what was there before. After Commit it does nothing.
func (f *File) Discard() {
	if f.done {
		return
	}
	f.done = true
	if f.file != nil && !f.shared {
		f.file.Close()
	}
	if f.temporary != "" {
		f.at.removeSame(f.temporary, f.made)
	}
	if f.at != nil {
		f.at.close()
	}
}

// Remove takes the file away again after Commit, if it is still the one that was put there.
func (f *File) Remove() {
	if f.temporary != "" && f.there {
		f.at.removeSame(f.at.name, f.made)
		f.at.close()
		f.temporary = ""
	}
}

// Append adds text to the end of a file, in place: to a regular one with a single name, or to a new one.
func Append(path string, text []byte) error {
	at, info, err := find(path)
	if err != nil {
		return err
	}
	defer at.close()
	var file *os.File
	switch {
	case info == nil:
		file, err = at.open(at.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o664)
	case !info.single():
		return errors.New("it is not a regular file with one name")
	default:
		file, err = at.open(at.name, os.O_WRONLY|os.O_APPEND|nonblock, 0)
	}
	if err != nil {
		return err
	}
	now, err := factsOf(file)
	if err == nil && (!now.single() || info != nil && !now.same(info)) {
		err = errSwapped
	}
	if err == nil {
		_, err = file.Write(text)
	}
	return errors.Join(err, file.Close())
}

// Key is the same for two paths that lead to one file, whether it is there already or not.
func Key(path string) string {
	if n, is := descriptor(path); is {
		return "descriptor " + strconv.Itoa(n)
	}
	at, info, err := find(path)
	if err != nil {
		absolute, _ := filepath.Abs(path)
		return absolute
	}
	defer at.close()
	return at.key(info)
}

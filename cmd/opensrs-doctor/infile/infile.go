// Package infile reads the files that a user names, and those that nobody named: with a bound, with patience for a pipe,
// and as root only what root may trust. What is in them is read elsewhere; outfile is for those that are written.
package infile

import (
	"errors"
	"io"
	"os"
	"time"

	"opensrs-doctor/cmd/opensrs-doctor/console"
)

// How long a pipe that somebody names may say nothing: before its first writer, and between two pieces. Standard input
// has no bound: it ends with its writer.
var (
	pipeOpening = 10 * time.Second
	pipeSilence = time.Minute
)

// File is a file being read; a named pipe is read with patience, not for ever.
type File struct {
	*os.File
	pipe bool
	come bool // the first piece
}

// Open opens a file to read. What cannot be read as a file is a usage error whose text goes on after the path.
// A named pipe is opened without waiting for its writer, who may never come.
func Open(path string) (*File, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|nonblocking, 0)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	switch {
	case err != nil:
	case info.IsDir():
		err = console.Usagef("is a directory")
	case info.Mode()&os.ModeSocket != 0:
		err = console.Usagef("is a socket")
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return &File{File: file, pipe: info.Mode()&os.ModeNamedPipe != 0}, nil
}

// Read waits for a pipe's writer and for what it writes.
func (in *File) Read(into []byte) (int, error) {
	if !in.pipe {
		return in.File.Read(into)
	}
	opening := time.Now().Add(pipeOpening)
	for {
		_ = in.SetReadDeadline(time.Now().Add(pipeSilence))
		n, err := in.File.Read(into)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return n, console.Usagef("is a pipe into which nothing was written for %s", pipeSilence)
		case err == io.EOF && !in.come && !writerLeft(in.File):
			if time.Now().After(opening) {
				return 0, console.Usagef("is a pipe that no process writes to")
			}
			time.Sleep(20 * time.Millisecond)
			continue
		}
		in.come = in.come || n > 0
		return n, err
	}
}
